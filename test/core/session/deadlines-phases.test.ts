import { expect, test } from "vitest";
import { dueAt, dueBounds } from "../../../src/core/session/deadlines.ts";
import { agent, attempt, factsOf, HOUR, MINUTE, SECOND, start, T0, tick, type Tasks } from "../../support/given.ts";
import { pause, resume, stored, type Stored } from "../../support/given-maps.ts";

const LEASE = 30 * SECOND;
const due = ({ state, world }: Stored): number | null => dueAt(state, factsOf(world));
const begun = (task: object, timeoutMs: number | null = null): Stored => {
  const tasks: Tasks = [{ taskId: "one", ...task }];
  const session = stored({ tasks });
  return session.with({ graph: { ...session.world.graph, timeoutMs } }).when(start({ input: { list: [1] } }));
};

test.each([
  ["asleep: the end of the wait", { type: "wait", for: "1h" }, T0 + HOUR],
  [
    "in a call: when another may make it",
    { type: "http", url: "u", timeout: { run: "10s" } },
    T0 + 10 * SECOND + LEASE,
  ],
  ["awaiting: what the author allows", { type: "approval", timeout: { run: "1h" } }, T0 + HOUR],
  [
    "a map: what its items wait for",
    { type: "map", forEach: "${input.list}", task: { agentCapability: "c" } },
    T0 + 24 * HOUR,
  ],
])("%s", (_what, task, at) => {
  const session = begun(task);
  expect(due(session)).toBe(at);
  expect(dueBounds(session.state, session.world.graph)).toEqual({ earliest: at, latest: at });
});

test("with a child: when another may start it; none once it is there, which the log does not say", () => {
  const session = begun({ type: "workflow", workflowDefinitionId: "c" });
  expect(due(session)).toBe(T0 + LEASE);
  expect(dueBounds(session.state, session.world.graph)).toEqual({ earliest: T0 + LEASE, latest: null });
});

test("who waits for a person without end has no timer", () => {
  const session = begun({ type: "signal" });
  expect(due(session)).toBeNull();
  expect(dueBounds(session.state, session.world.graph)).toBeNull();
});

test("how long the session may last counts too, whatever its tasks wait for", () => {
  const session = begun({ type: "signal" }, HOUR);
  expect(due(session)).toBe(T0 + HOUR);
  expect(dueBounds(session.state, session.world.graph)).toEqual({ earliest: T0 + HOUR, latest: T0 + HOUR });
  session
    .when(tick(T0 + HOUR))
    .then({ type: "TaskCancelled" }, { type: "SessionFailed", taskId: null, error: { code: "session_timeout" } });
});

test("a session that has lasted too long while we were away gets the time back", () => {
  const back = begun({ type: "signal" }, HOUR).when(tick(T0 + 2 * HOUR));
  back.then({ type: "DeadlineMoved", until: T0 + 3 * HOUR });
  expect(due(back)).toBe(T0 + 3 * HOUR);
});

test("a session that undoes what it did may take its time", () => {
  const tasks: Tasks = [
    { taskId: "book", type: "wait", for: "1m", compensateWith: "undo" },
    { taskId: "asked", type: "signal" },
    { taskId: "undo", type: "wait", for: "2h" },
  ];
  const session = stored({ tasks });
  const undoing = session
    .with({ graph: { ...session.world.graph, timeoutMs: HOUR } })
    .when(start())
    .when(tick(T0 + MINUTE))
    .when(tick(T0 + HOUR));
  undoing.then(
    { type: "TaskCancelled" },
    { type: "CompensationStarted", tasks: ["undo"] },
    { type: "TaskEntered", taskId: "undo" },
    { type: "TaskSlept" },
  );
  expect(due(undoing)).toBe(T0 + 3 * HOUR);
  expect(undoing.state.failing).toMatchObject({ left: [] });
});

test("nothing is due while the session stands still, and then all that much later", () => {
  const paused = begun({ type: "wait", for: "1h" }, 2 * HOUR).when(pause(T0 + MINUTE));
  expect(due(paused)).toBeNull();
  expect(dueBounds(paused.state, paused.world.graph)).toBeNull();
  const going = paused.when(resume(T0 + 3 * MINUTE));
  expect(due(going)).toBe(T0 + HOUR + 2 * MINUTE);
  expect(going.state.deadlineAt).toBe(T0 + 2 * HOUR + 2 * MINUTE);
});

test("work that has begun must show life as often as the author asks", () => {
  const tasks: Tasks = [{ taskId: "one", agentId: "a", timeout: { heartbeat: "2m" } }];
  const given = stored({ tasks, agents: [agent("a")] }).when(start());
  expect(due(given)).toBe(T0 + LEASE);
  const [one] = given.world.agents.values();
  const entry = { ...one!.tasks[attempt(1)]!, confirmedAt: T0 + SECOND };
  const working = given.with({ agents: new Map([["a", { ...one!, tasks: { [attempt(1)]: entry } }]]) });
  expect(due(working)).toBe(T0 + SECOND + 2 * MINUTE);
  working
    .when(tick(T0 + SECOND + 2 * MINUTE))
    .then({ type: "AttemptEnded", outcome: "heartbeat_deadline", counts: true });
});
