import { describe, expect, test } from "vitest";
import { taskIdOf } from "../../../src/core/ids.ts";
import { endedAtOf, openSince, readStatus, tasksView } from "../../../src/core/session/view.ts";
import { waitingFor } from "../../../src/core/session/waiting-for.ts";
import {
  agent,
  attempt,
  call,
  cancel,
  done,
  endDispatch,
  failed,
  given,
  MINUTE,
  report,
  reported,
  SECOND,
  SESSION,
  start,
  T0,
  tick,
  type Given,
} from "../../support/given.ts";

const tasks = [
  { taskId: "one", name: "First things first", agentId: "a" },
  { taskId: "two", agentCapability: "c" },
];
const retry = { maxAttempts: 2 };
const setup = { tasks, defaults: { retry }, agents: [agent("a")] };
const running = given(setup).when(start({ input: { topic: "bees" } })).and;
const idle = given({ ...setup, agents: [] }).when(start()).and;
const view = (from: Given) => tasksView(from.state, from.world.log, from.facts);

describe("the tasks of a session", () => {
  test("one that waits for its first agent", () => {
    expect(view(idle)).toEqual([
      {
        taskId: "one",
        id: taskIdOf(SESSION, 1),
        name: "First things first",
        status: "waiting",
        agentId: null,
        parameters: {},
        output: null,
        error: null,
        fallback: null,
        map: null,
        lateResults: 0,
        attempts: [],
      },
    ]);
  });

  test("one in flight, with what is known of its attempt by now", () => {
    const attemptView = {
      attempt: 1,
      id: attempt(1),
      agentId: "a",
      status: "running",
      transport: null,
      dispatchedAt: T0,
      startedAt: null,
      endedAt: null,
      error: null,
      counts: true,
      usage: null,
      notes: [],
      progress: null,
    };
    expect(view(running)).toMatchObject([
      { status: "running", agentId: "a", parameters: { topic: "bees" }, attempts: [attemptView] },
    ]);
    const known = running
      .inFlight("a", attempt(1), { transport: "agentkit", refused: ["direct: refused"] })
      .heard(attempt(1), { workingAt: T0 + 3, progress: "half" });
    expect(view(known)[0]?.attempts).toEqual([
      { ...attemptView, transport: "agentkit", startedAt: T0 + 3, notes: ["direct: refused"], progress: "half" },
    ]);
    expect(view(known.inFlight("a", attempt(1), { progress: 0.9 }))[0]?.attempts[0]?.progress).toBe(0.9);
    expect(view(running.with({ agents: new Map() }))[0]?.attempts).toEqual([attemptView]);
  });

  test("an attempt that is sent again is still one", () => {
    const again = running.when(tick(T0 + 30 * SECOND)).and;
    expect(view(again)[0]?.attempts).toMatchObject([{ attempt: 1, dispatchedAt: T0 + 30 * SECOND, status: "running" }]);
  });

  test("one that is tried again has no agent and tells why", () => {
    const retrying = running.when(
      call(1, failed("boom", { retryAfterMs: MINUTE }), { now: T0 + 5, usage: { n: 1 } }),
    ).and;
    expect(view(retrying)).toMatchObject([
      {
        status: "retrying",
        agentId: null,
        error: { code: "boom" },
        attempts: [{ status: "failed", endedAt: T0 + 5, error: { code: "boom" }, counts: true, usage: { n: 1 } }],
      },
    ]);
    const second = retrying
      .when(tick(T0 + MINUTE + 5))
      .and.when(call(1, done(7), { attempt: 2, now: T0 + 2 * MINUTE })).and;
    expect(view(second)).toMatchObject([
      {
        status: "completed",
        output: 7,
        error: null,
        attempts: [{ status: "failed" }, { attempt: 2, status: "completed", endedAt: T0 + 2 * MINUTE, usage: null }],
      },
      { taskId: "two", name: "two", status: "waiting" },
    ]);
  });

  test("a refused delivery is shown as one that does not count", () => {
    const refused = running.when(endDispatch("refused", 1)).and;
    expect(view(refused)[0]?.attempts).toMatchObject([{ status: "refused", counts: false }]);
  });

  test("one that failed keeps its error and its agent, and counts what came too late", () => {
    const over = running
      .when(report("a", 1, failed("boom", { retryable: false })))
      .and.when(report("a", 1, done("after all")))
      .and.when(report("b", 1, done())).and;
    expect(view(over)).toMatchObject([{ status: "failed", agentId: "a", error: { code: "boom" }, lateResults: 2 }]);
  });

  test("one that was cancelled", () => {
    expect(view(running.when(cancel()).and)).toMatchObject([
      { status: "cancelled", attempts: [{ status: "cancelled", counts: false, error: { code: "session_cancelled" } }] },
    ]);
  });

  test("events of tasks whose beginning is not at hand are left out", () => {
    const over = running.when(report("a", 1, done())).and;
    expect(tasksView(over.state, over.world.log.slice(1), over.facts)).toMatchObject([{ taskId: "two" }]);
    expect(tasksView(running.state, [], running.facts)).toEqual([]);
  });
});

describe("the status people read", () => {
  const step = running.when(report("a", 1, done())).and;
  test.each([
    ["nothing dispatched yet", idle, "started"],
    ["an attempt in flight", running, "running"],
    ["between attempts", running.when(endDispatch("refused", 1)).and, "waiting"],
    ["the next task has no agent", step, "waiting"],
    ["ended", step.when(cancel()).and, "cancelled"],
  ])("%s", (_what, from, status) => expect(readStatus(from.state)).toBe(status));

  test("one task in flight is enough", () => {
    const parallel = [
      { taskId: "x", agentId: "a", nextTaskId: null },
      { taskId: "y", agentId: "b" },
    ];
    expect(readStatus(given({ ...setup, tasks: parallel }).when(start()).and.state)).toBe("running");
  });
});

describe("what a session waits for", () => {
  test("its agent", () => {
    expect(waitingFor(running.state, null)).toEqual({
      code: "agent",
      message: 'agent a works on "one" (attempt 1)',
      taskId: "one",
      until: null,
    });
  });

  test("the next try", () => {
    const refused = running.when(endDispatch("refused", 1)).and;
    expect(waitingFor(refused.state, refused.facts)).toEqual({
      code: "retry",
      message: '"one" is tried again: said refused',
      taskId: "one",
      until: T0 + SECOND,
    });
  });

  test("itself, before it was given to anybody", () => {
    const [row] = idle.world.log;
    const entered = given({ ...setup, agents: [] }, row!.events.slice(0, 2)).state;
    expect(waitingFor(entered, null)).toMatchObject({ message: '"one" is tried again: it is ready', until: T0 });
  });

  test("an agent that can take the task, with the reason of now where the facts are at hand", () => {
    const why = { taskId: "one", until: null };
    expect(waitingFor(idle.state, null)).toEqual({
      ...why,
      code: "agent_unknown",
      message: '"one" waits: agent a is not registered',
    });
    const busy = idle.withAgent("a", agent("a", { newest: reported("busy") }));
    expect(waitingFor(busy.state, busy.facts)).toEqual({
      ...why,
      code: "agent_not_free",
      message: '"one" waits: agent a reports "busy"',
    });
    // Free by now: the next tick assigns it.
    const free = idle.withAgent("a", agent("a"));
    expect(waitingFor(free.state, free.facts)).toMatchObject({
      code: "ready",
      message: '"one" waits: agent a can take it now',
    });
  });

  test("an agent presumed lost, until it is given another chance", () => {
    const lost = idle.withAgent("a", agent("a", { missedAt: T0 }));
    expect(waitingFor(lost.state, lost.facts, T0 + 10 * MINUTE - 1)).toMatchObject({ code: "agent_lost" });
    expect(waitingFor(lost.state, lost.facts, T0 + 10 * MINUTE)).toMatchObject({ code: "ready" });
  });

  test("of several tasks the one that lacks an agent, then the one to be tried again, then the first", () => {
    const parallel = ["w", "x", "y", "z"].map((taskId, i) => ({
      taskId,
      agentId: i < 2 ? "a" : taskId,
      nextTaskId: null,
    }));
    const four = given({ tasks: parallel, agents: [agent("a", { capacity: 2 }), agent("y")] }).when(start()).and;
    const all = four.when(endDispatch("refused", 3)).and;
    expect(waitingFor(all.state, null)).toMatchObject({ taskId: "z", code: "agent_unknown" });
    const without = (...ids: string[]) => ({
      ...all.state,
      open: all.state.open.filter((t) => !ids.includes(t.taskId)),
    });
    expect(waitingFor(without("z"), null)).toMatchObject({ taskId: "y", code: "retry" });
    expect(waitingFor(without("y", "z"), null)).toMatchObject({ taskId: "w", code: "agent" });
  });

  test("nothing once it has ended", () => {
    expect(waitingFor(running.when(cancel()).and.state, null)).toBeNull();
  });
});

describe("since when a task stands where it stands", () => {
  const since = (from: Given): number[] => from.state.open.map(openSince);

  test("when it was sent, began to wait, or became ready", () => {
    expect(since(running)).toEqual([T0]);
    const retrying = running.when(call(1, failed(), { now: T0 + SECOND })).and;
    expect([retrying.state.open[0]?.phase, since(retrying)]).toEqual(["backoff", [T0]]);
    const again = retrying.when(tick(T0 + MINUTE)).and;
    expect([again.state.open[0]?.phase, since(again)]).toEqual(["dispatched", [T0 + MINUTE]]);
    const waits = running.when(call(1, done(), { now: T0 + SECOND })).and;
    expect([waits.state.open[0]?.phase, since(waits)]).toEqual(["waiting", [T0 + SECOND]]);
    const asleep = given({ tasks: [{ taskId: "nap", type: "wait", for: "1m" }] }).when(start()).and;
    expect([asleep.state.open[0]?.phase, since(asleep)]).toEqual(["sleeping", [T0]]);
  });

  test("when it ended, however it did", () => {
    const ended = (from: Given): unknown => [...endedAtOf(from.world.log)];
    expect(ended(running)).toEqual([]);
    expect(ended(running.when(call(1, done(), { now: T0 + SECOND })).and)).toEqual([[1, T0 + SECOND]]);
    expect(ended(running.when(cancel(null, T0 + MINUTE)).and)).toEqual([[1, T0 + MINUTE]]);
    const failure = failed("boom", { retryable: false });
    expect(ended(running.when(call(1, failure, { now: T0 + MINUTE })).and)).toEqual([[1, T0 + MINUTE]]);
    const nap = { taskId: "nap", type: "wait", for: "1m" };
    const rested = given({ tasks: [nap, { taskId: "no", when: "false" }] })
      .when(start())
      .and.when(tick(T0 + MINUTE));
    expect(ended(rested.and)).toEqual([1, 2].map((n) => [n, T0 + MINUTE]));
  });
});
