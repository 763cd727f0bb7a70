import type { Context, ErrorHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { OpsError } from "../../app/ops-error.ts";
import type { Log } from "../../app/ports.ts";
import { statusOf, titleOf, type ErrorCode, type Problem } from "../../contract/problem.ts";
import type { AppEnv } from "../env.ts";
import { describeError } from "./describe-error.ts";

/** The stable URL that names a kind of problem. */
export const problemType = (code: ErrorCode): string => `https://ops-core.dev/problems/${code}`;

// `clip` may cut a surrogate pair in two, and a strict JSON reader refuses the half that is left.
const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, "\uFFFD");

export const problemOf = (error: OpsError, requestId: string): Problem => ({
  type: problemType(error.code),
  title: titleOf(error.code),
  status: error.status,
  detail: wellFormed(error.message),
  code: error.code,
  requestId,
  retryable: error.retryable,
  ...(error.errors === undefined || error.errors.length === 0
    ? {}
    : {
        errors: error.errors.map((fault) => ({
          ...fault,
          pointer: wellFormed(fault.pointer),
          message: wellFormed(fault.message),
        })),
      }),
  ...(error.hint === undefined ? {} : { hint: wellFormed(error.hint) }),
});

export const problemResponse = (c: Context<AppEnv>, error: OpsError): Response => {
  // Unset only where the request-id middleware has not run.
  const requestId = (c.get("requestId") as string | undefined) ?? "none";
  c.set("problemCode", error.code);
  const headers = new Headers(error.headers);
  headers.set("Content-Type", "application/problem+json");
  headers.set("X-Request-Id", requestId);
  if (error.status === 401 && !headers.has("WWW-Authenticate")) headers.set("WWW-Authenticate", "Bearer");
  if (error.retryAfterSeconds !== undefined) {
    headers.set("Retry-After", String(Math.max(0, Math.ceil(error.retryAfterSeconds))));
  }
  return new Response(JSON.stringify(problemOf(error, requestId)), { status: error.status, headers });
};

/** The one place where an error becomes an answer. What is no OpsError is a bug: logged in full, told as nothing. */
export const problemHandler = (deps: { readonly log: Log }): ErrorHandler<AppEnv> => {
  return (error, c) => {
    const known = knownError(error);
    if (known === undefined || known.status >= 500) {
      deps.log.log(
        known === undefined ? "error" : "warn",
        known === undefined ? "unexpected error" : "request failed",
        {
          requestId: c.get("requestId") ?? null,
          method: c.req.method,
          ...(known === undefined ? {} : { code: known.code }),
          ...describeError(error),
        },
      );
    }
    return problemResponse(c, known ?? new OpsError("internal_error", "The server met an unexpected fault"));
  };
};

const knownError = (error: Error): OpsError | undefined => {
  if (error instanceof OpsError) return error;
  if (!(error instanceof HTTPException)) return undefined;
  const code = codeOfStatus(error.status);
  return code === undefined ? undefined : new OpsError(code, titleOf(code), { cause: error });
};

const codesByStatus: Readonly<Record<number, ErrorCode>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  405: "method_not_allowed",
  409: "conflict",
  413: "payload_too_large",
  415: "unsupported_media_type",
  422: "validation_failed",
  429: "rate_limited",
};

/** Statuses that a library may throw. An unlisted 4xx is still the caller's fault; a 5xx is a bug of ours. */
const codeOfStatus = (status: number): ErrorCode | undefined => {
  const code = codesByStatus[status] ?? (status >= 400 && status < 500 ? "invalid_header" : undefined);
  return code !== undefined && statusOf(code) < 500 ? code : undefined;
};
