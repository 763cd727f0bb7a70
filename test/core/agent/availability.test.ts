import { describe, expect, test } from "vitest";
import { availabilityOf, isLost, lastContactAt, livenessOf } from "../../../src/core/agent/availability.ts";
import { agent, attempt, MINUTE, reported, SESSION, T0 } from "../../support/given.ts";

const held = { sessionId: SESSION, sentAt: T0, lastSentMicros: null };
const code = (one: Parameters<typeof availabilityOf>[0]): string => {
  const availability = availabilityOf(one);
  return availability.available ? "available" : availability.code;
};

describe("liveness comes from the last contact", () => {
  test.each([
    ["registration", agent("a", { registeredAt: T0 })],
    ["a call", agent("a", { contactAt: T0 })],
    ["a report", agent("a", { newest: reported("idle", { receivedAt: T0 }) })],
  ])("%s counts", (_what, one) => {
    expect(lastContactAt(one)).toBe(T0);
    expect(livenessOf(one, T0)).toBe("live");
    expect(livenessOf(one, T0 + 5 * MINUTE)).toBe("live");
    expect(livenessOf(one, T0 + 5 * MINUTE + 1)).toBe("quiet");
  });

  test("silence alone is never more than quiet: an agent without work has nothing to say", () => {
    const one = agent("a", { registeredAt: 0 });
    expect(livenessOf(one, T0)).toBe("quiet");
    expect(code(one)).toBe("available");
  });

  test("one that let a run deadline pass in silence is presumed lost until it is heard of", () => {
    const silent = agent("a", { missedAt: T0, newest: reported("idle", { receivedAt: T0 - 1 }) });
    expect(livenessOf(silent, T0)).toBe("lost");
    expect(code(silent)).toBe("agent_lost");
    const heard = { ...silent, newest: reported("idle", { receivedAt: T0 + 1 }) };
    expect(livenessOf(heard, T0 + 1)).toBe("live");
    expect(code(heard)).toBe("available");
    expect(isLost({ ...silent, contactAt: T0 })).toBe(true);
    expect(isLost({ ...silent, contactAt: T0 + 1 })).toBe(false);
    expect(isLost({ ...silent, registeredAt: T0 + 1 })).toBe(false);
  });
});

test("ten minutes later a lost agent is given a task again: without one it might never be heard of", () => {
  const silent = agent("a", { missedAt: T0 });
  const later = T0 + 10 * MINUTE;
  expect(livenessOf(silent, later - 1)).toBe("lost");
  expect(availabilityOf(silent, later - 1)).toMatchObject({ available: false, code: "agent_lost" });
  expect(livenessOf(silent, later)).toBe("quiet");
  expect(availabilityOf(silent, later)).toEqual({ available: true });
});

describe("an agent can take a task", () => {
  test.each([
    ["that has not reported yet", agent("a")],
    ["adopted before its registration came", agent("a", { admission: "provisional" })],
    ["whose newest report is free", agent("a", { newest: reported("Idle") })],
    [
      "whose working report was about an attempt it has settled since",
      agent("a", { newest: reported("active", { attemptId: attempt(1) }), settled: [attempt(1)] }),
    ],
    [
      "whose trouble was about an attempt it has settled since",
      agent("a", { newest: reported("error", { attemptId: attempt(1) }), settled: [attempt(9), attempt(1)] }),
    ],
    [
      "with room for another, though it works on the first",
      agent("a", {
        capacity: 2,
        tasks: { [attempt(1)]: held },
        newest: reported("active", { attemptId: attempt(1) }),
      }),
    ],
  ])("%s", (_what, one) => expect(availabilityOf(one)).toEqual({ available: true }));
});

describe("an agent cannot take a task, and the answer says why", () => {
  test.each(["deregistered", "superseded"] as const)("%s", (admission) => {
    expect(availabilityOf(agent("a", { admission, name: "Ann" }))).toEqual({
      available: false,
      code: "agent_gone",
      message: `agent Ann (a) is ${admission}`,
    });
  });

  test("no capacity left", () => {
    const tasks = { [attempt(1)]: held, [attempt(2)]: held, [attempt(3)]: held, [attempt(4)]: held };
    const busy = agent("a", { capacity: 4, tasks, newest: reported("idle") });
    expect(availabilityOf(busy)).toEqual({
      available: false,
      code: "agent_busy",
      message: `agent a is working on ${attempt(1)}, ${attempt(2)}, ${attempt(3)}`,
    });
    expect(code({ ...busy, capacity: 5 })).toBe("available");
  });

  test.each([
    ["it says something nobody can read", reported("on holiday")],
    ["it says so of an attempt that is over", reported("on holiday", { attemptId: attempt(1) })],
    ["it works on something of its own", reported("busy")],
    ["it is in trouble", reported("failed")],
    ["its working report was tied to an attempt that a deadline ended", reported("active", { attemptId: attempt(2) })],
  ])("%s", (_what, newest) => {
    expect(availabilityOf(agent("a", { newest, settled: [attempt(1)] }))).toEqual({
      available: false,
      code: "agent_not_free",
      message: `agent a reports "${newest.state}"`,
    });
  });

  test("an endless state text is cut", () => {
    const availability = availabilityOf(agent("a", { newest: reported("x".repeat(1_000)) }));
    expect(availability).toMatchObject({ message: `agent a reports "${"x".repeat(64)}"` });
  });
});
