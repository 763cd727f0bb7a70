import type { Agent } from "../agent/agent.ts";
import { attemptIdOf } from "../ids.ts";
import type { Graph } from "../workflow/graph.ts";
import { nodeOf, type Facts } from "./facts.ts";
import type { DispatchedTask, OpenTask, SessionState } from "./state.ts";

/** A deadline seen this much too late means that we were away: what it ends does not count. */
export const AWAY_MS = 120_000;

/** How long only the requesting invocation may send a dispatch; longer than two calls of 10 s. */
export const LEASE_MS = 30_000;

/** Queue order: when it became ready, minus 30 s a point of priority. Fixed while waiting. Lower goes first. */
export const orderOf = (task: OpenTask): number => task.readyAt - DEFAULT_PRIORITY * 30_000;

const DEFAULT_PRIORITY = 50;

export interface AttemptDeadlines {
  /** The dispatch has no outcome by then: send it again. */
  readonly leaseAt: number | null;
  /** The delivery is unconfirmed and nothing was heard by then: it was lost. */
  readonly startAt: number | null;
  readonly runAt: number;
}

/**
 * The deadlines in force for an attempt in flight. A start deadline exists only while delivery is
 * unconfirmed, and only for an agent that AgentKit never reached or that is known to report promptly:
 * a second copy of a running task is the worst outcome.
 */
export const deadlinesOf = (state: SessionState, task: DispatchedTask, facts: Facts): AttemptDeadlines => {
  const attemptId = attemptIdOf(state.id, task.n, task.attempt);
  const { timeout } = nodeOf(facts.graph, task.taskId);
  const agent: Agent | undefined = facts.agents.get(task.agentId);
  const entry = agent?.tasks[attemptId];
  const signs = facts.signs.get(attemptId);
  const working = (signs?.workingAt ?? entry?.beatAt ?? null) !== null;
  const heard = working || signs?.reported === true;
  const confirmed = entry?.confirmedAt !== undefined;
  const accepted = entry?.acceptedAt !== undefined;
  const runAt = task.sentAt + timeout.runMs;
  if (confirmed || working) return { leaseAt: null, startAt: null, runAt };
  if (!accepted && !heard) return { leaseAt: task.leaseUntil, startAt: null, runAt };
  const guess = !accepted || entry?.unsure === true;
  const watched = guess || agent?.reachedByAgentKit !== true || agent.reportsPromptly === true;
  return { leaseAt: null, startAt: watched ? task.sentAt + timeout.startMs : null, runAt };
};

const dueOf = (state: SessionState, task: OpenTask, facts: Facts): number => {
  switch (task.phase) {
    case "waiting":
      return task.since + nodeOf(facts.graph, task.taskId).timeout.queueMs;
    case "backoff":
      return task.retryAt;
    case "dispatched": {
      const { leaseAt, startAt, runAt } = deadlinesOf(state, task, facts);
      return Math.min(leaseAt ?? runAt, startAt ?? runAt, runAt);
    }
  }
};

/** The earliest moment at which a tick has something to do; `null` once the session has ended. */
export const dueAt = (state: SessionState, facts: Facts): number | null =>
  state.status !== "open" || state.open.length === 0
    ? null
    : Math.min(...state.open.map((task) => dueOf(state, task, facts)));

/**
 * Between which moments `dueAt` lies, as far as the log alone says: it does not hold what became of a delivery.
 * `null` once the session has ended. A timer that fires too early does nothing; one that fires after `latest` is wrong.
 */
export const dueBounds = (
  state: SessionState,
  graph: Graph,
): { readonly earliest: number; readonly latest: number } | null => {
  if (state.status !== "open" || state.open.length === 0) return null;
  const bounds = state.open.map((task): readonly [number, number] => {
    const { timeout } = nodeOf(graph, task.taskId);
    if (task.phase === "dispatched") {
      const runAt = task.sentAt + timeout.runMs;
      return [Math.min(task.leaseUntil, runAt), runAt];
    }
    const at = task.phase === "waiting" ? task.since + timeout.queueMs : task.retryAt;
    return [at, at];
  });
  return { earliest: Math.min(...bounds.map(([at]) => at)), latest: Math.min(...bounds.map(([, at]) => at)) };
};
