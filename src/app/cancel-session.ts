import { isSessionId } from "../core/ids.ts";
import { WORDS } from "../core/session/control.ts";
import type { SessionState } from "../core/session/state.ts";
import { advanceSession } from "./advance-session.ts";
import type { Deps } from "./deps.ts";
import type { Cause } from "./log-row.ts";
import { OpsError } from "./ops-error.ts";

export const sessionNotFound = (sessionId: string): OpsError =>
  new OpsError("session_not_found", isSessionId(sessionId) ? `Session not found: ${sessionId}` : "Session not found.");

export const sessionEnded = (status: string): OpsError =>
  new OpsError("session_ended", `The session has already ${WORDS[status as keyof typeof WORDS]}.`, {
    hint: "A session that has ended can be run again: POST …/rerun.",
  });

/**
 * Cancels a session: open attempts end, agents are freed, waiting tasks leave their queues. `already`: it was
 * cancelled before. A session that ended otherwise is 409.
 */
export const cancelSession = async (
  deps: Deps,
  sessionId: string,
  reason: string | null,
  cause: Cause,
): Promise<{ readonly state: SessionState; readonly already: boolean }> => {
  const wish = { type: "CancelSession", reason, actor: cause.actor } as const;
  const advanced = isSessionId(sessionId) ? await advanceSession(deps, sessionId, wish, cause) : null;
  if (advanced === null) throw sessionNotFound(sessionId);
  const { answer, state } = advanced;
  if (answer.kind === "ended") throw sessionEnded(answer.status);
  return { state, already: answer.kind === "unchanged" };
};
