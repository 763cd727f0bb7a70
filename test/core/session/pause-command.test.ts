import { describe, expect, test } from "vitest";
import { dueAt, dueBounds } from "../../../src/core/session/deadlines.ts";
import { evolve } from "../../../src/core/session/evolve.ts";
import { compile } from "../../../src/core/workflow/graph.ts";
import { normalise } from "../../../src/core/workflow/normalise.ts";
import {
  actor,
  agent,
  attempt,
  call,
  cancel,
  done,
  endDispatch,
  failed,
  given,
  HOUR,
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
  broke,
  control,
  endCall,
  openIn,
  pause,
  resume,
  skip,
} from "../../support/given-control.ts";

const defaults = { retry: { maxAttempts: 2 }, timeout: { queue: "1h", start: "60s", run: "10m", heartbeat: "2m" } };
const chain = [
  { taskId: "one", agentId: "a" },
  { taskId: "two", agentId: "a" },
];
const begun = (tasks: Tasks, ids: readonly string[] = ["a"]): Given =>
  given({ tasks, defaults, agents: ids.map((id) => agent(id)) }).when(start()).and;
const running = begun(chain);

/** Paused a minute after the start, for an hour. */
const FROM = T0 + MINUTE;
const TO = FROM + HOUR;
const paused = (from: Given): Given => from.when(pause(FROM)).and;

describe("pausing and resuming", () => {
  test("stand in the log with who did it, and why", () => {
    const outcome = running.when(pause(FROM, "lunch"));
    outcome.then({ type: "SessionPaused", reason: "lunch", actor }).answers({ kind: "done" });
    expect(outcome.and.state).toMatchObject({ status: "open", paused: { at: FROM, reason: "lunch" } });
    const again = outcome.and.when(resume(TO));
    expect(again.decision.events[0]).toMatchObject({ type: "SessionResumed", actor });
    expect(again.and.state).not.toHaveProperty("paused");
  });

  test("twice is once", () => {
    paused(running).when(pause(TO)).then().answers({ kind: "unchanged" });
    running.when(resume(TO)).then().answers({ kind: "unchanged" });
  });

  test("come too late once the session has ended", () => {
    const over = running.when(cancel()).and;
    over.when(pause()).then().answers({ kind: "ended", status: "cancelled" });
    over.when(resume()).then().answers({ kind: "ended", status: "cancelled" });
    paused(running).when(cancel()).and.when(resume()).then().answers({ kind: "ended", status: "cancelled" });
  });

  test("a log that resumes what was not paused is read as if it did not", () => {
    const event = { type: "SessionResumed", actor } as const;
    expect(evolve(running.state, event, { seq: 2, at: TO })).toEqual({ ...running.state, updatedAt: TO });
  });
});

describe("while a session is paused", () => {
  test("nothing is due", () => {
    const { state, facts } = paused(running);
    expect(dueAt(state, facts)).toBeNull();
    expect(dueBounds(state, facts.graph)).toBeNull();
    paused(running)
      .when(tick(T0 + 5 * HOUR))
      .then()
      .answers({ kind: "unchanged" });
  });

  test("an attempt in flight may end; what follows begins when the session goes on", () => {
    const ended = paused(running).when(report("a", 1, done(1)));
    ended.then({ type: "TaskCompleted" }, { type: "TaskEntered", taskId: "two" });
    expect(ended.and.state.open).toMatchObject([{ phase: "backoff", attempt: 0 }]);
    ended.and.when(resume(TO)).then({ type: "SessionResumed" }, { type: "DispatchRequested", n: 2, attempt: 1 });
  });

  test("an attempt that fails waits for its retry, whose wait begins with the end of the pause", () => {
    const at = FROM + MINUTE;
    const failedNow = paused(running).when(call(1, failed("boom", { retryAfterMs: 5 * MINUTE }), { now: at })).and;
    const still = failedNow.when(resume(TO));
    still.then({ type: "SessionResumed" });
    expect(openIn(still.and, 1, "backoff").retryAt).toBe(TO + 5 * MINUTE);
  });

  test("a call in flight may end well or badly, and another is made only afterwards", () => {
    const http = { taskId: "one", type: "http", url: "https://api.test/" };
    const calling = paused(begun([http, { taskId: "two", type: "http", url: "https://api.test/" }]));
    const ended = calling.when(endCall(1, answered(), { now: FROM + SECOND }));
    ended.then({ type: "TaskResolved" }, { type: "TaskEntered", taskId: "two" });
    ended.and.when(resume(TO)).then({ type: "SessionResumed" }, { type: "CallRequested", n: 2, attempt: 1 });
    const broken = calling.when(endCall(1, broke("boom", { retryAfterMs: MINUTE }), { now: FROM + SECOND }));
    broken.then({ type: "CallFailed" });
    const later = broken.and.when(resume(TO));
    later.then({ type: "SessionResumed" });
    later.and.when(tick(TO + MINUTE)).then({ type: "CallRequested", n: 1, attempt: 2 });
  });

  test("a call whose outcome was lost is made again at once when the session goes on", () => {
    const calling = paused(begun([{ taskId: "one", type: "http", url: "https://api.test/" }]));
    calling.when(resume(TO)).then({ type: "SessionResumed" }, { type: "CallRequested", attempt: 1, again: true });
  });

  test("a person may decide; what follows waits", () => {
    const approval = paused(
      begun([
        { taskId: "one", type: "approval" },
        { taskId: "two", agentId: "a" },
      ]),
    );
    for (const action of [approve(), skip]) {
      const said = approval.when(control("one", action, FROM + SECOND));
      expect(said.and.state.open).toMatchObject([{ taskId: "two", phase: "backoff" }]);
      said.and.when(resume(TO)).then({ type: "SessionResumed" }, { type: "DispatchRequested", n: 2 });
    }
  });
});

describe("the time of a pause is given back", () => {
  test("to an attempt in flight: run, start and silence count without it", () => {
    const delivered = running.inFlight("a", attempt(1), { transport: "direct", acceptedAt: T0, confirmedAt: T0 });
    const resumed = paused(delivered).when(resume(TO));
    resumed.then({ type: "SessionResumed" });
    expect(openIn(resumed.and, 1, "dispatched")).toMatchObject({ sentAt: T0, frozenMs: HOUR, thawedAt: TO });
    expect(dueAt(resumed.and.state, resumed.and.facts)).toBe(TO + 2 * MINUTE);
    expect(dueBounds(resumed.and.state, resumed.and.facts.graph)?.latest).toBe(T0 + HOUR + 10 * MINUTE);
    resumed.and.when(tick(TO + 2 * MINUTE - 1)).then();
    resumed.and.when(tick(TO + 2 * MINUTE)).then({
      type: "AttemptEnded",
      outcome: "heartbeat_deadline",
      counts: true,
      error: { message: "agent a gave no sign of life for 120 s while it worked" },
    });
    const twice = resumed.and.when(pause(TO)).and.when(resume(TO + HOUR)).and;
    expect(openIn(twice, 1, "dispatched")).toMatchObject({ frozenMs: 2 * HOUR, thawedAt: TO + HOUR });
  });

  test("to a task that waits for an agent", () => {
    const waiting = paused(begun(chain, []));
    const resumed = waiting.when(resume(TO)).and;
    expect(openIn(resumed, 1, "waiting").since).toBe(T0 + HOUR);
    resumed.when(tick(T0 + 2 * HOUR - 1)).then();
    resumed
      .when(tick(T0 + 2 * HOUR))
      .then({ type: "TaskFailed", error: { code: "no_agent" } }, { type: "SessionFailed" });
  });

  test("to a back-off that was running; one that was over is over", () => {
    const failedAt = (retryAfterMs: number): Given =>
      paused(running.when(call(1, failed("boom", { retryAfterMs }))).and).when(resume(TO)).and;
    expect(openIn(failedAt(3 * MINUTE), 1, "backoff").retryAt).toBe(TO + 2 * MINUTE);
    expect(failedAt(SECOND).state.open).toMatchObject([{ phase: "dispatched", attempt: 2, sentAt: TO }]);
  });

  test("to a wait of so long, not to one for a moment of the calendar", () => {
    const sleeping = (wait: object): Given =>
      paused(begun([{ taskId: "one", type: "wait", ...wait }])).when(resume(TO)).and;
    expect(openIn(sleeping({ for: "2h" }), 1, "sleeping").until).toBe(TO + 2 * HOUR - MINUTE);
    const until = new Date(TO + MINUTE).toISOString();
    expect(openIn(sleeping({ until }), 1, "sleeping").until).toBe(TO + MINUTE);
    expect(sleeping({ until: new Date(FROM + MINUTE).toISOString() }).state.status).toBe("completed");
  });

  test("to whoever is to decide, where there is a deadline", () => {
    const approval = (timeout: object): Given =>
      paused(begun([{ taskId: "one", type: "approval", ...timeout }])).when(resume(TO)).and;
    expect(openIn(approval({ timeout: { run: "2h" } }), 1, "awaiting").until).toBe(T0 + 3 * HOUR);
    expect(openIn(approval({}), 1, "awaiting").until).toBeNull();
  });

  test("to what began meanwhile, as if it had begun with the pause", () => {
    const steps = (second: object): Given =>
      paused(begun([{ taskId: "one", agentId: "a" }, { taskId: "two", ...second } as Tasks[number]]))
        .when(report("a", 1, done(), { now: FROM + 10 * MINUTE }))
        .and.when(resume(TO)).and;
    expect(openIn(steps({ type: "wait", for: "2h" }), 2, "sleeping").until).toBe(TO + 2 * HOUR);
    expect(openIn(steps({ type: "approval", timeout: { run: "2h" } }), 2, "awaiting").until).toBe(TO + 2 * HOUR);
  });

  test("not to maps and calls, which have no deadline of their own", () => {
    const map = { taskId: "one", type: "map", forEach: [1], task: { type: "http", url: "https://api.test/" } };
    const before = begun([map]);
    const after = before.when(pause(T0)).and.when(resume(T0 + SECOND)).and;
    expect(after.state.open).toEqual(before.state.open);
  });
});

describe("how long a session may last", () => {
  const limited = (): Given => {
    const graph = compile(normalise({ id: "w", name: "W", timeout: "30m", tasks: chain, defaults }));
    return given({ tasks: chain, defaults }).with({ graph }).when(start()).and;
  };
  const END = T0 + 30 * MINUTE;

  test("ends it with all that is open", () => {
    const from = limited();
    expect(dueAt(from.state, from.facts)).toBe(END);
    expect(dueBounds(from.state, from.facts.graph)).toEqual({ earliest: END, latest: END });
    from.when(tick(END - 1)).then();
    from.when(tick(END)).then(
      { type: "TaskCancelled" },
      {
        type: "SessionFailed",
        taskId: null,
        error: { code: "session_timeout", message: "the session did not end within 1800 s" },
      },
    );
  });

  test("is longer by the time in which nobody could look after it", () => {
    const late = END + 3 * MINUTE;
    const moved = limited().when(tick(late));
    moved.then({ type: "DeadlineMoved", until: late + 3 * MINUTE });
    expect(moved.and.state.deadlineAt).toBe(late + 3 * MINUTE);
  });

  test("is longer by the time of a pause", () => {
    const resumed = paused(limited()).when(resume(TO)).and;
    expect(resumed.state.deadlineAt).toBe(END + HOUR);
    resumed.when(tick(END + MINUTE)).then();
  });
});

test("a delivery that is refused while the session is paused goes to nobody before it goes on", () => {
  const able = ["a", "b"].map((id) => agent(id, { capabilities: ["c"] }));
  const refused = paused(
    given({ tasks: [{ taskId: "one", agentCapability: "c" }], agents: able }).when(start()).and,
  ).when(endDispatch("refused", 1));
  refused.then({ type: "AttemptEnded", outcome: "refused" });
  refused.and.when(resume(TO)).then({ type: "SessionResumed" }, { type: "DispatchRequested", attempt: 2 });
});
