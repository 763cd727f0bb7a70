import type { TaskFailure } from "./inputs.ts";

/** Why a handler gives up, for Ops-Core to judge whether to try again. Any other error is `handler_failed`. */
export class TaskError extends Error {
  override readonly name = "TaskError";
  readonly code: string;
  readonly retryable: boolean | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    code: string,
    message: string,
    options: { readonly retryable?: boolean; readonly retryAfterMs?: number } = {},
  ) {
    super(message);
    this.code = code;
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** What Ops-Core takes. */
const MAX_CODE = 128;
const MAX_MESSAGE = 8_192;
const LONGEST_WAIT_MS = 365 * 86_400_000;

/** Cut to length, and without what no text may hold: NUL, and halves of characters, which the cut may have left. */
const sendable = (text: string, length: number): string =>
  text.slice(0, length).replace(/[\0\p{Surrogate}]/gu, "\uFFFD");

/** The words of whatever was thrown; an object that has none throws at the question. */
const wordsOf = (error: unknown): string => {
  try {
    return error instanceof Error ? String(error.message) : String(error);
  } catch {
    return "something that has no text was thrown";
  }
};

/**
 * What is said of a handler that threw. Always something that Ops-Core takes: a failure that is not told leaves the attempt
 * open until it runs out of time.
 *
 * @internal
 */
export const failureOf = (error: unknown): TaskFailure => {
  const message = sendable(wordsOf(error), MAX_MESSAGE);
  if (!(error instanceof TaskError)) return { code: "handler_failed", message };
  const { code, retryable, retryAfterMs = NaN } = error;
  return {
    code: sendable(String(code), MAX_CODE) || "handler_failed",
    message,
    ...(typeof retryable === "boolean" ? { retryable } : {}),
    ...(retryAfterMs >= 0 ? { retryAfterMs: Math.min(LONGEST_WAIT_MS, Math.ceil(retryAfterMs)) } : {}),
  };
};
