import { describe, expect, test } from "vitest";
import seeds from "./seeds.json" with { type: "json" };
import { simulate } from "./simulate.ts";
import { drawnSeeds, simulationSuite } from "./simulation-suite.ts";

describe("the simulator", () => {
  test("the same seed gives the same schedule to the letter", { timeout: 120_000 }, async () => {
    for (const seed of ["same-1", "same-2", "same-3", "same-4", "same-5", "same-6"]) {
      const [one, two] = [await simulate(seed), await simulate(seed)];
      expect(one.trace.length).toBeGreaterThan(5);
      expect(two.traceHash).toBe(one.traceHash);
    }
  });
});

simulationSuite("the engine under faults: every seed that ever found something, and drawn ones", [
  ...seeds,
  ...drawnSeeds(0, 2),
]);
