import type { SessionDetailAnswer } from "../contract/answers/session.ts";
import type { ErrorCode, Fault } from "../contract/problem.ts";

/**
 * What can be wrong without an answer of Ops-Core to say so. `connection_failed`: nothing was answered; whether it was
 * done is not known. `timed_out`: the same after the time-out, or what was waited for did not come in time. `aborted`:
 * your signal. `invalid_answer`: what answered is not Ops-Core, or not whole. `session_failed`: a session that was waited
 * for ended otherwise than completed.
 */
export type ClientErrorCode = "connection_failed" | "timed_out" | "aborted" | "invalid_answer" | "session_failed";

/** Everything to switch on. A newer server may send a code that is not in this list: keep a `default`. */
export type OpsCoreErrorCode = ErrorCode | ClientErrorCode;

/** What is known of an error besides its code and its words. */
export interface ErrorFacts {
  readonly status?: number;
  readonly errors?: readonly Fault[];
  readonly requestId?: string | null;
  readonly retryable?: boolean;
  readonly hint?: string | null;
  readonly retryAfterMs?: number | null;
  readonly cause?: unknown;
}

/** The one error that calls throw; `code` says which. Neither it nor its cause ever holds the key. */
export class OpsCoreError extends Error {
  override readonly name: string = "OpsCoreError";
  readonly code: OpsCoreErrorCode;
  /** The HTTP status; `null` if there was no answer. */
  readonly status: number | null;
  /** What is wrong with this very request, in words. */
  readonly detail: string;
  /** All faults of the request at once. */
  readonly errors: readonly Fault[];
  /** By this id the server's log knows the request; `null` if there was no answer. */
  readonly requestId: string | null;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** What to do about it, where there is something to do. */
  readonly hint: string | null;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number | null;

  constructor(code: OpsCoreErrorCode, detail: string, facts: ErrorFacts = {}) {
    super(`${code}: ${detail}`, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.detail = detail;
    this.status = facts.status ?? null;
    this.errors = facts.errors ?? [];
    this.requestId = facts.requestId ?? null;
    this.retryable = facts.retryable ?? false;
    this.hint = facts.hint ?? null;
    this.retryAfterMs = facts.retryAfterMs ?? null;
  }
}

/** A session that was waited for has failed or was cancelled; thrown only where `throwOnFailure` asks for it. */
export class SessionFailedError extends OpsCoreError {
  override readonly name = "SessionFailedError";
  /** The session as it ended, with its tasks and their errors. */
  readonly session: SessionDetailAnswer;

  constructor(session: SessionDetailAnswer) {
    super(
      "session_failed",
      `Session ${session.sessionId} is ${session.status}: ${session.reason ?? "no reason given"}`,
    );
    this.session = session;
  }
}
