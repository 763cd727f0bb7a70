import { describe, expect, test } from "vitest";
import { dueAt, dueBounds, orderOf } from "../../../src/core/session/deadlines.ts";
import { agent, attempt, endDispatch, given, HOUR, MINUTE, SECOND, start, T0, tick } from "../../support/given.ts";

const AWAY = 120 * SECOND;

describe("the time-out of a session", () => {
  const tasks = [{ taskId: "one", agentId: "a", timeout: { run: "9h", queue: "9h" } }];
  const begun = given({ tasks, agents: [], timeout: "1h" }).when(start());

  test("is fixed when it starts, and due before everything else", () => {
    begun.then({ type: "SessionStarted", timeoutMs: HOUR }, { type: "TaskEntered" }, { type: "TaskWaited" });
    const { state, facts } = begun.and;
    expect(state.deadlineAt).toBe(T0 + HOUR);
    expect(dueAt(state, facts)).toBe(T0 + HOUR);
    expect(dueBounds(state, facts.graph)).toEqual({ earliest: T0 + HOUR, latest: T0 + HOUR });
    const endless = given({ tasks, agents: [] }).when(start());
    expect(endless.decision.events[0]).not.toHaveProperty("timeoutMs");
    expect(endless.and.state).not.toHaveProperty("deadlineAt");
  });

  test.each([0, AWAY])("fails it, seen %d ms late", (late) => {
    begun.and
      .when(tick(T0 + HOUR - 1))
      .then()
      .and.when(tick(T0 + HOUR + late))
      .then(
        { type: "TaskCancelled", taskId: "one" },
        {
          type: "SessionFailed",
          taskId: null,
          error: { code: "session_timeout", message: "the session did not end within 3600 s" },
        },
      );
  });

  test("seen later than that, we were away: the time is given back", () => {
    const now = T0 + HOUR + AWAY + 1;
    const moved = begun.and.when(tick(now));
    moved.then({ type: "DeadlineMoved", until: now + AWAY + 1 });
    expect(moved.and.state.deadlineAt).toBe(now + AWAY + 1);
    moved.and
      .when(tick(now + AWAY + 1))
      .then({ type: "TaskCancelled" }, { type: "SessionFailed", error: { code: "session_timeout" } });
  });
});

describe("the heartbeat time-out", () => {
  const tasks = [{ taskId: "one", agentId: "a", timeout: { run: "1h", heartbeat: "2m" }, retry: { maxAttempts: 2 } }];
  const running = given({ tasks, agents: [agent("a")] }).when(start()).and;
  const due = (from: typeof running) => dueAt(from.state, from.facts);

  test("does not count before the work has begun", () => {
    expect(due(running)).toBe(T0 + 30 * SECOND);
    const { earliest, latest } = dueBounds(running.state, running.facts.graph)!;
    expect([earliest, latest]).toEqual([T0 + 30 * SECOND, T0 + HOUR]);
  });

  test.each([
    ["a confirmed delivery", running.inFlight("a", attempt(1), { confirmedAt: T0 + SECOND })],
    ["a heartbeat", running.inFlight("a", attempt(1), { beatAt: T0 + SECOND })],
    ["a working report", running.heard(attempt(1), { workingAt: T0 + SECOND })],
    ["any report tied to it", running.heard(attempt(1), { reported: true, lastAt: T0 + SECOND })],
  ])("counts from %s", (_what, from) => {
    const silent = T0 + SECOND + 2 * MINUTE;
    const beaten = from.inFlight("a", attempt(1), { confirmedAt: T0 + SECOND });
    expect(due(beaten)).toBe(silent);
    beaten
      .when(tick(silent - 1))
      .then()
      .and.when(tick(silent))
      .then({
        type: "AttemptEnded",
        outcome: "heartbeat_deadline",
        counts: true,
        error: { code: "heartbeat_deadline", message: "agent a gave no sign of life for 120 s while it worked" },
      });
    expect(due(beaten.heard(attempt(1), { lastAt: T0 + MINUTE }))).toBe(T0 + 3 * MINUTE);
  });

  test("that we saw too late does not count", () => {
    const from = running.inFlight("a", attempt(1), { confirmedAt: T0 });
    from
      .when(tick(T0 + 2 * MINUTE + AWAY + 1))
      .then({ type: "AttemptEnded", outcome: "heartbeat_deadline", counts: false });
  });
});

describe("priority", () => {
  const tasks = [{ taskId: "one", agentId: "a", priority: 70 }];

  test("is kept where it is not the default, through all that happens to the task", () => {
    const running = given({ tasks, agents: [agent("a")] }).when(start());
    running.then({ type: "SessionStarted" }, { type: "TaskEntered", priority: 70 }, { type: "DispatchRequested" });
    const refused = running.and.when(endDispatch("refused", 1)).and;
    expect(refused.state.open).toMatchObject([{ phase: "backoff", priority: 70 }]);
    const plain = given({ tasks: [{ taskId: "one", agentId: "a" }], agents: [] }).when(start());
    expect(plain.decision.events[1]).not.toHaveProperty("priority");
    expect(plain.and.state.open[0]).not.toHaveProperty("priority");
  });

  test("each point is worth half a minute of waiting, so that nothing starves", () => {
    const [urgent] = given({ tasks, agents: [] }).when(start()).and.state.open;
    const [plain] = given({ tasks: [{ taskId: "one" }], agents: [] }).when(start({ now: T0 - 10 * MINUTE })).and.state
      .open;
    expect(orderOf(urgent!)).toBe(T0 - 70 * 30 * SECOND);
    expect(orderOf(plain!)).toBe(orderOf(urgent!));
  });
});
