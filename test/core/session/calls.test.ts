import { describe, expect, test } from "vitest";
import { dueAt } from "../../../src/core/session/deadlines.ts";
import { decide } from "../../../src/core/session/decide.ts";
import { waitingFor } from "../../../src/core/session/waiting-for.ts";
import { agent, attempt, given, MINUTE, SECOND, SEED, start, T0, tick, type Tasks } from "../../support/given.ts";
import {
  answered,
  broke,
  control,
  endCall,
  knowing,
  openIn,
  pause,
  resume,
  retry,
} from "../../support/given-control.ts";

const http = { taskId: "fetch", type: "http", url: "https://api.test/", nextTaskId: null };
const defaults = { retry: { maxAttempts: 2, initialInterval: "8s", nonRetryableErrors: ["FINAL"] } };
const calling = given({ tasks: [http], defaults }).when(start()).and;

const tool = { taskId: "look", type: "tool", tool: "search", nextTaskId: null };
const able = (id: string, patch = {}) => agent(id, { capabilities: ["c"], ...patch });

describe("a call that the engine makes itself", () => {
  test("is requested with a lease of its run time and 30 s more, and makes the session run", () => {
    given({ tasks: [http] })
      .when(start())
      .then(
        { type: "SessionStarted" },
        { type: "TaskEntered" },
        { type: "CallRequested", n: 1, attempt: 1, attemptId: attempt(1), leaseUntil: T0 + MINUTE, again: false },
      )
      .answers({ kind: "done" });
    expect(calling.state).toMatchObject({ dispatched: true, open: [{ phase: "calling", attempt: 1, sentAt: T0 }] });
  });

  test("completes its task with the answer", () => {
    const outcome = calling.when(endCall(1, answered({ hits: 3 }), { now: T0 + SECOND }));
    outcome
      .then({ type: "TaskResolved", n: 1, output: { hits: 3 }, by: "call", attempt: 1 }, { type: "SessionCompleted" })
      .answers({ kind: "done" });
    expect(outcome.and.state).toMatchObject({ status: "completed", open: [] });
  });

  test("is made anew after a failure, with back-off, until its attempts are used up", () => {
    const first = calling.when(endCall(1, broke()));
    first.then({ type: "CallFailed", n: 1, attempt: 1, error: { code: "boom" }, counts: true });
    const { retryAt } = openIn(first.and, 1, "backoff");
    expect(retryAt).toBeGreaterThanOrEqual(T0);
    expect(retryAt).toBeLessThan(T0 + 8 * SECOND);
    expect(first.and.state.open).toMatchObject([{ used: 1, refusals: 0, last: { code: "boom", message: "it broke" } }]);
    const second = first.and.when(tick(retryAt));
    second.then({ type: "CallRequested", attempt: 2, attemptId: attempt(1, 2), again: false });
    second.and
      .when(endCall(1, broke(), { attempt: 2, now: retryAt }))
      .then(
        { type: "CallFailed", attempt: 2, retryAt: null },
        { type: "TaskFailed", error: { code: "boom", message: "it broke (attempt 2 of 2)" } },
        { type: "SessionFailed", taskId: "fetch" },
      );
  });

  test("waits as long as the other side says", () => {
    calling
      .when(endCall(1, broke("busy", { retryAfterMs: 10 * MINUTE })))
      .then({ type: "CallFailed", retryAt: T0 + 10 * MINUTE });
  });

  test.each([
    ["the other side says that trying again is useless", broke("bad_request", { retryable: false }), "bad_request"],
    ["the definition says so", broke("FINAL"), "FINAL"],
  ])("is not made again where %s", (_why, result, code) => {
    calling
      .when(endCall(1, result))
      .then(
        { type: "CallFailed", retryAt: null },
        { type: "TaskFailed", error: { code, message: "it broke" } },
        { type: "SessionFailed" },
      );
  });

  test("fails rather than being tried for ever in a log that is full", () => {
    const command = { ...endCall(1, broke()), now: T0, seed: "00" };
    expect(decide(calling.state, command, calling.facts, 24_899).state.status).toBe("open");
    expect(decide(calling.state, command, calling.facts, 24_900).state).toMatchObject({
      status: "failed",
      reason: { code: "limit_log" },
    });
  });
});

describe("an outcome that nobody waits for changes nothing", () => {
  const unchanged = { kind: "unchanged" } as const;
  test("the call is over", () => {
    calling
      .when(endCall(1, answered()))
      .and.when(endCall(1, answered("again")))
      .then()
      .answers(unchanged);
  });
  test("it failed, and is not made again yet", () => {
    calling.when(endCall(1, broke())).and.when(endCall(1, answered())).then().answers(unchanged);
  });
  test("a later attempt is under way, because an operator wanted it now", () => {
    const hurried = calling.when(control("fetch", retry, T0 + SECOND));
    hurried
      .then({ type: "TaskHurried", n: 1 }, { type: "CallRequested", attempt: 2, again: false })
      .answers({ kind: "done" });
    hurried.and
      .when(endCall(1, answered("old"), { attempt: 1 }))
      .then()
      .answers(unchanged);
    hurried.and
      .when(endCall(1, answered("new"), { attempt: 2 }))
      .then({ type: "TaskResolved", output: "new", attempt: 2 }, { type: "SessionCompleted" });
  });
  test("the number is nobody's, or that of an agent's task", () => {
    calling.when(endCall(2, answered())).then().answers(unchanged);
    given({ tasks: [{ taskId: "one", agentId: "a" }], agents: [agent("a")] })
      .when(start())
      .and.when(endCall(1, answered()))
      .then()
      .answers(unchanged);
  });
});

describe("a call whose outcome is lost", () => {
  test("is made again under its number once the lease has run out, without using an attempt", () => {
    calling
      .when(tick(T0 + MINUTE - 1))
      .then()
      .answers({ kind: "unchanged" });
    const again = calling.when(tick(T0 + MINUTE));
    again.then({
      type: "CallRequested",
      attempt: 1,
      attemptId: attempt(1),
      again: true,
      leaseUntil: T0 + 2 * MINUTE,
      repeats: 1,
    });
    expect(again.and.state.open).toMatchObject([{ phase: "calling", attempt: 1, used: 0 }]);
    again.and.when(endCall(1, answered(1))).then({ type: "TaskResolved", attempt: 1 }, { type: "SessionCompleted" });
  });

  test("each time fails its attempt after the sixth, and the next one begins anew", () => {
    let now = calling;
    const leases: number[] = [];
    for (let repeats = 1; repeats <= 5; repeats += 1) {
      const { leaseUntil } = openIn(now, 1, "calling");
      const again = now.when(tick(leaseUntil));
      again.then({ type: "CallRequested", attempt: 1, again: true, repeats });
      now = again.and;
      leases.push(openIn(now, 1, "calling").leaseUntil - leaseUntil - 30 * SECOND);
    }
    expect(leases).toEqual([30, 60, 120, 240, 300].map((seconds) => seconds * SECOND));
    const { leaseUntil } = openIn(now, 1, "calling");
    const lost = now.when(tick(leaseUntil));
    const message = "the call was made 6 times, and whoever made it was gone before its outcome was known";
    lost.then({ type: "CallFailed", attempt: 1, counts: true, error: { code: "call_lost", message } });
    const next = lost.and.when(tick(openIn(lost.and, 1, "backoff").retryAt));
    next.then({ type: "CallRequested", attempt: 2, again: false });
    expect(openIn(next.and, 1, "calling")).not.toHaveProperty("repeats");
    expect(next.decision.events[0]).not.toHaveProperty("repeats");
  });

  test("each time of each attempt fails the task", () => {
    let now = calling;
    for (let looks = 0; now.state.status === "open" && looks < 20; looks += 1) {
      const [task] = now.state.open;
      now = now.when(tick(task?.phase === "backoff" ? task.retryAt : openIn(now, 1, "calling").leaseUntil)).and;
    }
    expect(now.state).toMatchObject({ status: "failed", reason: { code: "call_lost" } });
    const requested = now.world.log.flatMap(({ events }) => events).filter(({ type }) => type === "CallRequested");
    expect(requested).toHaveLength(12);
  });
});

describe("a call that outlasts the invocation which asks for it", () => {
  const callLimits = { firstMs: 20 * SECOND, againMs: 20 * SECOND };
  const begin = (at: number, attempt = 1) => ({ type: "BeginCall", n: 1, attempt, now: at, seed: SEED }) as const;
  const handed = given({ tasks: [http], defaults }).when({ ...start(), callLimits });
  const over = { leaseUntil: T0 + MINUTE, handedOn: true } as const;

  test("is left to the queue consumer, for a minute; one that does not is made at once", () => {
    handed.then(
      { type: "SessionStarted" },
      { type: "TaskEntered" },
      { type: "CallRequested", attempt: 1, again: false, ...over },
    );
    expect(handed.and.state.open).toMatchObject([{ phase: "calling", ...over }]);
    const short = given({ tasks: [{ ...http, timeout: { run: "20s" } }] }).when({ ...start(), callLimits });
    expect(openIn(short.and, 1, "calling")).not.toHaveProperty("handedOn");
    expect(short.decision.events.at(-1)).toMatchObject({ leaseUntil: T0 + 50 * SECOND });
  });

  test("is begun by the first copy of its hint, with a lease of its own; the second finds it begun", () => {
    const begun = handed.and.when(begin(T0 + 50 * SECOND));
    begun
      .then({ type: "CallRequested", attempt: 1, attemptId: attempt(1), again: true, leaseUntil: T0 + 110 * SECOND })
      .answers({ kind: "done" });
    expect(begun.decision.events[0]).not.toHaveProperty("handedOn");
    expect(begun.and.state.open).toMatchObject([{ phase: "calling", attempt: 1, sentAt: T0 + 50 * SECOND }]);
    begun.and
      .when(begin(T0 + 50 * SECOND))
      .then()
      .answers({ kind: "unchanged" });
    begun.and.when(endCall(1, answered(1))).then({ type: "TaskResolved", attempt: 1 }, { type: "SessionCompleted" });
  });

  test("is begun by a hint that comes late, if nobody else has begun", () => {
    const late = handed.and.when({ ...tick(T0 + MINUTE), callLimits }).and.when(begin(T0 + 61 * SECOND));
    late.then({ type: "CallRequested", again: true, leaseUntil: T0 + 121 * SECOND });
  });

  test("whose hint was lost is left to the consumer again, or made by whoever may take so long", () => {
    handed.and
      .when({ ...tick(T0 + MINUTE), callLimits })
      .then({ type: "CallRequested", attempt: 1, again: true, handedOn: true, leaseUntil: T0 + 2 * MINUTE });
    const alone = handed.and.when({ ...tick(T0 + MINUTE), callLimits: { ...callLimits, againMs: Infinity } });
    alone.then({ type: "CallRequested", attempt: 1, again: true, leaseUntil: T0 + 2 * MINUTE });
    expect(openIn(alone.and, 1, "calling")).not.toHaveProperty("handedOn");
  });

  test("counts as lost only once it has begun", () => {
    const waited = handed.and.when({ ...tick(T0 + MINUTE), callLimits });
    expect(waited.decision.events[0]).not.toHaveProperty("repeats");
    const lost = waited.and.when(begin(T0 + MINUTE)).and.when({ ...tick(T0 + 2 * MINUTE), callLimits });
    lost.then({ type: "CallRequested", again: true, handedOn: true, repeats: 1, leaseUntil: T0 + 3 * MINUTE });
    lost.and.when(begin(T0 + 3 * MINUTE)).then({ type: "CallRequested", repeats: 1, leaseUntil: T0 + 4 * MINUTE });
  });

  test("is not begun while the session is paused, nor for an attempt that is over", () => {
    const paused = handed.and.when(pause(T0 + SECOND)).and;
    paused
      .when(begin(T0 + 2 * SECOND))
      .then()
      .answers({ kind: "unchanged" });
    const resumed = paused.when(resume(T0 + 5 * MINUTE)).and;
    expect(resumed.world.log.at(-1)?.events.at(-1)).toMatchObject({ type: "CallRequested", again: true });
    handed.and.when(begin(T0, 2)).then().answers({ kind: "unchanged" });
    calling.when(begin(T0)).then().answers({ kind: "unchanged" });
    calling.when(endCall(1, broke())).and.when(begin(T0)).then().answers({ kind: "unchanged" });
  });

  test("is said to be left to the queue", () => {
    expect(waitingFor(handed.and.state, null)).toMatchObject({
      code: "call",
      message: 'the call of "fetch" is left to the queue (attempt 1)',
    });
    expect(waitingFor(handed.and.when(begin(T0)).and.state, null)?.message).toContain("is under way");
  });
});

describe("a tool", () => {
  const named = { tasks: [{ ...tool, agentId: "a" }] };
  const full = { tasks: { x: { sessionId: "s", sentAt: 1, lastSentMicros: null } } };

  test("is called at the agent that the task names, also while that one works", () => {
    const outcome = given({ ...named, agents: [agent("a", full)] }).when(start());
    expect(outcome.decision.events.at(-1)).toMatchObject({ type: "CallRequested", agentId: "a", attempt: 1 });
    expect(outcome.decision.agents.get("a")?.tasks).toEqual(full.tasks);
  });

  test("is called at whoever has the capability, also the second time", () => {
    const setup = { tasks: [{ ...tool, agentCapability: "c" }], agents: [able("a"), able("b")] };
    const called = given(setup).when(start()).and;
    expect(called.world.log.at(-1)?.events.at(-1)).toMatchObject({ type: "CallRequested", agentId: "a" });
    const gone = called.with({ agents: new Map([["b", able("b")]]) });
    gone.when(tick(T0 + MINUTE)).then({ type: "CallRequested", agentId: "b", attempt: 1, again: true });
  });

  test("that nobody has waits in a queue, says for what, and is called once somebody has come", () => {
    const without = given(named).when(start());
    const why = { code: "agent_unknown", message: "agent a is not registered" };
    expect(without.decision.events.at(-1)).toMatchObject({ type: "TaskWaited", n: 1, queue: "agent:a", why });
    const { and: waiting } = without;
    expect(waiting.state.open).toMatchObject([{ phase: "waiting", since: T0, used: 0, attempt: 0 }]);
    expect(waitingFor(waiting.state, waiting.facts)).toMatchObject({ code: "agent_unknown", taskId: "look" });
    waiting
      .when(tick(T0 + MINUTE))
      .then()
      .answers({ kind: "unchanged" });
    const come = waiting.with({ agents: new Map([["a", agent("a", full)]]) });
    expect(waitingFor(come.state, come.facts)).toMatchObject({ code: "agent_busy" });
    const free = waiting.with({ agents: new Map([["a", agent("a")]]) });
    expect(waitingFor(free.state, free.facts)).toMatchObject({ code: "ready" });
    come.when(tick(T0 + MINUTE)).then({ type: "CallRequested", agentId: "a", attempt: 1, again: false });
  });

  test("fails once its time in the queue is over, which is given back where we were away", () => {
    const capable = { ...tool, agentCapability: "c", timeout: { queue: "10m" }, retry: { maxAttempts: 5 } };
    const waiting = given({ tasks: [capable] }).when(start()).and;
    const deadline = T0 + 10 * MINUTE;
    expect(dueAt(waiting.state, waiting.facts)).toBe(deadline);
    const message = 'no agent could take the task in time: no registered agent has capability "c"';
    waiting
      .when(tick(deadline))
      .then({ type: "TaskFailed", error: { code: "no_agent", message } }, { type: "SessionFailed" });
    waiting.when(tick(deadline + 2 * MINUTE + 1)).then({ type: "TaskWaited", n: 1 });
  });

  test.each([
    ["lost", { missedAt: T0 }, "agent_lost"],
    ["deregistered", { admission: "deregistered" }, "agent_gone"],
    ["superseded", { admission: "superseded" }, "agent_gone"],
  ] as const)("is not called at an agent that is %s", (_how, patch, code) => {
    const alone = given({ ...named, agents: [agent("a", { registeredAt: T0 - 1, ...patch })] }).when(start());
    expect(alone.decision.events.at(-1)).toMatchObject({ type: "TaskWaited", queue: "agent:a", why: { code } });
    const setup = { tasks: [{ ...tool, agentCapability: "c" }], agents: [able("a", { registeredAt: T0 - 1, ...patch }), able("b")] }; // prettier-ignore
    const other = given(setup).when(start());
    expect(other.decision.events.at(-1)).toMatchObject({ type: "CallRequested", agentId: "b" });
  });

  test("whose agent has gone while it was called waits for another, which is a new attempt", () => {
    const gone = given({ ...named, agents: [agent("a")] })
      .when(start())
      .and.with({ agents: new Map() })
      .when(tick(T0 + MINUTE));
    gone.then(
      { type: "CallFailed", attempt: 1, counts: false, retryAt: null, error: { code: "agent_unknown" } },
      { type: "TaskWaited", queue: "agent:a" },
    );
    gone.and.when(endCall(1, answered())).then().answers({ kind: "unchanged" });
    gone.and
      .with({ agents: new Map([["a", agent("a")]]) })
      .when(tick(T0 + 2 * MINUTE))
      .then({ type: "CallRequested", agentId: "a", attempt: 2, again: false });
  });

  test("is not taken for absent where its agent was not asked for", () => {
    const unknown = (tasks: Tasks, home?: string) =>
      knowing(given({ tasks }), { known: { agents: new Set(), caps: new Set() } })
        .when(start(home === undefined ? {} : { home }))
        .then();
    unknown(named.tasks).answers({ kind: "needs_facts", needs: { rows: [], agents: ["a"], caps: [] } });
    unknown([{ ...tool, agentCapability: "c" }]).answers({ needs: { rows: [], agents: [], caps: ["c"] } });
    unknown([tool], "h").answers({ needs: { rows: [], agents: ["h"], caps: [] } });
  });
});
