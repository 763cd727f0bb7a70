import { beforeAll, describe, expect, test } from "vitest";
import { promises, type PromiseId } from "../support/promises.ts";
import { simulate } from "./simulate.ts";

const LONG_MS = 900_000;

/** What the simulator holds the engine to, in every schedule. */
const held: readonly PromiseId[] = [
  ...(["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12", "P14"] as const),
  ...(["L1", "L2", "L3", "L4", "L5", "L6"] as const),
];

/** Runs every seed, and reports what it found under the promise that was broken. */
export const simulationSuite = (name: string, seeds: readonly string[]): void => {
  describe(name, () => {
    const broken = new Map<string, string[]>();
    const checked = new Map<string, number>();

    beforeAll(async () => {
      for (const seed of seeds) {
        const result = await simulate(seed);
        for (const [promise, n] of Object.entries(result.checked))
          checked.set(promise, (checked.get(promise) ?? 0) + n);
        for (const { promise, message } of result.violations) {
          const line = `${message}\n${result.settings}\nreplay: npm run sim -- --seed ${seed} --trace`;
          broken.set(promise, [...(broken.get(promise) ?? []), line]);
        }
      }
    }, LONG_MS);

    test.each(held.map((id) => [id, promises[id]] as const))(`%s: %s In ${seeds.length} simulated schedules.`, (id) => {
      expect(broken.get(id) ?? []).toEqual([]);
      expect(checked.get(id) ?? 0).toBeGreaterThan(0);
    });

    test("nothing else was found", () => {
      expect([...broken.keys()].filter((id) => !held.some((known) => known === id))).toEqual([]);
    });
  });
};

/** More with the variable; the command `npm run sim` runs any number. The same ones every time, unless a seed is given. */
const SCHEDULES = Number(process.env["OPSCORE_SIM_SCHEDULES"] ?? 2_000);
const base = process.env["OPSCORE_SIM_SEED"] ?? "fixed";

/** Every `of`-th drawn schedule, so that several test files share them. */
export const drawnSeeds = (part: number, of: number): readonly string[] =>
  Array.from({ length: SCHEDULES }, (_, at) => at).flatMap((at) => (at % of === part ? [`${base}-${at + 1}`] : []));
