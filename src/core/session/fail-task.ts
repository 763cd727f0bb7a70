import { attemptIdOf } from "../ids.ts";
import type { AttemptTrace, Transport } from "./events.ts";
import type { DispatchedTask, TaskError } from "./state.ts";
import { emit, openTask, type Turn } from "./turn.ts";

/** What is known about an attempt in flight, to be kept with the event that ends it. */
export const traceOf = (
  turn: Turn,
  task: DispatchedTask,
  startedAt: number | null = null,
  transport: Transport | null = null,
): AttemptTrace => {
  const attemptId = attemptIdOf(turn.state.id, task.n, task.attempt);
  const entry = turn.facts.agents.get(task.agentId)?.tasks[attemptId];
  return {
    sentAt: task.sentAt,
    startedAt: turn.facts.signs.get(attemptId)?.workingAt ?? startedAt,
    transport: entry?.transport ?? transport,
    confirmedAt: entry?.confirmedAt ?? null,
    ...(entry?.refused === undefined ? {} : { notes: entry.refused }),
  };
};

/** Ends every open task as cancelled and frees the agents that hold one. */
export const cancelOpenTasks = (turn: Turn, error: TaskError): void => {
  for (const task of turn.state.open) {
    if (task.phase === "dispatched") {
      emit(turn, {
        type: "AttemptEnded",
        taskId: task.taskId,
        n: task.n,
        attempt: task.attempt,
        attemptId: attemptIdOf(turn.state.id, task.n, task.attempt),
        agentId: task.agentId,
        outcome: "cancelled",
        error,
        counts: false,
        retryAt: null,
        trace: traceOf(turn, task),
      });
    }
    emit(turn, { type: "TaskCancelled", taskId: task.taskId, n: task.n });
  }
};

/** A task has failed for good: so does its session, and what else is open in it is cancelled. */
export const failTask = (turn: Turn, n: number, error: TaskError): void => {
  const { taskId } = openTask(turn, n)!; // callers have just seen it open
  emit(turn, { type: "TaskFailed", taskId, n, error });
  cancelOpenTasks(turn, { code: "session_failed", message: `task "${taskId}" failed` });
  emit(turn, { type: "SessionFailed", taskId, error });
};
