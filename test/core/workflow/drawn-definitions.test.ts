import { describe, expect, test } from "vitest";
import { parseDefinition } from "../../../src/app/check-definition.ts";
import type { AuthoredDefinition } from "../../../src/core/workflow/normalise.ts";
import { createRandom, type Random } from "../../sim/random.ts";
import { drawFamily } from "../../support/draw-family.ts";
import { drawGraph, type DrawWork } from "../../support/draw-graph.ts";

const options = {
  id: "w",
  mains: 6,
  until: ["2030-01-31T09:00:00Z", "${input.until}"],
  outside: {
    signals: ["paid", "sent"],
    urls: ["https://api.example.com/x", "${input.url}"],
    tools: ["search"],
    patience: ["1m", "1d"],
    lists: [[], ["a", 1, null, { x: "${input.n}" }], "${input.list}"],
  },
  timeouts: ["10m"],
};

const workOf =
  (draw: Random): DrawWork =>
  () => ({
    ...(draw.chance(0.5) ? { agentId: "a" } : { agentCapability: "x" }),
    parameters: { n: 1 },
    ...(draw.chance(0.2) ? { priority: draw.int(100) } : {}),
    retry: { maxAttempts: 2, nonRetryableErrors: ["FINAL"] },
    timeout: { queue: "1h", start: "60s", run: "5m", ...(draw.chance(0.3) ? { heartbeat: "90s" } : {}) },
  });

const drawn: readonly (readonly AuthoredDefinition[])[] = Array.from({ length: 500 }, (_, at) => {
  const draw = createRandom(`drawn-${at}`);
  return drawFamily(draw, workOf(draw), options, 1 + (at % 3));
});
const tops = drawn.map((family) => family.at(-1)!);

const faultsOf = (document: AuthoredDefinition) => {
  // As a server gets it.
  const checked = parseDefinition(JSON.parse(JSON.stringify(document)));
  return checked.ok ? [] : checked.faults;
};

test("500 drawn definitions with their children's pass the check of the language", { timeout: 60_000 }, () => {
  const found = drawn.flat().flatMap((document, at) => faultsOf(document).map((fault) => ({ at, ...fault })));
  expect(found).toEqual([]);
});

type Task = AuthoredDefinition["tasks"][number];
const isTask = (has: (task: Task, all: AuthoredDefinition) => boolean) => (document: AuthoredDefinition) =>
  document.tasks.some((task) => has(task, document));
const says = (pattern: RegExp) => (document: AuthoredDefinition) => pattern.test(JSON.stringify(document));
const isSide =
  (key: "fallbackTaskId" | "compensateWith", type: string) =>
  (task: Task, { tasks }: AuthoredDefinition) =>
    task.type === type && tasks.some((owner) => owner[key] === task.taskId);

const constructs: Readonly<Record<string, (document: AuthoredDefinition) => boolean>> = {
  "a join": isTask(({ dependsOn }) => (dependsOn?.length ?? 0) > 1),
  "a join of any": isTask(({ join }) => join === "any"),
  "a condition over a status": isTask(({ when }) => when?.includes("status") === true),
  "a condition over an output": isTask(({ when }) => when?.includes("output") === true),
  "a choice over an output": isTask(({ next }) => next?.some((way) => way.when?.includes("output")) === true),
  "a fallback of a fallback": isTask(({ taskId }) => taskId.startsWith("g")),
  "a tolerated failure": isTask(({ onFailure }) => onFailure === "continue"),
  "a priority": isTask(({ priority }) => priority !== undefined),
  "a heartbeat": isTask(({ timeout }) => timeout?.heartbeat !== undefined),
  "errors that are final": says(/nonRetryableErrors/),
  "a session time-out": ({ timeout }) => timeout !== undefined,
  "a wait for": isTask((task) => task.for !== undefined),
  "a wait until": isTask(({ until }) => until !== undefined),
  "a signal with a time-out that goes on": isTask((task) => task.type === "signal" && task.onTimeout === "continue"),
  "a signal of its own name": isTask((task) => task.type === "signal" && task.signal === undefined),
  "a signal without a time-out": isTask((task) => task.type === "signal" && task.timeout === undefined),
  "an approval that time approves": isTask((task) => task.type === "approval" && task.onTimeout === "approve"),
  "an approval that time rejects": isTask((task) => task.type === "approval" && task.onTimeout === "reject"),
  "a tool": isTask(({ type }) => type === "tool"),
  "an http call with a body": isTask(({ type, body }) => type === "http" && body !== undefined),
  "an http call with headers and a success rule": isTask((task) => task.headers !== undefined && task.success !== undefined), // prettier-ignore
  "a child": isTask(({ type }) => type === "workflow"),
  "a child with retries": isTask(({ type, retry }) => type === "workflow" && retry !== undefined),
  "a map of agents": isTask(({ type, task }) => type === "map" && task?.type === undefined),
  "a map of tools": isTask(({ task }) => task?.type === "tool"),
  "a map of calls": isTask(({ task }) => task?.type === "http"),
  "a map of children": isTask(({ task }) => task?.type === "workflow"),
  "a map over nothing": isTask(({ forEach }) => Array.isArray(forEach) && forEach.length === 0),
  "a map over the input": isTask(({ forEach }) => forEach === "${input.list}"),
  "a map over an output": isTask(({ forEach }) => String(forEach).startsWith("${tasks.")),
  "a map one at a time": isTask(({ maxConcurrency }) => maxConcurrency === 1),
  "a map that bears failures": isTask(({ task }) => task?.onFailure === "continue"),
  "an item that reads itself": says(/\$\{item\}.*\$\{index\}/),
  "a fallback that asks a person": isTask(isSide("fallbackTaskId", "approval")),
  "a fallback that is a map": isTask(isSide("fallbackTaskId", "map")),
  "a compensation that calls": isTask(isSide("compensateWith", "http")),
  "a compensation that is a child": isTask(isSide("compensateWith", "workflow")),
};

describe("each construct has its share", () => {
  test.each(Object.entries(constructs))("%s", (_, has) => {
    expect(tops.filter(has).length).toBeGreaterThan(2);
  });
});

test("children know only those before them: three deep at most", () => {
  for (const family of drawn) {
    const ids = family.map(({ id }) => id);
    for (const [at, { tasks }] of family.entries()) {
      const named = tasks.flatMap((task) => [task.workflowDefinitionId, task.task?.workflowDefinitionId]);
      for (const id of named) if (id !== undefined) expect(ids.slice(0, at)).toContain(id);
    }
  }
  expect(Math.max(...drawn.map((family) => family.length))).toBe(3);
});

test("what is not given is not drawn", () => {
  const draw = createRandom("plain");
  const { id, mains, until } = options;
  const tasks = Array.from({ length: 50 }, () => drawGraph(draw, workOf(draw), { id, mains, until })).flatMap((one) => one.tasks); // prettier-ignore
  expect(new Set(tasks.map(({ type }) => type))).toEqual(new Set([undefined, "wait"]));
});
