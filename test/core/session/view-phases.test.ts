import { describe, expect, test } from "vitest";
import { endedAtOf, openSince, readStatus, storedStatus, tasksView } from "../../../src/core/session/view.ts";
import { waitingFor } from "../../../src/core/session/waiting-for.ts";
import {
  agent,
  call,
  cancel,
  done,
  given,
  HOUR,
  MINUTE,
  SECOND,
  start,
  T0,
  type Given,
  type Tasks,
} from "../../support/given.ts";
import {
  answered,
  broke,
  complete,
  control,
  endCall,
  openIn,
  pause,
  resume,
  signal,
  skip,
} from "../../support/given-control.ts";

const begun = (...tasks: readonly object[]): Given =>
  given({ tasks: tasks as unknown as Tasks, agents: [agent("a")] }).when(start()).and;
const http = { taskId: "one", type: "http", url: "https://api.test/", nextTaskId: null };
const calling = begun(http);
const sleeping = begun({ taskId: "one", type: "wait", for: "1h" });
const approval = begun({ taskId: "one", type: "approval", timeout: { run: "2h" } });
const listening = begun({ taskId: "one", type: "signal", signal: "go" });
const mapping = begun({ taskId: "one", type: "map", forEach: [1, 2, 3], task: { agentId: "a" } });
const child = begun({ taskId: "one", type: "workflow", workflowDefinitionId: "other" });
const view = (from: Given) => tasksView(from.state, from.world.log, from.facts);

describe.each([
  ["a call under way", calling, "running", "running", "call", 'the call of "one" is under way (attempt 1)', null],
  ["a wait", sleeping, "waiting", "started", "timer", '"one" waits for its time', T0 + HOUR],
  [
    "an approval",
    approval,
    "waiting",
    "started",
    "approval",
    '"one" waits for somebody to approve or reject it',
    T0 + 2 * HOUR,
  ],
  ["a signal", listening, "waiting", "started", "signal", '"one" waits for the signal "go"', null],
  [
    "a child",
    child,
    "running",
    "running",
    "child",
    `"one" waits for session ${openIn(child, 1, "child").sessionId}`,
    null,
  ],
] as const)("%s", (_what, from, task, session, code, message, until) => {
  test("says how it stands and what the session waits for", () => {
    expect(view(from)).toMatchObject([{ taskId: "one", status: task, agentId: null, attempts: [] }]);
    expect(readStatus(from.state)).toBe(session);
    expect(waitingFor(from.state, null)).toEqual({ code, message, taskId: "one", until });
  });

  test("has stood there since it became ready", () => {
    expect(from.state.open.map(openSince)).toEqual([T0]);
  });
});

describe("a task with a fallback", () => {
  const once = { type: "http", url: "https://api.test/", retry: { maxAttempts: 1 } };
  const chain = [
    { ...once, taskId: "one", nextTaskId: "last", fallbackTaskId: "two" },
    { ...once, taskId: "two", fallbackTaskId: "three" },
    { ...once, taskId: "three" },
    { taskId: "last", type: "approval" },
  ];
  const fallbacks = (from: Given) =>
    Object.fromEntries(view(from).map(({ taskId, status, fallback }) => [taskId, { status, fallback }]));
  const started = begun(...chain);
  const second = started.when(endCall(1, broke())).and;
  const third = second.when(endCall(2, broke())).and;

  test("says nothing of it while it is not needed", () => {
    expect(fallbacks(started)).toEqual({ one: { status: "running", fallback: null } });
    expect(fallbacks(started.when(endCall(1, answered())).and)).toMatchObject({
      one: { status: "completed", fallback: null },
    });
  });

  test("stays failed, and says how what stands in for it stands, to the end of the chain", () => {
    expect(fallbacks(second)).toMatchObject({
      one: { status: "failed", fallback: { taskId: "two", status: "running" } },
    });
    expect(fallbacks(third)).toEqual({
      one: { status: "failed", fallback: { taskId: "two", status: "running" } },
      two: { status: "failed", fallback: { taskId: "three", status: "running" } },
      three: { status: "running", fallback: null },
    });
    const done = third.when(endCall(3, answered())).and;
    expect(fallbacks(done)).toMatchObject({
      one: { status: "failed", fallback: { taskId: "two", status: "completed" } },
      two: { status: "failed", fallback: { taskId: "three", status: "completed" } },
      last: { status: "waiting" },
    });
    expect(fallbacks(third.when(endCall(3, broke())).and)).toMatchObject({
      one: { fallback: { taskId: "two", status: "failed" } },
    });
  });

  test("says so if what should stand in for it never began", () => {
    const faulty = { ...once, url: "https://${tasks.plan.output.none}/", dependsOn: ["plan"] };
    const plan = begun(
      { taskId: "plan", type: "approval" },
      { ...faulty, taskId: "one", fallbackTaskId: "spare" },
      { ...faulty, taskId: "other" },
      { ...once, taskId: "spare" },
    );
    const both = plan.when(control("plan", complete({}))).and;
    expect(both.state.status).toBe("failed");
    expect(fallbacks(both)).toEqual({
      plan: { status: "completed", fallback: null },
      one: { status: "failed", fallback: { taskId: "spare", status: null } },
      other: { status: "failed", fallback: null },
    });
  });
});

describe("a map", () => {
  test("is named by its items, with their places", () => {
    const [map, ...items] = view(mapping);
    expect(map?.map).toBeNull();
    expect(items.map((item) => item.map)).toEqual([0, 1, 2].map((index) => ({ taskId: "one", id: map?.id, index })));
  });

  test("runs, with its items as tasks of their own", () => {
    expect(view(mapping)).toMatchObject([
      { taskId: "one", status: "running" },
      { taskId: "one", status: "running", agentId: "a", attempts: [{ attempt: 1 }] },
      { taskId: "one", status: "waiting" },
      { taskId: "one", status: "waiting" },
    ]);
  });

  test("says how far it is where nothing else is to be said", () => {
    const open = mapping.state.open.filter(({ phase }) => phase === "mapping");
    expect(waitingFor({ ...mapping.state, open }, null)).toEqual({
      code: "items",
      message: '"one" has 0 of 3 items done',
      taskId: "one",
      until: null,
    });
  });
});

test("of several things the session waits for first what needs somebody, then what happens by itself", () => {
  const tasks = [
    { taskId: "map", type: "map", forEach: [1], task: { agentId: "a" } },
    { taskId: "child", type: "workflow", workflowDefinitionId: "other" },
    { taskId: "call", type: "http", url: "https://api.test/" },
    { taskId: "sleep", type: "wait", for: "1h" },
    { taskId: "broken", type: "http", url: "https://api.test/" },
    { taskId: "approval", type: "approval" },
    { taskId: "lonely", agentId: "nobody" },
  ].map((task) => ({ ...task, nextTaskId: null }));
  const all = begun(...tasks);
  const { n } = all.state.open.find(({ taskId }) => taskId === "broken")!;
  let { state } = all.when(endCall(n, broke())).and;
  const order: string[] = [];
  for (let wait = waitingFor(state, null); wait !== null; wait = waitingFor(state, null)) {
    const { taskId, code } = wait;
    order.push(`${taskId} ${code}`);
    const [first] = state.open.filter(
      (task) => task.taskId === taskId && (code === "items") === (task.phase === "mapping"),
    );
    state = { ...state, open: state.open.filter((task) => task !== first) };
  }
  expect(order).toEqual([
    "lonely agent_unknown",
    "approval approval",
    "broken retry",
    "sleep timer",
    "call call",
    "child child",
    "map agent",
    "map items",
  ]);
});

describe("a call that failed", () => {
  test("is tried again, and says why", () => {
    const retrying = calling.when(endCall(1, broke("boom", { retryAfterMs: MINUTE }))).and;
    expect(view(retrying)).toMatchObject([{ status: "retrying", error: { code: "boom", message: "it broke" } }]);
    expect(readStatus(retrying.state)).toBe("waiting");
    expect(waitingFor(retrying.state, null)).toMatchObject({
      code: "retry",
      message: '"one" is tried again: it broke',
    });
  });
});

describe("a task that is over without an agent", () => {
  const ended = (from: Given): unknown => [...endedAtOf(from.world.log)];

  test("is completed with what it was given", () => {
    const resolved = sleeping.when(control("one", complete(7), T0 + SECOND)).and;
    expect(view(resolved)).toMatchObject([{ status: "completed", output: 7, error: null }]);
    expect(ended(resolved)).toEqual([[1, T0 + SECOND]]);
  });

  test("is skipped, with its parameters if it had begun", () => {
    const begunFirst = begun({ taskId: "one", agentId: "a", parameters: { x: 1 } }).when(
      control("one", skip, T0 + SECOND),
    ).and;
    expect(view(begunFirst)).toMatchObject([
      { taskId: "one", status: "skipped", parameters: { x: 1 }, attempts: [{ status: "superseded", counts: false }] },
    ]);
    expect(ended(begunFirst)).toEqual([[1, T0 + SECOND]]);
    const never = begun({ taskId: "one", name: "First", agentId: "a", when: "false" });
    expect(view(never)).toMatchObject([
      { taskId: "one", name: "First", status: "skipped", parameters: {}, output: null, attempts: [] },
    ]);
    expect(ended(never)).toEqual([[1, T0]]);
  });
});

describe("a paused session", () => {
  const paused = calling.when(pause(T0, "lunch")).and;

  test("is paused, for people and in its row, and says why", () => {
    expect([readStatus(paused.state), storedStatus(paused.state)]).toEqual(["paused", "paused"]);
    expect(waitingFor(paused.state, null)).toEqual({
      code: "paused",
      message: "the session is paused: lunch",
      taskId: "one",
      until: null,
    });
    const silent = calling.when(pause()).and;
    expect(waitingFor(silent.state, null)?.message).toBe("the session is paused");
  });

  test("is so no longer once it goes on or has ended", () => {
    const resumed = paused.when(resume(T0 + SECOND)).and;
    expect([readStatus(resumed.state), storedStatus(resumed.state)]).toEqual(["running", "open"]);
    const over = paused.when(cancel()).and;
    expect([readStatus(over.state), storedStatus(over.state)]).toEqual(["cancelled", "cancelled"]);
    expect(waitingFor(over.state, null)).toBeNull();
  });
});

test("the row of a session that runs says open, whatever it waits for", () => {
  expect([calling, sleeping, listening.when(signal("noise")).and].map(({ state }) => storedStatus(state))).toEqual([
    "open",
    "open",
    "open",
  ]);
  const over = begun({ taskId: "one", agentId: "a" }).when(call(1, done())).and;
  expect(storedStatus(over.state)).toBe("completed");
});
