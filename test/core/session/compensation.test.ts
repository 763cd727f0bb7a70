import { describe, expect, test } from "vitest";
import { dueAt } from "../../../src/core/session/deadlines.ts";
import { agent, call, cancel, done, failed, given, HOUR, start, T0, tick, type Tasks } from "../../support/given.ts";

const by = (taskId: string, more: object = {}) => ({ taskId, agentId: "a", retry: { maxAttempts: 1 }, ...more });
const begun = (tasks: Tasks, timeout?: string) =>
  given({ tasks, agents: [agent("a", { capacity: 9 })], ...(timeout ? { timeout } : {}) }).when(start()).and;
const entered = (taskId: string, more: object = {}) =>
  [{ type: "TaskEntered", taskId, ...more } as const, { type: "DispatchRequested", taskId } as const] as const;

const trip = [
  by("flight", { compensateWith: "unflight" }),
  by("hotel", { compensateWith: "unhotel" }),
  by("pay", { compensateWith: "unpay" }),
  by("unflight", { parameters: { of: "${tasks.flight.output}" } }),
  by("unhotel"),
  by("unpay"),
];
const paying = begun(trip).when(call(1, done("f1"))).and.when(call(2, done())).and; // prettier-ignore

describe("a session that fails", () => {
  const undoing = paying.when(call(3, failed("no_money")));

  test("undoes what has completed, the last first, one after the other, and ends then", () => {
    const error = { code: "no_money", message: "it broke" };
    undoing
      .then(
        { type: "AttemptEnded", taskId: "pay" },
        { type: "TaskFailed", taskId: "pay" },
        { type: "CompensationStarted", taskId: "pay", error, tasks: ["unhotel", "unflight"] },
        ...entered("unhotel", { n: 4 }),
      )
      .and.when(call(4, done()))
      .then({ type: "TaskCompleted", taskId: "unhotel" }, ...entered("unflight", { n: 5, parameters: { of: "f1" } }))
      .and.when(call(5, done()))
      .then({ type: "TaskCompleted", taskId: "unflight" }, { type: "SessionFailed", taskId: "pay", error });
  });

  test("is open while it does so, and keeps why", () => {
    const { state, facts } = undoing.and;
    expect(state).toMatchObject({ status: "open", failing: { taskId: "pay", left: ["unflight"] } });
    expect(dueAt(state, facts)).toBe(T0 + 30_000);
  });

  test("goes on undoing when one compensation fails", () => {
    undoing.and
      .when(call(4, failed("stuck")))
      .then(
        { type: "AttemptEnded", taskId: "unhotel" },
        { type: "TaskFailed", taskId: "unhotel", instead: "continue" },
        ...entered("unflight"),
      )
      .and.when(call(5, done()))
      .then({ type: "TaskCompleted" }, { type: "SessionFailed", taskId: "pay", error: { code: "no_money" } });
  });

  test("stops undoing when it is cancelled", () => {
    const outcome = undoing.and.when(cancel("enough"));
    outcome.then(
      { type: "AttemptEnded", taskId: "unhotel", outcome: "cancelled" },
      { type: "TaskCancelled", taskId: "unhotel" },
      { type: "SessionCancelled" },
    );
    expect(outcome.and.state.status).toBe("cancelled");
  });

  test("has nothing to undo where nothing has completed: it fails at once", () => {
    begun(trip)
      .when(call(1, failed()))
      .then({ type: "AttemptEnded" }, { type: "TaskFailed", taskId: "flight" }, { type: "SessionFailed" });
  });

  test("cancels what is open before it undoes", () => {
    const tasks = [by("x", { dependsOn: [], compensateWith: "u" }), by("y", { dependsOn: [] }), by("z", { dependsOn: [] }), by("u")]; // prettier-ignore
    begun(tasks)
      .when(call(1, done()))
      .and.when(call(2, failed()))
      .then(
        { type: "AttemptEnded", taskId: "y" },
        { type: "TaskFailed", taskId: "y" },
        { type: "AttemptEnded", taskId: "z", outcome: "cancelled" },
        { type: "TaskCancelled", taskId: "z" },
        { type: "CompensationStarted", tasks: ["u"] },
        ...entered("u"),
      );
  });
});

describe("a compensation", () => {
  test("whose condition does not hold is skipped, and the next one begins", () => {
    const tasks = trip.map((task) => (task.taskId === "unhotel" ? { ...task, when: "false" } : task));
    const from = begun(tasks).when(call(1, done())).and.when(call(2, done())).and; // prettier-ignore
    from
      .when(call(3, failed()))
      .then(
        { type: "AttemptEnded" },
        { type: "TaskFailed" },
        { type: "CompensationStarted" },
        { type: "TaskSkipped", taskId: "unhotel", n: 4, reason: "condition" },
        ...entered("unflight"),
      );
  });

  test("that cannot be rendered fails, and the session ends all the same", () => {
    const bad = by("u", { parameters: { x: "${input.nowhere}" } });
    begun([by("x", { compensateWith: "u" }), by("y"), bad])
      .when(call(1, done()))
      .and.when(call(2, failed()))
      .then(
        { type: "AttemptEnded" },
        { type: "TaskFailed", taskId: "y" },
        { type: "CompensationStarted" },
        { type: "TaskEntered", taskId: "u" },
        { type: "TaskFailed", taskId: "u", instead: "continue" },
        { type: "SessionFailed", taskId: "y" },
      );
  });

  test("belongs to what completed in the place of a failed task, too; tolerated failures have nothing to undo", () => {
    const tasks = [
      by("x", { compensateWith: "ux", fallbackTaskId: "f" }),
      by("f"),
      by("t", { compensateWith: "ut", onFailure: "continue" }),
      by("z"),
      by("ux"),
      by("ut"),
    ];
    begun(tasks)
      .when(call(1, failed()))
      .and.when(call(2, done()))
      .and.when(call(3, failed()))
      .and.when(call(4, failed("end")))
      .then(
        { type: "AttemptEnded" },
        { type: "TaskFailed", taskId: "z" },
        { type: "CompensationStarted", tasks: ["ux"], error: { code: "end" } },
        ...entered("ux"),
      );
  });

  test("of what ended in one commit comes in the order of the tasks, the last first", () => {
    const nap = (taskId: string) => ({ taskId, type: "wait", for: "5s", dependsOn: [], compensateWith: `u${taskId}` });
    const tasks = [nap("x"), nap("y"), by("z", { dependsOn: ["x", "y"], parameters: { v: "${input.nowhere}" } }), by("ux"), by("uy")]; // prettier-ignore
    begun(tasks)
      .when(tick(T0 + 5_000))
      .then(
        { type: "TaskResolved", taskId: "x" },
        { type: "TaskResolved", taskId: "y" },
        { type: "TaskEntered", taskId: "z" },
        { type: "TaskFailed", taskId: "z" },
        { type: "CompensationStarted", tasks: ["uy", "ux"] },
        ...entered("uy"),
      );
  });

  test("goes with a session whose end of time has come, and takes its own time for it", () => {
    const late = begun([by("x", { compensateWith: "u" }), by("y"), by("u")], "1h").when(call(1, done())).and; // prettier-ignore
    const undoing = late.when(tick(T0 + HOUR));
    undoing.then(
      { type: "AttemptEnded", taskId: "y", outcome: "cancelled", error: { message: "the session did not end within 3600 s" } },
      { type: "TaskCancelled", taskId: "y" },
      { type: "CompensationStarted", taskId: null, error: { code: "session_timeout" }, tasks: ["u"] },
      ...entered("u"),
    ); // prettier-ignore
    undoing.and
      .when(call(3, done(), { now: T0 + HOUR + 9 }))
      .then({ type: "TaskCompleted" }, { type: "SessionFailed", taskId: null, error: { code: "session_timeout" } });
  });
});

test("a tick in which a task fails the session does nothing more for those it has cancelled", () => {
  const timeout = { queue: "1m" };
  const waits = (taskId: string) => by(taskId, { agentId: "nobody", dependsOn: ["x"], timeout });
  const from = begun([by("x", { compensateWith: "u" }), waits("y"), waits("z"), by("u")]).when(call(1, done())).and;
  from
    .when(tick(T0 + 60_000))
    .then(
      { type: "TaskFailed", taskId: "y", error: { code: "no_agent" } },
      { type: "TaskCancelled", taskId: "z" },
      { type: "CompensationStarted", taskId: "y", tasks: ["u"] },
      ...entered("u"),
    );
});
