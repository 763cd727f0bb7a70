import type { Json, JsonObject } from "../core/json.ts";

/**
 * A call that an `http` task makes. `url`, header values and `body` may hold markers of secrets: they are filled in
 * here, at the last moment, and nowhere kept. In a URL that a marker does not open, its value is percent-encoded.
 */
export interface HttpTaskRequest {
  /** GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS, in any case. */
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A string is sent as it is, anything else as JSON; `undefined`: no body. */
  readonly body: Json | undefined;
  /** For the whole exchange, reading the answer included. */
  readonly timeoutMs: number;
  /** The task's id, stable over its attempts; sent as `Idempotency-Key` unless the author sets that header. */
  readonly idempotencyKey: string;
  /** W3C; sent unless the author sets that header. */
  readonly traceparent: string;
  /** Which statuses are a success: `200`, `"200"`, `"2xx"`, `"200-204"`. Default: 200 to 299. */
  readonly success: { readonly status?: readonly (number | string)[] | undefined };
}

/** A tool that AgentKit runs while we wait. `arguments` may hold markers of secrets. */
export interface ToolTaskRequest {
  readonly agentId: string;
  readonly toolName: string;
  readonly arguments: JsonObject;
  readonly sessionId: string;
  /** Stable over attempts; sent as `Idempotency-Key`, which AgentKit as published ignores. */
  readonly taskId: string;
  /** The `opscore_task_id`. */
  readonly attemptId: string;
  readonly timeoutMs: number;
}

/** Why a call failed. A tool's own error has the code that AgentKit gives it instead, if that has the form of one. */
export type CallFailureCode =
  /** What the definition says cannot be sent: method, URL, header, body. */
  | "invalid_request"
  /** The egress policy does not allow the address. */
  | "refused_address"
  | "secret_missing"
  /** Never sent. */
  | "unreachable"
  | "timeout"
  /** Sent; no answer came, or not all of it. */
  | "no_answer"
  | "redirect"
  | "http_status"
  /** The answer, or what would become the output, is larger than 256 KiB. */
  | "too_large"
  /** The answer is a success, but neither JSON nor text. */
  | "not_text"
  | "agent_unknown"
  | "tool_unknown"
  | "tool_failed";

/**
 * - `answered`: `output` is at most 256 KiB as JSON. Of `http`: `{status, headers, body}`, headers lower-case and only
 *   those that say something of the body or how to go on; of `tool`: its result.
 * - `failed`: `sent` is false only if the request certainly never left us; `retryAfterMs` (≤ 1 h) only where the other
 *   side asked for a wait and a retry makes sense; `answer` is what it said, at most 4 KiB of its body.
 *
 * Neither holds the value of a secret, even if the other side repeats it, nor a NUL or ill-formed text.
 */
export type CallOutcome =
  | { readonly kind: "answered"; readonly output: Json }
  | {
      readonly kind: "failed";
      readonly code: CallFailureCode | (string & {});
      readonly message: string;
      readonly retryable: boolean;
      readonly retryAfterMs: number | null;
      readonly sent: boolean;
      readonly answer?: Json;
    };

/**
 * Calls that the engine itself makes, for `http` and `tool` tasks. Each is made once: no retry, no redirect. Never
 * throws for what the definition says or the other side does.
 */
export interface TaskCaller {
  http(request: HttpTaskRequest): Promise<CallOutcome>;
  tool(request: ToolTaskRequest): Promise<CallOutcome>;
}
