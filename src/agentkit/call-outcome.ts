import type { CallFailureCode, CallOutcome } from "../app/call-port.ts";
import type { Json } from "../core/json.ts";
import { clipped, jsonOf, messageIn, retryAfterMs, type HttpAnswer } from "./answer.ts";
import type { HttpOutcome } from "./http-call.ts";
import type { Filling, Redaction } from "./secrets.ts";

export type Failure = Extract<CallOutcome, { kind: "failed" }>;

/** Of an answer's body, and of an output as JSON. */
export const MAX_OUTPUT_BYTES = 256 * 1024;

const MAX_MESSAGE = 400;
const MAX_KEPT_BYTES = 4 * 1024;
/** The longest that a timer can wait; above it would fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export const failure = (
  code: CallFailureCode | (string & {}),
  message: string,
  more: Partial<Failure> = {},
): Failure => ({
  kind: "failed",
  code,
  message: clipped(message, MAX_MESSAGE),
  retryable: false,
  retryAfterMs: null,
  sent: false,
  ...more,
});

/** Nothing is sent of a request whose secrets are not at hand. */
export const unfilled = (trouble: NonNullable<Filling["trouble"]>): Failure =>
  "missing" in trouble
    ? failure("secret_missing", `no secret ${trouble.missing} is configured (OPSCORE_SECRET_${trouble.missing})`)
    : failure("invalid_request", "the request is longer than 1 MiB once its secrets are filled in");

/** `who` starts a sentence. */
export const unanswered = (outcome: Exclude<HttpOutcome, { kind: "answer" }>, who: string): Failure => {
  const sent = outcome.kind === "silence";
  const code = outcome.timedOut === true ? "timeout" : sent ? "no_answer" : "unreachable";
  return failure(code, `${who} ${outcome.reason}`, { retryable: true, sent });
};

/** The failure of a body that cannot be taken; null for one that can. */
export const spoilt = ({ status, fault, headers }: HttpAnswer, who: string): Failure | null => {
  if (fault === undefined) return null;
  const answered = `${who} answered ${status}`;
  switch (fault) {
    case "too_large":
      return failure("too_large", `${answered} with more than 256 KiB`, { sent: true });
    case "timed_out":
      return failure("timeout", `${answered}, but not all of it in time`, { sent: true, retryable: true });
    case "broken":
      return failure("no_answer", `${answered} and broke off`, { sent: true, retryable: true });
    case "not_text": {
      const kind = [headers.get("content-type"), headers.get("content-encoding")].filter(Boolean).join(", ");
      return failure("not_text", `${answered} with bytes that are no text${kind && ` (${kind})`}`, { sent: true });
    }
  }
};

const tryAgain: ReadonlySet<number> = new Set([408, 425, 429]);

/** An answer that is no success: what it says, and whether asking again makes sense. */
export const refusedWith = (
  answer: HttpAnswer,
  who: string,
  nowMs: number,
  redaction: Redaction,
): Pick<Failure, "message" | "retryable" | "retryAfterMs" | "sent"> => {
  const { status } = answer;
  const retryable = status >= 500 || tryAgain.has(status);
  const said = messageIn(redaction.json(jsonOf(answer)), status);
  const answered = `${who} answered ${status}`;
  return {
    message: said === `answered ${status}` ? answered : `${answered} (${said})`,
    retryable,
    retryAfterMs: retryable ? retryAfterMs(answer, nowMs) : null,
    sent: true,
  };
};

/** What is kept of what the other side said. */
export const kept = (value: Json): Json => {
  const text = JSON.stringify(value);
  return byteLength(text) <= MAX_KEPT_BYTES ? value : clipped(typeof value === "string" ? value : text, 1_000);
};

/** An output if it is small enough. */
export const answeredWith = (output: Json, who: string): CallOutcome =>
  byteLength(JSON.stringify(output)) <= MAX_OUTPUT_BYTES
    ? { kind: "answered", output }
    : failure("too_large", `${who} answered what is more than 256 KiB as JSON`, { sent: true });

export const boundedTimeout = (timeoutMs: number): number => Math.min(Math.max(1, timeoutMs), MAX_TIMEOUT_MS);

const byteLength = (text: string): number => new TextEncoder().encode(text).length;
