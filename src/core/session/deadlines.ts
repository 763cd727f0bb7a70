import type { Agent } from "../agent/agent.ts";
import { attemptIdOf } from "../ids.ts";
import type { Graph } from "../workflow/graph.ts";
import { workOf, type Facts } from "./facts.ts";
import { canGoOn } from "./map-room.ts";
import type { DispatchedTask, OpenTask, SessionState } from "./state.ts";

/** A deadline seen this much too late means that we were away: what it ends does not count. */
export const AWAY_MS = 120_000;

/** How long only the requesting invocation may send a dispatch; longer than two calls of 10 s. */
export const LEASE_MS = 30_000;

/** The lease of what is requested again because nothing was heard of it: from the second time on it doubles, to 5 min. */
export const repeatLeaseMs = (repeats: number): number =>
  Math.min(300_000, LEASE_MS * 2 ** Math.min(10, Math.max(0, repeats - 1)));

/** How long the queue consumer is waited for that is to make a call; then the sweep sees to it. */
export const HANDED_ON_MS = 60_000;

/** Queue order: when it became ready, minus 30 s a point of priority. Fixed while waiting. Lower goes first. */
export const orderOf = (task: OpenTask): number => task.readyAt - (task.priority ?? DEFAULT_PRIORITY) * 30_000;

export const DEFAULT_PRIORITY = 50;

export interface AttemptDeadlines {
  /** The dispatch has no outcome by then: send it again. */
  readonly leaseAt: number | null;
  /** The delivery is unconfirmed and nothing was heard by then: it was lost. */
  readonly startAt: number | null;
  readonly runAt: number;
  /** Nothing was heard for too long; `null`: signs of life are not asked for. */
  readonly heartbeatAt: number | null;
}

/**
 * The deadlines in force for an attempt in flight. A start deadline exists only while delivery is
 * unconfirmed, and only for an agent that AgentKit never reached or that is known to report promptly:
 * a second copy of a running task is the worst outcome.
 */
export const deadlinesOf = (state: SessionState, task: DispatchedTask, facts: Facts): AttemptDeadlines => {
  const attemptId = attemptIdOf(state.id, task.n, task.attempt);
  const { timeout } = workOf(facts.graph, task);
  const agent: Agent | undefined = facts.agents.get(task.agentId);
  const entry = agent?.tasks[attemptId];
  const signs = facts.signs.get(attemptId);
  const working = (signs?.workingAt ?? entry?.beatAt ?? null) !== null;
  const heard = working || signs?.reported === true;
  const confirmed = entry?.confirmedAt !== undefined;
  const accepted = entry?.acceptedAt !== undefined;
  const since = task.sentAt + (task.frozenMs ?? 0);
  const runAt = since + timeout.runMs;
  const signsAt = [task.thawedAt, entry?.confirmedAt, signs?.workingAt, signs?.lastAt, entry?.beatAt];
  const life = Math.max(since, ...signsAt.map((at) => at ?? 0));
  // What has not begun has no heartbeat: until then the start deadline counts.
  const heartbeatAt = timeout.heartbeatMs === null || !(confirmed || heard) ? null : life + timeout.heartbeatMs;
  if (confirmed || working) return { leaseAt: null, startAt: null, runAt, heartbeatAt };
  if (!accepted && !heard) return { leaseAt: task.leaseUntil, startAt: null, runAt, heartbeatAt };
  const guess = !accepted || entry?.unsure === true;
  const watched = guess || agent?.reachedByAgentKit !== true || agent.reportsPromptly === true;
  return { leaseAt: null, startAt: watched ? since + timeout.startMs : null, runAt, heartbeatAt };
};

/** When a task that no agent has in hand has something to do. */
const restingUntil = (state: SessionState, task: Exclude<OpenTask, DispatchedTask>, graph: Graph): number => {
  switch (task.phase) {
    case "waiting":
      return task.since + workOf(graph, task).timeout.queueMs;
    case "backoff":
      return task.retryAt;
    case "sleeping":
      return task.until;
    case "calling":
    case "child":
      return task.leaseUntil;
    case "awaiting":
      return task.until ?? Infinity;
    case "mapping":
      return canGoOn(state, task, graph) ? state.updatedAt : Infinity;
  }
};

const dueOf = (state: SessionState, task: OpenTask, facts: Facts): number => {
  // A child that is there says itself, in the commit of its end, that it has ended. One that was not looked for is looked
  // for at once where its lease is over: no session is overdue because a commit of another cause did not know.
  if (task.phase === "child") {
    const isThere = (facts.relatives?.get(task.sessionId) ?? null) !== null;
    return isThere ? Infinity : Math.max(task.leaseUntil, state.updatedAt);
  }
  if (task.phase !== "dispatched") return restingUntil(state, task, facts.graph);
  const { leaseAt, startAt, runAt, heartbeatAt } = deadlinesOf(state, task, facts);
  return Math.min(leaseAt ?? runAt, startAt ?? runAt, heartbeatAt ?? runAt, runAt);
};

/** When the session has lasted too long; while it undoes what it did, it may take its time. */
const sessionDueOf = (state: SessionState): number =>
  state.failing === undefined ? (state.deadlineAt ?? Infinity) : Infinity;

const orNull = (at: number): number | null => (at >= Number.MAX_SAFE_INTEGER ? null : at);

/** Nothing is due by itself: it has ended, or stands still. */
const isStill = (state: SessionState): boolean =>
  state.status !== "open" || state.paused !== undefined || state.open.length === 0;

/** The earliest moment at which a tick has something to do; `null` once the session has ended. */
export const dueAt = (state: SessionState, facts: Facts): number | null =>
  isStill(state) ? null : orNull(Math.min(sessionDueOf(state), ...state.open.map((task) => dueOf(state, task, facts))));

/**
 * Between which moments `dueAt` lies, as far as the log alone says: it does not hold what became of a delivery.
 * `null` once the session has ended, or waits without end. A timer that fires too early does nothing; one that fires
 * after `latest` is wrong (`null`: it may not be set at all).
 */
export const dueBounds = (
  state: SessionState,
  graph: Graph,
): { readonly earliest: number; readonly latest: number | null } | null => {
  if (isStill(state)) return null;
  const bounds = state.open.map((task): readonly [number, number] => {
    if (task.phase === "dispatched") {
      const { timeout } = workOf(graph, task);
      const since = task.sentAt + (task.frozenMs ?? 0);
      const runAt = since + timeout.runMs;
      return [Math.min(task.leaseUntil, since + (timeout.heartbeatMs ?? Infinity), runAt), runAt];
    }
    const at = restingUntil(state, task, graph);
    return [at, task.phase === "child" ? Infinity : at];
  });
  const end = sessionDueOf(state);
  const earliest = orNull(Math.min(end, ...bounds.map(([at]) => at)));
  const latest = orNull(Math.min(end, ...bounds.map(([, at]) => at)));
  return earliest === null ? null : { earliest, latest };
};
