import type { OpenTask, SessionState } from "./state.ts";

/**
 * For how long (ms) the session has stood still at `at`. What begins meanwhile is kept as if it had begun with the pause,
 * so that its end gives back no more than it took.
 */
export const stoodFor = ({ paused }: SessionState, at: number): number =>
  paused === undefined ? 0 : Math.max(0, at - paused.at);

/** An open task as it goes on after the session stood still from `from` to `to` (epoch ms); `now` may be before both. */
const thawTask = (task: OpenTask, from: number, to: number, now: number): OpenTask => {
  switch (task.phase) {
    case "waiting":
      return { ...task, since: task.since + to - from };
    case "backoff":
      // What was due when the pause began, or became ready in it, is due now.
      return { ...task, retryAt: task.retryAt <= from ? Math.min(task.retryAt, now) : task.retryAt + to - from };
    case "dispatched":
      return { ...task, frozenMs: (task.frozenMs ?? 0) + to - from, thawedAt: to };
    case "sleeping":
      return task.fixed ? task : { ...task, until: task.until + to - from };
    case "awaiting":
      return task.until === null ? task : { ...task, until: task.until + to - from };
    case "calling":
    case "mapping":
    case "child":
      return task;
  }
};

/**
 * The session as it goes on at `resumedAt` (epoch ms): the time of the pause is given back to every deadline, and none is
 * taken where the clock of whoever resumes is behind that of whoever paused.
 */
export const thaw = (state: SessionState, resumedAt: number): SessionState => {
  const { paused, ...rest } = state;
  if (paused === undefined) return state;
  const { deadlineAt } = state;
  const at = Math.max(resumedAt, paused.at);
  return {
    ...rest,
    open: state.open.map((task) => thawTask(task, paused.at, at, resumedAt)),
    ...(deadlineAt === undefined ? {} : { deadlineAt: deadlineAt + at - paused.at }),
  };
};
