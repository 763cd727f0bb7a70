import type { SettledAnswer } from "../contract/answers/settle.ts";
import { attemptIdOf, parseTaskRef, taskIdOf, type TaskRef } from "../core/ids.ts";
import type { Json } from "../core/json.ts";
import type { Result, Usage } from "../core/session/events.ts";
import type { SessionState } from "../core/session/state.ts";
import { advanceSession } from "./advance-session.ts";
import type { Deps } from "./deps.ts";
import type { Cause } from "./log-row.ts";
import { OpsError } from "./ops-error.ts";

const notFound = (): OpsError => new OpsError("task_not_found", "There is no such task or attempt.");

const named = (state: SessionState, n: number): { readonly taskId: string; readonly id: string } => {
  const ended = Object.entries(state.ended).find(([, task]) => task.n === n)?.[0];
  const taskId = ended ?? state.open.find((task) => task.n === n)?.taskId ?? "";
  return { taskId, id: taskIdOf(state.id, n) };
};

const refOf = (text: string): TaskRef => {
  const ref = parseTaskRef(text);
  if (ref === null) throw notFound();
  return ref;
};

/** Whom a caller may speak for; `null`: every agent. */
export type SpeaksFor = readonly string[] | null;

const notYours = (agentId: string): OpsError =>
  new OpsError("forbidden", `The key lacks the scope tasks:write for the agent ${agentId}, whose attempt it is`);

/**
 * An agent settles an attempt by call. The same call again gets the same answer; another outcome for a
 * settled attempt is 409 `result_conflict`; an attempt that was superseded, timed out or cancelled is 409
 * `stale_attempt`, and the result is kept as late. For an agent that the caller does not speak for: 403, and nothing is
 * kept.
 */
export const settleTask = async (
  deps: Deps,
  attemptId: string,
  result: Result,
  usage: Usage | undefined,
  cause: Cause,
  only: SpeaksFor = null,
): Promise<SettledAnswer> => {
  const { sessionId, n, attempt } = refOf(attemptId);
  const advanced = await advanceSession(
    deps,
    sessionId,
    {
      type: "SettleAttempt",
      n,
      attempt,
      from: null,
      via: "call",
      startedAt: null,
      result,
      ...(usage === undefined ? {} : { usage }),
      ...(only === null ? {} : { only }),
    },
    cause,
  );
  const answer = advanced?.answer;
  if (advanced !== null && (answer?.kind === "settled" || answer?.kind === "repeated")) {
    return { ...named(advanced.state, n), attempt: answer.attempt, status: answer.status };
  }
  if (answer?.kind === "not_yours") throw notYours(answer.agentId);
  if (answer?.kind === "stale") {
    throw new OpsError(answer.reason === "result_conflict" ? "result_conflict" : "stale_attempt", answer.message);
  }
  throw notFound();
};

/** Why an attempt is not in flight: it has ended, or there never was one. */
const notHeld = async (deps: Deps, { sessionId, n, attempt }: TaskRef, only: SpeaksFor): Promise<OpsError> => {
  const { facts } = await deps.store.loadSession({ sessionId, historyOf: taskIdOf(sessionId, n) });
  const known = facts.history?.findLast(
    (event) => event.type === "DispatchRequested" && event.n === n && (attempt === null || event.attempt === attempt),
  );
  if (known?.type !== "DispatchRequested") return notFound();
  if (only !== null && !only.includes(known.agentId)) return notYours(known.agentId);
  return new OpsError("stale_attempt", "The attempt is no longer in flight.");
};

/** A sign of life of an attempt in flight: it counts as started, and `progress` is shown. One row written. */
export const beatTask = async (
  deps: Deps,
  attemptId: string,
  progress: Json | undefined,
  only: SpeaksFor = null,
): Promise<SettledAnswer> => {
  const ref = refOf(attemptId);
  const { session } = await deps.store.loadSession({ sessionId: ref.sessionId, historyOf: null });
  if (session === null || ref.n > session.state.tasks) throw notFound();
  const open = session.state.open.find((task) => task.n === ref.n);
  const attempt = ref.attempt ?? open?.attempt ?? 0;
  const isOpen = open?.phase === "dispatched" && open.attempt === attempt;
  if (isOpen && only !== null && !only.includes(open.agentId)) throw notYours(open.agentId);
  const held =
    isOpen &&
    (await deps.store.recordBeat(open.agentId, attemptIdOf(ref.sessionId, ref.n, attempt), deps.clock.now(), progress));
  if (!held) throw await notHeld(deps, ref, only);
  return { ...named(session.state, ref.n), attempt, status: "running" };
};
