import { describe, expect, test } from "vitest";
import { agent, call, done, failed, given, start, type Tasks } from "../../support/given.ts";

const by = (taskId: string, more: object = {}) => ({ taskId, agentId: taskId, retry: { maxAttempts: 1 }, ...more });
const team = ["a", "b", "c", "d"].map((id) => agent(id));
const begun = (tasks: Tasks) => given({ tasks, agents: team }).when(start({ input: { yes: false } })).and;
const entered = (taskId: string, n: number) =>
  [
    { type: "TaskEntered", taskId, n },
    { type: "DispatchRequested", taskId, n },
  ] as const;

describe("a task with several predecessors", () => {
  const both = begun([by("a", { dependsOn: [] }), by("b", { dependsOn: [] }), by("c", { dependsOn: ["a", "b"] })]);

  test("waits for all of them", () => {
    both
      .when(call(2, done("from b")))
      .then({ type: "TaskCompleted", taskId: "b" })
      .and.when(call(1, done("from a")))
      .then({ type: "TaskCompleted", taskId: "a" }, ...entered("c", 3))
      .and.when(call(3, done()))
      .then({ type: "TaskCompleted" }, { type: "SessionCompleted" });
  });

  test("with `join: any` begins after the first, once, and the session waits for the others", () => {
    const any = begun([
      by("a", { dependsOn: [] }),
      by("b", { dependsOn: [] }),
      by("c", { dependsOn: ["a", "b"], join: "any", parameters: { b: "${tasks.b.status}", a: "${tasks.a.output}" } }),
    ]);
    any
      .when(call(1, done(1)))
      .then(
        { type: "TaskCompleted", taskId: "a" },
        { type: "TaskEntered", taskId: "c", n: 3, parameters: { a: 1, b: "running" } },
        { type: "DispatchRequested", taskId: "c" },
      )
      .and.when(call(3, done()))
      .then({ type: "TaskCompleted", taskId: "c" })
      .and.when(call(2, done()))
      .then({ type: "TaskCompleted", taskId: "b" }, { type: "SessionCompleted" });
  });

  test("that a `nextTaskId` names besides waits for that one too", () => {
    begun([by("a", { nextTaskId: "d" }), by("b", { dependsOn: [], nextTaskId: null }), by("d", { dependsOn: ["b"] })])
      .when(call(1, done()))
      .then({ type: "TaskCompleted", taskId: "a" })
      .and.when(call(2, done()))
      .then({ type: "TaskCompleted", taskId: "b" }, ...entered("d", 3));
  });

  test("is not entered any more once one of them has failed the session", () => {
    const outcome = both.when(call(2, failed("boom", { retryable: false })));
    outcome.then(
      { type: "AttemptEnded", taskId: "b" },
      { type: "TaskFailed", taskId: "b" },
      { type: "AttemptEnded", taskId: "a", outcome: "cancelled", error: { message: 'task "b" failed' } },
      { type: "TaskCancelled", taskId: "a" },
      { type: "SessionFailed", taskId: "b" },
    );
    expect(outcome.decision.events[1]).not.toHaveProperty("instead");
  });
});

describe("the end of one task", () => {
  test("begins all that wait for it, in the order of the list", () => {
    begun([by("a"), by("c", { dependsOn: ["a"] }), by("b", { dependsOn: ["a"] })])
      .when(call(1, done()))
      .then({ type: "TaskCompleted" }, ...entered("c", 2), ...entered("b", 3));
  });

  test("begins nothing more once one of them could not be rendered", () => {
    begun([
      by("a"),
      by("b", { dependsOn: ["a"], parameters: { x: "${input.nowhere}" } }),
      by("c", { dependsOn: ["a"] }),
    ])
      .when(call(1, done()))
      .then(
        { type: "TaskCompleted", taskId: "a" },
        { type: "TaskEntered", taskId: "b", parameters: {} },
        { type: "TaskFailed", taskId: "b", error: { code: "unresolved_reference" } },
        { type: "SessionFailed", taskId: "b" },
      );
  });

  test("nor a fallback of what failed beside it", () => {
    const bad = { parameters: { x: "${input.nowhere}" } };
    const tasks = [
      by("a"),
      by("b", { dependsOn: ["a"], ...bad, fallbackTaskId: "d" }),
      by("c", { dependsOn: ["a"], ...bad }),
      by("d"),
    ];
    begun(tasks)
      .when(call(1, done()))
      .then(
        { type: "TaskCompleted", taskId: "a" },
        { type: "TaskEntered", taskId: "b" },
        { type: "TaskFailed", taskId: "b", instead: "fallback" },
        { type: "TaskEntered", taskId: "c" },
        { type: "TaskFailed", taskId: "c" },
        { type: "SessionFailed", taskId: "c" },
      );
  });
});

describe("`when`", () => {
  test("that is false skips the task alone: what comes after it goes on and finds null", () => {
    const outcome = begun([
      by("a"),
      by("b", { when: "input.yes" }),
      by("c", { parameters: { b: "${tasks.b.output}", is: "${tasks.b.status}", tries: "${tasks.b.attempts}" } }),
    ]).when(call(1, done(1)));
    outcome.then(
      { type: "TaskCompleted", taskId: "a" },
      { type: "TaskSkipped", taskId: "b", n: 2, reason: "condition" },
      { type: "TaskEntered", taskId: "c", n: 3, parameters: { b: null, is: "skipped", tries: 0 } },
      { type: "DispatchRequested", taskId: "c" },
    );
    expect(outcome.and.state.ended).toMatchObject({ b: { status: "skipped", n: 2 } });
    expect(outcome.and.state.ended["b"]).not.toHaveProperty("dead");
  });

  test("that is true lets it begin", () => {
    begun([by("a", { when: "input.yes == false" })]).when(call(1, done())).then({ type: "TaskCompleted" }, { type: "SessionCompleted" }); // prettier-ignore
  });

  test("of every task false: the session is done at once", () => {
    given({ tasks: [by("a", { when: "false" })], agents: team })
      .when(start())
      .then(
        { type: "SessionStarted" },
        { type: "TaskSkipped", taskId: "a", n: 1, reason: "condition" },
        { type: "SessionCompleted" },
      );
  });

  test.each([
    ["leads nowhere", "input.nowhere", "unresolved_reference", "nowhere"],
    ["is no bool", "input.yes ? 1 : 2", "expression_error", "the condition must be a bool"],
  ])("that %s fails the task", (_what, when, code, message) => {
    given({ tasks: [by("a", { when }), by("b")], agents: team })
      .when(start({ input: { yes: false } }))
      .then(
        { type: "SessionStarted" },
        { type: "TaskEntered", taskId: "a" },
        { type: "TaskFailed", taskId: "a", error: { code, message: expect.stringContaining(message) } },
        { type: "SessionFailed", taskId: "a", error: { code } },
      );
  });
});

describe("`onFailure: continue`", () => {
  test("goes on with the next, which reads the error", () => {
    const error = { code: "boom", message: "it broke" };
    const outcome = begun([
      by("a", { onFailure: "continue" }),
      by("b", { parameters: { out: "${tasks.a.output}", is: "${tasks.a.status}", why: "${tasks.a.error}" } }),
    ]).when(call(1, failed()));
    outcome
      .then(
        { type: "AttemptEnded", taskId: "a" },
        { type: "TaskFailed", taskId: "a", instead: "continue" },
        { type: "TaskEntered", taskId: "b", parameters: { out: null, is: "failed", why: error } },
        { type: "DispatchRequested", taskId: "b" },
      )
      .and.when(call(2, done()))
      .then({ type: "TaskCompleted" }, { type: "SessionCompleted" });
  });
});
