import { describe, expect, test } from "vitest";
import { agent, call, done, failed, given, start, type Given, type Tasks } from "../../support/given.ts";

const by = (taskId: string, more: object = {}) => ({ taskId, agentId: taskId, retry: { maxAttempts: 1 }, ...more });
const team = ["a", "b", "c", "d", "e"].map((id) => agent(id));
const begun = (tasks: Tasks) => given({ tasks, agents: team }).when(start()).and;
const afterwards = by("e", { parameters: { out: "${tasks.a.output}", is: "${tasks.a.status}", n: "${tasks.a.attempts}" } }); // prettier-ignore

const failing = (from: Given, n: number) => from.when(call(n, failed(`boom ${n}`)));

describe("a task with a fallback that has failed for good", () => {
  const one = begun([by("a", { fallbackTaskId: "b" }), by("b"), afterwards]);
  const second = failing(one, 1).then(
    { type: "AttemptEnded", taskId: "a" },
    { type: "TaskFailed", taskId: "a", instead: "fallback" },
    { type: "TaskEntered", taskId: "b", n: 2 },
    { type: "DispatchRequested", taskId: "b" },
  ).and;

  test("is failed while the other works, and nothing goes on", () => {
    expect(second.state.ended).toMatchObject({ a: { status: "failed", pending: true } });
  });

  test("is completed by the other's output, which stands for its own", () => {
    const outcome = second.when(call(2, done("by b")));
    outcome.then(
      { type: "TaskCompleted", taskId: "b" },
      { type: "FallbackEnded", taskId: "a", by: "b", status: "completed" },
      { type: "TaskEntered", taskId: "e", parameters: { out: "by b", is: "completed", n: 1 } },
      { type: "DispatchRequested", taskId: "e" },
    );
    expect(outcome.and.state.ended["a"]).toEqual({ n: 1, status: "completed", seq: 3, by: "b" });
  });

  test("fails the session with the other's error, if that fails too", () => {
    failing(second, 2).then(
      { type: "AttemptEnded", taskId: "b" },
      { type: "TaskFailed", taskId: "b" },
      { type: "FallbackEnded", taskId: "a", by: "b", status: "failed" },
      { type: "SessionFailed", taskId: "b", error: { code: "boom 2" } },
    );
  });

  test("is not entered otherwise", () => {
    one
      .when(call(1, done("by a")))
      .then({ type: "TaskCompleted", taskId: "a" }, { type: "TaskEntered", taskId: "e" }, { type: "DispatchRequested" })
      .and.when(call(2, done()))
      .then({ type: "TaskCompleted" }, { type: "SessionCompleted" });
  });

  test("fails with its own error, if the condition of the other does not hold", () => {
    failing(begun([by("a", { fallbackTaskId: "b" }), by("b", { when: "false" })]), 1).then(
      { type: "AttemptEnded" },
      { type: "TaskFailed", taskId: "a", instead: "fallback" },
      { type: "TaskSkipped", taskId: "b", n: 2, reason: "condition" },
      { type: "FallbackEnded", taskId: "a", by: "b", status: "failed" },
      { type: "SessionFailed", taskId: "a", error: { code: "boom 1" } },
    );
  });
});

describe("a fallback of a fallback", () => {
  const chain = (...more: readonly object[]) =>
    begun([by("a", { fallbackTaskId: "b", ...more[0] }), by("b", { fallbackTaskId: "c", ...more[1] }), by("c", more[2]), afterwards]); // prettier-ignore
  const bothFailed = (from: Given) => failing(failing(from, 1).and, 2).and;

  test("stands for both", () => {
    const outcome = bothFailed(chain()).when(call(3, done("by c")));
    outcome.then(
      { type: "TaskCompleted", taskId: "c" },
      { type: "FallbackEnded", taskId: "b", by: "c", status: "completed" },
      { type: "FallbackEnded", taskId: "a", by: "b", status: "completed" },
      { type: "TaskEntered", taskId: "e", parameters: { out: "by c", is: "completed", n: 1 } },
      { type: "DispatchRequested" },
    );
    expect(outcome.and.state.ended).toMatchObject({ a: { by: "c", status: "completed" }, b: { by: "c" } });
  });

  test("that fails is the one that failed the session", () => {
    failing(bothFailed(chain()), 3).then(
      { type: "AttemptEnded" },
      { type: "TaskFailed", taskId: "c" },
      { type: "FallbackEnded", taskId: "b", status: "failed" },
      { type: "FallbackEnded", taskId: "a", status: "failed" },
      { type: "SessionFailed", taskId: "c", error: { code: "boom 3" } },
    );
  });

  test.each([[0], [1], [2]])("whoever of them may fail, the session goes on (%d)", (which) => {
    const more = [0, 1, 2].map((at) => (at === which ? { onFailure: "continue" } : {}));
    failing(bothFailed(chain(...more)), 3).then(
      { type: "AttemptEnded" },
      { type: "TaskFailed", taskId: "c" },
      { type: "FallbackEnded", taskId: "b", status: "failed" },
      { type: "FallbackEnded", taskId: "a", status: "failed" },
      { type: "TaskEntered", taskId: "e", parameters: { out: null, is: "failed" } },
      { type: "DispatchRequested" },
    );
  });
});

describe("what ended beside a task that has failed the session", () => {
  const bad = { parameters: { x: "${input.nowhere}" } };
  const tasks = (more: object) => [
    by("a"),
    by("c", { dependsOn: ["a"], ...bad, fallbackTaskId: "x", ...more }),
    by("b", { dependsOn: ["a"], when: "false" }),
    by("x", bad),
    by("e", { dependsOn: ["b"] }),
  ];
  const first = [
    { type: "TaskCompleted", taskId: "a" },
    { type: "TaskEntered", taskId: "c" },
    { type: "TaskFailed", taskId: "c", instead: "fallback" },
    { type: "TaskSkipped", taskId: "b" },
    { type: "TaskEntered", taskId: "x" },
    { type: "TaskFailed", taskId: "x" },
  ] as const;

  test("is not followed by anything", () => {
    begun(tasks({}))
      .when(call(1, done()))
      .then(...first, { type: "FallbackEnded", taskId: "c" }, { type: "SessionFailed", taskId: "x" });
  });

  test("goes on where that failure is borne", () => {
    begun(tasks({ onFailure: "continue" }))
      .when(call(1, done()))
      .then(
        ...first,
        { type: "TaskEntered", taskId: "e" },
        { type: "DispatchRequested", taskId: "e" },
        { type: "FallbackEnded", taskId: "c" },
      );
  });
});

test("a doomed session begins nothing that the fallback of another would have led to", () => {
  const bad = { parameters: { x: "${input.nowhere}" } };
  // From one end on: b (done in its place by d, which is skipped), and c, whose fallback cannot be rendered.
  const tasks = [
    by("a"),
    by("b", { dependsOn: ["a"], ...bad, onFailure: "continue", fallbackTaskId: "d" }),
    by("c", { dependsOn: ["a"], ...bad, fallbackTaskId: "x" }),
    by("d", { when: "false" }),
    by("x", bad),
    by("e", { dependsOn: ["b"] }),
  ];
  begun(tasks)
    .when(call(1, done()))
    .then(
      { type: "TaskCompleted", taskId: "a" },
      { type: "TaskEntered", taskId: "b" },
      { type: "TaskFailed", taskId: "b" },
      { type: "TaskEntered", taskId: "c" },
      { type: "TaskFailed", taskId: "c" },
      { type: "TaskSkipped", taskId: "d" },
      { type: "TaskEntered", taskId: "x" },
      { type: "TaskFailed", taskId: "x" },
      { type: "FallbackEnded", taskId: "b" },
      { type: "FallbackEnded", taskId: "c" },
      { type: "SessionFailed", taskId: "x" },
    );
});
