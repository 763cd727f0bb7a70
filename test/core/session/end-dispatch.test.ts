import { describe, expect, test } from "vitest";
import { decide } from "../../../src/core/session/decide.ts";
import {
  agent,
  attempt,
  done,
  endDispatch,
  given,
  MINUTE,
  report,
  SECOND,
  start,
  T0,
  tick,
} from "../../support/given.ts";

const defaults = { retry: { maxAttempts: 2, initialInterval: "8s", nonRetryableErrors: ["agent_error"] } };
const named = { tasks: [{ taskId: "one", agentId: "a" }], agents: [agent("a")] };
const able = (id: string) => agent(id, { capabilities: ["c"] });
const either = { tasks: [{ taskId: "one", agentCapability: "c" }], agents: [able("a"), able("b")] };
const running = given(named).when(start()).and;

describe("a dispatch that was not delivered", () => {
  test("ends the attempt without counting it; the task waits a second", () => {
    const outcome = running.when(endDispatch("refused", 1));
    outcome
      .then({
        type: "AttemptEnded",
        outcome: "refused",
        counts: false,
        error: { code: "refused", message: "said refused" },
        retryAt: T0 + SECOND,
      })
      .answers({ kind: "done" });
    expect(outcome.decision.events[0]).not.toHaveProperty("via");
    expect(outcome.and.state.open).toMatchObject([{ phase: "backoff", used: 0, refusals: 1, attempt: 1 }]);
    expect(outcome.decision.agents.get("a")).toMatchObject({ tasks: {}, settled: [] });
  });

  test("goes to another agent that is free, at once; refused there as well, it waits", () => {
    const first = given(either).when(start()).and;
    const other = first.when(endDispatch("refused", 1));
    other.then(
      { type: "AttemptEnded", outcome: "refused", agentId: "a", retryAt: null },
      { type: "DispatchRequested", agentId: "b", attempt: 2 },
    );
    const again = other.and.when(endDispatch("refused", 1, { attempt: 2 }));
    again.then({ type: "AttemptEnded", outcome: "refused", agentId: "b", retryAt: T0 + 2 * SECOND });
  });

  test("a session whose log is full fails instead of being tried for ever", () => {
    const { state, facts } = running;
    const command = { ...endDispatch("refused", 1), now: T0, seed: "00" };
    expect(decide(state, command, facts, 24_899).state.status).toBe("open");
    expect(decide(state, command, facts, 24_900).state).toMatchObject({
      status: "failed",
      reason: { code: "limit_log" },
    });
  });

  test("waits double from one to the next, up to 5 min, and never uses the attempts up", () => {
    let now = T0;
    let step = given({ ...named, defaults }).when(start()).and;
    const waits: number[] = [];
    for (let number = 1; number <= 12; number += 1) {
      const [event] = step.when(endDispatch("refused", 1, { attempt: number, now })).decision.events;
      const retryAt = event?.type === "AttemptEnded" ? event.retryAt! : Number.NaN;
      waits.push((retryAt - now) / SECOND);
      step = step.when(endDispatch("refused", 1, { attempt: number, now })).and.when(tick(retryAt)).and;
      now = retryAt;
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
    expect(step.state.open).toMatchObject([{ phase: "dispatched", attempt: 13, used: 0 }]);
  });

  test("a delivery in between starts the row anew", () => {
    const second = given(named)
      .when(start())
      .and.when(endDispatch("refused", 1))
      .and.when(tick(T0 + SECOND))
      .and.when(endDispatch("agent_error", 1, { attempt: 2, now: T0 + SECOND, retryAfterMs: 0 }))
      .and.when(tick(T0 + SECOND)).and;
    expect(second.state.open).toMatchObject([{ attempt: 3, used: 1, refusals: 0 }]);
    second
      .when(endDispatch("refused", 1, { attempt: 3, now: T0 + MINUTE }))
      .then({ type: "AttemptEnded", retryAt: T0 + MINUTE + SECOND });
  });

  test("a Retry-After wins", () => {
    for (const retryAfterMs of [0, 10 * MINUTE]) {
      running
        .when(endDispatch("refused", 1, { retryAfterMs }))
        .then({ type: "AttemptEnded", retryAt: T0 + retryAfterMs });
    }
  });
});

describe("an agent that rejects a task", () => {
  test("uses an attempt and never gets that task again", () => {
    const rejected = given({ ...either, agents: [able("a"), able("b")] })
      .when(start())
      .and.when(endDispatch("rejected", 1, { retryAfterMs: 0 }));
    rejected.then({
      type: "AttemptEnded",
      agentId: "a",
      outcome: "rejected",
      counts: true,
      error: { code: "agent_rejected" },
      retryAt: T0,
    });
    expect(rejected.and.state.open).toMatchObject([{ used: 1, rejectedBy: ["a"] }]);
    rejected.and.when(tick(T0)).then({ type: "DispatchRequested", agentId: "b", attempt: 2 });
  });

  test("leaves it waiting if there is no other", () => {
    given({ ...either, agents: [able("a")] })
      .when(start())
      .and.when(endDispatch("rejected", 1, { retryAfterMs: 0 }))
      .and.when(tick(T0))
      .then({
        type: "TaskWaited",
        queue: "cap:c",
        why: { code: "agent_rejected", message: "agent a rejected this task before" },
      })
      .and.when(tick(T0 + MINUTE))
      .then()
      .and.with({ agents: new Map([able("a"), able("c")].map((one) => [one.id, one])) })
      .when(tick(T0 + MINUTE))
      .then({ type: "DispatchRequested", agentId: "c" });
  });

  test("ends the task where it names that agent: nobody else may take it", () => {
    running
      .when(endDispatch("rejected", 1))
      .then(
        { type: "AttemptEnded", outcome: "rejected", retryAt: null },
        { type: "TaskFailed", error: { code: "agent_rejected", message: "said rejected" } },
        { type: "SessionFailed" },
      );
  });

  test("uses up the attempts like any failure", () => {
    given({ ...either, defaults: { retry: { maxAttempts: 2 } } })
      .when(start())
      .and.when(endDispatch("rejected", 1, { retryAfterMs: 0 }))
      .and.when(tick(T0))
      .and.when(endDispatch("rejected", 1, { attempt: 2 }))
      .then(
        { type: "AttemptEnded", agentId: "b" },
        { type: "TaskFailed", error: { code: "agent_rejected", message: "said rejected (attempt 2 of 2)" } },
        { type: "SessionFailed" },
      );
  });
});

describe("a home agent that rejects a task which names a capability", () => {
  const home = { tasks: [{ taskId: "one", agentCapability: "c" }], agents: [able("h"), able("b")] };
  const rejected = (from: Parameters<typeof given>[0]) =>
    given(from)
      .when(start({ home: "h" }))
      .then({ type: "SessionStarted" }, { type: "TaskEntered" }, { type: "DispatchRequested", agentId: "h" })
      .and.when(endDispatch("rejected", 1, { retryAfterMs: 0 })).and;

  test("is passed over: another that has it takes the task", () => {
    rejected(home).when(tick(T0)).then({ type: "DispatchRequested", agentId: "b", attempt: 2 });
  });

  test("also if the home has a newer id, or lacks the capability itself", () => {
    const restarted = { ...home, agents: [agent("h2"), able("b")], newest: { h: "h2" } };
    given(restarted)
      .when(start({ home: "h" }))
      .and.when(endDispatch("rejected", 1, { retryAfterMs: 0 }))
      .and.when(tick(T0))
      .then({ type: "DispatchRequested", agentId: "b" });
  });

  test("leaves the task waiting for somebody who has it, rather than asking again", () => {
    rejected({ ...home, agents: [agent("h")] })
      .when(tick(T0))
      .then({ type: "TaskWaited", queue: "cap:c", why: { code: "no_agent" } });
  });
});

describe("an error of the agent", () => {
  test("counts and is tried again as any failure", () => {
    const [event] = running.when(endDispatch("agent_error", 1)).decision.events;
    expect(event).toMatchObject({ outcome: "agent_error", counts: true, error: { code: "agent_error" } });
    const retryAt = event?.type === "AttemptEnded" ? event.retryAt! : Number.NaN;
    expect(retryAt).toBeGreaterThanOrEqual(T0);
    expect(retryAt).toBeLessThan(T0 + SECOND);
  });

  test("is final where the definition says so", () => {
    given({ ...named, defaults })
      .when(start())
      .and.when(endDispatch("agent_error", 1))
      .then({ type: "AttemptEnded", retryAt: null }, { type: "TaskFailed" }, { type: "SessionFailed" });
  });
});

describe("the outcome of a dispatch that is over changes nothing", () => {
  const unchanged = { kind: "unchanged" } as const;
  test("a report was faster", () => {
    running
      .when(report("a", 1, done()))
      .and.when(endDispatch("refused", 1))
      .then()
      .answers(unchanged);
  });
  test("it is known already", () => {
    running.when(endDispatch("refused", 1)).and.when(endDispatch("rejected", 1)).then().answers(unchanged);
  });
  test("another attempt is in flight, or none was ever made", () => {
    running
      .when(endDispatch("refused", 1, { attempt: 2 }))
      .then()
      .answers(unchanged);
    running.when(endDispatch("refused", 2)).then().answers(unchanged);
  });
});

test("a heartbeat before the end proves that the delivery arrived", () => {
  const { decision } = running
    .inFlight("a", attempt(1), { transport: "agentkit", acceptedAt: T0, beatAt: T0 + 5 })
    .when(endDispatch("agent_error", 1));
  expect(decision.events[0]).toMatchObject({ trace: { startedAt: T0 + 5 } });
  expect(decision.agents.get("a")?.reachedByAgentKit).toBe(true);
});
