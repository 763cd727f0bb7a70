import { attemptIdOf } from "../ids.ts";
import type { Graph } from "../workflow/graph.ts";
import type { AttemptTrace, Transport } from "./events.ts";
import { nodeOf, workOf } from "./facts.ts";
import type { Actor, DispatchedTask, EndedTask, OpenTask, TaskError } from "./state.ts";
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

/** Takes an attempt in flight from its agent, because something else decides about the task. */
export const takeBack = (
  turn: Turn,
  task: DispatchedTask,
  outcome: "cancelled" | "superseded",
  error: TaskError,
): void =>
  emit(turn, {
    type: "AttemptEnded",
    taskId: task.taskId,
    n: task.n,
    attempt: task.attempt,
    attemptId: attemptIdOf(turn.state.id, task.n, task.attempt),
    agentId: task.agentId,
    outcome,
    error,
    counts: false,
    retryAt: null,
    trace: traceOf(turn, task),
  });

/** Ends open tasks as cancelled and frees the agents that hold one. */
export const cancelTasks = (turn: Turn, tasks: readonly OpenTask[], error: TaskError): void => {
  for (const task of tasks) {
    if (task.phase === "dispatched") takeBack(turn, task, "cancelled", error);
    emit(turn, { type: "TaskCancelled", taskId: task.taskId, n: task.n });
  }
};

/** What follows instead of the session's end, or the map's, when a task has failed for good. */
const insteadOf = (graph: Graph, task: OpenTask): "fallback" | "continue" | undefined => {
  if (task.item !== undefined) return workOf(graph, task).onFailure === "continue" ? "continue" : undefined;
  const node = nodeOf(graph, task.taskId);
  if (node.fallbackTaskId !== null) return "fallback";
  return node.onFailure === "continue" || node.compensates !== null ? "continue" : undefined;
};

/** A task has failed for good; `proceed` draws the consequences. */
export const failTask = (turn: Turn, n: number, error: TaskError, actor?: Actor): void => {
  const task = openTask(turn, n)!; // callers have just seen it open
  const { taskId, attempt } = task;
  const instead = insteadOf(turn.facts.graph, task);
  emit(turn, {
    type: "TaskFailed",
    taskId,
    n,
    error,
    ...(attempt === 0 ? {} : { attempt }),
    ...(instead === undefined ? {} : { instead }),
    ...(actor === undefined ? {} : { actor }),
  });
};

const rankOf = ({ from, seq }: EndedTask): number => (from === undefined ? seq : 0);

/** The compensations of what has completed, the last first. */
const undoing = (turn: Turn): readonly string[] =>
  Object.entries(turn.state.ended)
    .filter(([, { status }]) => status === "completed")
    // What was carried over was there before anything of this session, in the order of its numbers.
    .toSorted(([, a], [, b]) => rankOf(b) - rankOf(a) || b.n - a.n)
    .flatMap(([taskId]) => nodeOf(turn.facts.graph, taskId).compensateWith ?? []);

/** The session fails: what is open is cancelled, what was done is undone, then it ends. */
export const failSession = (turn: Turn, taskId: string | null, error: TaskError): void => {
  const why = taskId === null ? error.message : `task "${taskId}" failed`;
  cancelTasks(turn, turn.state.open, { code: "session_failed", message: why });
  const tasks = undoing(turn);
  if (tasks.length === 0) return emit(turn, { type: "SessionFailed", taskId, error });
  emit(turn, { type: "CompensationStarted", taskId, error, tasks });
};
