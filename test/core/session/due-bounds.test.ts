import { expect, test } from "vitest";
import { dueAt, dueBounds } from "../../../src/core/session/deadlines.ts";
import { agent, attempt, endDispatch, given, HOUR, MINUTE, SECOND, start, T0 } from "../../support/given.ts";

const defaults = { timeout: { queue: "1h", start: "60s", run: "10m" } };
const tasks = [{ taskId: "one", agentId: "a" }];

test("in flight: from the end of the lease to the run deadline, whatever became of the delivery", () => {
  const running = given({ tasks, defaults, agents: [agent("a")] }).when(start()).and;
  const bounds = { earliest: T0 + 30 * SECOND, latest: T0 + 10 * MINUTE };
  expect(dueBounds(running.state, running.facts.graph)).toEqual(bounds);
  for (const patch of [{}, { transport: "agentkit", acceptedAt: T0 }, { confirmedAt: T0 }, { beatAt: T0 }] as const) {
    const { state, facts } = running.inFlight("a", attempt(1), patch);
    const due = dueAt(state, facts) ?? 0;
    expect(due).toBeGreaterThanOrEqual(bounds.earliest);
    expect(due).toBeLessThanOrEqual(bounds.latest);
  }
});

test("a run that is shorter than the lease ends first", () => {
  const short = { timeout: { run: "10s" } };
  const { state, facts } = given({ tasks, defaults: short, agents: [agent("a")] }).when(start()).and;
  expect(dueBounds(state, facts.graph)).toEqual({ earliest: T0 + 10 * SECOND, latest: T0 + 10 * SECOND });
});

test("waiting: exactly the end of the wait", () => {
  const waiting = given({
    tasks,
    defaults,
    agents: [agent("a", { tasks: { other: { sessionId: "s", sentAt: 1, lastSentMicros: null } } })],
  }).when(start()).and;
  expect(dueBounds(waiting.state, waiting.facts.graph)).toEqual({ earliest: T0 + HOUR, latest: T0 + HOUR });
});

test("between attempts: exactly the retry, which comes before what others wait for", () => {
  const parallel = ["one", "two"].map((taskId) => ({ taskId, agentId: taskId, nextTaskId: null }));
  const { state, facts } = given({ tasks: parallel, defaults, agents: [agent("one"), agent("two")] })
    .when(start())
    .and.when(endDispatch("refused", 1)).and;
  expect(dueBounds(state, facts.graph)).toEqual({ earliest: T0 + SECOND, latest: T0 + SECOND });
  expect(dueAt(state, facts)).toBe(T0 + SECOND);
});

test("an ended session has none", () => {
  const { state, facts } = given({ tasks, defaults, agents: [agent("a")] }).when(start()).and;
  expect(dueBounds({ ...state, status: "cancelled" }, facts.graph)).toBeNull();
  expect(dueBounds({ ...state, open: [] }, facts.graph)).toBeNull();
});

test("what has no end has no timer; an attempt without a run deadline may have one until it is delivered", () => {
  const { state, facts } = given({ tasks, defaults, agents: [agent("a")] }).when(start()).and;
  const [flying] = state.open;
  const asleep = { ...flying!, phase: "sleeping" as const, until: Number.MAX_SAFE_INTEGER, fixed: false };
  expect(dueAt({ ...state, open: [asleep] }, facts)).toBeNull();
  expect(dueBounds({ ...state, open: [asleep] }, facts.graph)).toBeNull();
  const endless = given({ tasks: [{ taskId: "one", type: "workflow" }], agents: [agent("a")] }).facts.graph;
  expect(dueBounds(state, endless)).toEqual({ earliest: T0 + 30 * SECOND, latest: null });
});

test.each([
  ["a wait: its end", { type: "wait", for: "1h" }, T0 + HOUR],
  ["an approval: its deadline", { type: "approval", timeout: { run: "2h" } }, T0 + 2 * HOUR],
  ["an approval without a deadline: never", { type: "approval" }, null],
  ["a call: the end of its lease", { type: "http", url: "https://api.test/" }, T0 + MINUTE],
])("what no agent has in hand: %s", (_what, work, at) => {
  const { state, facts } = given({ tasks: [{ taskId: "one", ...work }] }).when(start()).and;
  expect(dueAt(state, facts)).toBe(at);
  expect(dueBounds(state, facts.graph)).toEqual(at === null ? null : { earliest: at, latest: at });
});

test("a map: what its items wait for", () => {
  const map = { taskId: "one", type: "map", forEach: [1], task: { agentId: "nobody", timeout: { queue: "1h" } } };
  const { state, facts } = given({ tasks: [map] }).when(start()).and;
  expect(dueAt(state, facts)).toBe(T0 + HOUR);
});

test("a child: from the end of its start's lease, and none once it is there", () => {
  const child = [{ taskId: "one", type: "workflow", workflowDefinitionId: "w" }] as const;
  const { state, facts } = given({ tasks: child, defaults, agents: [] }).when(start()).and;
  const [task] = state.open;
  const id = task?.phase === "child" ? task.sessionId : "";
  expect(dueBounds(state, facts.graph)).toEqual({ earliest: T0 + 30 * SECOND, latest: null });
  for (const relatives of [new Map(), new Map([[id, null]])]) {
    expect(dueAt(state, { ...facts, relatives })).toBe(T0 + 30 * SECOND);
  }
  expect(dueAt(state, { ...facts, relatives: new Map([[id, { state, output: null }]]) })).toBeNull();
  // A commit that does not know the child, long after its lease: due now, not overdue.
  const later = { ...state, updatedAt: T0 + 3_600 * SECOND };
  expect(dueAt(later, { ...facts, relatives: new Map() })).toBe(T0 + 3_600 * SECOND);
});
