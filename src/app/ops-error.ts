import { statusOf, type ErrorCode, type Fault } from "../contract/problem.ts";

interface OpsErrorOptions {
  readonly cause?: unknown;
  readonly errors?: readonly Fault[];
  readonly hint?: string;
  /** Seconds for the `Retry-After` header; given for 429 and 503. */
  readonly retryAfterSeconds?: number;
  /** Extra response headers, for example `Allow` with 405. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A request that cannot be answered with success: a refusal by the rules or a failure of the world.
 * `code` is from the closed list and fixes the status; anything else thrown is a bug and becomes a 500.
 */
export class OpsError extends Error {
  override readonly name = "OpsError";
  readonly code: ErrorCode;
  readonly errors: readonly Fault[] | undefined;
  readonly hint: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, message: string, options: OpsErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.errors = options.errors;
    this.hint = options.hint;
    this.retryAfterSeconds = options.retryAfterSeconds ?? (statusOf(code) === 503 ? 1 : undefined);
    this.headers = options.headers ?? {};
  }

  get status(): number {
    return statusOf(this.code);
  }

  get retryable(): boolean {
    return this.status === 429 || this.status === 503;
  }
}
