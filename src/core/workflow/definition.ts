import type { JsonObject } from "../json.ts";

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

/** Deadlines: waiting for an agent, delivered but no sign of life, working, and between two signs of life. */
export interface Timeouts {
  readonly queueMs: number;
  readonly startMs: number;
  readonly runMs: number;
  /** `null`: signs of life are not asked for. */
  readonly heartbeatMs: number | null;
}

/** One way on after a task: the first whose condition holds is taken. `taskId` null: the path ends there. */
export interface Choice {
  /** CEL; `null`: always. */
  readonly when: string | null;
  readonly taskId: string | null;
}

/** What the author wrote about the next task. `below`: nothing, so the task below follows unless another task names it. */
export type Following =
  | { readonly kind: "task"; readonly taskId: string }
  | { readonly kind: "end" }
  | { readonly kind: "below" }
  | { readonly kind: "choice"; readonly choices: readonly Choice[] };

/** What happens when nobody decided, or no signal came, in time. */
export type OnTimeout = "fail" | "continue" | "approve" | "reject";

/** What is done: by a task, or by each item of a map. `parameters` is a template: `${…}` is not rendered yet. */
export type Work =
  | { readonly type: "agent"; readonly target: Target; readonly parameters: JsonObject }
  | { readonly type: "tool"; readonly target: Target; readonly tool: string; readonly parameters: JsonObject }
  /** `parameters`: `url`, `method`, `headers`, `body`. `success`: statuses such as `200`, `2xx`, `200-204`. */
  | { readonly type: "http"; readonly parameters: JsonObject; readonly success: readonly string[] }
  /** A child session; `parameters` become its input. `revision` null: the newest when it starts. */
  | {
      readonly type: "workflow";
      readonly workflowId: string;
      readonly revision: number | null;
      readonly parameters: JsonObject;
    }
  /** `parameters`: either `for` (a duration) or `until` (an instant). */
  | { readonly type: "wait"; readonly parameters: JsonObject }
  | { readonly type: "signal"; readonly signal: string; readonly onTimeout: OnTimeout; readonly parameters: JsonObject }
  | { readonly type: "approval"; readonly onTimeout: OnTimeout; readonly parameters: JsonObject }
  /** `parameters`: `forEach` alone, a template that renders to a list. */
  | {
      readonly type: "map";
      readonly parameters: JsonObject;
      readonly maxConcurrency: number;
      readonly item: ItemDefinition;
    };

/** How work is repeated, bounded and ranked. */
export interface Policy {
  readonly retry: RetryPolicy;
  readonly timeout: Timeouts;
  /** 0–99; each point is worth 30 s of waiting. */
  readonly priority: number;
  readonly onFailure: "fail" | "continue";
}

/** What is done for each item of a map. */
export type ItemDefinition = Extract<Work, { type: "agent" | "tool" | "http" | "workflow" }> &
  Policy & { readonly name: string };

/** One task with every default filled in. */
export type TaskDefinition = Work &
  Policy & {
    readonly taskId: string;
    readonly name: string;
    /** `null`: no such key; an empty list starts at once. */
    readonly dependsOn: readonly string[] | null;
    readonly join: "all" | "any";
    /** CEL; `null`: always. */
    readonly when: string | null;
    readonly following: Following;
    readonly fallbackTaskId: string | null;
    readonly compensateWith: string | null;
  };

/** A definition as the engine reads it. `version` is the author's label and means nothing. */
export interface Definition {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly version: string | null;
  /** A JSON Schema that the session's input must fit; `null`: anything. */
  readonly input: JsonObject | null;
  /** How long a session may run; `null`: as long as it takes. */
  readonly timeoutMs: number | null;
  readonly tasks: readonly TaskDefinition[];
}
