import { describe, expect, test } from "vitest";
import { availabilityOf } from "../../../src/core/agent/availability.ts";
import { effectOf, withEffect } from "../../../src/core/agent/effects.ts";
import type { AttemptEnded, AttemptTrace, SessionEvent, TaskCompleted } from "../../../src/core/session/events.ts";
import { agent, attempt, MINUTE, reported, SECOND, SESSION, T0 } from "../../support/given.ts";

const ref = (n = 1) => ({ taskId: "t", n, attempt: 1, attemptId: attempt(n), agentId: "a" });
const trace = (patch: Partial<AttemptTrace> = {}): AttemptTrace => ({
  sentAt: T0,
  startedAt: null,
  transport: null,
  confirmedAt: null,
  ...patch,
});
const requested = (n = 1, again = false): SessionEvent => ({
  type: "DispatchRequested",
  ...ref(n),
  leaseUntil: T0 + 30 * SECOND,
  again,
});
const completed = (patch: Partial<TaskCompleted> = {}, n = 1): SessionEvent => ({
  type: "TaskCompleted",
  ...ref(n),
  output: null,
  outputFrom: "none",
  via: "report",
  trace: trace(),
  ...patch,
});
const ended = (patch: Partial<AttemptEnded> = {}): SessionEvent => ({
  type: "AttemptEnded",
  ...ref(),
  outcome: "failed",
  error: { code: "c", message: "m" },
  counts: true,
  retryAt: null,
  trace: trace(),
  ...patch,
});

const after = (start: ReturnType<typeof agent>, at: number, ...events: readonly SessionEvent[]) =>
  events.reduce((one, event) => {
    const effect = effectOf(event, SESSION, at);
    return effect === null ? one : withEffect(one, effect);
  }, start);

describe("a dispatch", () => {
  test("takes a place of the agent and remembers its clock", () => {
    const one = agent("a", { newest: reported("idle", { sentMicros: 7 }) });
    expect(after(one, T0, requested()).tasks).toEqual({
      [attempt(1)]: { sessionId: SESSION, sentAt: T0, lastSentMicros: 7 },
    });
    expect(after(agent("a"), T0, requested()).tasks[attempt(1)]?.lastSentMicros).toBeNull();
  });

  test("sent again keeps everything but the time: what was reported since still counts", () => {
    const held = { sessionId: SESSION, sentAt: T0, lastSentMicros: 7, refused: ["no"] };
    const one = agent("a", { newest: reported("busy", { sentMicros: 9 }), tasks: { [attempt(1)]: held } });
    expect(after(one, T0 + MINUTE, requested(1, true)).tasks[attempt(1)]).toEqual({ ...held, sentAt: T0 + MINUTE });
  });
});

describe("the end of an attempt frees its place", () => {
  const tasks = { [attempt(1)]: { sessionId: SESSION, sentAt: T0, lastSentMicros: null } };

  test.each([
    ["completed", completed(), true],
    ["failed by the agent", ended(), true],
    ["rejected", ended({ outcome: "rejected" }), true],
    ["an error of the agent", ended({ outcome: "agent_error" }), true],
    ["refused", ended({ outcome: "refused" }), false],
    ["run deadline", ended({ outcome: "run_deadline" }), false],
    ["run deadline while we were away", ended({ outcome: "run_deadline", counts: false }), true],
    ["start deadline", ended({ outcome: "start_deadline" }), false],
    ["cancelled", ended({ outcome: "cancelled" }), false],
  ])("%s", (_what, event, settled) => {
    const freed = after(agent("a", { tasks }), T0 + 1, event);
    expect(freed.tasks).toEqual({});
    expect(freed.settled).toEqual(settled ? [attempt(1)] : []);
  });

  test("a call, a rejection and an error are contacts; a report counts by its own row", () => {
    const contact = (event: SessionEvent) => after(agent("a", { contactAt: 5 }), T0, event).contactAt;
    expect(contact(completed({ via: "call" }))).toBe(T0);
    expect(contact(ended({ via: "call" }))).toBe(T0);
    expect(contact(ended({ outcome: "rejected" }))).toBe(T0);
    expect(contact(ended({ outcome: "agent_error" }))).toBe(T0);
    expect(contact(completed())).toBe(5);
    expect(contact(ended({ via: "report" }))).toBe(5);
    expect(contact(ended({ outcome: "refused" }))).toBe(5);
  });

  test("only a run deadline that counts, passed in silence after a delivery, raises the presumption that it is lost", () => {
    const missed = (patch: Partial<AttemptEnded>, seen: Partial<AttemptTrace> = {}) =>
      after(agent("a", { missedAt: 5 }), T0, ended({ ...patch, trace: trace({ transport: "direct", ...seen }) }))
        .missedAt;
    expect(missed({ outcome: "run_deadline" })).toBe(T0);
    expect(missed({ outcome: "run_deadline", counts: false })).toBe(5);
    expect(missed({ outcome: "run_deadline" }, { startedAt: T0 })).toBe(5);
    expect(missed({ outcome: "start_deadline" })).toBe(5);
    // AgentKit's word is no delivery: silence may be its own.
    expect(missed({ outcome: "run_deadline" }, { transport: "agentkit" })).toBe(5);
    expect(missed({ outcome: "run_deadline" }, { transport: null })).toBe(5);
  });
});

describe("what an attempt teaches about the agent", () => {
  const learnt = (startedAt: number | null, at: number) =>
    after(agent("a"), at, completed({ trace: trace({ startedAt }) })).reportsPromptly;

  test("working soon after the dispatch and clearly before the end: a prompt reporter", () => {
    expect(learnt(T0 + 10 * SECOND, T0 + 11 * SECOND)).toBe(true);
  });
  test("working long after the dispatch, right before the end: it reports only after the work", () => {
    expect(learnt(T0 + 10 * SECOND + 1, T0 + 11 * SECOND)).toBe(false);
  });
  test("a short task or a late start with a long run says nothing", () => {
    expect(learnt(T0 + SECOND, T0 + 1_999)).toBeNull();
    expect(learnt(T0 + MINUTE, T0 + 2 * MINUTE)).toBeNull();
    expect(learnt(null, T0 + MINUTE)).toBeNull();
  });
  test("nothing learnt leaves what is known", () => {
    const known = agent("a", { reportsPromptly: false });
    expect(after(known, T0, completed(), ended()).reportsPromptly).toBe(false);
  });

  test("AgentKit has reached it once a task sent that way was worked on", () => {
    const reached = (event: SessionEvent) => after(agent("a"), T0, event).reachedByAgentKit;
    const kit = trace({ transport: "agentkit" });
    expect(reached(completed({ trace: kit }))).toBe(true);
    expect(reached(completed({ trace: trace({ transport: "direct" }) }))).toBe(false);
    expect(reached(ended({ trace: kit }))).toBe(true);
    expect(reached(ended({ trace: kit, outcome: "run_deadline" }))).toBe(false);
    expect(reached(ended({ trace: { ...kit, startedAt: T0 }, outcome: "run_deadline" }))).toBe(true);
    expect(reached(ended({ trace: trace({ startedAt: T0 }) }))).toBe(false);
    expect(after(agent("a", { reachedByAgentKit: true }), T0, ended()).reachedByAgentKit).toBe(true);
  });

  test("silence to the run deadline shows that AgentKit does not reach it any more; other ends show nothing", () => {
    const known = agent("a", { reachedByAgentKit: true });
    const kit = trace({ transport: "agentkit" });
    const still = (patch: Partial<AttemptEnded>) => after(known, T0, ended({ trace: kit, ...patch })).reachedByAgentKit;
    expect(still({ outcome: "run_deadline" })).toBe(false);
    expect(still({ outcome: "start_deadline" })).toBe(true);
    expect(still({ outcome: "cancelled" })).toBe(true);
    expect(still({ outcome: "run_deadline", trace: trace({ transport: "direct" }) })).toBe(true);
  });

  test("so does a result of it that came too late, but not one of another agent", () => {
    const late = (reason: "stale_attempt" | "other_agent", transport: "agentkit" | "direct"): SessionEvent => ({
      type: "LateResultRecorded",
      ...ref(),
      reason,
      from: null,
      result: { kind: "completed" },
      transport,
    });
    expect(after(agent("a"), T0, late("stale_attempt", "agentkit")).reachedByAgentKit).toBe(true);
    expect(after(agent("a"), T0, late("stale_attempt", "direct")).reachedByAgentKit).toBe(false);
    expect(after(agent("a"), T0, late("other_agent", "agentkit")).reachedByAgentKit).toBe(false);
  });
});

describe("the memory of settled attempts", () => {
  const settle = (one: ReturnType<typeof agent>, from: number, to: number) =>
    after(one, T0, ...Array.from({ length: to - from + 1 }, (_, i) => completed({ via: "call" }, from + i)));

  test("holds the last 16", () => {
    const { settled } = settle(agent("a"), 1, 20);
    expect(settled).toEqual(Array.from({ length: 16 }, (_, i) => attempt(5 + i)));
  });

  test("never forgets the one that the newest report spoke of: the agent would seem busy for ever", () => {
    const one = agent("a", { newest: reported("active", { attemptId: attempt(1) }) });
    const { settled } = settle(one, 1, 40);
    expect(settled).toHaveLength(16);
    expect(settled).toContain(attempt(1));
    expect(settled).toContain(attempt(40));
    expect(availabilityOf({ ...one, settled })).toEqual({ available: true });
  });
});

test("what concerns no agent has no effect", () => {
  const nothing: SessionEvent[] = [
    { type: "SessionCompleted" },
    { type: "TaskEntered", taskId: "t", n: 1, parameters: {} },
    { type: "TaskFailed", taskId: "t", n: 1, error: { code: "c", message: "m" } },
  ];
  expect(nothing.map((event) => effectOf(event, SESSION, T0))).toEqual([null, null, null]);
});
