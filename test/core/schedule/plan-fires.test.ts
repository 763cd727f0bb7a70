import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { recordStarts } from "../../../src/core/schedule/change-schedule.ts";
import { dueTimes, MAX_COUNTED, MAX_DUE } from "../../../src/core/schedule/due-times.ts";
import { planFires } from "../../../src/core/schedule/plan-fires.ts";
import {
  initialSchedule,
  MAX_FIRES,
  MAX_RUNNING,
  timerOf,
  type Overlap,
  type ScheduleSpec,
  type ScheduleState,
} from "../../../src/core/schedule/schedule.ts";
import { MINUTE, T0 } from "../../support/given.ts";

const spec = (more: Partial<ScheduleSpec> = {}): ScheduleSpec => ({
  cron: "* * * * *",
  timeZone: "UTC",
  workflowId: "w",
  revision: null,
  agentId: null,
  input: {},
  overlap: "skip",
  catchUp: "1h",
  description: null,
  ...more,
});

/** Each minute after `T0`. */
const everyMinute = (afterMs: number): number => T0 + (Math.floor((afterMs - T0) / MINUTE) + 1) * MINUTE;
const at = (minute: number): number => T0 + minute * MINUTE;
const begun = initialSchedule(at(1), false);
const starting = (state: ScheduleState) => state.starting.map((start) => (start.at - T0) / MINUTE);
const told = (state: ScheduleState) =>
  state.fires.map((fire) => `${fire.outcome} ${(fire.at - T0) / MINUTE} ${fire.reason?.code ?? fire.sessionId}`);
const plan = (overlap: Overlap, state: ScheduleState, minute: number, open: readonly string[] = []): ScheduleState =>
  planFires(spec({ overlap }), state, { now: at(minute), open: new Set(open), next: everyMinute });

describe("due times", () => {
  test("in order, at most ten, and where to go on", () => {
    const due = dueTimes(at(1), at(12), 60 * MINUTE, everyMinute);
    expect(due).toEqual({ times: Array.from({ length: MAX_DUE }, (_, n) => at(n + 1)), missed: null, nextAt: at(11) });
  });

  test("none before its time, none without a next time, and a calendar may end", () => {
    expect(dueTimes(at(1), at(1) - 1, 0, everyMinute)).toEqual({ times: [], missed: null, nextAt: at(1) });
    expect(dueTimes(null, at(9), 0, everyMinute)).toEqual({ times: [], missed: null, nextAt: null });
    expect(dueTimes(at(1), at(9), 60 * MINUTE, () => null)).toEqual({ times: [at(1)], missed: null, nextAt: null });
  });

  test("those older than the window are missed; it is two minutes at least", () => {
    expect(dueTimes(at(1), at(10), 3 * MINUTE, everyMinute)).toMatchObject({
      times: [at(7), at(8), at(9), at(10)],
      missed: { count: 6, last: at(6) },
      nextAt: at(11),
    });
    expect(dueTimes(at(1), at(10), 0, everyMinute).times).toEqual([at(8), at(9), at(10)]);
  });

  test("missed ones are counted up to a bound, and then jumped over", () => {
    const minute = 3 * MAX_COUNTED;
    let asked = 0;
    const next = (after: number) => ((asked += 1), everyMinute(after));
    const due = dueTimes(at(1), at(minute), 0, next);
    expect(due).toEqual({
      times: [at(minute - 2), at(minute - 1), at(minute)],
      missed: { count: MAX_COUNTED, last: at(MAX_COUNTED) },
      nextAt: at(minute + 1),
    });
    expect(asked).toBe(MAX_COUNTED + 3);
  });
});

describe("what is due is decided by the policy", () => {
  test("nothing is due: the very same state", () => {
    expect(planFires(spec(), begun, { now: at(0), open: new Set(), next: everyMinute })).toBe(begun);
  });

  test("nothing while paused, nor while starts are pending", () => {
    const paused = initialSchedule(at(1), true);
    expect(paused.nextAt).toBeNull();
    expect(plan("allow", paused, 5)).toBe(paused);
    const pending = plan("allow", begun, 1);
    expect(plan("allow", pending, 5)).toBe(pending);
  });

  test("skip: the first, unless a session is open", () => {
    expect(starting(plan("skip", begun, 3))).toEqual([1]);
    expect(told(plan("skip", begun, 3))).toEqual(["skipped 2 overlap", "skipped 3 overlap"]);
    const running = { ...begun, running: ["a", "b"] };
    const busy = plan("skip", running, 1, ["b"]);
    expect([starting(busy), told(busy), busy.running]).toEqual([[], ["skipped 1 overlap"], ["b"]]);
    expect(starting(plan("skip", running, 1))).toEqual([1]);
  });

  test("buffer_one: one waits, what waited goes first", () => {
    const some = plan("buffer_one", begun, 3);
    expect([starting(some), some.buffered, told(some)]).toEqual([[1], at(2), ["skipped 3 buffer_full"]]);
    const running = { ...some, starting: [], running: ["a"] };
    const later = plan("buffer_one", running, 4, ["a"]);
    expect([starting(later), later.buffered, told(later).at(-1)]).toEqual([[], at(2), "skipped 4 buffer_full"]);
    const freed = plan("buffer_one", later, 5);
    expect([starting(freed), freed.buffered]).toEqual([[2], at(5)]);
    expect(plan("buffer_one", { ...running, nextAt: at(9) }, 4, ["a"])).toEqual({ ...running, nextAt: at(9) });
  });

  test("allow: all of them", () => {
    expect(starting(plan("allow", { ...begun, running: ["a"] }, 3, ["a"]))).toEqual([1, 2, 3]);
  });

  test("cancel_other: the newest alone, once the others are gone", () => {
    const all = plan("cancel_other", { ...begun, running: ["a", "b"] }, 3, ["b"]);
    expect([starting(all), all.starting[0]?.cancels]).toEqual([[3], ["b"]]);
    expect(told(all)).toEqual(["skipped 1 overtaken", "skipped 2 overtaken"]);
  });

  test("what waited is dealt with under the policy as it is by now", () => {
    const waiting = { ...begun, nextAt: at(9), buffered: at(1), running: ["a"] };
    expect(told(plan("skip", waiting, 5, ["a"]))).toEqual(["skipped 1 overlap"]);
    expect(starting(plan("allow", waiting, 5, ["a"]))).toEqual([1]);
    expect(plan("cancel_other", waiting, 5, ["a"]).starting).toMatchObject([{ at: at(1), cancels: ["a"] }]);
  });

  test("missed ones are told with their number, and as a lower bound where counting ended", () => {
    const away = planFires(spec({ catchUp: "5m" }), begun, { now: at(9), open: new Set(), next: everyMinute });
    expect(away.fires[0]).toMatchObject({ outcome: "missed", at: at(3), count: 3 });
    expect(away.fires[0]?.reason?.message).toBe("3 older than the catch-up window of 5m.");
    expect(away.counts).toEqual({ started: 0, skipped: 5, failed: 0, missed: 3 });
    const long = planFires(spec({ catchUp: "5m" }), begun, { now: at(2_000), open: new Set(), next: everyMinute });
    expect(long.fires[0]?.reason?.message).toContain("At least 1000 ");
    // A row from another version may hold what this one cannot read: then nothing is too old.
    const odd = planFires(spec({ catchUp: "?" }), begun, { now: at(9), open: new Set(), next: everyMinute });
    expect(odd.counts.missed).toBe(0);
  });
});

describe("for every history", () => {
  const overlaps = fc.constantFrom<Overlap>("skip", "buffer_one", "allow", "cancel_other");
  /** Minutes that pass before a tick, the policy at it, which sessions have ended by then, and whether the start works. */
  const steps = fc.array(
    fc.record({ minutes: fc.integer({ min: 0, max: 15 }), overlap: overlaps, ended: fc.nat(), works: fc.boolean() }),
    { minLength: 1, maxLength: 40 },
  );

  test("each nominal time comes to exactly one end, in bounds, and the policy holds", () => {
    fc.assert(
      fc.property(steps, (all) => {
        let state = begun;
        let now = at(0);
        const open = new Set<string>();
        for (const { minutes, overlap, ended, works } of all) {
          now += minutes * MINUTE;
          for (const id of [...open].filter((_, n) => (ended >> (n % 8)) % 2 === 1)) open.delete(id);
          const busy = state.running.some((id) => open.has(id));
          state = planFires(spec({ overlap }), state, { now, open: new Set(open), next: everyMinute });
          if (overlap === "skip") expect(state.starting.length).toBeLessThanOrEqual(busy ? 0 : 1);
          if (overlap === "buffer_one" && busy) expect(state.starting).toEqual([]);
          if (overlap === "cancel_other") expect(state.starting.length).toBeLessThanOrEqual(1);
          if (overlap === "allow" || overlap === "cancel_other") expect(state.buffered).toBeNull();
          for (const { cancels } of state.starting) for (const id of cancels) open.delete(id);
          const started = recordStarts(
            state,
            state.starting.map((start) => ({
              start,
              outcome: works
                ? ({ kind: "started", sessionId: `ses_${start.at}` } as const)
                : ({ kind: "failed", reason: { code: "no", message: "no" } } as const),
            })),
          );
          if (works) for (const start of state.starting) open.add(`ses_${start.at}`);
          const { counts } = started;
          const total = counts.started + counts.skipped + counts.failed + counts.missed;
          const dealt = (started.nextAt! - at(1)) / MINUTE;
          expect(total + (started.buffered === null ? 0 : 1)).toBe(dealt);
          expect(started.starting).toEqual([]);
          expect(started.fires.length).toBeLessThanOrEqual(MAX_FIRES);
          expect(started.running.length).toBeLessThanOrEqual(MAX_RUNNING);
          const timer = timerOf(started, now);
          expect(timer.dueAt !== null || timer.waitsFor !== null).toBe(true);
          if (started.buffered !== null && timer.waitsFor === null) expect(timer.dueAt).toBeLessThanOrEqual(now);
          state = started;
        }
      }),
    );
  });
});
