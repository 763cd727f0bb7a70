import { readdirSync, readFileSync } from "node:fs";
import type { TestProject } from "vitest/node";
import type {} from "./fleet.ts";
import { startFleet } from "./fleet-server.ts";
import { startOddServer } from "./odd-server.ts";

const SAMPLES = new URL("../../scripts/samples/", import.meta.url);

/** The sample definitions as they are written, by their file names: a test inside workerd reads no files. */
const samples = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(SAMPLES)
      .filter((name) => name.endsWith(".yaml"))
      .map((name) => [name, readFileSync(new URL(name, SAMPLES), "utf8")]),
  );

/** One fleet, and one server that goes wrong, for all test files of a project. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const [fleet, odd] = await Promise.all([startFleet(), startOddServer()]);
  project.provide("fleetUrl", fleet.url);
  project.provide("oddUrl", odd.url);
  project.provide("samples", samples());
  return async () => {
    await Promise.all([fleet.close(), odd.close()]);
  };
};
