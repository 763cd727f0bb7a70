import type { Json, JsonObject } from "../core/json.ts";

/** Wall time. The only source of `now` in app; core gets it inside its commands. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

/** Random bits for ids, nonces and jitter. */
export interface Entropy {
  bytes(length: number): Uint8Array;
}

/** Work that goes on after the answer: `waitUntil` on Workers, a drained set of promises on Node. */
export interface Defer {
  defer(work: () => Promise<void>): void;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

/** One JSON object a line. Never given secrets; payloads only at `debug`. */
export interface Log {
  log(level: LogLevel, message: string, fields?: JsonObject): void;
}

export type Transport = "direct" | "agentkit";

/** The body of a task delivery: exactly the keys, all present, that AgentKit forwards to an agent. */
export interface TaskMessage {
  readonly senderId: string;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly messageType: "workflow_task";
  readonly payload: JsonObject;
  readonly sessionContext: { readonly sessionId: string; readonly priorMessages: readonly string[] };
  readonly task_name: string;
  readonly opscore_session_id: string;
  readonly opscore_task_id: string;
}

export interface Recipient {
  readonly agentId: string;
  /** `null`: a provisional agent, reachable through AgentKit only. */
  readonly contactEndpoint: string | null;
}

/** Why one transport did not deliver, in words for the operator. */
export interface Refusal {
  readonly transport: Transport;
  readonly reason: string;
}

/**
 * What became of one dispatch.
 * - `delivered`: the agent answered (`silent: false`, `answer` is its JSON or null), or the request was
 *   sent and nothing came back (`silent: true`).
 * - `accepted`: AgentKit took it, which proves nothing; `unsure` if even its answer is missing.
 * - `rejected`: the agent said no (4xx or `{"status":"ignored"}`). `agent_error`: the agent broke (5xx).
 * - `refused`: no transport delivered it; nobody has seen the task. `retryAfterMs` from `Retry-After`.
 * `refusals` names every transport that was tried or ruled out before this outcome.
 */
export type DeliveryOutcome = (
  | {
      readonly kind: "delivered";
      readonly transport: "direct";
      readonly silent: boolean;
      readonly answer: Json;
      /** Why the outcome is unknown, or why an answer was not kept; in words for the operator. */
      readonly doubt?: string;
    }
  | { readonly kind: "accepted"; readonly transport: "agentkit"; readonly unsure: boolean }
  | { readonly kind: "rejected"; readonly transport: Transport; readonly message: string }
  | { readonly kind: "agent_error"; readonly transport: Transport; readonly message: string }
  | { readonly kind: "refused"; readonly retryAfterMs: number | null }
) & { readonly refusals: readonly Refusal[] };

/** Sends tasks to agents. Never throws for what the other side does; every fault is an outcome. */
export interface AgentGateway {
  deliver(recipient: Recipient, message: TaskMessage): Promise<DeliveryOutcome>;
}

/** A nudge to look at a session or a schedule. Carries no truth: losing every one of them costs time, never work. */
export type Hint =
  | {
      readonly sessionId: string;
      /** Epoch ms at which there is something to do. */
      readonly at: number;
      /** `retry`: wanted on time; `deadline`: the sweep is soon enough. */
      readonly kind: "retry" | "deadline";
    }
  /** A call to be made, now, by whoever takes the hint: one that outlasts the invocation which asked for it. */
  | {
      readonly sessionId: string;
      readonly at: number;
      readonly kind: "call";
      readonly n: number;
      readonly attempt: number;
    }
  /** A schedule that is due, where a sweep has more of them than it fires itself. */
  | { readonly scheduleId: string; readonly at: number; readonly kind: "schedule" };

/** Best effort and cheap; never throws. */
export interface Hints {
  send(hints: readonly Hint[]): Promise<void>;
}

/** What is wrong with a cron expression or a time zone, in words for its author. */
export interface CalendarFault {
  readonly field: "cron" | "timeZone";
  readonly code: string;
  readonly message: string;
}

/** Cron expressions in time zones. Pure: the same question always has the same answer. */
export interface Calendar {
  /** Every fault; none: `next` may be asked. */
  check(cron: string, zone: string): readonly CalendarFault[];
  /** The first time after `afterMs` (epoch ms) that fits, strictly later; `null`: there is none. */
  next(cron: string, zone: string, afterMs: number): number | null;
}
