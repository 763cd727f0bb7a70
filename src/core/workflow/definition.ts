import type { JsonObject } from "../json.ts";
import { parseDuration } from "./duration.ts";

/** Who may work on a task. `home` names nobody: the agent through which the session was started. */
export type Target =
  | { readonly kind: "agent"; readonly agentId: string }
  | { readonly kind: "capability"; readonly capability: string }
  | { readonly kind: "home" };

/** When a failed attempt is followed by another; the attempts include the first. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly initialIntervalMs: number;
  readonly backoffCoefficient: number;
  readonly maximumIntervalMs: number;
  readonly nonRetryableErrors: readonly string[];
}

/** Deadlines: waiting for an agent, delivered but no sign of life, and working. */
export interface Timeouts {
  readonly queueMs: number;
  readonly startMs: number;
  readonly runMs: number;
}

/** What the author wrote about the next task. `below`: nothing, so the task below follows unless another task names it. */
export type Following =
  { readonly kind: "task"; readonly taskId: string } | { readonly kind: "end" } | { readonly kind: "below" };

/** One task with every default filled in. `parameters` is a template: `${…}` is not rendered yet. */
export interface TaskDefinition {
  readonly taskId: string;
  readonly name: string;
  readonly type: "agent";
  readonly target: Target;
  readonly parameters: JsonObject;
  readonly retry: RetryPolicy;
  readonly timeout: Timeouts;
  readonly following: Following;
}

/** A definition as the engine reads it. `version` is the author's label and means nothing. */
export interface Definition {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly version: string | null;
  readonly tasks: readonly TaskDefinition[];
}

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

type AuthoredRetry = Optional<{
  maxAttempts: number;
  initialInterval: string;
  backoffCoefficient: number;
  maximumInterval: string;
  nonRetryableErrors: readonly string[];
}>;

type AuthoredTimeouts = Optional<{ queue: string; start: string; run: string }>;

type AuthoredTask = { readonly taskId: string } & Optional<{
  name: string | null;
  agentCapability: string | null;
  agentId: string | null;
  parameters: JsonObject | null;
  retry: AuthoredRetry;
  timeout: AuthoredTimeouts;
  nextTaskId: string | null;
}>;

/** The document that an author saves and that is stored: checked, but without defaults. */
export type AuthoredDefinition = {
  readonly id: string;
  readonly name: string;
  readonly tasks: readonly AuthoredTask[];
} & Optional<{
  description: string | null;
  version: string | number | null;
  defaults: Optional<{ retry: AuthoredRetry; timeout: AuthoredTimeouts }>;
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
export const defaultTimeouts: Timeouts = { queueMs: 24 * 3_600_000, startMs: 60_000, runMs: 15 * 60_000 };

const milliseconds = (text: string | undefined, fallback: number): number =>
  (text === undefined ? null : parseDuration(text)) ?? fallback;

const retryOver = (base: RetryPolicy, authored: AuthoredRetry = {}): RetryPolicy => ({
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
});

const targetOf = (task: AuthoredTask): Target => {
  if (typeof task.agentId === "string") return { kind: "agent", agentId: task.agentId };
  if (typeof task.agentCapability === "string") return { kind: "capability", capability: task.agentCapability };
  return { kind: "home" };
};

/** An absent key and `null` differ: the first lets the task below follow, the second ends. */
export const followingOf = (nextTaskId: string | null | undefined): Following => {
  if (nextTaskId === undefined) return { kind: "below" };
  return nextTaskId === null ? { kind: "end" } : { kind: "task", taskId: nextTaskId };
};

/**
 * The definition with the document's `defaults`, then the engine's, filled in. For documents that passed the check
 * when they were saved; a value that is none any more (an unreadable duration) falls back to its default.
 */
export const normalise = (document: AuthoredDefinition): Definition => {
  const retry = retryOver(defaultRetry, document.defaults?.retry);
  const timeout = timeoutsOver(defaultTimeouts, document.defaults?.timeout);
  return {
    id: document.id,
    name: document.name,
    description: document.description ?? null,
    version: document.version === undefined || document.version === null ? null : String(document.version),
    tasks: document.tasks.map((task) => ({
      taskId: task.taskId,
      name: task.name ?? task.taskId,
      type: "agent",
      target: targetOf(task),
      parameters: task.parameters ?? {},
      retry: retryOver(retry, task.retry),
      timeout: timeoutsOver(timeout, task.timeout),
      following: followingOf(task.nextTaskId),
    })),
  };
};
