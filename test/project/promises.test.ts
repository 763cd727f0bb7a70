import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { holdersOf, promisesIn, required, unheld, type TestResults } from "../support/promises.ts";

const script = fileURLToPath(new URL("../../scripts/promises.ts", import.meta.url));

/** Results in which one test holds each of these promises, with a status. */
const resultsOf = (ids: readonly string[], status = "passed"): TestResults => ({
  testResults: [{ name: "/x.test.ts", assertionResults: ids.map((id) => ({ title: `${id}: something`, status })) }],
});

describe("what a title says it holds", () => {
  test.each([
    ["P3: a log has no gap", ["P3"]],
    ["P2, P6, L1: nothing is done twice", ["P2", "P6", "L1"]],
    ["P1 2xx = committed, P10 all ends: kill -9 under load", ["P1", "P10"]],
    ["P3, P3: once", ["P3"]],
    ["P99: nobody promised that", []],
    ["a log has no gap (P3)", []],
    ["P3 without a colon", []],
    ["PUT answers 201: P3 is not meant", []],
    ["after P3: the ids stand first", []],
  ])("%s", (title, ids) => expect(promisesIn(title)).toEqual(ids));
});

describe("the table of promises", () => {
  const run = (results: TestResults | null) => {
    const folder = mkdtempSync(join(tmpdir(), "opscore-promises-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, "tests.json");
    if (results !== null) writeFileSync(file, JSON.stringify(results));
    return spawnSync(process.execPath, [script, "--results", file], { encoding: "utf8" });
  };

  test("with a test for each of them it is complete", { timeout: 30_000 }, () => {
    const { status, stdout, stderr } = run(resultsOf(required));
    expect(stderr).not.toContain("Held by no test");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^P1 {2}2xx = committed/);
    expect(stdout).toContain("x.test.ts: P1: something\n");
  });

  test("one that nothing holds makes it fail, and is named", { timeout: 30_000 }, () => {
    const { status, stdout, stderr } = run(resultsOf(required.filter((id) => id !== "L4")));
    expect([status, stderr]).toEqual([1, expect.stringContaining("Held by no test that ran and passed: L4\n")]);
    expect(stdout).toMatch(/L4 {2}A task that AgentKit[^\n]*\n {6}no test\n/);
  });

  test("without results it says what to do", { timeout: 30_000 }, () => {
    const { status, stderr } = run(null);
    expect([status, stderr]).toEqual([2, expect.stringContaining("npm test")]);
  });

  test.each(["skipped", "todo", "pending", "failed"])("a test that is %s holds nothing", (status) => {
    expect(unheld(holdersOf(resultsOf(required, status)))).toEqual(required);
  });

  test("whoever holds one of them is listed", () => {
    const holders = holdersOf(resultsOf(["P2, P6", "P6"]));
    expect(holders.get("P6")).toEqual([
      { file: "/x.test.ts", title: "P2, P6: something" },
      { file: "/x.test.ts", title: "P6: something" },
    ]);
    expect(unheld(holders)).toEqual(required.filter((id) => id !== "P2" && id !== "P6"));
  });
});
