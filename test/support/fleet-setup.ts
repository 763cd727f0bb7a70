import type { TestProject } from "vitest/node";
import type {} from "./fleet.ts";
import { startFleet } from "./fleet-server.ts";
import { startOddServer } from "./odd-server.ts";

/** One fleet, and one server that goes wrong, for all test files of a project. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const [fleet, odd] = await Promise.all([startFleet(), startOddServer()]);
  project.provide("fleetUrl", fleet.url);
  project.provide("oddUrl", odd.url);
  return async () => {
    await Promise.all([fleet.close(), odd.close()]);
  };
};
