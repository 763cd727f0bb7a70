import { attemptIdOf, sessionIdAt } from "../ids.ts";
import { digitsOf } from "../random.ts";
import { endCall } from "./call.ts";
import { LEASE_MS, repeatLeaseMs } from "./deadlines.ts";
import { failTask } from "./fail-task.ts";
import type { Relative } from "./facts.ts";
import type { ChildTask, SessionState } from "./state.ts";
import { emit, openTask, type Turn } from "./turn.ts";

/** So many sessions may stand one above the other below the first. */
export const MAX_DEPTH = 5;

/** A child that is not there is started again so often, in an hour and a half; then its attempt has failed. */
const MAX_STARTS = 20;

/** Requests a child session for a ready task. Its id is decided here, so that starting it twice starts it once. */
export const requestChild = (turn: Turn, n: number): void => {
  const task = openTask(turn, n)!; // callers have just seen it open
  const { state } = turn;
  if ((state.parent?.depth ?? 0) >= MAX_DEPTH) {
    const message = `sessions may be nested ${MAX_DEPTH} deep; this one already is`;
    return failTask(turn, n, { code: "limit_depth", message });
  }
  const attempt = task.attempt + 1;
  const attemptId = attemptIdOf(state.id, n, attempt);
  emit(turn, {
    type: "ChildRequested",
    taskId: task.taskId,
    n,
    attempt,
    attemptId,
    sessionId: sessionIdAt(turn.now, digitsOf(`${turn.seed}/${attemptId}`, 32), state.id.slice(4, 6)),
    leaseUntil: turn.now + LEASE_MS,
    again: false,
  });
};

/** Looks a child up: `undefined` if that is still to be done, and noted. */
const relativeOf = (turn: Turn, sessionId: string): Relative | null | undefined => {
  const found = turn.facts.relatives?.get(sessionId);
  if (found === undefined) turn.missing.relatives.add(sessionId);
  return found;
};

/** What has become of a child: its end is the task's; one that is not there is started again. */
export const tickChild = (turn: Turn, task: ChildTask): void => {
  const child = relativeOf(turn, task.sessionId);
  if (child === undefined) return;
  const { taskId, n, attempt, sessionId } = task;
  if (child === null) {
    if (turn.now < task.leaseUntil) return;
    const repeats = (task.repeats ?? 0) + 1;
    if (repeats >= MAX_STARTS) {
      const error = {
        code: "child_not_started",
        message: `session ${sessionId} could not be started ${repeats} times`,
      };
      return endCall(turn, task, { kind: "failed", error, retryable: true, retryAfterMs: null });
    }
    const attemptId = attemptIdOf(turn.state.id, n, attempt);
    const leaseUntil = turn.now + repeatLeaseMs(repeats);
    return emit(turn, {
      type: "ChildRequested",
      taskId,
      n,
      attempt,
      attemptId,
      sessionId,
      leaseUntil,
      again: true,
      repeats,
    });
  }
  const { status, reason } = child.state;
  if (status === "open") return;
  if (status === "completed") return endCall(turn, task, { kind: "completed", output: child.output });
  const why = reason?.message ?? status;
  const error = { code: `child_${status}`, message: `session ${sessionId} ${status}: ${why}` };
  // A person who cancels a child does not want another.
  endCall(turn, task, { kind: "failed", error, retryable: status === "failed", retryAfterMs: null });
};

/** Why a child has nobody to work for any more; `null` if it has, or that is still to be found out. */
export const orphaned = (turn: Turn): string | null => {
  const { parent } = turn.state;
  if (parent === undefined) return null;
  const found = relativeOf(turn, parent.sessionId);
  if (found === undefined || found === null) return null;
  return isWaitedFor(found.state, turn.state)
    ? null
    : `session ${parent.sessionId}, which started it, does not wait for it any more`;
};

const isWaitedFor = (parent: SessionState, child: SessionState): boolean =>
  parent.status === "open" && parent.open.some((task) => task.phase === "child" && task.sessionId === child.id);
