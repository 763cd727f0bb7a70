import { describe, expect, test } from "vitest";
import type { TaskDefinition } from "../../../src/core/workflow/definition.ts";
import { targetOf } from "../../../src/core/workflow/graph.ts";
import {
  defaultRetry,
  defaultTimeouts,
  noDeadlineMs,
  normalise,
  type AuthoredDefinition,
} from "../../../src/core/workflow/normalise.ts";

test("the original format gets the engine's defaults", () => {
  const task = { taskId: "step_1", name: "First Step", agentCapability: "a", parameters: { n: 1 }, nextTaskId: null };
  expect(normalise({ id: "w", name: "W", description: null, version: "1.0", tasks: [task] })).toEqual({
    id: "w",
    name: "W",
    description: null,
    version: "1.0",
    input: null,
    timeoutMs: null,
    tasks: [
      {
        taskId: "step_1",
        name: "First Step",
        type: "agent",
        target: { kind: "capability", capability: "a" },
        parameters: { n: 1 },
        retry: defaultRetry,
        timeout: { queueMs: 86_400_000, startMs: 60_000, runMs: 900_000, heartbeatMs: null },
        priority: 50,
        onFailure: "fail",
        dependsOn: null,
        join: "all",
        when: null,
        following: { kind: "end" },
        fallbackTaskId: null,
        compensateWith: null,
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
  expect(tasks.map(targetOf)).toEqual([{ kind: "agent", agentId: "x" }, { kind: "home" }]);
  expect(tasks[1]).toMatchObject({ name: "b", parameters: {}, following: { kind: "task", taskId: "a" } });
  expect(tasks[0]!.following).toEqual({ kind: "below" });
});

test("a stored duration that is none any more falls back to its default", () => {
  const { tasks } = normalise({ id: "w", name: "W", tasks: [{ taskId: "a", timeout: { run: "soon" } }] });
  expect(tasks[0]!.timeout).toEqual(defaultTimeouts);
});

type Authored = AuthoredDefinition["tasks"][number];
const taskOf = (task: Omit<Authored, "taskId">, document: object = {}): TaskDefinition =>
  normalise({ id: "w", name: "W", ...document, tasks: [{ taskId: "a", ...task }] }).tasks[0]!;

test("what a definition says about its input and its time", () => {
  const input = { type: "object" };
  const tasks = [{ taskId: "a" }];
  expect(normalise({ id: "w", name: "W", input, timeout: "24h", version: null, tasks })).toMatchObject({
    input,
    timeoutMs: 86_400_000,
    version: null,
  });
});

describe("each type of work", () => {
  const parameters = { q: 1 };
  test.each<[Omit<Authored, "taskId">, object]>([
    [
      { type: "tool", tool: "search", agentId: "x", parameters },
      { tool: "search", target: { agentId: "x" }, parameters },
    ],
    [
      { type: "http", url: "https://x" },
      { parameters: { url: "https://x", method: "GET", headers: {} }, success: ["2xx"] },
    ],
    [
      { type: "http", url: "u", body: null, headers: { A: "b" }, success: [200, "3xx"] },
      { parameters: { url: "u", method: "POST", headers: { A: "b" }, body: null }, success: ["200", "3xx"] },
    ],
    [{ type: "http", url: "u", method: "PUT", body: {} }, { parameters: { method: "PUT", body: {} } }],
    [
      { type: "workflow", workflowDefinitionId: "v", parameters },
      { workflowId: "v", revision: null, parameters },
    ],
    [
      { type: "workflow", workflowDefinitionId: "v", revision: 3 },
      { workflowId: "v", revision: 3, parameters: {} },
    ],
    [{ type: "wait", for: "1h" }, { parameters: { for: "1h" } }],
    [{ type: "wait", until: "${input.at}" }, { parameters: { until: "${input.at}" } }],
    [{ type: "signal" }, { signal: "a", onTimeout: "fail", parameters: {} }],
    [
      { type: "signal", signal: "paid", onTimeout: "continue" },
      { signal: "paid", onTimeout: "continue" },
    ],
    [
      { type: "approval", onTimeout: "reject", parameters },
      { onTimeout: "reject", parameters },
    ],
    [
      { type: "map", name: "Read", forEach: [1], maxConcurrency: 5, task: { type: "http", url: "u" } },
      { parameters: { forEach: [1] }, maxConcurrency: 5, item: { type: "http", name: "Read" } },
    ],
    [
      { type: "map", forEach: "${input}", task: { agentId: "x", name: "Item" } },
      {
        parameters: { forEach: "${input}" },
        maxConcurrency: 10,
        item: { type: "agent", target: { kind: "agent", agentId: "x" }, name: "Item" },
      },
    ],
  ])("%j", (authored, task) => expect(taskOf(authored)).toMatchObject({ type: authored.type, ...task }));

  test("a key that the check requires is empty where it is missing all the same", () => {
    expect(taskOf({ type: "tool" })).toMatchObject({ tool: "", target: { kind: "home" } });
    expect(taskOf({ type: "http" })).toMatchObject({ parameters: { url: "" } });
    expect(taskOf({ type: "workflow" })).toMatchObject({ workflowId: "" });
    expect(taskOf({ type: "wait" })).toMatchObject({ parameters: { until: "" } });
    expect(taskOf({ type: "map" })).toMatchObject({
      parameters: { forEach: [] },
      item: { type: "agent", target: { kind: "home" }, parameters: {} },
    });
    expect(taskOf({ type: "map", task: { type: "wait" } })).toMatchObject({ item: { type: "agent" } });
  });

  test("only work of agents is given to one", () => {
    expect(targetOf(taskOf({ type: "tool", agentCapability: "c" }))).toEqual({ kind: "capability", capability: "c" });
    expect(targetOf(taskOf({ type: "http", url: "u" }))).toBeNull();
  });
});

describe("how work is repeated, bounded and ranked", () => {
  const document = {
    defaults: { retry: { maxAttempts: 7 }, timeout: { run: "1h", heartbeat: "5s" }, priority: 9 },
  };

  test("`defaults` repeat what an agent or a call does, but bound only agents", () => {
    expect(taskOf({}, document)).toMatchObject({
      retry: { maxAttempts: 7 },
      timeout: { runMs: 3_600_000, heartbeatMs: 5_000 },
      priority: 9,
    });
    for (const type of ["tool", "http"]) {
      expect(taskOf({ type }, document)).toMatchObject({
        retry: { maxAttempts: 7 },
        timeout: { ...defaultTimeouts, runMs: 30_000 },
        priority: 9,
      });
    }
  });

  test.each(["workflow", "wait", "signal", "approval", "map"])("a %s is tried once and may take its time", (type) => {
    expect(taskOf({ type }, document)).toMatchObject({
      retry: { ...defaultRetry, maxAttempts: 1 },
      timeout: { ...defaultTimeouts, runMs: noDeadlineMs },
    });
    expect(taskOf({ type, timeout: { run: "3d" }, retry: { maxAttempts: 2 } }, document)).toMatchObject({
      retry: { maxAttempts: 2 },
      timeout: { runMs: 3 * 86_400_000 },
    });
  });

  test("a task's own word, and that of a map's item", () => {
    const own = { priority: 0, onFailure: "continue", timeout: { heartbeat: "2m" } };
    const policy = { priority: 0, onFailure: "continue", timeout: { heartbeatMs: 120_000 } };
    expect(taskOf(own, document)).toMatchObject(policy);
    expect(taskOf({ type: "map", task: own }, document)).toMatchObject({
      priority: 9,
      onFailure: "fail",
      item: policy,
    });
  });
});

test("the keys of order", () => {
  expect(
    taskOf({
      dependsOn: ["b"],
      join: "any",
      when: "input.x",
      next: [{ when: "true", taskId: "b" }, { taskId: null }],
      fallbackTaskId: "f",
      compensateWith: "u",
    }),
  ).toMatchObject({
    dependsOn: ["b"],
    join: "any",
    when: "input.x",
    following: {
      kind: "choice",
      choices: [
        { when: "true", taskId: "b" },
        { when: null, taskId: null },
      ],
    },
    fallbackTaskId: "f",
    compensateWith: "u",
  });
});
