import type { Fault } from "../contract/problem.ts";
import { OpsCoreError, type OpsCoreErrorCode } from "./errors.ts";
import { parseRetryAfter } from "./retry.ts";

/** Of answers that Ops-Core did not write itself: what is between it and us. */
const RETRYABLE_STATUSES = [408, 425, 429, 502, 503, 504];

type Members = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const textOr = <T>(value: unknown, otherwise: T): string | T => (typeof value === "string" ? value : otherwise);

const faultsOf = (value: unknown): readonly Fault[] =>
  Array.isArray(value) ? value.filter((one): one is Fault => isObject(one) && typeof one["message"] === "string") : [];

/**
 * The body of a success, or the error that the answer stands for. `nowMs` is for a `Retry-After` that is a date.
 *
 * @internal
 */
export const readAnswer = (response: Response, text: string, nowMs: number): unknown => {
  const { status, headers } = response;
  const body = text === "" ? null : parsed(text);
  const facts = {
    status,
    requestId: headers.get("X-Request-Id"),
    retryAfterMs: parseRetryAfter(headers.get("Retry-After"), nowMs),
  };
  if (response.ok) {
    if (isObject(body) || (body === null && status === 204)) return body;
    throw new OpsCoreError("invalid_answer", `The answer ${status} is no JSON object`, facts);
  }
  const code = isObject(body) ? body["code"] : undefined;
  if (!isObject(body) || typeof code !== "string") {
    const retryable = RETRYABLE_STATUSES.includes(status);
    const detail = textOr(isObject(body) ? body["detail"] : undefined, "it is no problem of Ops-Core").slice(0, 400);
    throw new OpsCoreError("invalid_answer", `The answer ${status}: ${detail}`, { ...facts, retryable });
  }
  throw new OpsCoreError(code as OpsCoreErrorCode, textOr(body["detail"], `The answer ${status}`), {
    ...facts,
    requestId: textOr(body["requestId"], facts.requestId),
    errors: faultsOf(body["errors"]),
    retryable: body["retryable"] === true,
    hint: textOr(body["hint"], null),
  });
};
