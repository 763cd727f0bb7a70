import { describe, expect, test } from "vitest";
import { agent, call, done, failed, given, start, type Tasks } from "../../support/given.ts";

const by = (taskId: string, more: object = {}) => ({ taskId, agentId: taskId, retry: { maxAttempts: 1 }, ...more });
const team = ["a", "b", "c", "d", "e"].map((id) => agent(id));
const begun = (tasks: Tasks) => given({ tasks, agents: team }).when(start({ input: { limit: 3 } })).and;

const ways = [
  { when: "tasks.a.output > 10.0", taskId: "b" },
  { when: "tasks.a.output > double(input.limit)", taskId: "c" },
  { taskId: "d" },
];
const three = [by("a", { next: ways }), by("b", { nextTaskId: "e" }), by("c", { nextTaskId: "e" }), by("d"), by("e")];

const apart = three.slice(0, 4).map((task) => ({ ...task, nextTaskId: task.taskId === "a" ? undefined : null }));

describe("the first choice that holds is taken", () => {
  test.each([
    [11, "b", ["c", "d"]],
    [5, "c", ["b", "d"]],
    [1, "d", ["b", "c"]],
  ])("%d leads to %s; the other ways are dead", (output, chose, dead) => {
    const order = ["b", "c", "d"].map((taskId, i) =>
      dead.includes(taskId)
        ? [{ type: "TaskSkipped", taskId, n: i + 2, reason: "not_reached" } as const]
        : [{ type: "TaskEntered", taskId, n: i + 2 } as const, { type: "DispatchRequested", taskId } as const],
    );
    const outcome = begun(apart).when(call(1, done(output)));
    outcome.then({ type: "TaskCompleted", taskId: "a" }, { type: "ChoiceMade", taskId: "a", chose }, ...order.flat());
    for (const taskId of dead) expect(outcome.and.state.ended[taskId]).toMatchObject({ status: "skipped", dead: true });
  });

  test("what comes after dead ways only is dead; a join waits for those that are not", () => {
    // d has no successor of its own; e follows b and c, of which one at most is alive.
    const afterB = begun(three)
      .when(call(1, done(11)))
      .and.when(call(2, done()));
    afterB.then(
      { type: "TaskCompleted", taskId: "b" },
      { type: "TaskEntered", taskId: "e" },
      { type: "DispatchRequested", taskId: "e" },
    );
    begun([...three.slice(0, 3), by("d", { nextTaskId: null }), by("e")])
      .when(call(1, done(1)))
      .then(
        { type: "TaskCompleted", taskId: "a" },
        { type: "ChoiceMade", chose: "d" },
        { type: "TaskSkipped", taskId: "b", reason: "not_reached" },
        { type: "TaskSkipped", taskId: "c", reason: "not_reached" },
        { type: "TaskEntered", taskId: "d" },
        { type: "DispatchRequested", taskId: "d" },
        { type: "TaskSkipped", taskId: "e", reason: "not_reached" },
      );
  });
});

describe("where no choice holds", () => {
  const none = [by("a", { next: [{ when: "false", taskId: "b" }] }), by("b", { next: [{ taskId: "c" }] }), by("c")];

  test("the path ends there, and what was to come is skipped with all that follows it", () => {
    begun(none)
      .when(call(1, done()))
      .then(
        { type: "TaskCompleted" },
        { type: "ChoiceMade", taskId: "a", chose: null },
        { type: "TaskSkipped", taskId: "b", reason: "not_reached" },
        { type: "TaskSkipped", taskId: "c", reason: "not_reached" },
        { type: "SessionCompleted" },
      );
  });

  test("a way that leads nowhere ends it too", () => {
    begun([by("a", { next: [{ when: "true", taskId: null }, { taskId: "b" }] }), by("b")])
      .when(call(1, done()))
      .then({ type: "TaskCompleted" }, { type: "ChoiceMade", chose: null }, { type: "TaskSkipped" }, { type: "SessionCompleted" }); // prettier-ignore
  });
});

test("a task that was skipped by its condition, or whose failure is borne, chooses all the same", () => {
  given({ tasks: [by("a", { when: "false", next: [{ when: 'tasks.a.status == "skipped"', taskId: "b" }] }), by("b")], agents: team })
    .when(start())
    .then(
      { type: "SessionStarted" },
      { type: "TaskSkipped", taskId: "a" },
      { type: "ChoiceMade", taskId: "a", chose: "b" },
      { type: "TaskEntered", taskId: "b" },
      { type: "DispatchRequested" },
    ); // prettier-ignore
  begun([by("a", { onFailure: "continue", next: [{ when: 'tasks.a.error.code == "boom"', taskId: "b" }] }), by("b")])
    .when(call(1, failed()))
    .then(
      { type: "AttemptEnded" },
      { type: "TaskFailed", instead: "continue" },
      { type: "ChoiceMade", chose: "b" },
      { type: "TaskEntered", taskId: "b" },
      { type: "DispatchRequested" },
    );
});

test("a task that is chosen by one and waited for by `dependsOn` of the same does not hang on the choice", () => {
  begun([by("a", { next: [{ when: "false", taskId: "b" }] }), by("b", { dependsOn: ["a"] })])
    .when(call(1, done()))
    .then({ type: "TaskCompleted" }, { type: "ChoiceMade", chose: null }, { type: "TaskEntered", taskId: "b" }, { type: "DispatchRequested" }); // prettier-ignore
});

test.each([
  ["leads nowhere", "tasks.a.output.nowhere", "unresolved_reference"],
  ["is no bool", "tasks.a.output", "expression_error"],
])("a choice that %s fails the session: nobody knows how it should go on", (_what, when, code) => {
  const message = expect.stringContaining('the way after "a" cannot be chosen: ');
  begun([by("x", { agentId: "e", dependsOn: [] }), by("a", { dependsOn: [], next: [{ when, taskId: "b" }] }), by("b")])
    .when(call(2, done({})))
    .then(
      { type: "TaskCompleted", taskId: "a" },
      { type: "AttemptEnded", taskId: "x", outcome: "cancelled" },
      { type: "TaskCancelled", taskId: "x" },
      { type: "SessionFailed", taskId: "a", error: { code, message } },
    );
});
