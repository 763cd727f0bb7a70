import { beforeAll, describe, expect, test } from "vitest";
import { SESSION_EVENTS } from "../../src/core/session/events.ts";
import { promises, type PromiseId } from "../support/promises.ts";
import { simulate } from "./simulate.ts";

const LONG_MS = 900_000;
/** How much of a failing schedule's trace is printed. */
const TRACE_LINES = 80;
/** With fewer schedules some fault may not have been drawn. */
const ENOUGH = 500;

/** It takes an absence at one certain moment. */
const RARE: ReadonlySet<string> = new Set(["DeadlineMoved"]);

const everything = [
  "errorBefore", "errorAfter", "busy", "stall", "killBefore", "killAfter", "requestLost", "answerLost", "requestCopied",
  "requestDelayed", "hang", "redirect", "status404", "status5xx", "refusedConnection", "killBeforeQueue", "killAfterQueue",
  "queueErrorQueue", "hintDropped", "hintCopied", "hintDelayed", "backgroundLost", "tickSkipped", "tickDoubled", "clockJump",
  "fast", "instant", "slow", "aware", "silent", "echoing", "moody", "relapsing", "crashing", "caller", "zombie", "failing",
  "refusing", "liar", "completed", "failed", "cancelled",
  "api:done", "api:limited", "tool:ok", "single",
  "schedule:skip", "schedule:buffer_one", "schedule:allow", "schedule:cancel_other", "schedule:trigger",
  "rerun:whole", "rerun:task", "rerun:edited", "rerun:refused", "bulk:dry", "bulk:cancel", "bulk:rerun",
  "said:pause", "said:resume", "said:signal", "said:approve", "said:reject", "said:retry", "said:skip",
  ...["timer", "operator", "call", "signal", "approval", "timeout", "map", "child"].map((by) => `TaskResolved:${by}`),
  ...[...SESSION_EVENTS].filter((type) => type !== "TaskResolved" && !RARE.has(type)),
]; // prettier-ignore

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
    const happened = new Map<string, number>();
    const delays: number[] = [];

    beforeAll(async () => {
      for (const seed of seeds) {
        const result = await simulate(seed);
        for (const [promise, n] of Object.entries(result.checked))
          checked.set(promise, (checked.get(promise) ?? 0) + n);
        for (const [fault, n] of Object.entries(result.faults)) happened.set(fault, (happened.get(fault) ?? 0) + n);
        for (const kind of [...result.kinds, ...Object.keys(result.ended)]) happened.set(kind, 1);
        delays.push(...result.delays);
        for (const { promise, message } of result.violations) {
          const end = result.trace.slice(-TRACE_LINES).join("\n");
          const replay = `replay: npm run sim -- --seed ${seed} --trace\nonce mended: add it to test/sim/seeds.json`;
          const line = `${message}\n${result.settings}\n${replay}\n${end}`;
          broken.set(promise, [...(broken.get(promise) ?? []), line]);
        }
      }
    }, LONG_MS);

    test.each(held.map((id) => [id, promises[id]] as const))(`%s: %s In ${seeds.length} simulated schedules.`, (id) => {
      expect(broken.get(id) ?? []).toEqual([]);
      expect(checked.get(id) ?? 0).toBeGreaterThan(0);
    });

    test.runIf(seeds.length >= ENOUGH)("L1: of a hundred retries 99 start within 2 s, where nothing fails", () => {
      expect(delays.length).toBeGreaterThan(30);
      expect(delays.toSorted((a, b) => a - b)[Math.ceil(delays.length * 0.99) - 1]).toBeLessThanOrEqual(2_000);
    });

    test.runIf(seeds.length >= ENOUGH)("every fault, every kind of agent and every ending occurred", () => {
      expect(everything.filter((name) => !happened.has(name))).toEqual([]);
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
