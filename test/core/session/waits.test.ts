import { describe, expect, test } from "vitest";
import { dueAt, dueBounds } from "../../../src/core/session/deadlines.ts";
import { waitingFor } from "../../../src/core/session/waiting-for.ts";
import { agent, cancel, given, MINUTE, SECOND, start, T0, tick, type Tasks } from "../../support/given.ts";

const at = (ms: number) => new Date(ms).toISOString();
const nap = (more: object) => ({ taskId: "nap", type: "wait", ...more });
const then = { taskId: "then", agentId: "a", parameters: { out: "${tasks.nap.output}" } };
const begun = (tasks: Tasks, input = {}) => given({ tasks, agents: [agent("a")] }).when(start({ input }));

describe("a wait", () => {
  const asleep = begun([nap({ for: "90s" }), then]);

  test("sleeps for as long as it says, then goes on without an agent", () => {
    asleep.then(
      { type: "SessionStarted" },
      { type: "TaskEntered", taskId: "nap", n: 1, parameters: { for: "90s" } },
      { type: "TaskSlept", taskId: "nap", n: 1, until: T0 + 90 * SECOND, fixed: false },
    );
    const { state, facts } = asleep.and;
    expect(dueAt(state, facts)).toBe(T0 + 90 * SECOND);
    expect(dueBounds(state, facts.graph)).toEqual({ earliest: T0 + 90 * SECOND, latest: T0 + 90 * SECOND });
    expect(waitingFor(state, facts)).toMatchObject({ code: "timer", taskId: "nap", until: T0 + 90 * SECOND });
    asleep.and
      .when(tick(T0 + 90 * SECOND - 1))
      .then()
      .and.when(tick(T0 + 90 * SECOND))
      .then(
        { type: "TaskResolved", taskId: "nap", n: 1, output: null, by: "timer" },
        { type: "TaskEntered", taskId: "then", parameters: { out: null } },
        { type: "DispatchRequested", taskId: "then" },
      );
  });

  test("until an instant ends at that instant; one that has passed ends with the next tick", () => {
    begun([nap({ until: at(T0 + MINUTE) })]).then(
      { type: "SessionStarted" },
      { type: "TaskEntered" },
      { type: "TaskSlept", until: T0 + MINUTE, fixed: true },
    );
    const past = begun([nap({ until: at(T0 - MINUTE) })]);
    past.then({ type: "SessionStarted" }, { type: "TaskEntered" }, { type: "TaskSlept", until: T0, fixed: true });
    past.and.when(tick(T0)).then({ type: "TaskResolved" }, { type: "SessionCompleted" });
  });

  test("is rendered as any other parameter", () => {
    begun([nap({ for: "${input.minutes}m" })], { minutes: 2 }).then(
      { type: "SessionStarted" },
      { type: "TaskEntered", parameters: { for: "2m" } },
      { type: "TaskSlept", until: T0 + 2 * MINUTE },
    );
  });

  test("is as long as its author says, whatever a session is started with", () => {
    begun([nap({ until: at(T0 + MINUTE) })], { for: "1s", until: "never" }).then(
      { type: "SessionStarted" },
      { type: "TaskEntered", parameters: { until: at(T0 + MINUTE) } },
      { type: "TaskSlept", until: T0 + MINUTE, fixed: true },
    );
  });

  test("ends with its session", () => {
    asleep.and.when(cancel()).then({ type: "TaskCancelled", taskId: "nap" }, { type: "SessionCancelled" });
  });

  test.each([
    ["for", "${input.x}", "soon", '"soon" is not a duration such as 90s'],
    ["until", "${input.x}", "soon", '"soon" is not an instant such as 2030-01-31T08:00:00Z'],
    ["for", "${input.x}", 90, '"90" is not a duration such as 90s'],
    ["until", "${input.x}", "9".repeat(99), `"${"9".repeat(64)}" is not an instant such as 2030-01-31T08:00:00Z`],
  ])("fails where `%s: %s` renders to %j", (key, value, x, message) => {
    begun([nap({ [key]: value })], { x }).then(
      { type: "SessionStarted" },
      { type: "TaskEntered" },
      { type: "TaskFailed", error: { code: "invalid_wait", message } },
      { type: "SessionFailed" },
    );
  });
});
