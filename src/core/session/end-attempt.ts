import { targetOf } from "../workflow/graph.ts";
import { backoffMs, refusalBackoffMs } from "../backoff.ts";
import { attemptIdOf } from "../ids.ts";
import { fractionOf } from "../random.ts";
import { assignOrWait, canGoElsewhere } from "./assign.ts";
import type { AttemptOutcome, Transport, Usage } from "./events.ts";
import { workOf } from "./facts.ts";
import { failTask, traceOf } from "./fail-task.ts";
import type { DispatchedTask, TaskError } from "./state.ts";
import { emit, type Turn } from "./turn.ts";

/** A session has at most 25,000 log rows; what is left above this is for ending it. */
export const MAX_ROWS = 24_900;

/** What a task fails of whose attempt ended when the log had no room for another. */
export const logIsFull = (ended: string): TaskError => ({
  code: "limit_log",
  message: `the session's log is full (${MAX_ROWS} rows); the last attempt ended: ${ended}`,
});

/** How an attempt ended without success. */
export interface Ending {
  readonly outcome: Exclude<AttemptOutcome, "cancelled">;
  readonly error: TaskError;
  readonly counts: boolean;
  /** The agent says that trying again is useless. */
  readonly final?: boolean;
  /** Wins over the computed back-off. */
  readonly retryAfterMs?: number | null;
  readonly startedAt?: number | null;
  /** The way on which the agent answered, where the dispatch itself ended the attempt. */
  readonly transport?: Transport | null;
  readonly via?: "report" | "call";
  readonly usage?: Usage;
}

/** The wait before the next attempt; `null`: at once, because nothing about the work itself failed. */
const retryDelayMs = (turn: Turn, task: DispatchedTask, ending: Ending): number | null => {
  if (ending.outcome === "agent_restarted" || ending.outcome === "agent_deregistered") return null;
  if (ending.outcome === "refused") {
    // One agent that cannot be reached must not hold up a task that another can take; two of them must not play ball.
    if (task.refusals === 0 && canGoElsewhere(turn, task)) return null;
    return refusalBackoffMs(task.refusals + 1, ending.retryAfterMs ?? null);
  }
  if (ending.retryAfterMs !== null && ending.retryAfterMs !== undefined) return ending.retryAfterMs;
  const { retry } = workOf(turn.facts.graph, task);
  const salt = attemptIdOf(turn.state.id, task.n, task.attempt);
  return backoffMs(retry, task.used + 1, fractionOf(turn.seed, salt));
};

/** Ends an attempt without success, then retries the task with back-off or fails it when nothing is left. */
export const endAttempt = (turn: Turn, task: DispatchedTask, ending: Ending): void => {
  const node = workOf(turn.facts.graph, task);
  const { retry } = node;
  const used = task.used + (ending.counts ? 1 : 0);
  const spent = ending.counts && used >= retry.maxAttempts;
  // An agent that rejected a task never gets it again; where the task names that agent, nobody else may.
  const deadEnd = ending.outcome === "rejected" && targetOf(node)?.kind !== "capability";
  const full = turn.seq >= MAX_ROWS;
  const final =
    ending.final === true || full || spent || deadEnd || retry.nonRetryableErrors.includes(ending.error.code);
  const attemptId = attemptIdOf(turn.state.id, task.n, task.attempt);
  // A heartbeat is a sign of life as good as a *working* report.
  const beatAt = turn.facts.agents.get(task.agentId)?.tasks[attemptId]?.beatAt;
  const delayMs = final ? null : retryDelayMs(turn, task, ending);
  emit(turn, {
    type: "AttemptEnded",
    taskId: task.taskId,
    n: task.n,
    attempt: task.attempt,
    attemptId,
    agentId: task.agentId,
    outcome: ending.outcome,
    error: ending.error,
    counts: ending.counts,
    retryAt: delayMs === null ? null : turn.now + delayMs,
    trace: traceOf(turn, task, ending.startedAt ?? beatAt ?? null, ending.transport ?? null),
    ...(ending.via === undefined ? {} : { via: ending.via }),
    ...(ending.usage === undefined ? {} : { usage: ending.usage }),
  });
  if (final) {
    const tries = used > 1 ? ` (attempt ${used} of ${retry.maxAttempts})` : "";
    if (full) return failTask(turn, task.n, logIsFull(ending.error.message));
    return failTask(turn, task.n, { code: ending.error.code, message: `${ending.error.message}${tries}` });
  }
  if (delayMs === null) assignOrWait(turn, task.n, ending.outcome === "refused" ? task.agentId : null);
};
