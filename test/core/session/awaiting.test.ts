import { describe, expect, test } from "vitest";
import { evolve } from "../../../src/core/session/evolve.ts";
import { HOUR, MINUTE, SECOND, start, T0, tick, type Tasks } from "../../support/given.ts";
import { control, endCall, pause, resume, signal, stored } from "../../support/given-maps.ts";

const AWAY = 120 * SECOND;
const paid = (more: object = {}): Tasks => [{ taskId: "paid", type: "signal", signal: "payment", ...more }];
const asked = (more: object = {}): Tasks => [{ taskId: "asked", type: "approval", ...more }];
const hour = { timeout: { run: "1h" } };
const begun = (tasks: Tasks) => stored({ tasks }).when(start());

describe("a signal", () => {
  test("is waited for without end, unless the author says how long", () => {
    begun(paid()).then(
      { type: "SessionStarted" },
      { type: "TaskEntered" },
      { type: "TaskAwaited", what: "signal", name: "payment", until: null },
    );
    begun(paid(hour)).then(
      { type: "SessionStarted" },
      { type: "TaskEntered" },
      { type: "TaskAwaited", until: T0 + HOUR },
    );
  });

  test("goes to the task that waits for it; its payload is the output", () => {
    const ended = begun(paid()).when(signal("payment", { eur: 5 }));
    ended.then(
      { type: "SignalReceived", name: "payment", payload: { eur: 5 } },
      { type: "TaskResolved", output: { eur: 5 }, by: "signal", signal: { name: "payment", seq: 2 } },
      { type: "SessionCompleted" },
    );
    expect(ended.state.signals).toEqual({});
  });

  test("of another name is kept, and the task waits on", () => {
    const waiting = begun(paid()).when(signal("refund", null)).then({ type: "SignalReceived" });
    expect(waiting.phases).toEqual({ awaiting: [1] });
    expect(waiting.state.signals).toEqual({ refund: [2] });
  });

  test("that came early is taken at once, the oldest first", () => {
    const tasks = [
      { taskId: "call", type: "http", url: "https://x.test" },
      ...paid(),
      { ...paid()[0]!, taskId: "again" },
    ];
    const kept = begun(tasks).when(signal("payment", "first")).when(signal("payment", "second"));
    kept
      .when(endCall(1, null))
      .then(
        { type: "TaskResolved", n: 1 },
        { type: "TaskEntered", taskId: "paid" },
        { type: "TaskResolved", taskId: "paid", output: "first" },
        { type: "TaskEntered", taskId: "again" },
        { type: "TaskResolved", taskId: "again", output: "second" },
        { type: "SessionCompleted" },
      );
  });

  test("is kept a hundred times at most; one that is taken makes room", () => {
    let full = begun(asked());
    for (let i = 0; i < 100; i += 1) full = full.when(signal(`s${i % 3}`, i)).answers({ kind: "done" });
    expect(Object.values(full.state.signals ?? {}).flat()).toHaveLength(100);
    full.when(signal("s0", "one more")).then().answers({ kind: "refused" });
  });
});

describe("nobody decides, or no signal comes, in time", () => {
  test.each([
    ["fail", paid({ ...hour }), "signal_timeout", 'no signal "payment" came in time'],
    ["fail", asked({ ...hour }), "approval_timeout", 'nobody approved or rejected "asked" in time'],
    [
      "reject",
      asked({ ...hour, onTimeout: "reject" }),
      "rejected",
      'nobody approved or rejected "asked" in time, which counts as rejected',
    ],
  ])("%s: the task fails, and why", (_what, tasks, code, message) => {
    begun(tasks)
      .when(tick(T0 + HOUR - 1))
      .then()
      .when(tick(T0 + HOUR))
      .then({ type: "TaskFailed", error: { code, message } }, { type: "SessionFailed", error: { code } });
  });

  test.each([
    ["continue", paid({ ...hour, onTimeout: "continue" }), null],
    ["continue", asked({ ...hour, onTimeout: "continue" }), null],
    ["approve", asked({ ...hour, onTimeout: "approve" }), { approved: true, by: null }],
  ])("%s: the task is done", (_what, tasks, output) => {
    const [resolved] = begun(tasks).when(tick(T0 + HOUR)).events;
    expect(resolved).toMatchObject({ type: "TaskResolved", by: "timeout", output });
  });

  test("while we were away for more than two minutes: the time is given back", () => {
    const waiting = begun(paid(hour));
    waiting.when(tick(T0 + HOUR + AWAY)).then({ type: "TaskFailed" }, { type: "SessionFailed" });
    const back = waiting
      .when(tick(T0 + HOUR + AWAY + 1))
      .then({ type: "TaskAwaited", until: T0 + HOUR + 2 * (AWAY + 1) });
    back.when(tick(T0 + HOUR + 2 * (AWAY + 1))).then({ type: "TaskFailed" }, { type: "SessionFailed" });
  });

  test("is not so while the session is paused: the wait is that much longer", () => {
    const going = begun(paid(hour))
      .when(pause(T0 + MINUTE))
      .when(resume(T0 + 3 * HOUR));
    expect(going.state.open[0]).toMatchObject({ phase: "awaiting", until: T0 + 4 * HOUR - MINUTE });
    const endless = begun(paid())
      .when(pause(T0 + MINUTE))
      .when(resume(T0 + 3 * HOUR));
    expect(endless.state.open[0]).toMatchObject({ until: null });
    endless.when(tick(T0 + 1_000 * HOUR)).then();
  });
});

describe("a person decides", () => {
  test.each([
    ["with a word", "ann", "fine"],
    ["without one", null, null],
  ])("approves, %s", (_what, by, comment) => {
    begun(asked())
      .when(control(1, { kind: "approve", by, comment }))
      .then(
        { type: "TaskResolved", by: "approval", output: { approved: true, by, comment }, actor: { id: "root" } },
        { type: "SessionCompleted" },
      );
  });

  test.each([
    ["ann", "too dear", "rejected by ann: too dear"],
    ["ann", null, "rejected by ann"],
    [null, null, "rejected"],
  ])("rejects (%s, %s)", (by, comment, message) => {
    begun(asked())
      .when(control(1, { kind: "reject", by, comment }))
      .then(
        { type: "TaskFailed", error: { code: "rejected", message }, actor: { id: "root" } },
        { type: "SessionFailed" },
      );
  });
});

test("an event about what is not there changes nothing but the time", () => {
  const { state } = begun(asked());
  for (const event of [
    { type: "ChoiceMade", taskId: "other", chose: null },
    { type: "FallbackEnded", taskId: "other", by: "constructor", status: "completed" },
    { type: "SessionResumed", actor: { kind: "system", id: "x" } },
  ] as const) {
    expect(evolve(state, event, { seq: 9, at: T0 + 1 })).toEqual({ ...state, updatedAt: T0 + 1 });
  }
});

test("a fallback that itself is not known stands for its task by name", () => {
  const failed = begun([...asked({ fallbackTaskId: "spare" }), { taskId: "spare", type: "wait", for: "1h" }]);
  const { state } = failed.when(control(1, { kind: "fail", error: { code: "x", message: "y" } }));
  const event = { type: "FallbackEnded", taskId: "asked", by: "constructor", status: "completed" } as const;
  expect(evolve({ ...state, open: [] }, event, { seq: 9, at: T0 }).ended["asked"]).toMatchObject({
    status: "completed",
    by: "constructor",
    seq: 2,
  });
});
