import type { Json, JsonObject } from "../json.ts";
import { parseDuration } from "./duration.ts";
import type {
  Definition,
  Following,
  ItemDefinition,
  OnTimeout,
  Policy,
  RetryPolicy,
  Target,
  TaskDefinition,
  Timeouts,
  Work,
} from "./definition.ts";

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

type AuthoredRetry = Optional<{
  maxAttempts: number;
  initialInterval: string;
  backoffCoefficient: number;
  maximumInterval: string;
  nonRetryableErrors: readonly string[];
}>;

type AuthoredTimeouts = Optional<{ queue: string; start: string; run: string; heartbeat: string }>;

type AuthoredWork = Optional<{
  type: string;
  name: string | null;
  agentCapability: string | null;
  agentId: string | null;
  parameters: JsonObject | null;
  retry: AuthoredRetry;
  timeout: AuthoredTimeouts;
  priority: number;
  onFailure: string;
  tool: string;
  url: string;
  method: string;
  headers: JsonObject;
  body: Json;
  success: readonly (string | number)[];
  workflowDefinitionId: string;
  revision: number;
}>;

type AuthoredTask = { readonly taskId: string } & AuthoredWork &
  Optional<{
    nextTaskId: string | null;
    next: readonly Optional<{ when: string; taskId: string | null }>[];
    dependsOn: readonly string[];
    join: string;
    when: string;
    fallbackTaskId: string | null;
    compensateWith: string | null;
    for: string;
    until: string;
    signal: string;
    onTimeout: string;
    forEach: Json;
    maxConcurrency: number;
    task: AuthoredWork;
  }>;

/** The document that an author saves and that is stored: checked, but without defaults. */
export type AuthoredDefinition = {
  readonly id: string;
  readonly name: string;
  readonly tasks: readonly AuthoredTask[];
} & Optional<{
  description: string | null;
  version: string | number | null;
  input: JsonObject;
  timeout: string;
  defaults: Optional<{ retry: AuthoredRetry; timeout: AuthoredTimeouts; priority: number }>;
}>;

/** The engine's retry policy where neither the task nor `defaults` says anything. */
export const defaultRetry: RetryPolicy = {
  maxAttempts: 3,
  initialIntervalMs: 1_000,
  backoffCoefficient: 2,
  maximumIntervalMs: 5 * 60_000,
  nonRetryableErrors: [],
};

/** The engine's deadlines where neither the task nor `defaults` says anything. */
export const defaultTimeouts: Timeouts = {
  queueMs: 24 * 3_600_000,
  startMs: 60_000,
  runMs: 15 * 60_000,
  heartbeatMs: null,
};

/** Of a call that the engine makes itself; a definition's `defaults` are for agents. */
const callRunMs = 30_000;

/** A person, a signal or a child session has no deadline unless one is named. */
export const noDeadlineMs = Number.MAX_SAFE_INTEGER;

export const defaultPriority = 50;

const defaultConcurrency = 10;

const milliseconds = (text: string | undefined, fallback: number): number =>
  (text === undefined ? null : parseDuration(text)) ?? fallback;

/** A policy with what an author says of it. */
export const retryOver = (base: RetryPolicy, authored: AuthoredRetry = {}): RetryPolicy => ({
  maxAttempts: authored.maxAttempts ?? base.maxAttempts,
  initialIntervalMs: milliseconds(authored.initialInterval, base.initialIntervalMs),
  backoffCoefficient: authored.backoffCoefficient ?? base.backoffCoefficient,
  maximumIntervalMs: milliseconds(authored.maximumInterval, base.maximumIntervalMs),
  nonRetryableErrors: authored.nonRetryableErrors ?? base.nonRetryableErrors,
});

const timeoutsOver = (base: Timeouts, authored: AuthoredTimeouts = {}): Timeouts => ({
  queueMs: milliseconds(authored.queue, base.queueMs),
  startMs: milliseconds(authored.start, base.startMs),
  runMs: milliseconds(authored.run, base.runMs),
  heartbeatMs: authored.heartbeat === undefined ? base.heartbeatMs : parseDuration(authored.heartbeat),
});

const targetOf = (task: AuthoredWork): Target => {
  if (typeof task.agentId === "string") return { kind: "agent", agentId: task.agentId };
  if (typeof task.agentCapability === "string") return { kind: "capability", capability: task.agentCapability };
  return { kind: "home" };
};

/** An absent key and `null` differ: the first lets the task below follow, the second ends. */
export const followingOf = (
  nextTaskId: string | null | undefined,
  next?: readonly Optional<{ when: string; taskId: string | null }>[],
): Following => {
  if (next !== undefined) {
    const choices = next.map(({ when, taskId }) => ({ when: when ?? null, taskId: taskId ?? null }));
    return { kind: "choice", choices };
  }
  if (nextTaskId === undefined) return { kind: "below" };
  return nextTaskId === null ? { kind: "end" } : { kind: "task", taskId: nextTaskId };
};

const httpParameters = ({ url, method, headers, body }: AuthoredWork): JsonObject => ({
  url: url ?? "",
  method: method ?? (body === undefined ? "GET" : "POST"),
  headers: headers ?? {},
  ...(body === undefined ? {} : { body }),
});

/** The work of an item, or of a task that an item could be too; `null` for the other types. */
const itemWork = (task: AuthoredWork): Extract<Work, { type: "agent" | "tool" | "http" | "workflow" }> | null => {
  const parameters = task.parameters ?? {};
  switch (task.type ?? "agent") {
    case "agent":
      return { type: "agent", target: targetOf(task), parameters };
    case "tool":
      return { type: "tool", target: targetOf(task), tool: task.tool ?? "", parameters };
    case "http":
      return {
        type: "http",
        parameters: httpParameters(task),
        success: task.success === undefined ? ["2xx"] : task.success.map(String),
      };
    case "workflow":
      return {
        type: "workflow",
        workflowId: task.workflowDefinitionId ?? "",
        revision: task.revision ?? null,
        parameters,
      };
    default:
      return null;
  }
};

interface Defaults {
  readonly retry: RetryPolicy;
  readonly timeout: Timeouts;
  readonly priority: number;
}

/** `defaults` of a definition are for work that may be tried again; people and children are asked once. */
const policyOf = (task: AuthoredWork, defaults: Defaults): Policy => {
  const type = task.type ?? "agent";
  const isCall = type === "tool" || type === "http";
  const isWork = type === "agent" || isCall;
  const runMs = isCall ? callRunMs : noDeadlineMs;
  return {
    retry: retryOver(isWork ? defaults.retry : { ...defaultRetry, maxAttempts: 1 }, task.retry),
    timeout: timeoutsOver(type === "agent" ? defaults.timeout : { ...defaultTimeouts, runMs }, task.timeout),
    priority: task.priority ?? defaults.priority,
    onFailure: task.onFailure === "continue" ? "continue" : "fail",
  };
};

const itemOf = (task: AuthoredWork, name: string, defaults: Defaults): ItemDefinition => ({
  ...(itemWork(task) ?? { type: "agent", target: { kind: "home" }, parameters: {} }),
  ...policyOf(task, defaults),
  name: task.name ?? name,
});

const workOf = (task: AuthoredTask, defaults: Defaults): Work => {
  const plain = itemWork(task);
  if (plain !== null) return plain;
  const parameters = task.parameters ?? {};
  const onTimeout = (task.onTimeout ?? "fail") as OnTimeout;
  switch (task.type) {
    case "wait":
      return { type: "wait", parameters: task.for === undefined ? { until: task.until ?? "" } : { for: task.for } };
    case "signal":
      return { type: "signal", signal: task.signal ?? task.taskId, onTimeout, parameters };
    case "approval":
      return { type: "approval", onTimeout, parameters };
    default:
      return {
        type: "map",
        parameters: { forEach: task.forEach ?? [] },
        maxConcurrency: task.maxConcurrency ?? defaultConcurrency,
        item: itemOf(task.task ?? {}, task.name ?? task.taskId, defaults),
      };
  }
};

const taskOf = (task: AuthoredTask, defaults: Defaults): TaskDefinition => ({
  ...workOf(task, defaults),
  ...policyOf(task, defaults),
  taskId: task.taskId,
  name: task.name ?? task.taskId,
  dependsOn: task.dependsOn ?? null,
  join: task.join === "any" ? "any" : "all",
  when: task.when ?? null,
  following: followingOf(task.nextTaskId, task.next),
  fallbackTaskId: task.fallbackTaskId ?? null,
  compensateWith: task.compensateWith ?? null,
});

/**
 * The definition with the document's `defaults`, then the engine's, filled in. For documents that passed the check
 * when they were saved; a value that is none any more (an unreadable duration) falls back to its default.
 */
export const normalise = (document: AuthoredDefinition): Definition => {
  const defaults: Defaults = {
    retry: retryOver(defaultRetry, document.defaults?.retry),
    timeout: timeoutsOver(defaultTimeouts, document.defaults?.timeout),
    priority: document.defaults?.priority ?? defaultPriority,
  };
  return {
    id: document.id,
    name: document.name,
    description: document.description ?? null,
    version: document.version === undefined || document.version === null ? null : String(document.version),
    input: document.input ?? null,
    timeoutMs: document.timeout === undefined ? null : parseDuration(document.timeout),
    tasks: document.tasks.map((task) => taskOf(task, defaults)),
  };
};
