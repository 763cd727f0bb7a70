import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { mutants, mutate } from "./mutants.ts";
import { verdictOf, type Ran } from "./verdict.ts";

describe("the engines that are broken on purpose", () => {
  test.each(mutants.map((mutant) => [mutant.name, mutant] as const))("%s: it still fits its file", (_name, mutant) => {
    const source = readFileSync(new URL(`../../${mutant.file}`, import.meta.url), "utf8");
    expect(mutate(mutant, source)).not.toBe(source);
  });

  test("each is found by its name", () => {
    const names = mutants.map(({ name }) => name);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  test("at least 20 of them are defects", () => {
    expect(mutants.filter(({ equivalent }) => equivalent === undefined).length).toBeGreaterThanOrEqual(20);
  });

  test("one that is nowhere in its file, or in two places, is refused", () => {
    const mutant = { name: "m", file: "f.ts", find: "a = 1", put: "a = 2" };
    expect(mutate(mutant, "let a = 1;")).toBe("let a = 2;");
    expect(() => mutate(mutant, "let b = 1;")).toThrow('mutant "m": 0 places in f.ts');
    expect(() => mutate(mutant, "let a = 1; a = 1;")).toThrow('mutant "m": 2 places in f.ts');
  });
});

describe("the verdict on a mutant", () => {
  const found: Ran = { code: 1, output: "seed mutants-17\nno faults\n  P6: a task ended twice\n" };
  const nothing: Ran = { code: 0, output: '{"violations":0}\n' };
  const unloaded: Ran = { code: 1, output: "SyntaxError: Unexpected token\n    at link\n" };
  const unused: Ran = { code: 2, output: "src/a.ts was never loaded\n" };
  const killed: Ran = { code: null, output: "" };
  const defect = {};
  const equivalent = { equivalent: "why" };
  const judge = (mutant: typeof defect | typeof equivalent, ran: Ran, without = nothing) => {
    const asked: string[] = [];
    const again = (seed: string): Promise<Ran> => {
      asked.push(seed);
      return Promise.resolve(without);
    };
    return verdictOf(mutant, ran, again).then((verdict) => ({ ...verdict, asked }));
  };

  test("what a schedule finds is dead, if the same schedule without it finds nothing", async () => {
    const dead = { kind: "dead", seed: "mutants-17", how: "P6: a task ended twice", asked: ["mutants-17"] };
    for (const mutant of [defect, equivalent]) expect(await judge(mutant, found)).toEqual(dead);
    expect(await judge(defect, found, found)).toMatchObject({
      kind: "alive",
      how: "mutants-17 fails without the mutant too",
    });
  });

  test("what nothing finds is alive, unless it is equivalent", async () => {
    expect(await judge(defect, nothing)).toMatchObject({ kind: "alive", how: "survived", asked: [] });
    expect(await judge(equivalent, nothing)).toMatchObject({ kind: "equivalent", how: "(why)", asked: [] });
  });

  test.each([
    ["does not load", unloaded],
    ["does not load its file", unused],
    ["prints a finding and then ends otherwise", { ...found, code: 134 }],
    ["is killed", killed],
  ])("a run that %s proves nothing, of an equivalent one either", async (_how, ran) => {
    const alive = { kind: "alive", seed: null, how: expect.stringContaining("the run broke") as string };
    for (const mutant of [defect, equivalent]) {
      expect(await judge(mutant, ran)).toMatchObject(alive);
      expect(await judge(mutant, found, ran.code === 1 ? unloaded : ran)).toMatchObject(alive);
    }
  });
});
