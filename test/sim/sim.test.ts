import { describe, expect, test } from "vitest";
import seeds from "./seeds.json" with { type: "json" };
import { simulate } from "./simulate.ts";

/** More with the variable; the command `npm run sim` runs any number. */
const SCHEDULES = Number(process.env["OPSCORE_SIM_SCHEDULES"] ?? 200);
const CHUNK = 25;
const LONG_MS = 300_000;

const run = async (seed: string) => {
  const result = await simulate(seed);
  expect(result.violations, `${result.settings}\nreplay: npm run sim -- --seed ${seed} --trace`).toEqual([]);
  return result;
};

describe("the engine under faults", () => {
  test("the same seed gives the same schedule to the letter", { timeout: LONG_MS }, async () => {
    for (const seed of ["same-1", "same-2", "same-3", "same-4", "same-5", "same-6"]) {
      const [one, two] = [await simulate(seed), await simulate(seed)];
      expect(one.trace.length).toBeGreaterThan(5);
      expect(two.traceHash).toBe(one.traceHash);
    }
  });

  test.each(seeds)("seed %s, which once found something, finds nothing", { timeout: LONG_MS }, async (seed) => {
    await run(seed);
  });

  // The same schedules every time, so that a red run can be told from an unlucky one; new ones with the variable.
  const base = process.env["OPSCORE_SIM_SEED"] ?? "fixed";
  test.each(Array.from({ length: Math.ceil(SCHEDULES / CHUNK) }, (_, at) => at * CHUNK))(
    `${CHUNK} schedules from ${base}-%i keep every promise`,
    { timeout: LONG_MS },
    async (from) => {
      let events = 0;
      for (let at = from; at < from + CHUNK; at += 1) events += (await run(`${base}-${at + 1}`)).events;
      expect(events).toBeGreaterThan(0);
    },
  );
});
