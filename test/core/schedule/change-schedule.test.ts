import { describe, expect, test } from "vitest";
import {
  fireOf,
  isSameStart,
  pauseSchedule,
  recordStarts,
  resumeSchedule,
  startByHand,
} from "../../../src/core/schedule/change-schedule.ts";
import { isOwnKey } from "../../../src/core/own-key.ts";
import { fireKey } from "../../../src/core/schedule/fire-key.ts";
import {
  changedAt,
  initialSchedule,
  MAX_FIRES,
  MAX_RUNNING,
  timerOf,
  withFires,
  type PendingStart,
} from "../../../src/core/schedule/schedule.ts";
import { MINUTE, T0 } from "../../support/given.ts";

const start = (more: Partial<PendingStart> = {}): PendingStart => ({
  at: T0,
  tag: null,
  requestId: null,
  cancels: [],
  ...more,
});
const begun = initialSchedule(T0 + MINUTE, false);
const started = (sessionId: string) => ({ kind: "started", sessionId }) as const;
const failed = { kind: "failed", reason: { code: "no", message: "No." } } as const;

describe("starts that were made", () => {
  test("are recorded; what they cancelled is no longer watched", () => {
    const [one, two] = [start({ cancels: ["a"] }), start({ tag: "t" })];
    const state = { ...begun, running: ["a", "b"], starting: [one, two, start({ at: T0 + 1 })] };
    const after = recordStarts(state, [
      { start: one, outcome: started("c") },
      { start: two, outcome: failed },
    ]);
    expect(after.running).toEqual(["b", "c"]);
    expect(after.starting).toEqual([start({ at: T0 + 1 })]);
    expect(after.fires).toEqual([fireOf(one, started("c")), fireOf(two, failed)]);
    expect(after.fires).toMatchObject([
      { by: "calendar", outcome: "started", sessionId: "c", reason: null, count: 1 },
      { by: "hand", outcome: "failed", sessionId: null, reason: { code: "no" }, tag: "t" },
    ]);
    expect("tag" in after.fires[0]!).toBe(false);
    expect(after.counts).toEqual({ started: 1, skipped: 0, failed: 1, missed: 0 });
  });

  test("two at one moment by hand are two, by the calendar one", () => {
    expect(isSameStart(start(), start({ requestId: "r" }))).toBe(true);
    expect(isSameStart(start({ tag: "a" }), start({ tag: "b" }))).toBe(false);
    expect(isSameStart(start(), start({ at: T0 + 1 }))).toBe(false);
  });

  test("lists are bounded, the counts are not", () => {
    const many = Array.from({ length: 3 * MAX_FIRES }, (_, n) => ({
      start: start({ at: T0 + n }),
      outcome: started(`s${n}`),
    }));
    const after = recordStarts(begun, many);
    expect([after.fires.length, after.running.length]).toEqual([MAX_FIRES, MAX_RUNNING]);
    expect(after.fires.at(-1)?.sessionId).toBe(`s${3 * MAX_FIRES - 1}`);
    expect(after.counts.started).toBe(3 * MAX_FIRES);
    expect(withFires(after, []).fires).toEqual(after.fires);
  });
});

describe("pause and resume", () => {
  test("each once; a fire that waited is given up and told", () => {
    const waiting = { ...begun, buffered: T0, running: ["a"] };
    const paused = pauseSchedule(waiting);
    expect(paused).toMatchObject({ paused: true, nextAt: null, buffered: null, running: ["a"] });
    expect(paused.fires).toMatchObject([{ at: T0, outcome: "skipped", reason: { code: "paused" } }]);
    expect(pauseSchedule(paused)).toBe(paused);
    expect(pauseSchedule(begun)).toEqual({ ...begun, paused: true, nextAt: null });
    const resumed = resumeSchedule(paused, T0 + 9);
    expect(resumed).toMatchObject({ paused: false, nextAt: T0 + 9 });
    expect(resumeSchedule(resumed, T0 + 10)).toBe(resumed);
  });

  test("by a clock behind: what was dealt with does not come again", () => {
    expect(changedAt(begun, T0)).toBe(T0);
    const fire = {
      at: T0 + 5 * MINUTE,
      by: "calendar",
      outcome: "missed",
      sessionId: null,
      reason: null,
      count: 1,
    } as const;
    const hand = { ...fire, at: T0 + 9 * MINUTE, by: "hand", tag: "x" } as const;
    const fired = withFires(begun, [fire, hand]);
    expect(changedAt(fired, T0)).toBe(T0 + 5 * MINUTE);
    expect(changedAt(fired, T0 + 6 * MINUTE)).toBe(T0 + 6 * MINUTE);
    expect(changedAt({ ...fired, starting: [start({ at: T0 + 7 * MINUTE })] }, T0)).toBe(T0 + 7 * MINUTE);
    expect(changedAt({ ...fired, buffered: T0 + 8 * MINUTE }, T0)).toBe(T0 + 8 * MINUTE);
    expect(changedAt(startByHand(begun, { ...start({ at: T0 + MINUTE }), tag: "y" }), T0)).toBe(T0);
  });
});

describe("the timer", () => {
  test("is the next time, or now if anything is left to do", () => {
    expect(timerOf(begun, T0)).toEqual({ dueAt: T0 + MINUTE, waitsFor: null });
    expect(timerOf(startByHand(begun, start()), T0)).toEqual({ dueAt: T0, waitsFor: null });
    const paused = pauseSchedule(begun);
    expect(timerOf(paused, T0)).toEqual({ dueAt: null, waitsFor: null });
    expect(timerOf(startByHand(paused, start()), T0)).toEqual({ dueAt: T0, waitsFor: null });
  });

  test("a fire that waits: for the oldest session that is open, or for none", () => {
    const waiting = { ...begun, buffered: T0 };
    expect(timerOf({ ...waiting, running: ["a", "b"] }, T0)).toEqual({ dueAt: T0 + MINUTE, waitsFor: "a" });
    expect(timerOf(waiting, T0)).toEqual({ dueAt: T0, waitsFor: null });
  });
});

describe("the key of a fire", () => {
  test("is one for each schedule, incarnation and fire", () => {
    const keys = [
      fireKey("s", "i", start()),
      fireKey("t", "i", start()),
      fireKey("s", "j", start()),
      fireKey("s", "i", start({ at: T0 + 1 })),
      fireKey("s", "i", start({ tag: "x" })),
      fireKey("s", "i", start({ tag: String(T0) })),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(fireKey("s", "i", start({ tag: "x", at: 1 }))).toBe(fireKey("s", "i", start({ tag: "x", at: 2 })));
  });

  test("is none that a client may send", () => {
    expect(isOwnKey(fireKey("s", "i", start()))).toBe(true);
    expect(fireKey("s", "i", start())).not.toMatch(/^[\x21-\x7e]{1,255}$/);
    expect(["", "k", "schedule s"].map(isOwnKey)).toEqual([false, false, false]);
  });
});
