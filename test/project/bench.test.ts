import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

interface Summary {
  readonly "state-reports": { readonly reports: number; readonly accepted: number };
  readonly "agent-steps/reports": { readonly sessions: number; readonly completed: number; readonly steps: number };
  readonly "agent-steps/settle": { readonly sessions: number; readonly completed: number; readonly steps: number };
  readonly "long-session": { readonly steps: number; readonly ratio: number };
  readonly "long-map": { readonly items: number; readonly ratio: number };
}

/** Every number below `value`, by its path. */
const figuresIn = (value: unknown, path = ""): [string, unknown][] =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([name, part]) => figuresIn(part, `${path}/${name}`))
    : [[path, value]];

// No time is asserted: figures of speed mean something only when two are taken side by side.
test("the benchmarks run, every session completes and every figure is a number", { timeout: 180_000 }, () => {
  const run = spawnSync(process.execPath, ["scripts/bench.ts", "--quick", "--json"], { encoding: "utf8" });
  expect(run.stderr).toBe("");
  expect(run.status).toBe(0);
  const { machine: _, ...benches } = JSON.parse(run.stdout) as Summary & { readonly machine: object };

  expect(benches["state-reports"].accepted).toBe(benches["state-reports"].reports);
  for (const name of ["agent-steps/reports", "agent-steps/settle"] as const) {
    const { sessions, completed, steps } = benches[name];
    expect(completed).toBe(sessions);
    expect(steps).toBe(3 * sessions);
  }
  expect(benches["long-session"].steps).toBe(39);
  expect(benches["long-map"]).toMatchObject({ items: 100, agents: 50 });
  // Only Linux tells the CPU time of another process.
  const figures = figuresIn(benches).filter(([, value]) => process.platform === "linux" || value !== null);
  expect(figures.length).toBeGreaterThan(30);
  expect(figures.filter(([, value]) => !Number.isFinite(value))).toEqual([]);
});
