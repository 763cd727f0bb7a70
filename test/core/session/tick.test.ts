import { describe, expect, test } from "vitest";
import type { InFlight } from "../../../src/core/agent/agent.ts";
import { livenessOf } from "../../../src/core/agent/availability.ts";
import { dueAt } from "../../../src/core/session/deadlines.ts";
import { agent, attempt, given, HOUR, MINUTE, reported, SECOND, start, T0, tick } from "../../support/given.ts";

const timeout = { queue: "1h", start: "60s", run: "10m" };
const defaults = { timeout, retry: { maxAttempts: 2, initialInterval: "8s" } };
const setup = { tasks: [{ taskId: "one", agentId: "a" }], defaults, agents: [agent("a")] };
const running = given(setup).when(start()).and;
const RUN = T0 + 10 * MINUTE;
const START = T0 + MINUTE;
const LEASE = T0 + 30 * SECOND;
const AWAY = 120 * SECOND;

const inFlight = (patch: Partial<InFlight>, from = running) => from.inFlight("a", attempt(1), patch);
const accepted = inFlight({ transport: "agentkit", acceptedAt: T0 + 1 });

const quietUntil = (from: typeof running, at: number) => {
  expect(dueAt(from.state, from.facts)).toBe(at);
  return from
    .when(tick(at - 1))
    .then()
    .answers({ kind: "unchanged" })
    .and.when(tick(at));
};

describe("the lease of a dispatch", () => {
  test("without any outcome the same attempt is sent again, and again", () => {
    const again = quietUntil(running, LEASE).then({
      type: "DispatchRequested",
      attempt: 1,
      attemptId: attempt(1),
      agentId: "a",
      again: true,
      leaseUntil: LEASE + 30 * SECOND,
    }).and;
    expect(again.state.open).toMatchObject([{ attempt: 1, used: 0, sentAt: LEASE }]);
    quietUntil(again, LEASE + 30 * SECOND).then({ type: "DispatchRequested", attempt: 1, again: true });
  });

  test.each([
    ["a confirmed delivery", inFlight({ confirmedAt: T0 + 1 })],
    ["a working report", running.heard(attempt(1), { workingAt: T0 + 1 })],
    ["a heartbeat", inFlight({ beatAt: T0 + 1 })],
  ])("ends with %s: then only the run deadline is left", (_what, from) => {
    quietUntil(from, RUN).then({ type: "AttemptEnded", outcome: "run_deadline" });
  });
});

describe("the start deadline of a delivery that is not confirmed", () => {
  test("the next attempt follows where nothing was heard", () => {
    quietUntil(accepted, START).then({
      type: "AttemptEnded",
      outcome: "start_deadline",
      counts: true,
      error: {
        code: "start_deadline",
        message: "AgentKit accepted the task but agent a gave no sign of life within 60 s",
      },
    });
  });

  test("the reason names what kept the direct way from being used", () => {
    inFlight({ acceptedAt: T0, refused: ["direct: connection refused", "direct: private address"] })
      .when(tick(START))
      .then({
        type: "AttemptEnded",
        error: {
          message: expect.stringMatching(/within 60 s; direct: connection refused; direct: private address$/) as string,
        },
      });
  });

  test("it does not exist for an agent that AgentKit reaches: it may report only after the work", () => {
    for (const reportsPromptly of [null, false]) {
      const known = accepted.withAgent("a", { reachedByAgentKit: true, reportsPromptly });
      quietUntil(known, RUN).then({ type: "AttemptEnded", outcome: "run_deadline" });
    }
  });

  test("but for one that is known to report promptly it does", () => {
    const prompt = accepted.withAgent("a", { reachedByAgentKit: true, reportsPromptly: true });
    quietUntil(prompt, START).then({ type: "AttemptEnded", outcome: "start_deadline", counts: true });
  });

  test("where not even AgentKit has answered, silence is not the agent's fault", () => {
    const unsure = inFlight({ acceptedAt: T0 + 1, unsure: true }).withAgent("a", { reachedByAgentKit: true });
    quietUntil(unsure, START).then({ type: "AttemptEnded", outcome: "start_deadline", counts: false });
    // The outcome was lost, but the agent has been heard of since.
    quietUntil(running.heard(attempt(1)), START).then({ type: "AttemptEnded", counts: false });
  });

  test("seen much too late it does not count: we were away", () => {
    accepted.when(tick(START + AWAY)).then({ type: "AttemptEnded", counts: true });
    accepted.when(tick(START + AWAY + 1)).then({ type: "AttemptEnded", outcome: "start_deadline", counts: false });
  });
});

describe("the run deadline", () => {
  const confirmed = inFlight({ transport: "direct", confirmedAt: T0 + 1 });

  test("ends the attempt, counts, and the agent is presumed lost if it was silent", () => {
    const outcome = quietUntil(confirmed, RUN).then({
      type: "AttemptEnded",
      outcome: "run_deadline",
      counts: true,
      error: { code: "run_deadline", message: "agent a did not finish within 600 s" },
    });
    const after = outcome.decision.agents.get("a")!;
    expect(after).toMatchObject({ tasks: {}, missedAt: RUN });
    expect(livenessOf(after, RUN)).toBe("lost");
  });

  test.each([
    ["a working report", confirmed.heard(attempt(1), { workingAt: T0 + 5 })],
    ["a heartbeat", confirmed.inFlight("a", attempt(1), { beatAt: T0 + 5 })],
  ])("after %s the agent was not silent", (_what, from) => {
    const outcome = from.when(tick(RUN)).then({ type: "AttemptEnded", trace: { startedAt: T0 + 5 } });
    expect(outcome.decision.agents.get("a")?.missedAt).toBeNull();
  });

  test("seen much too late it does not count: we were away", () => {
    confirmed.when(tick(RUN + AWAY)).then({ type: "AttemptEnded", counts: true });
    const late = confirmed.when(tick(RUN + AWAY + 1)).then({ type: "AttemptEnded", counts: false });
    expect(late.decision.agents.get("a")?.missedAt).toBeNull();
    expect(late.and.state.open).toMatchObject([{ phase: "backoff", used: 0 }]);
  });

  test("with the last attempt the session fails", () => {
    given({ ...setup, defaults: { timeout, retry: { maxAttempts: 1 } } })
      .when(start())
      .and.when(tick(RUN))
      .then(
        { type: "AttemptEnded", outcome: "run_deadline", retryAt: null },
        { type: "TaskFailed", error: { code: "run_deadline" } },
        { type: "SessionFailed" },
      );
  });

  test("it wins over a start deadline that passed as well", () => {
    accepted.when(tick(RUN)).then({ type: "AttemptEnded", outcome: "run_deadline" });
  });
});

describe("an agent that is gone", () => {
  test("restarted: the attempt counts and its successor gets the task at once", () => {
    const successor = agent("a2", { aliases: ["a"] });
    const restarted = running
      .withAgent("a", { admission: "superseded", supersededBy: "a2" })
      .withAgent("a2", successor)
      .with({ newest: new Map([["a", "a2"]]) });
    const outcome = restarted.when(tick(T0 + 1)).then(
      {
        type: "AttemptEnded",
        agentId: "a",
        outcome: "agent_restarted",
        counts: true,
        retryAt: null,
        error: { code: "agent_restarted", message: "agent a restarted as a2 and lost the task" },
      },
      { type: "DispatchRequested", agentId: "a2", attempt: 2, again: false },
    );
    // The last attempt is the last also when the agent restarts.
    outcome.and
      .withAgent("a2", { admission: "superseded" })
      .when(tick(T0 + 2))
      .then(
        { type: "AttemptEnded", error: { message: "agent a2 restarted as another id and lost the task" } },
        { type: "TaskFailed", error: { code: "agent_restarted" } },
        { type: "SessionFailed" },
      );
  });

  test("deregistered: the attempt does not count and the task waits for it", () => {
    running
      .withAgent("a", { admission: "deregistered" })
      .when(tick(T0 + 1))
      .then(
        {
          type: "AttemptEnded",
          outcome: "agent_deregistered",
          counts: false,
          retryAt: null,
          error: { message: "agent a was deregistered while it held the task" },
        },
        { type: "TaskWaited", queue: "agent:a", why: { code: "agent_gone" } },
      );
  });

  test("that left and came back before the tick: the attempt ends as it would have ended", () => {
    const back = (left: "deregistered" | "superseded") => inFlight({ left }).when(tick(T0 + 1));
    back("deregistered").then(
      { type: "AttemptEnded", outcome: "agent_deregistered", counts: false },
      { type: "DispatchRequested", agentId: "a", attempt: 2, again: false },
    );
    back("superseded").then(
      { type: "AttemptEnded", outcome: "agent_restarted", counts: true },
      { type: "DispatchRequested", agentId: "a", attempt: 2, again: false },
    );
  });

  test("whose row is not at hand is given its time", () => {
    const unknown = running.with({ agents: new Map() });
    quietUntil(unknown, LEASE).then({ type: "DispatchRequested", again: true });
  });
});

describe("a task that waits for an agent", () => {
  const busy = agent("a", { newest: reported("busy") });
  const waiting = given({ ...setup, agents: [busy] }).when(start()).and;

  test("is given to it as soon as it is free", () => {
    waiting.when(tick(T0 + 5)).then();
    waiting
      .withAgent("a", { newest: reported("idle") })
      .when(tick(T0 + 5))
      .then({ type: "DispatchRequested", agentId: "a", attempt: 1 });
  });

  test("even when its time is up", () => {
    waiting
      .withAgent("a", { newest: null })
      .when(tick(T0 + HOUR))
      .then({ type: "DispatchRequested" });
  });

  test("fails when its time is up, and the reason names what it waited for", () => {
    const error = { code: "no_agent", message: 'no agent could take the task in time: agent a reports "busy"' };
    quietUntil(waiting, T0 + HOUR).then({ type: "TaskFailed", error }, { type: "SessionFailed", error });
  });

  test("waits anew when its time passed while we were away", () => {
    waiting.when(tick(T0 + HOUR + AWAY)).then({ type: "TaskFailed" }, { type: "SessionFailed" });
    const back = T0 + HOUR + AWAY + 1;
    const again = waiting
      .when(tick(back))
      .then({ type: "TaskWaited", queue: "agent:a", why: { code: "agent_not_free" } });
    quietUntil(again.and, back + HOUR).then({ type: "TaskFailed" }, { type: "SessionFailed" });
  });

  test("changes its queue when the agent it names has a successor", () => {
    waiting
      .withAgent("a2", agent("a2", { newest: reported("busy") }))
      .with({ newest: new Map([["a", "a2"]]) })
      .when(tick(T0 + 5))
      .then({ type: "TaskWaited", queue: "agent:a2" });
  });
});
