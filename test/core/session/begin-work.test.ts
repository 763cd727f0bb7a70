import { describe, expect, test } from "vitest";
import type { Json } from "../../../src/core/json.ts";
import { agent, attempt, HOUR, MINUTE, SECOND, start, T0, tick, type Tasks } from "../../support/given.ts";
import { endCall, pause, resume, signal, stored } from "../../support/given-maps.ts";

const waits = (wait: object, input: Record<string, Json> = {}) =>
  stored({ tasks: [{ taskId: "pause", type: "wait", ...wait }] }).when(start({ input }));

describe("a wait", () => {
  test.each([
    ["a duration", { for: "90s" }, { until: T0 + 90 * SECOND, fixed: false }],
    ["a rendered duration", { for: "${input.n}m" }, { until: T0 + 2 * MINUTE, fixed: false }],
    ["an instant", { until: "2030-01-31T09:00:00+01:00" }, { until: Date.UTC(2030, 0, 31, 8), fixed: true }],
    ["an instant that is over: now", { until: "2001-01-01T00:00:00Z" }, { until: T0, fixed: true }],
  ])("of %s", (_what, wait, slept) => {
    waits(wait, { n: 2 }).then({ type: "SessionStarted" }, { type: "TaskEntered" }, { type: "TaskSlept", ...slept });
  });

  test.each([
    ["a text", { for: "${input.x}" }, "soon", '"soon" is not a duration such as 90s'],
    ["too long", { for: "${input.x}" }, "366d", '"366d" is not a duration such as 90s'],
    ["a number", { until: "${input.x}" }, 5, '"5" is not an instant such as 2030-01-31T08:00:00Z'],
    ["nothing", { until: "${input.x}" }, null, '"null" is not an instant such as 2030-01-31T08:00:00Z'],
    ["a long text", { for: "${input.x}" }, "x".repeat(100), `"${"x".repeat(64)}" is not a duration such as 90s`],
  ])("for what is none fails the task: %s", (_what, wait, x, message) => {
    waits(wait, { x }).then(
      { type: "SessionStarted" },
      { type: "TaskEntered" },
      { type: "TaskFailed", error: { code: "invalid_wait", message } },
      { type: "SessionFailed" },
    );
  });

  test("ends when its time has come, not before; a pause moves a duration, not an instant", () => {
    const hour = waits({ for: "1h" });
    hour.when(tick(T0 + HOUR - 1)).then();
    hour.when(tick(T0 + HOUR)).then({ type: "TaskResolved", output: null, by: "timer" }, { type: "SessionCompleted" });
    const until = new Date(T0 + HOUR).toISOString();
    const stood = (wait: object) =>
      waits(wait)
        .when(pause(T0))
        .when(resume(T0 + MINUTE)).state.open[0];
    expect(stood({ for: "1h" })).toMatchObject({ until: T0 + HOUR + MINUTE });
    expect(stood({ until })).toMatchObject({ until: T0 + HOUR });
  });
});

const after = (task: object): Tasks => [
  { taskId: "first", type: "http", url: "https://x.test" },
  { taskId: "then", ...task },
];

describe("what a task is there for begins", () => {
  test.each([
    ["an agent's work", { agentId: "a" }, { type: "DispatchRequested", agentId: "a" }],
    ["a tool", { type: "tool", tool: "t", agentId: "a" }, { type: "CallRequested", agentId: "a" }],
    ["a call", { type: "http", url: "https://y.test" }, { type: "CallRequested", attemptId: attempt(2) }],
    ["a child", { type: "workflow", workflowDefinitionId: "sub" }, { type: "ChildRequested", attempt: 1 }],
    ["a wait", { type: "wait", for: "1h" }, { type: "TaskSlept" }],
    ["a signal", { type: "signal" }, { type: "TaskAwaited", what: "signal", name: "then" }],
    ["an approval", { type: "approval" }, { type: "TaskAwaited", what: "approval", name: "then" }],
  ] as const)("%s", (_what, task, event) => {
    const session = stored({ tasks: after(task), agents: [agent("a")] }).when(start());
    session
      .when(endCall(1, null))
      .then({ type: "TaskResolved", n: 1 }, { type: "TaskEntered", taskId: "then", n: 2 }, event);
  });
});

describe("in a pause", () => {
  test.each([
    ["an agent's work", { agentId: "a" }, { type: "DispatchRequested", agentId: "a" }],
    ["a call", { type: "http", url: "https://y.test" }, { type: "CallRequested" }],
    ["a child", { type: "workflow", workflowDefinitionId: "sub" }, { type: "ChildRequested" }],
  ] as const)("%s waits for its end", (_what, task, event) => {
    const still = stored({ tasks: after(task), agents: [agent("a")] })
      .when(start())
      .when(pause())
      .when(endCall(1, null));
    still.then({ type: "TaskResolved" }, { type: "TaskEntered", n: 2 });
    expect(still.phases).toEqual({ backoff: [2] });
    still.when(tick(T0 + HOUR)).then();
    still.when(resume(T0 + HOUR)).then({ type: "SessionResumed" }, { ...event, n: 2 });
  });

  test("waits begin, and count from its end", () => {
    const still = stored({ tasks: after({ type: "wait", for: "1h" }) })
      .when(start())
      .when(pause(T0))
      .when(endCall(1, null, { now: T0 + MINUTE }))
      .then({ type: "TaskResolved" }, { type: "TaskEntered" }, { type: "TaskSlept", until: T0 + HOUR + MINUTE });
    expect(still.when(resume(T0 + 2 * MINUTE)).state.open[0]).toMatchObject({ until: T0 + 2 * MINUTE + HOUR });
  });

  test("a signal is taken all the same", () => {
    stored({ tasks: [{ taskId: "s", type: "signal" }] })
      .when(start())
      .when(pause())
      .when(signal("s", 1))
      .then({ type: "SignalReceived" }, { type: "TaskResolved", output: 1 }, { type: "SessionCompleted" });
  });
});
