import { publishCommit } from "./advance-session.ts";
import { commitStart, type Started, type StartRequest } from "./commit-start.ts";
import type { Deps } from "./deps.ts";
import type { Cause } from "./log-row.ts";

/** Starts a session and what follows from that: see `commitStart`. */
export const startSession = (deps: Deps, request: StartRequest, cause: Cause): Promise<Started> =>
  commitStart(deps, request, cause, publishCommit);
