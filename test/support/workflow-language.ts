import { readFileSync } from "node:fs";
import { parseYaml } from "../../src/http/body/yaml.ts";

type Task = Readonly<Record<string, unknown>>;

const all = (...tasks: readonly Task[]) => ({ id: "w", name: "W", tasks });

/** The sample of the language's documentation, as its author wrote it. */
export const sampleText = (): string =>
  readFileSync(new URL("../fixtures/workflow-sample.yaml", import.meta.url), "utf8");

export const sampleDocument = (): unknown => {
  const yaml = parseYaml(sampleText());
  if (!yaml.ok) throw new TypeError(yaml.message);
  return yaml.value;
};

const retry = { maxAttempts: 4, initialInterval: "0s", backoffCoefficient: 1.5, nonRetryableErrors: ["X"], "x-r": 1 };
const timeout = { queue: "1h", start: "60s", run: "365d", heartbeat: "2m", "x-t": null };

/** Definitions without faults, by what they show. Together they use every key of the language. */
export const goodDefinitions: Readonly<Record<string, object>> = {
  "the least": all({ taskId: "a" }),
  "everything of a definition": {
    ...all({ taskId: "a", "x-a": {} }),
    description: "D",
    version: 2,
    timeout: "24h",
    input: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      required: ["topic"],
      properties: {
        topic: { type: "string", minLength: 1, maxLength: 200, pattern: "^[a-z ]+$", description: "What about" },
        mail: { type: ["string", "null"], format: "email", default: null },
        tags: { type: "array", items: { enum: ["a", "b"] }, uniqueItems: true, maxItems: 3 },
        "x-note": { "x-y": 1 },
      },
      additionalProperties: false,
      allOf: [{ if: { required: ["mail"] }, else: { required: ["tags"] } }],
    },
    defaults: { retry, timeout, priority: 10, "x-d": 1 },
    "x-owner": "me",
  },
  "null where the original format allowed it": {
    ...all({ taskId: "a", name: null, agentCapability: null, agentId: null, parameters: null, nextTaskId: null }),
    description: null,
    version: null,
  },
  "an agent's task": all({
    taskId: "a",
    name: "A",
    type: "agent",
    agentId: "x",
    agentCapability: "c",
    parameters: { dependsOn: 1 },
    retry,
    timeout,
    priority: 0,
    onFailure: "continue",
    when: "input.topic != ''",
  }),
  "a tool": all({ taskId: "a", type: "tool", tool: "search", agentCapability: "c", parameters: {}, retry }),
  "an http call": all({
    taskId: "a",
    type: "http",
    url: "https://api.example.com/v1?q=${input.q}",
    method: "PUT",
    headers: { Authorization: "Bearer ${secrets.TOKEN}", "X-A": "b" },
    body: { list: ["${input.x}", 1] },
    success: [200, "2xx", "201-204"],
    retry,
  }),
  "an http call with the least": all({ taskId: "a", type: "http", url: "${input.url}" }),
  "waiting for a time": all(
    { taskId: "a", type: "wait", for: "90s" },
    { taskId: "b", type: "wait", for: "${input.n}s" },
  ),
  "waiting until a time": all(
    { taskId: "a", type: "wait", until: "2030-01-31T09:00:00Z" },
    { taskId: "b", type: "wait", until: "${input.at}" },
  ),
  "signals and approvals": all(
    {
      taskId: "a",
      type: "signal",
      signal: "paid",
      parameters: { amount: 1 },
      timeout: { run: "1d" },
      onTimeout: "continue",
    },
    { taskId: "b", type: "signal" },
    {
      taskId: "c",
      type: "approval",
      parameters: { text: "${tasks.a.output}" },
      timeout: { run: "3d" },
      onTimeout: "approve",
    },
    { taskId: "d", type: "approval", onTimeout: "fail" },
  ),
  "maps over each kind of item": all(
    {
      taskId: "a",
      type: "map",
      forEach: "${input.list}",
      maxConcurrency: 50,
      task: { parameters: { n: "${item.x + index}" } },
    },
    {
      taskId: "b",
      type: "map",
      forEach: [1, "${input.x}"],
      task: { type: "tool", tool: "t", agentId: "x", priority: 3 },
    },
    {
      taskId: "c",
      type: "map",
      forEach: "${tasks.a.output.filter(x, x > 1.0)}",
      task: { type: "http", url: "https://x/${item}", headers: { K: "${secrets.KEY}" }, retry, timeout: { run: "5s" } },
    },
    {
      taskId: "d",
      type: "map",
      forEach: [],
      task: { type: "workflow", workflowDefinitionId: "v", onFailure: "continue", name: "N" },
    },
  ),
  "a child session": all({
    taskId: "a",
    type: "workflow",
    workflowDefinitionId: "v",
    revision: 2,
    parameters: { x: 1 },
  }),
  "a join of two, and one of any": all(
    { taskId: "a", nextTaskId: "d" },
    { taskId: "b", dependsOn: [], nextTaskId: "d" },
    { taskId: "c", dependsOn: [] },
    { taskId: "d", parameters: { x: "${tasks.a.output}${tasks.b.output}" } },
    {
      taskId: "e",
      dependsOn: ["c", "d"],
      join: "any",
      when: "tasks.c.status == 'completed'",
      parameters: { x: "${tasks.c.output}" },
    },
  ),
  "choices that read the task itself": all(
    {
      taskId: "a",
      next: [
        { when: "tasks.a.output.n > 3", taskId: "b" },
        { when: "input.x == true", taskId: null, "x-w": 1 },
        { taskId: "c" },
      ],
    },
    { taskId: "b", nextTaskId: "c" },
    { taskId: "c", parameters: { x: "${tasks.a.output}", y: "${tasks.b.status}" } },
  ),
  "fallbacks of fallbacks, and a compensation": all(
    { taskId: "p" },
    { taskId: "a", fallbackTaskId: "f", compensateWith: "u" },
    { taskId: "f", fallbackTaskId: "g", parameters: { e: "${tasks.a.error}", x: "${tasks.p.output}" } },
    { taskId: "g", parameters: { e: "${tasks.f.error}${tasks.a.error}" }, nextTaskId: null },
    { taskId: "u", parameters: { of: "${tasks.a.output}${tasks.p.output}" } },
    { taskId: "z", parameters: { x: "${tasks.a.output}" } },
  ),
  "everything an expression may read": all(
    { taskId: "a" },
    { taskId: "b", parameters: { x: "${[session.id, agent.id, tasks.a.status, tasks.a.attempts, tasks.a.error]}" } },
  ),
};
