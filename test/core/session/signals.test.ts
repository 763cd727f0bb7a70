import { describe, expect, test } from "vitest";
import { evolve } from "../../../src/core/session/evolve.ts";
import { agent, cancel, call, done, given, MINUTE, start, T0 } from "../../support/given.ts";
import { pause, resume, signal, under } from "../../support/given-control.ts";
import { MAX_SIGNALS } from "../../../src/core/session/signals.ts";

const wait = { taskId: "paid", type: "signal", signal: "payment", nextTaskId: null };
const waiting = given({ tasks: [wait] }).when(start()).and;
const tasks = [
  { taskId: "one", agentId: "a" },
  { taskId: "first", type: "signal", signal: "go" },
  { taskId: "second", type: "signal", signal: "go" },
];
const early = given({ tasks, agents: [agent("a")] }).when(start()).and;
const kept = (count: number, from = waiting) => {
  let next = from;
  for (let i = 0; i < count; i += 1) next = next.when(signal("noise", { payload: i })).and;
  return next;
};

describe("a signal", () => {
  test("completes the task that waits for it with what it brings", () => {
    const outcome = waiting.when(signal("payment", { payload: { sum: 3 } }));
    outcome
      .then(
        { type: "SignalReceived", name: "payment", payload: { sum: 3 }, key: null },
        { type: "TaskResolved", taskId: "paid", output: { sum: 3 }, by: "signal", signal: { name: "payment", seq: 2 } },
        { type: "SessionCompleted" },
      )
      .answers({ kind: "done" });
    expect(outcome.and.state).toMatchObject({ status: "completed", signals: {} });
  });

  test("that comes early is kept for the task that will wait for it; each is taken once, the oldest first", () => {
    const two = early.when(signal("go", { payload: 1 })).and.when(signal("go", { payload: 2 })).and;
    expect(two.state.signals).toEqual({ go: [2, 3] });
    const both = two.when(call(1, done()));
    both.then(
      { type: "TaskCompleted" },
      { type: "TaskEntered", taskId: "first" },
      { type: "TaskResolved", taskId: "first", output: 1, signal: { name: "go", seq: 2 } },
      { type: "TaskEntered", taskId: "second" },
      { type: "TaskResolved", taskId: "second", output: 2, signal: { name: "go", seq: 3 } },
      { type: "SessionCompleted" },
    );
    expect(both.and.state.signals).toEqual({});
  });

  test("is taken by one task only, though two wait for its name", () => {
    const parallel = ["x", "y"].map((taskId) => ({ taskId, type: "signal", signal: "go", nextTaskId: null }));
    const one = given({ tasks: parallel }).when(start()).and.when(signal("go"));
    one.then({ type: "SignalReceived" }, { type: "TaskResolved", taskId: "x" });
    one.and
      .when(signal("go"))
      .then({ type: "SignalReceived" }, { type: "TaskResolved", taskId: "y" }, { type: "SessionCompleted" });
  });

  test("of another name stays, and an approval does not take it", () => {
    const approval = given({ tasks: [{ taskId: "payment", type: "approval" }] }).when(start()).and;
    for (const from of [waiting, approval]) {
      const name = from === waiting ? "other" : "payment";
      expect(from.when(signal(name)).then({ type: "SignalReceived" }).and.state).toMatchObject({
        signals: { [name]: [2] },
        open: [{ phase: "awaiting" }],
      });
    }
  });

  test("may be called like what every object has", () => {
    const named = given({ tasks: [{ ...wait, signal: "constructor" }] }).when(start()).and;
    named.when(signal("toString")).then({ type: "SignalReceived" });
    named
      .when(signal("constructor", { payload: 1 }))
      .then({ type: "SignalReceived" }, { type: "TaskResolved", output: 1 }, { type: "SessionCompleted" });
  });
});

describe("the same signal again", () => {
  test("is the same signal and answered as the first time, also after the session has ended", () => {
    const once = early.when(signal("go", { key: "k1" }));
    once.then(
      { type: "ControlAnswered", key: "k1", request: "r", status: "running", signal: true },
      { type: "SignalReceived", key: "k1" },
    );
    const again = { kind: "answered", status: "running", already: false } as const;
    expect(once.and.state).not.toHaveProperty("signalKeys");
    once.and
      .when(signal("go", { key: "k1" }))
      .then()
      .answers(again);
    once.and.when(signal("go", { key: "k2" })).then({ type: "ControlAnswered" }, { type: "SignalReceived", key: "k2" });
    const over = once.and.when(cancel()).and;
    over
      .when(signal("go", { key: "k1" }))
      .then()
      .answers(again);
    over
      .when(signal("go", { key: "k3" }))
      .then()
      .answers({ kind: "ended", status: "cancelled" });
  });

  test("with another payload, another name or as another word is told so, and no signal", () => {
    const once = early.when(signal("go", { key: "k1" })).and;
    for (const word of [signal("go", { key: "k1", request: "another" }), under("k1", pause(), "another")]) {
      once.when(word).then().answers({ kind: "key_reused" });
      once.when(cancel()).and.when(word).then().answers({ kind: "key_reused" });
    }
    const paused = early.when(under("k", pause())).and;
    paused
      .when(signal("go", { key: "k", request: "another" }))
      .then()
      .answers({ kind: "key_reused" });
  });

  test("is known by the sixteen newest keys, beside those of other words", () => {
    let from = early.when(under("p", pause())).and;
    for (let i = 1; i <= 17; i += 1) from = from.when(signal("go", { key: `k${i}` })).and;
    expect(from.state.answered?.map(({ key }) => key)).toEqual(["p", ...Array.from({ length: 16 }, (_, i) => `k${i + 2}`)]); // prettier-ignore
    from
      .when(signal("go", { key: "k2" }))
      .then()
      .answers({ kind: "answered" });
    from.when(under("p", pause())).then().answers({ kind: "answered", status: "paused" });
    from.when(signal("go", { key: "k1" })).then({ type: "ControlAnswered" }, { type: "SignalReceived" });
  });

  test("of a log that did not note the answers is known by its key, and noted then", () => {
    const { state } = early;
    const received = (key: string) => ({ type: "SignalReceived", name: "go", payload: 1, key, actor: { kind: "key", id: "root" } }) as const; // prettier-ignore
    const old = Array.from({ length: 17 }, (_, i) => received(`k${i}`)).reduce<typeof state>(
      (now, event) => evolve(now, event, { seq: 2, at: T0 }),
      state,
    );
    expect(old.signalKeys).toEqual(Array.from({ length: 16 }, (_, i) => `k${i + 1}`));
    const from = early.with({ state: old });
    const again = from.when(signal("go", { key: "k1" }));
    again.then({ type: "ControlAnswered", status: "running", already: true, signal: true });
    again.answers({ kind: "unchanged" });
    again.and
      .when(signal("go", { key: "k1" }))
      .then()
      .answers({ kind: "answered", already: true });
  });
});

describe("signals that nothing waits for", () => {
  const full = kept(MAX_SIGNALS);

  test("are kept up to a hundred, the next is refused", () => {
    kept(MAX_SIGNALS - 1)
      .when(signal("noise"))
      .then({ type: "SignalReceived" });
    full
      .when(signal("noise"))
      .then()
      .answers({
        kind: "refused",
        message: `The session already keeps ${MAX_SIGNALS} signals that nothing has waited for.`,
      });
  });

  test("do not keep one from coming through that is waited for", () => {
    full
      .when(signal("payment"))
      .then({ type: "SignalReceived" }, { type: "TaskResolved", by: "signal" }, { type: "SessionCompleted" });
  });
});

test("a signal to a paused session is taken, and what it leads to begins when the session goes on", () => {
  const setup = {
    tasks: [
      { taskId: "paid", type: "signal" },
      { taskId: "next", agentId: "a" },
    ],
    agents: [agent("a")],
  };
  const paused = given(setup).when(start()).and.when(pause()).and;
  const taken = paused.when(signal("paid", { payload: 5, now: T0 + MINUTE }));
  taken.then({ type: "SignalReceived" }, { type: "TaskResolved", output: 5 }, { type: "TaskEntered", taskId: "next" });
  expect(taken.and.state.open).toMatchObject([{ taskId: "next", phase: "backoff" }]);
  taken.and
    .when(resume(T0 + 2 * MINUTE))
    .then({ type: "SessionResumed" }, { type: "DispatchRequested", taskId: "next", agentId: "a" });
});

test("a log in which a signal is taken that never came is read all the same", () => {
  const taken = { name: "payment", seq: 9 };
  const event = { type: "TaskResolved", taskId: "paid", n: 1, output: 1, by: "signal", signal: taken } as const;
  expect(evolve(waiting.state, event, { seq: 2, at: T0 })).toMatchObject({ open: [], signals: {} });
});

test("a signal whose row is not at hand is loaded first", () => {
  const one = early.when(signal("go", { payload: 1 })).and;
  const rows = new Map([[1, one.world.log[0]!.events]]);
  one
    .with({ more: { rows } })
    .when(call(1, done()))
    .then()
    .answers({ kind: "needs_facts", needs: { rows: [2], agents: [], caps: [] } });
});
