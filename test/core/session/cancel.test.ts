import { expect, test } from "vitest";
import {
  actor,
  agent,
  call,
  cancel,
  done,
  endDispatch,
  failed,
  given,
  report,
  start,
  T0,
  tick,
} from "../../support/given.ts";

const tasks = [
  { taskId: "runs", agentId: "a", nextTaskId: null },
  { taskId: "waits", agentId: "a", nextTaskId: null },
  { taskId: "retries", agentId: "b", nextTaskId: null },
];
const running = given({ tasks, agents: [agent("a"), agent("b")] })
  .when(start())
  .and.when(endDispatch("refused", 3)).and;

test("cancelling ends every task, frees the agents and says who did it and why", () => {
  const outcome = running.when(cancel("no longer needed", T0 + 9));
  outcome
    .then(
      {
        type: "AttemptEnded",
        taskId: "runs",
        outcome: "cancelled",
        counts: false,
        retryAt: null,
        error: { code: "session_cancelled", message: "the session was cancelled" },
      },
      { type: "TaskCancelled", taskId: "runs" },
      { type: "TaskCancelled", taskId: "waits" },
      { type: "TaskCancelled", taskId: "retries" },
      { type: "SessionCancelled", reason: "no longer needed", actor },
    )
    .answers({ kind: "done" });
  expect(outcome.and.state).toMatchObject({
    status: "cancelled",
    endedAt: T0 + 9,
    open: [],
    reason: { code: "cancelled", message: "no longer needed" },
  });
  expect(outcome.decision.agents.get("a")?.tasks).toEqual({});
});

test("without a reason it is just cancelled", () => {
  expect(running.when(cancel()).and.state.reason).toEqual({ code: "cancelled", message: "cancelled" });
});

test("cancelling again changes nothing", () => {
  running.when(cancel("first")).and.when(cancel("second")).then().answers({ kind: "unchanged" });
});

const single = given({ tasks: [{ taskId: "one", agentId: "a" }], agents: [agent("a")] }).when(start()).and;
const final = failed("boom", { retryable: false });

test.each([
  ["completed", single.when(report("a", 1, done())).and],
  ["failed", single.when(report("a", 1, final)).and],
])("a session that has %s cannot be cancelled any more", (status, ended) => {
  ended.when(cancel()).then().answers({ kind: "ended", status });
});

test.each([
  ["completed", single.when(report("a", 1, done())).and],
  ["failed", single.when(report("a", 1, final)).and],
  ["cancelled", single.when(cancel()).and],
])("a session that has %s does nothing more", (_status, ended) => {
  ended
    .when(tick(T0 * 2))
    .then()
    .answers({ kind: "unchanged" });
  ended.when(endDispatch("refused", 1)).then().answers({ kind: "unchanged" });
  expect(ended.when(call(1, done("late"))).then({ type: "LateResultRecorded" }).and.state).toMatchObject({
    status: ended.state.status,
    endedAt: T0,
    open: [],
  });
});
