import type { Principal } from "../app/keys/principal.ts";
import type { ErrorCode } from "../contract/problem.ts";

/** What the middleware leaves in the context for handlers and for one another. */
export interface AppEnv {
  Variables: {
    /** Set on every request, before anything else runs. */
    requestId: string;
    /** Who asks; set where a key is needed. */
    principal?: Principal;
    /** The agents for which the caller has the scope of the operation; absent: all. */
    speaksFor?: readonly string[];
    /** Bytes of the request body that were read. */
    bodyBytes?: number;
    /** Set by the error handler, for the request's log line. */
    problemCode?: ErrorCode;
  };
}
