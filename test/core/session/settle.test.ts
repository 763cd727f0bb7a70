// Length: one table of what a settle command does, state by state; split, its symmetry is lost.
import { describe, expect, test } from "vitest";
import { decide } from "../../../src/core/session/decide.ts";
import type { Result } from "../../../src/core/session/events.ts";
import {
  agent,
  attempt,
  call,
  cancel,
  done,
  endDispatch,
  factsOf,
  failed,
  given,
  MINUTE,
  report,
  SECOND,
  start,
  T0,
  tick,
} from "../../support/given.ts";

const defaults = { retry: { maxAttempts: 3, initialInterval: "8s", nonRetryableErrors: ["INVALID"] } };
const single = { tasks: [{ taskId: "one", agentId: "a" }], defaults, agents: [agent("a"), agent("b")] };
const running = given(single).when(start()).and;
const chain = given({
  ...single,
  tasks: [
    { taskId: "one", agentId: "a" },
    { taskId: "two", agentId: "a" },
  ],
}).when(start()).and;

const ref = (number = 1) => ({ taskId: "one", n: 1, attempt: number, attemptId: attempt(1, number), agentId: "a" });

describe("an attempt is completed", () => {
  test("the session with it, when all is done", () => {
    const { decision } = running.when(report("a", 1, done({ urls: [] }), { now: T0 + 5, usage: { cost_usd: 1 } }));
    expect(decision.answer).toEqual({ kind: "settled", attempt: 1, status: "completed" });
    expect(decision.events).toEqual([
      {
        type: "TaskCompleted",
        ...ref(),
        output: { urls: [] },
        outputFrom: "report",
        via: "report",
        trace: { sentAt: T0, startedAt: null, transport: null, confirmedAt: null },
        usage: { cost_usd: 1 },
      },
      { type: "SessionCompleted" },
    ]);
    expect(decision.state).toMatchObject({ status: "completed", endedAt: T0 + 5, reason: null });
    expect(decision.state.ended).toEqual({ one: { n: 1, status: "completed", seq: 2 } });
    expect(decision.agents.get("a")).toMatchObject({ tasks: {}, settled: [attempt(1)] });
  });

  test("and the next task goes to the agent that this frees", () => {
    chain
      .when(report("a", 1, done()))
      .then(
        { type: "TaskCompleted" },
        { type: "TaskEntered", taskId: "two", n: 2 },
        { type: "DispatchRequested", taskId: "two", agentId: "a" },
      )
      .and.when(report("a", 2, done()))
      .then({ type: "TaskCompleted", taskId: "two" }, { type: "SessionCompleted" });
  });

  test("parallel chains go on by themselves and end together", () => {
    const tasks = [
      { taskId: "x", agentId: "a", nextTaskId: "x2" },
      { taskId: "y", agentId: "b", nextTaskId: null },
      { taskId: "x2", agentId: "a", nextTaskId: null },
    ];
    given({ ...single, tasks })
      .when(start())
      .and.when(report("b", 2, done()))
      .then({ type: "TaskCompleted", taskId: "y" })
      .and.when(report("a", 1, done()))
      .then({ type: "TaskCompleted" }, { type: "TaskEntered", taskId: "x2", n: 3 }, { type: "DispatchRequested" })
      .and.when(report("a", 3, done()))
      .then({ type: "TaskCompleted" }, { type: "SessionCompleted" });
  });

  test("a task whose parameters cannot be rendered ends the session right after the one before it", () => {
    const tasks = [
      { taskId: "one", agentId: "a" },
      { taskId: "two", agentId: "a", parameters: { of: "${tasks.one.output.urls}" } },
    ];
    given({ ...single, tasks })
      .when(start())
      .and.when(report("a", 1, done("no object")))
      .then(
        { type: "TaskCompleted" },
        { type: "TaskEntered" },
        { type: "TaskFailed", taskId: "two", error: { code: "unresolved_reference" } },
        { type: "SessionFailed", taskId: "two" },
      );
  });

  test("of several that follow none is entered once one of them has failed the session", () => {
    const tasks = [
      { taskId: "one", agentId: "a", nextTaskId: "two" },
      { taskId: "two", agentId: "a", parameters: { of: "${tasks.one.output.urls}" }, nextTaskId: null },
      { taskId: "three", agentId: "a" },
    ];
    const first = given({ ...single, tasks });
    const one = { ...first.world.graph.tasks.get("one")!, next: ["two", "three"] };
    const graph = { ...first.world.graph, starts: ["one"], tasks: new Map(first.world.graph.tasks).set("one", one) };
    const started = first.with({ graph }).when(start()).and;
    started
      .when(report("a", 1, done()))
      .then(
        { type: "TaskCompleted" },
        { type: "TaskEntered", taskId: "two" },
        { type: "TaskFailed", taskId: "two" },
        { type: "SessionFailed", taskId: "two" },
      );
    started
      .when(report("a", 1, done({ urls: 1 })))
      .then(
        { type: "TaskCompleted" },
        { type: "TaskEntered", taskId: "two" },
        { type: "DispatchRequested", taskId: "two" },
        { type: "TaskEntered", taskId: "three" },
        { type: "TaskWaited", taskId: "three" },
      );
  });

  test("by the number of the open attempt, by the task alone, by its agent or by any call", () => {
    for (const command of [
      report("a", 1, done()),
      report("a", 1, done(), { attempt: null }),
      call(1, done()),
      call(1, done(), { attempt: null }),
    ]) {
      running
        .when(command)
        .then({ type: "TaskCompleted", attempt: 1 }, { type: "SessionCompleted" })
        .answers({ kind: "settled", attempt: 1, status: "completed" });
    }
  });
});

describe("the output", () => {
  const answered = running.inFlight("a", attempt(1), { transport: "direct", confirmedAt: T0 + 1, answer: { n: 7 } });
  const output = (from: typeof running, result: Result) => {
    const [event] = from.when(call(1, result)).decision.events;
    return event?.type === "TaskCompleted" ? [event.output, event.outputFrom] : [];
  };

  test("is what the result brings", () => {
    expect(output(answered, done(3))).toEqual([3, "report"]);
  });
  test("else what the agent answered to the delivery", () => {
    expect(output(answered, done())).toEqual([{ n: 7 }, "answer"]);
  });
  test("else there is none", () => {
    expect(output(running, done())).toEqual([null, "none"]);
    expect(output(running.inFlight("a", attempt(1), { answer: null }), done())).toEqual([null, "none"]);
  });
  test("null that a call brings is an output, and the same call again is a repeat", () => {
    expect(output(answered, done(null))).toEqual([null, "report"]);
    answered
      .when(call(1, done(null)))
      .and.when(call(1, done(null)))
      .then()
      .answers({ kind: "repeated" });
  });

  test("what was known of the attempt is kept with it", () => {
    answered
      .heard(attempt(1), { workingAt: T0 + 2 })
      .when(report("a", 1, done()))
      .then(
        {
          type: "TaskCompleted",
          trace: { sentAt: T0, startedAt: T0 + 2, transport: "direct", confirmedAt: T0 + 1 },
        },
        { type: "SessionCompleted" },
      );
    running
      .when(report("a", 1, done(), { startedAt: T0 + 3 }))
      .then({ type: "TaskCompleted", trace: { startedAt: T0 + 3 } }, { type: "SessionCompleted" });
  });
});

describe("an attempt fails", () => {
  test("and is tried again after a back-off with full jitter", () => {
    const outcome = running.when(report("a", 1, failed(), { now: T0 + 5, usage: { input_tokens: 3 } }));
    outcome.answers({ kind: "settled", attempt: 1, status: "failed" });
    expect(outcome.decision.events).toEqual([
      {
        type: "AttemptEnded",
        ...ref(),
        outcome: "failed",
        error: { code: "boom", message: "it broke" },
        counts: true,
        retryAt: expect.any(Number),
        trace: { sentAt: T0, startedAt: null, transport: null, confirmedAt: null },
        via: "report",
        usage: { input_tokens: 3 },
      },
    ]);
    const { state } = outcome.and;
    expect(state.open).toMatchObject([
      { phase: "backoff", attempt: 1, used: 1, last: { code: "boom", message: "it broke" } },
    ]);
  });

  const retryAt = (seed: string) => {
    const [event] = running.when(report("a", 1, failed(), { seed })).decision.events;
    return event?.type === "AttemptEnded" ? (event.retryAt ?? -1) : -1;
  };
  test("the jitter comes from the seed and stays below the ceiling", () => {
    const all = Array.from({ length: 50 }, (_, i) => retryAt(`seed ${i}`) - T0);
    expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...all)).toBeLessThan(8 * SECOND);
    expect(Math.max(...all)).toBeGreaterThan(4 * SECOND);
    expect(new Set(all).size).toBeGreaterThan(40);
  });

  test("a wait that the agent asks for wins", () => {
    for (const retryAfterMs of [0, 90 * SECOND]) {
      running
        .when(call(1, failed("boom", { retryAfterMs })))
        .then({ type: "AttemptEnded", retryAt: T0 + retryAfterMs });
    }
  });

  test("the next attempt gets the next number, on the agent that is free then", () => {
    running
      .when(report("a", 1, failed("boom", { retryAfterMs: 5 * SECOND })))
      .and.when(tick(T0 + 5 * SECOND - 1))
      .then()
      .answers({ kind: "unchanged" })
      .and.when(tick(T0 + 5 * SECOND))
      .then({ type: "DispatchRequested", n: 1, attempt: 2, attemptId: attempt(1, 2), again: false })
      .and.when(report("a", 1, done(), { attempt: 2 }))
      .then({ type: "TaskCompleted", attempt: 2 }, { type: "SessionCompleted" });
  });

  test("with its last attempt the task and the session fail", () => {
    const retry = failed("boom", { retryAfterMs: 0 });
    const outcome = running
      .when(report("a", 1, retry))
      .and.when(tick(T0))
      .and.when(report("a", 1, retry, { attempt: 2 }))
      .and.when(tick(T0))
      .and.when(report("a", 1, retry, { attempt: 3 }));
    const error = { code: "boom", message: "it broke (attempt 3 of 3)" };
    outcome
      .then(
        { type: "AttemptEnded", attempt: 3, retryAt: null, error: { message: "it broke" } },
        { type: "TaskFailed", error },
        { type: "SessionFailed", taskId: "one", error },
      )
      .answers({ kind: "settled", attempt: 3, status: "failed" });
    expect(outcome.and.state).toMatchObject({ status: "failed", reason: error, open: [] });
    expect(outcome.and.state.ended).toEqual({ one: { n: 1, status: "failed", seq: 6 } });
  });

  test.each([
    ["the definition says that this error is final", failed("INVALID")],
    ["the agent says that trying again is useless", failed("boom", { retryable: false })],
    ["it is final, whatever wait it names", failed("INVALID", { retryAfterMs: 5 })],
  ])("for good if %s", (_why, result) => {
    running
      .when(report("a", 1, result))
      .then({ type: "AttemptEnded", retryAt: null, counts: true }, { type: "TaskFailed" }, { type: "SessionFailed" });
  });

  test("retryable: true gives no more attempts than there are", () => {
    const last = given({ ...single, defaults: { retry: { maxAttempts: 1 } } }).when(start()).and;
    last
      .when(report("a", 1, failed("boom", { retryable: true })))
      .then(
        { type: "AttemptEnded" },
        { type: "TaskFailed", error: { message: "it broke" } },
        { type: "SessionFailed" },
      );
  });

  test("a failure for good cancels what else is open and frees its agents", () => {
    const tasks = [
      { taskId: "x", agentId: "a", nextTaskId: null },
      { taskId: "y", agentId: "b", nextTaskId: null },
      { taskId: "z", agentId: "b" },
    ];
    const outcome = given({ ...single, tasks })
      .when(start())
      .and.when(report("a", 1, failed("INVALID")));
    outcome.then(
      { type: "AttemptEnded", taskId: "x" },
      { type: "TaskFailed", taskId: "x" },
      { type: "AttemptEnded", taskId: "y", outcome: "cancelled", error: { code: "session_failed" } },
      { type: "TaskCancelled", taskId: "y" },
      { type: "TaskCancelled", taskId: "z" },
      { type: "SessionFailed", taskId: "x" },
    );
    expect(outcome.decision.agents.get("b")?.tasks).toEqual({});
  });
});

describe("the same result again changes nothing and gets the same answer", () => {
  test.each<[string, Result]>([
    ["an output", done({ b: 1, a: [2] })],
    ["no output", done()],
    ["a failure", failed("boom", { retryAfterMs: 0 })],
    ["a failure for good", failed("INVALID")],
  ])("%s", (_what, result) => {
    const first = running.when(report("a", 1, result));
    const status = result.kind;
    for (const again of [report("a", 1, result), call(1, result), call(1, result, { now: T0 + MINUTE })]) {
      first.and.when(again).then().answers({ kind: "repeated", attempt: 1, status });
    }
  });

  test("whatever the order of the members", () => {
    running
      .when(call(1, done({ a: 1, b: 2 })))
      .and.when(call(1, done({ b: 2, a: 1 })))
      .then()
      .answers({ kind: "repeated" });
  });

  test("also without an output, where the agent's answer stands in", () => {
    const answered = running.inFlight("a", attempt(1), { answer: 7 });
    answered.when(call(1, done())).and.when(call(1, done())).then().answers({ kind: "repeated" });
  });

  test("by the task alone the newest attempt is meant, when the task is over", () => {
    running
      .when(call(1, failed("boom", { retryAfterMs: 0 })))
      .and.when(tick(T0))
      .and.when(call(1, done(), { attempt: 2 }))
      .and.when(call(1, done(), { attempt: null }))
      .then()
      .answers({ kind: "repeated", attempt: 2 });
  });
});

describe("a late result is kept and changes nothing", () => {
  const over = running.when(report("a", 1, done(1))).and;

  test.each<[string, Result]>([
    ["another output", done(2)],
    ["no output", done()],
    ["a failure", failed()],
  ])("%s for an attempt that the agent has completed is a conflict", (_what, result) => {
    const outcome = over.when(report("a", 1, result));
    outcome.then({ type: "LateResultRecorded", ...ref(), reason: "result_conflict", from: "a", result });
    outcome.answers({
      kind: "stale",
      reason: "result_conflict",
      message: `Attempt ${attempt(1)} was already settled as completed with another result.`,
    });
    expect(outcome.and.state).toEqual(over.state);
  });

  test("an output after an answer stood in, and success after failure, conflict too", () => {
    const answered = running.inFlight("a", attempt(1), { answer: 7 }).when(call(1, done())).and;
    answered.when(call(1, done(7))).then({ type: "LateResultRecorded", reason: "result_conflict" });
    const broken = running.when(call(1, failed())).and;
    for (const result of [done(), failed("other"), failed("boom", { message: "otherwise" })]) {
      broken
        .when(call(1, result))
        .then({ type: "LateResultRecorded", reason: "result_conflict", from: null })
        .answers({ message: `Attempt ${attempt(1)} was already settled as failed with another result.` });
    }
  });

  test.each([
    ["a deadline ended", running.when(tick(T0 + 15 * MINUTE)).and, "run_deadline"],
    ["was cancelled with its session", running.when(cancel()).and, "cancelled"],
    ["the agent itself had rejected", running.when(endDispatch("agent_error", 1)).and, "agent_error"],
  ])("for an attempt that %s", (_what, ended, how) => {
    const outcome = ended.when(report("a", 1, done(1)));
    outcome.then({ type: "LateResultRecorded", reason: "stale_attempt", from: "a", result: done(1) }).answers({
      kind: "stale",
      reason: "stale_attempt",
      message: `Attempt ${attempt(1)} has ended (${how}); the result is kept as late and changes nothing.`,
    });
    const { updatedAt: _, ...state } = outcome.and.state;
    expect(ended.state).toMatchObject(state);
  });

  test("it says by which transport the attempt had gone", () => {
    running
      .inFlight("a", attempt(1), { transport: "agentkit" })
      .when(tick(T0 + 15 * MINUTE))
      .and.when(report("a", 1, done()))
      .then({ type: "LateResultRecorded", transport: "agentkit" });
  });

  test("from another agent, while the attempt is in flight and after it", () => {
    const theirs = report("b", 1, done(1));
    const outcome = running.when(theirs);
    outcome
      .then({ type: "LateResultRecorded", ...ref(), reason: "other_agent", from: "b", transport: null })
      .answers({ reason: "other_agent", message: `Attempt ${attempt(1)} belongs to another agent.` });
    over.when(theirs).then({ type: "LateResultRecorded", reason: "other_agent", transport: null });
    const direct = running.inFlight("a", attempt(1), { transport: "direct" }).when(report("a", 1, done(1))).and;
    direct.when(theirs).then({ type: "LateResultRecorded", reason: "other_agent", transport: "direct" });
    running.when(report("b", 1, done(1), { attempt: null })).then({ type: "LateResultRecorded", attempt: 1 });
    // And the attempt itself is settled as if nothing had been said.
    outcome.and.when(report("a", 1, done(1))).then({ type: "TaskCompleted" }, { type: "SessionCompleted" });
  });

  test("of an older attempt, while the next one runs", () => {
    const second = running.when(call(1, failed("boom", { retryAfterMs: 0 }))).and.when(tick(T0)).and;
    second
      .when(report("a", 1, done(), { attempt: 1 }))
      .then({ type: "LateResultRecorded", attempt: 1 })
      .and.when(report("a", 1, done(), { attempt: 2 }))
      .then({ type: "TaskCompleted", attempt: 2 }, { type: "SessionCompleted" });
  });

  test("equal ones once", () => {
    over
      .when(report("a", 1, done(2)))
      .and.when(report("a", 1, done(2)))
      .then()
      .answers({ kind: "stale" });
    // Also when the attempt has ended in between.
    running
      .inFlight("a", attempt(1), { transport: "direct" })
      .when(report("b", 1, done(1)))
      .and.when(report("a", 1, done(1)))
      .and.when(report("b", 1, done(1)))
      .then()
      .answers({ kind: "stale", reason: "other_agent" });
  });

  test("ten a task; more get the same answer and are not kept", () => {
    let now = over;
    for (let i = 0; i < 10; i += 1) {
      now = now.when(report("a", 1, done(`late ${i}`))).then({ type: "LateResultRecorded" }).and;
    }
    now
      .when(report("a", 1, done("one more")))
      .then()
      .answers({ kind: "stale", reason: "result_conflict" });
  });
});

describe("what is unknown", () => {
  test.each([
    ["a task that has not been entered", call(2, done()), chain],
    ["an attempt that has not been", call(1, done(), { attempt: 2 }), running],
    ["the task of a session long over", call(7, done(), { attempt: null }), running.when(cancel()).and],
    [
      "the attempt of a task that still waits",
      call(1, done(), { attempt: null }),
      given({ ...single, agents: [] }).when(start()).and,
    ],
  ])("%s", (_what, command, from) => {
    from.when(command).then().answers({ kind: "unknown" });
  });
});

test("what is not in flight needs the history of the task, and is decided by it alone", () => {
  const over = running.when(report("a", 1, done(1))).and;
  const command = report("a", 1, done(1));
  const { events, answer } = decide(over.state, command, factsOf(over.world, null), 3);
  expect([events, answer]).toEqual([[], { kind: "needs_history" }]);
  expect(decide(over.state, command, factsOf(over.world, []), 3).answer).toEqual({ kind: "unknown" });
});

describe("a caller who may speak for some agents only", () => {
  const by = (...only: readonly string[]) => ({ ...call(1, done()), only });

  test("settles their attempts", () => {
    const outcome = running.when(by("b", "a")).answers({ kind: "settled", attempt: 1, status: "completed" });
    outcome.and.when(by("a")).answers({ kind: "repeated", attempt: 1, status: "completed" });
  });

  test("is told whose another's is, and nothing is kept, while it runs and when it has ended", () => {
    const over = running.when(call(1, done(1))).and;
    for (const state of [running, over]) {
      const { decision } = state.when(by("b"));
      expect(decision).toMatchObject({ answer: { kind: "not_yours", agentId: "a" }, events: [] });
    }
  });
});
