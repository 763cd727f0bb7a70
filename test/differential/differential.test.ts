import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBothSides, type BothSides, type Pair } from "./both-sides.ts";
import type { Script } from "./command.ts";
import { differenceOf, type Difference } from "./compare.ts";
import { createCoverage } from "./coverage.ts";
import { planted, plantedInRows, type Planted } from "./planted.ts";

/** The first seed, and how many from there on: the same ones every time unless asked for others. */
const FIRST = Number(process.env["OPSCORE_DIFFERENTIAL_SEED"] ?? 1);
const SCRIPTS = Number(process.env["OPSCORE_DIFFERENTIAL_SCRIPTS"] ?? 240);

/** Enough scripts to meet all there is. With fewer, one seed is looked at, and this is only about it. */
const MANY = 200;
/** So many of them must be enough to find a planted difference. */
const PLANTED_IN = 60;
const SHOWN = 5;
const START_LIMIT_MS = 60_000;
const LIMIT_MS = START_LIMIT_MS + SCRIPTS * 1_000;

const seedsFrom = (first: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => String(first + n));

describe("libSQL and D1", () => {
  let sides: BothSides;
  const kept: Pair[] = [];
  const coverage = createCoverage();

  beforeAll(async () => {
    sides = await openBothSides();
  }, START_LIMIT_MS);
  afterAll(() => sides.close());

  test(
    `the same commands give the same answers and the same rows on libSQL and D1 (${SCRIPTS} scripts from seed ${FIRST})`,
    async () => {
      const found: (readonly [Script, Difference])[] = [];
      await sides.run(seedsFrom(FIRST, SCRIPTS), (pair) => {
        if (kept.length < PLANTED_IN) kept.push(pair);
        coverage.add(pair.script, pair.libsql);
        const difference = differenceOf(pair.libsql, pair.d1);
        if (difference !== null) found.push([pair.script, difference]);
      });
      const reports: string[] = [];
      for (const one of found.slice(0, SHOWN)) reports.push(await sides.explain(...one));
      expect(reports.join("\n\n"), `seeds ${found.map(([{ seed }]) => seed).join(", ")}`).toBe("");
    },
    LIMIT_MS,
  );

  test("no answer is a fault of ours, and nothing is written down as one", () => {
    expect(coverage.broken()).toEqual([]);
  });

  test.runIf(SCRIPTS >= MANY)("every route succeeds, every refusal and every event happens", () => {
    expect(coverage.missing(sides.routes), coverage.table()).toEqual([]);
  });

  const firstFound = async ({ plant }: Planted): Promise<string> => {
    for (const { script, d1 } of kept) {
      const difference = differenceOf(await sides.replayPlanted(script, plant), d1);
      if (difference !== null) return difference.what;
    }
    return "nothing";
  };

  test.runIf(SCRIPTS >= MANY).each(planted)(
    "found when planted: $name",
    async (one) => expect(await firstFound(one)).not.toBe("nothing"),
    LIMIT_MS,
  );

  test.runIf(SCRIPTS >= MANY)(
    "found when planted in rows alone",
    async () => expect(await firstFound(plantedInRows)).toBe("rows of log"),
    LIMIT_MS,
  );
});
