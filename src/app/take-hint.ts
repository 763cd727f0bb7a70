import { beginCall, tickSession } from "./advance-session.ts";
import type { Deps } from "./deps.ts";
import { tickSchedule } from "./schedules/tick-schedule.ts";

/** What a hint asks for: a session to be ticked, a call that was left to whoever takes the hint, a schedule to be fired. */
export type HintTaken =
  | { readonly sessionId: string; readonly call?: { readonly n: number; readonly attempt: number } | undefined }
  | { readonly scheduleId: string };

/**
 * Does what a hint asks for; harmless at any time and any number of times. A call is made in the background, once it is
 * committed that it has begun: a copy of the hint, or one that comes late, finds that and makes none.
 */
export const takeHint = async (deps: Deps, hint: HintTaken): Promise<void> => {
  if ("scheduleId" in hint) return tickSchedule(deps, hint.scheduleId);
  const { sessionId, call } = hint;
  return call === undefined ? tickSession(deps, sessionId) : beginCall(deps, sessionId, call.n, call.attempt);
};
