import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

interface Report {
  readonly diagnostics: readonly {
    readonly code: string;
    readonly message: string;
    readonly filename: string;
    readonly labels: readonly { readonly span: { readonly line: number } }[];
  }[];
}

/** `line rule` of everything that oxlint found, by file. */
let found: Map<string, string[]>;
let place: string;

const lines = (count: number, first: string): string => first + "\n".repeat(count + 1 - first.split("\n").length);
const run = (bin: string, ...args: string[]) =>
  spawnSync(process.execPath, [join("node_modules", bin), ...args], { cwd: place, encoding: "utf8" });

beforeAll(() => {
  // The bad files are linted where they would hurt: in src of a project with this project's rules.
  place = mkdtempSync(join(tmpdir(), "lint-bad-"));
  cpSync("test/fixtures/lint-bad", place, { recursive: true });
  for (const file of [
    ".oxlintrc.json",
    "package.json",
    "tsconfig.json",
    "scripts/tsconfig.core.json",
    "scripts/lint-rules.ts",
  ]) {
    cpSync(file, join(place, file));
  }
  symlinkSync(join(process.cwd(), "node_modules"), join(place, "node_modules"));
  mkdirSync(join(place, "src/entry"));
  writeFileSync(join(place, "src/entry/long.ts"), lines(301, "export const a = 1;"));
  writeFileSync(join(place, "src/entry/long-with-reason.ts"), lines(500, "// Length: one table.\nexport const a = 1;"));
  writeFileSync(join(place, "src/entry/too-long.ts"), lines(501, "// Length: one table.\nexport const a = 1;"));
  writeFileSync(join(place, "src/entry/just-fits.ts"), lines(300, "export const a = 1;"));

  const oxlint = run("oxlint/bin/oxlint", "-f", "json", "src");
  expect(oxlint.status, oxlint.stderr).toBe(1);
  const report = JSON.parse(oxlint.stdout) as Report;
  found = new Map();
  for (const { code, filename, labels } of report.diagnostics) {
    const name = filename.replace(/^src\//, "");
    found.set(name, [...(found.get(name) ?? []), `${labels[0]?.span.line} ${code}`].sort());
  }
}, 60_000);

afterAll(() => rmSync(place, { recursive: true, force: true }));

const boundary = ["1 house(boundaries)"];

describe("an import that the folder's row does not name is an error", () => {
  test.each([
    "contract/imports-core.ts",
    "core/imports-contract.ts",
    "core/imports-node.ts",
    "core/imports-tests.ts",
    "app/imports-store.ts",
    "app/imports-hono.ts",
    "store/imports-use-case.ts",
    "queue/imports-store.ts",
    "agentkit/imports-core-values.ts",
    "telemetry/imports-undici.ts",
    "http/imports-store.ts",
    "http/imports-drizzle.ts",
    "sdk/imports-http.ts",
    "cli/imports-contract.ts",
    "dashboard/imports-contract-values.ts",
    "stray.ts",
  ])("%s", (file) => {
    expect(found.get(file)).toEqual(boundary);
  });
});

test("time and chance are banned in core and app", () => {
  expect(found.get("core/reads-the-clock.ts")).toEqual([
    "1 eslint(no-restricted-globals)",
    "2 eslint(no-restricted-globals)",
  ]);
  expect(found.get("core/draws-lots.ts")).toEqual([
    "1 eslint(no-restricted-properties)",
    "2 eslint(no-restricted-properties)",
  ]);
  expect(found.get("app/reads-the-clock.ts")).toEqual([
    "1 eslint(no-restricted-globals)",
    "2 eslint(no-restricted-properties)",
    "3 eslint(no-restricted-properties)",
  ]);
});

test("a transaction is banned", () => {
  expect(found.get("store/transacts.ts")).toEqual(["6 eslint(no-restricted-properties)"]);
});

test("a promise that nobody waits for is an error", () => {
  expect(found.get("core/floats.ts")).toEqual(["4 typescript(no-floating-promises)"]);
});

test("a file has 300 lines at most, 500 with a reason", () => {
  expect(found.get("entry/just-fits.ts")).toBeUndefined();
  expect(found.get("entry/long.ts")).toEqual(["1 house(file-length)"]);
  expect(found.get("entry/long-with-reason.ts")).toBeUndefined();
  expect(found.get("entry/too-long.ts")).toEqual(["1 house(file-length)"]);
});

test("a name that says nothing and a barrel are errors", () => {
  expect(found.get("core/session-utils.ts")).toEqual(["1 house(file-name)"]);
  expect(found.get("core/index.ts")).toEqual(["1 house(no-barrel)"]);
  expect(found.get("core/forwards.ts")).toEqual(["1 house(no-barrel)"]);
});

test("fetch, process, console and timers do not exist for the compiler in core", () => {
  const { stdout } = run("typescript/bin/tsc", "-p", "scripts/tsconfig.core.json");

  const faults = stdout.matchAll(/^src\/core\/reaches-outside\.ts\((\d+),\d+\): error TS(?:2304|2580|2584|2591)/gm);
  expect([...faults].map(([, line]) => line)).toEqual(["1", "2", "3", "4"]);
});
