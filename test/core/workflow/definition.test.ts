import { expect, test } from "vitest";
import { defaultRetry, defaultTimeouts, normalise } from "../../../src/core/workflow/definition.ts";

test("the original format gets the engine's defaults", () => {
  const task = { taskId: "step_1", name: "First Step", agentCapability: "a", parameters: { n: 1 }, nextTaskId: null };
  expect(normalise({ id: "w", name: "W", description: null, version: "1.0", tasks: [task] })).toEqual({
    id: "w",
    name: "W",
    description: null,
    version: "1.0",
    tasks: [
      {
        taskId: "step_1",
        name: "First Step",
        type: "agent",
        target: { kind: "capability", capability: "a" },
        parameters: { n: 1 },
        retry: defaultRetry,
        timeout: { queueMs: 86_400_000, startMs: 60_000, runMs: 900_000 },
        following: { kind: "end" },
      },
    ],
  });
  expect(defaultRetry).toEqual({
    maxAttempts: 3,
    initialIntervalMs: 1_000,
    backoffCoefficient: 2,
    maximumIntervalMs: 300_000,
    nonRetryableErrors: [],
  });
});

test("a task's own setting wins over `defaults`, which win over the engine's", () => {
  const { tasks } = normalise({
    id: "w",
    name: "W",
    defaults: { retry: { maxAttempts: 5, initialInterval: "2s" }, timeout: { run: "1h", queue: "1d" } },
    tasks: [
      {
        taskId: "a",
        retry: { maxAttempts: 1, backoffCoefficient: 1.5, maximumInterval: "10s", nonRetryableErrors: ["X"] },
        timeout: { run: "5m", start: "1s" },
      },
      { taskId: "b" },
    ],
  });
  expect(tasks[0]).toMatchObject({
    retry: {
      maxAttempts: 1,
      initialIntervalMs: 2_000,
      backoffCoefficient: 1.5,
      maximumIntervalMs: 10_000,
      nonRetryableErrors: ["X"],
    },
    timeout: { queueMs: 86_400_000, startMs: 1_000, runMs: 300_000 },
  });
  expect(tasks[1]).toMatchObject({
    retry: { maxAttempts: 5, initialIntervalMs: 2_000, backoffCoefficient: 2 },
    timeout: { queueMs: 86_400_000, startMs: 60_000, runMs: 3_600_000 },
  });
});

test("an agent wins over a capability; a task that names neither is for the home agent", () => {
  const { tasks, version } = normalise({
    id: "w",
    name: "W",
    version: 1,
    tasks: [
      { taskId: "a", agentId: "x", agentCapability: "c" },
      { taskId: "b", agentId: null, agentCapability: null, name: null, parameters: null, nextTaskId: "a" },
    ],
  });
  expect(version).toBe("1");
  expect(tasks.map(({ target }) => target)).toEqual([{ kind: "agent", agentId: "x" }, { kind: "home" }]);
  expect(tasks[1]).toMatchObject({ name: "b", parameters: {}, following: { kind: "task", taskId: "a" } });
  expect(tasks[0]!.following).toEqual({ kind: "below" });
});

test("a stored duration that is none any more falls back to its default", () => {
  const { tasks } = normalise({ id: "w", name: "W", tasks: [{ taskId: "a", timeout: { run: "soon" } }] });
  expect(tasks[0]!.timeout).toEqual(defaultTimeouts);
});
