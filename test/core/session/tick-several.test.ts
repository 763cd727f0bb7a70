import { describe, test } from "vitest";
import { agent, done, given, MINUTE, report, SECOND, start, T0, tick } from "../../support/given.ts";

describe("the deadlines of several tasks", () => {
  const tasks = [
    { taskId: "x", agentId: "a", timeout: { run: "1m" }, retry: { maxAttempts: 1 }, nextTaskId: null },
    { taskId: "y", agentId: "b", timeout: { run: "1m" }, nextTaskId: null },
    { taskId: "z", agentId: "b", timeout: { queue: "1m" } },
  ];
  const three = given({ tasks, agents: [agent("a"), agent("b")] }).when(start()).and;

  test("each has its own deadline", () => {
    three
      .when(tick(T0 + 30 * SECOND))
      .then(
        { type: "DispatchRequested", taskId: "x", again: true },
        { type: "DispatchRequested", taskId: "y", again: true },
      );
  });

  test("nothing is done for the others once one of them has failed the session", () => {
    three
      .when(tick(T0 + MINUTE))
      .then(
        { type: "AttemptEnded", taskId: "x", outcome: "run_deadline" },
        { type: "TaskFailed", taskId: "x" },
        { type: "AttemptEnded", taskId: "y", outcome: "cancelled" },
        { type: "TaskCancelled", taskId: "y" },
        { type: "TaskCancelled", taskId: "z" },
        { type: "SessionFailed", taskId: "x" },
      );
  });

  test("an agent that one frees may take the next in the same tick", () => {
    const first = three.when(report("a", 1, done())).and;
    first
      .withAgent("b", { admission: "superseded", supersededBy: "b2" })
      .withAgent("b2", agent("b2", { capacity: 2 }))
      .with({ newest: new Map([["b", "b2"]]) })
      .when(tick(T0 + 5))
      .then(
        { type: "AttemptEnded", taskId: "y" },
        { type: "DispatchRequested", taskId: "y", agentId: "b2" },
        { type: "DispatchRequested", taskId: "z", agentId: "b2" },
      );
  });
});
