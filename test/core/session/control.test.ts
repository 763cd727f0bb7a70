import { describe, expect, test } from "vitest";
import {
  actor,
  agent,
  call,
  cancel,
  done,
  endDispatch,
  failed,
  given,
  MINUTE,
  report,
  SECOND,
  start,
  T0,
  tick,
  type Given,
  type Tasks,
} from "../../support/given.ts";
import {
  answered,
  approve,
  complete,
  control,
  endCall,
  fail,
  openIn,
  pause,
  reject,
  retry,
  signal,
  skip,
  withMap,
} from "../../support/given-control.ts";

const begun = (tasks: Tasks, ids: readonly string[] = ["a"]): Given =>
  given({ tasks, agents: ids.map((id) => agent(id)) }).when(start()).and;

const then = { taskId: "next", agentId: "b" };
const dispatched = begun([{ taskId: "one", agentId: "a" }, then]);
const waiting = begun([{ taskId: "one", agentId: "a" }, then], []);
const backoff = dispatched.when(endDispatch("refused", 1)).and;
const calling = begun([{ taskId: "one", type: "http", url: "https://api.test/" }, then]);
const sleeping = begun([{ taskId: "one", type: "wait", for: "1h" }, then]);
const approval = begun([{ taskId: "one", type: "approval" }, then]);
const listening = begun([{ taskId: "one", type: "signal" }, then]);
const map = { taskId: "one", type: "map", forEach: ["x", "y", "z"], maxConcurrency: 2, task: { agentId: "a" } };
const mapping = withMap(begun([map, then]), 1);

const phases = [
  ["in flight", dispatched, ["AttemptEnded"]],
  ["without an agent", waiting, []],
  ["to be tried again", backoff, []],
  ["calling", calling, []],
  ["asleep", sleeping, []],
  ["to be approved", approval, []],
  ["waiting for a signal", listening, []],
  ["a map at work", mapping, ["AttemptEnded", "TaskCancelled", "TaskCancelled"]],
] as const;

describe.each(phases)("a task that is %s", (_phase, from, cleared) => {
  const types = (outcome: ReturnType<Given["when"]>) => outcome.decision.events.map(({ type }) => type);

  test("can be skipped: what comes after it begins", () => {
    const outcome = from.when(control("one", skip)).answers({ kind: "done" });
    expect(types(outcome)).toEqual([...cleared, "TaskSkipped", "TaskEntered", "TaskWaited"]);
    expect(outcome.decision.events[cleared.length]).toMatchObject({ taskId: "one", n: 1, reason: "operator", actor });
    expect(outcome.and.state).toMatchObject({
      ended: { one: { n: 1, status: "skipped" } },
      open: [{ taskId: "next" }],
    });
    expect(outcome.decision.agents.get("a")?.tasks ?? {}).toEqual({});
  });

  test("can be completed with an output", () => {
    const outcome = from.when(control("one", complete({ given: true }))).answers({ kind: "done" });
    expect(types(outcome)).toEqual([...cleared, "TaskResolved", "TaskEntered", "TaskWaited"]);
    expect(outcome.decision.events[cleared.length]).toMatchObject({ output: { given: true }, by: "operator", actor });
    outcome.and
      .when(control("one", complete({ given: true })))
      .then()
      .answers({ kind: "unchanged" });
  });

  test("can be failed, by its id or its number", () => {
    for (const name of ["one", 1]) {
      const outcome = from.when(control(name, fail("of no use"))).answers({ kind: "done" });
      expect(types(outcome)).toEqual([...cleared, "TaskFailed", "SessionFailed"]);
      const error = { code: "given_up", message: "of no use" };
      expect(outcome.decision.events[cleared.length]).toMatchObject({ error, actor });
    }
  });
});

describe("trying again now", () => {
  test("takes an attempt in flight back, uses none, and what the old one still says is late", () => {
    const outcome = dispatched.when(control("one", retry, T0 + SECOND));
    outcome
      .then(
        {
          type: "AttemptEnded",
          outcome: "superseded",
          counts: false,
          retryAt: null,
          error: { code: "operator", message: 'an operator decided about "one"' },
        },
        { type: "TaskHurried", n: 1, actor },
        { type: "DispatchRequested", attempt: 2, agentId: "a" },
      )
      .answers({ kind: "done" });
    expect(outcome.and.state.open).toMatchObject([{ phase: "dispatched", attempt: 2, used: 0 }]);
    outcome.and.when(report("a", 1, done("old"))).then({ type: "LateResultRecorded", reason: "stale_attempt" });
  });

  test("does not wait for the end of the back-off, and asks again who is free", () => {
    backoff.when(control(1, retry)).then({ type: "TaskHurried" }, { type: "DispatchRequested", attempt: 2 });
    waiting.when(control("one", retry)).then({ type: "TaskHurried" }, { type: "TaskWaited", queue: "agent:a" });
  });

  test.each([
    ["asleep", sleeping],
    ["to be approved", approval],
    ["waiting for a signal", listening],
    ["a map", mapping],
  ])("is refused for a task that is %s: it has no attempts", (_what, from) => {
    const message = '"one" has no attempts: it can be completed, failed or skipped.';
    from.when(control("one", retry)).then().answers({ kind: "refused", message });
  });

  test("is refused while the session is paused", () => {
    const paused = dispatched.when(pause()).and;
    paused
      .when(control("one", retry))
      .then()
      .answers({ kind: "refused", message: "The session is paused; resume it first." });
  });
});

describe("an approval", () => {
  test("lets the session go on, with who gave it and why", () => {
    approval
      .when(control("one", approve("ada", "fine")))
      .then(
        { type: "TaskResolved", output: { approved: true, by: "ada", comment: "fine" }, by: "approval", actor },
        { type: "TaskEntered" },
        { type: "TaskWaited" },
      )
      .answers({ kind: "done" });
  });

  test("that is denied fails its task", () => {
    const denied = (action: ReturnType<typeof reject>, message: string): void => {
      const error = { code: "rejected", message };
      approval.when(control("one", action)).then({ type: "TaskFailed", error, actor }, { type: "SessionFailed" });
    };
    denied(reject("ada", "too dear"), "rejected by ada: too dear");
    denied(reject(null), "rejected");
  });

  test("said twice is said once; a word against it comes too late", () => {
    const approved = approval.when(control("one", approve())).and;
    approved
      .when(control("one", approve("bob")))
      .then()
      .answers({ kind: "unchanged" });
    const message = "The task has already completed.";
    approved.when(control("one", reject())).then().answers({ kind: "refused", message });
    const rejected = approval.when(control("one", reject())).and;
    rejected.when(control(1, reject())).then().answers({ kind: "unchanged" });
    rejected.when(control("one", approve())).then().answers({ kind: "ended", status: "failed" });
  });

  test("stays rejected when another task has stood in for it", () => {
    const tasks = [
      { taskId: "one", type: "approval", fallbackTaskId: "aside" },
      then,
      { taskId: "aside", type: "approval" },
    ];
    const stood = begun(tasks).when(control("one", reject())).and.when(control("aside", approve())).and;
    expect(stood.state.ended["one"]).toMatchObject({ status: "completed", by: "aside" });
    stood.when(control("one", reject())).then().answers({ kind: "unchanged" });
    stood.when(control("one", approve())).then().answers({ kind: "refused", message: "The task has already failed." });
    stood.when(control("aside", approve())).then().answers({ kind: "unchanged" });
  });

  test.each([
    ["of an agent", dispatched],
    ["that waits for a signal", listening],
  ])("is none of a task %s", (_what, from) => {
    for (const action of [approve(), reject()]) {
      from.when(control("one", action)).then().answers({ kind: "refused", message: '"one" is no approval.' });
    }
  });
});

describe("items of a map, by their number", () => {
  const item = (from: Given, n: number) => from.state.open.find((task) => task.n === n);

  test("are skipped, completed and failed one by one; the map goes on with the next", () => {
    const skipped = mapping.when(control(2, skip));
    skipped.then(
      { type: "AttemptEnded", outcome: "superseded", n: 2 },
      { type: "TaskSkipped", n: 2, reason: "operator" },
      { type: "TaskEntered", n: 4, of: 1, index: 2 },
      { type: "DispatchRequested", n: 4 },
    );
    const completed = withMap(skipped.and, 1).when(control(3, complete("by hand")));
    completed.then({ type: "TaskResolved", n: 3, by: "operator" });
    const last = withMap(completed.and, 1).when(report("a", 4, done("by a")));
    last.then(
      { type: "TaskCompleted", n: 4 },
      { type: "TaskResolved", n: 1, by: "map", output: [null, "by hand", "by a"] },
      { type: "TaskEntered", taskId: "next" },
      { type: "TaskWaited" },
    );
    mapping
      .when(control(2, fail("of no use")))
      .then(
        { type: "AttemptEnded", n: 2 },
        { type: "TaskFailed", n: 2 },
        { type: "TaskCancelled", n: 3 },
        { type: "TaskFailed", n: 1, error: { code: "given_up", message: "item 0: of no use" } },
        { type: "SessionFailed", taskId: "one" },
      );
  });

  test("are in the row in which the map was entered; what they brought is loaded before it ends", () => {
    const unread = begun([map, then]);
    const needs = { rows: [], agents: [], caps: [] };
    const [second, third] = [control(3, skip), control(4, skip)];
    const last = unread.when(control(2, skip)).and.when(second).and;
    last
      .when(third)
      .then()
      .answers({ kind: "needs_facts", needs: { ...needs, spans: [[1, 1, "one"]] } });
  });

  test("are tried again", () => {
    const outcome = mapping.when(control(2, retry));
    outcome.then(
      { type: "AttemptEnded", n: 2 },
      { type: "TaskHurried", n: 2 },
      { type: "DispatchRequested", n: 2, attempt: 2 },
    );
    expect(item(outcome.and, 2)).toMatchObject({ item: { of: 1, index: 0 }, attempt: 2 });
  });

  test("are not approved, and cannot be changed once they have ended", () => {
    mapping.when(control(2, approve())).then().answers({ kind: "refused" });
    const skipped = mapping.when(control(2, skip)).and;
    skipped.when(control(2, skip)).then().answers({ kind: "refused", message: "The task has already ended." });
  });
});

describe("a word about a task that is not open", () => {
  const second = dispatched.when(call(1, done())).and;

  test("is refused where it has ended otherwise", () => {
    const message = "The task has already completed.";
    for (const action of [skip, fail(), retry]) {
      second.when(control("one", action)).then().answers({ kind: "refused", message });
      second.when(control(1, action)).then().answers({ kind: "refused", message });
    }
    const skipped = dispatched.when(control("one", skip)).and;
    skipped.when(control("one", skip)).then().answers({ kind: "unchanged" });
    skipped.when(control("one", retry)).then().answers({ message: "The task has already been skipped." });
  });

  test("is refused where it has not begun", () => {
    dispatched.when(control("next", skip)).then().answers({ kind: "refused", message: '"next" has not begun.' });
  });

  test("names no task where there is none", () => {
    dispatched.when(control("nobody", skip)).then().answers({ kind: "no_task" });
    dispatched.when(control("constructor", skip)).then().answers({ kind: "no_task" });
    dispatched.when(control(2, skip)).then().answers({ kind: "no_task" });
  });

  test("comes too late once the session has ended, but for what was said before", () => {
    const over = second.when(control("next", skip)).and;
    expect(over.state.status).toBe("completed");
    over.when(control("next", skip)).then().answers({ kind: "unchanged" });
    over.when(control("one", skip)).then().answers({ kind: "ended", status: "completed" });
    over.when(control("nobody", skip)).then().answers({ kind: "ended", status: "completed" });
    second
      .when(cancel())
      .and.when(control("next", complete(1)))
      .then()
      .answers({ kind: "ended", status: "cancelled" });
  });
});

describe("a session that has failed and undoes what it did", () => {
  const final = failed("boom", { retryable: false });
  const undo = (aside: Tasks[number]): Given =>
    begun([
      { taskId: "book", agentId: "a", compensateWith: "undo" },
      { taskId: "pay", agentId: "a", nextTaskId: null },
      { taskId: "other", type: "approval", dependsOn: ["book"], nextTaskId: null },
      aside,
    ])
      .when(call(1, done()))
      .and.when(call(2, final)).and;

  test("is not stuck on what an agent or a person does not do: an operator decides", () => {
    const undoing = undo({ taskId: "undo", agentId: "gone" });
    expect(undoing.state).toMatchObject({ status: "open", failing: { taskId: "pay" }, open: [{ taskId: "undo" }] });
    for (const action of [skip, complete(null), fail()]) {
      const ended = undoing.when(control("undo", action));
      expect(ended.decision.events.at(-1)).toMatchObject({
        type: "SessionFailed",
        taskId: "pay",
        error: { code: "boom" },
      });
      expect(ended.and.state.status).toBe("failed");
    }
    undo({ taskId: "undo", type: "approval" })
      .when(control("undo", approve()))
      .then({ type: "TaskResolved" }, { type: "SessionFailed", taskId: "pay" });
  });

  test("does not begin again what was cancelled with it", () => {
    const undoing = undo({ taskId: "undo", agentId: "gone" });
    undoing
      .when(control("other", skip))
      .then()
      .answers({ kind: "refused", message: "The task has already been cancelled." });
    undoing.when(control("pay", fail())).then().answers({ kind: "unchanged" });
  });

  test("takes a signal and the answer of a call for what undoes it", () => {
    undo({ taskId: "undo", type: "signal" })
      .when(signal("undo"))
      .then({ type: "SignalReceived" }, { type: "TaskResolved" }, { type: "SessionFailed", taskId: "pay" });
    undo({ taskId: "undo", type: "http", url: "https://api.test/" })
      .when(endCall(4, answered()))
      .then({ type: "TaskResolved" }, { type: "SessionFailed", taskId: "pay" });
  });

  test("goes through all items of a map that undoes it", () => {
    const undoing = undo({ taskId: "undo", type: "map", forEach: [1, 2], maxConcurrency: 1, task: { agentId: "a" } });
    const { n } = openIn(undoing, 4, "mapping");
    const second = withMap(undoing, n).when(call(5, done()));
    second.then(
      { type: "TaskCompleted" },
      { type: "TaskEntered", of: n, index: 1 },
      { type: "DispatchRequested", n: 6 },
    );
    withMap(second.and, n)
      .when(call(6, done()))
      .then({ type: "TaskCompleted" }, { type: "TaskResolved", n }, { type: "SessionFailed", taskId: "pay" });
  });

  test("has no deadline as a whole", () => {
    undo({ taskId: "undo", type: "approval" })
      .when(tick(T0 + MINUTE))
      .then()
      .answers({ kind: "unchanged" });
  });
});
