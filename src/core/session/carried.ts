import type { CarriedTask } from "./flow-events.ts";
import type { EndedTask, SessionState } from "./state.ts";

/**
 * Tasks whose result a rerun takes from an earlier session. Nothing is copied: the head keeps which row of which log
 * says what became of them, as it does for tasks of its own.
 */

/** The session with these tasks ended as they were. Each session they ran in is named once. */
export const withCarried = (state: SessionState, tasks: readonly CarriedTask[]): SessionState => {
  const sources = [...new Set(tasks.map(({ from }) => from.sessionId))];
  const ended = tasks.map(({ taskId, from: { sessionId, seq, n }, ...task }): [string, EndedTask] => [
    taskId,
    { ...task, seq, from: { source: sources.indexOf(sessionId), n } },
  ]);
  const last = tasks.reduce((most, { n }) => Math.max(most, n), state.tasks);
  return { ...state, sources, tasks: last, ended: { ...state.ended, ...Object.fromEntries(ended) } };
};

/** The row of another session's log that says what became of a task; `null`: it ran in this one. */
export const placeOf = (
  { sources = [] }: SessionState,
  { from, seq }: EndedTask,
): readonly [sessionId: string, seq: number] | null => (from === undefined ? null : [sources[from.source]!, seq]); // withCarried wrote both

/** What `Facts.refs` has such a row under. */
export const refKey = ([sessionId, seq]: readonly [string, number]): string => `${sessionId}.${seq}`;

/** The number that the row calls a task by. */
export const numberOf = ({ from, n }: EndedTask): number => from?.n ?? n;
