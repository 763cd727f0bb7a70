import type { TaskError } from "../session/state.ts";
import { MAX_RUNNING, withFires, type Fire, type PendingStart, type ScheduleState } from "./schedule.ts";

/** How a start ended: with a session, or refused for good. */
export type StartOutcome =
  { readonly kind: "started"; readonly sessionId: string } | { readonly kind: "failed"; readonly reason: TaskError };

/** Two starts are the same if they are for one nominal time, or were asked for by hand as one. */
export const isSameStart = (a: PendingStart, b: PendingStart): boolean => a.at === b.at && a.tag === b.tag;

/** What became of a start, as a fire. */
export const fireOf = (start: PendingStart, outcome: StartOutcome): Fire => ({
  at: start.at,
  by: start.tag === null ? "calendar" : "hand",
  outcome: outcome.kind,
  sessionId: outcome.kind === "started" ? outcome.sessionId : null,
  reason: outcome.kind === "failed" ? outcome.reason : null,
  count: 1,
  ...(start.tag === null ? {} : { tag: start.tag }),
});

/** The state once pending starts were made: they are recorded, and the sessions they made are watched. */
export const recordStarts = (
  state: ScheduleState,
  made: readonly { readonly start: PendingStart; readonly outcome: StartOutcome }[],
): ScheduleState => {
  const cancelled = new Set(made.flatMap(({ start }) => start.cancels));
  const sessions = made.flatMap(({ outcome }) => (outcome.kind === "started" ? [outcome.sessionId] : []));
  const running = [...state.running.filter((id) => !cancelled.has(id)), ...sessions].slice(-MAX_RUNNING);
  const starting = state.starting.filter((one) => !made.some(({ start }) => isSameStart(start, one)));
  return withFires(
    { ...state, starting, running },
    made.map(({ start, outcome }) => fireOf(start, outcome)),
  );
};

/** A start by hand: beside whatever runs, also while paused. */
export const startByHand = (state: ScheduleState, start: PendingStart): ScheduleState => ({
  ...state,
  starting: [...state.starting, start],
});

/**
 * No fires from now on: a fire that waited for a session is given up, and what came due and was not decided never
 * was. Starts that are decided are still made.
 */
export const pauseSchedule = (state: ScheduleState): ScheduleState => {
  if (state.paused) return state;
  const paused = { ...state, paused: true, nextAt: null, buffered: null };
  if (state.buffered === null) return paused;
  const reason = { code: "paused", message: "The schedule was paused while this fire waited for a session to end." };
  const dropped = {
    at: state.buffered,
    by: "calendar",
    outcome: "skipped",
    sessionId: null,
    reason,
    count: 1,
  } as const;
  return withFires(paused, [dropped]);
};

/** Goes on with the first time after now; what the pause left out is not made up for. */
export const resumeSchedule = (state: ScheduleState, nextAt: number | null): ScheduleState =>
  state.paused ? { ...state, paused: false, nextAt } : state;
