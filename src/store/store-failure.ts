import { OpsError } from "../app/ops-error.ts";

/** The one place that knows what a unique violation looks like in each driver. */
export const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Error &&
  (/UNIQUE constraint failed|SQLITE_CONSTRAINT_(PRIMARYKEY|UNIQUE)/.test(error.message) ||
    (error.cause !== undefined && isUniqueViolation(error.cause)));

/** Driver errors become one failure that callers may retry. The driver's text may hold parameters: it stays in `cause`. */
export const storeFailure = (error: unknown): OpsError =>
  error instanceof OpsError
    ? error
    : new OpsError("store_unavailable", "The store did not answer; the request may be repeated.", { cause: error });
