import type { TestProject } from "vitest/node";
import type {} from "./fleet.ts";
import { startFleet } from "./fleet-server.ts";

/** One fleet for all test files of a project. */
export default async (project: TestProject): Promise<() => Promise<void>> => {
  const fleet = await startFleet();
  project.provide("fleetUrl", fleet.url);
  return () => fleet.close();
};
