import { OpsCoreError } from "../sdk/errors.ts";

/** The same error with what to try, unless the server has said that. What is none of the client's stays as it is. */
export const withHint = (error: unknown, hint: string): unknown => {
  if (!(error instanceof OpsCoreError)) return error;
  const { code, detail, status, errors, requestId, retryable, retryAfterMs } = error;
  const facts = { errors, requestId, retryable, retryAfterMs, hint: error.hint ?? hint, cause: error };
  return new OpsCoreError(code, detail, status === null ? facts : { ...facts, status });
};
