import { attemptIdOf } from "../../src/core/ids.ts";
import type { InFlight } from "../../src/core/agent/agent.ts";
import type { OpenTask, SessionState } from "../../src/core/session/state.ts";
import { FIRST_WAITING, FREE, WITH_NEWEST } from "../../src/store/fragments.ts";
import type { Violation } from "./checker.ts";
import { SIM_START, type SimWorld } from "./world.ts";

/** A tick comes at the latest a minute after it is due, and sweeps every five seconds. */
const TICK_MS = 65_000;
/** Both calls of a dispatch may take their ten seconds. */
const CALLS_MS = 22_000;

/** L1: nobody free stands beside a task that waits for it, once all that was under way has ended. */
export const lostWakeUps = (world: SimWorld): Violation[] =>
  world.db
    .query(
      `SELECT a.id, (${FIRST_WAITING}) AS session_id FROM agents a ${WITH_NEWEST}
        WHERE EXISTS (SELECT 1 FROM waiting_tasks) AND ${FREE}`,
    )
    .filter((row) => row["session_id"] !== null)
    .map((row) => ({
      promise: "L1",
      message: `agent ${String(row["id"])} is free, ${String(row["session_id"])} waits for it`,
    }));

/** What a task that no agent has in hand waits for, if that has a time. */
const restingTask = (world: SimWorld, task: OpenTask): { readonly until: number; readonly what: string } | null => {
  switch (task.phase) {
    case "sleeping":
      return { until: task.until, what: `slept until ${task.until}` };
    case "awaiting":
      return task.until === null ? null : { until: task.until, what: `nobody came until ${task.until}` };
    case "calling":
      return { until: task.leaseUntil, what: `the lease of its call ended at ${task.leaseUntil}` };
    case "child": {
      const child = world.checker.sessions.get(task.sessionId)?.state;
      if (child == null) return { until: task.leaseUntil, what: `${task.sessionId} was not started` };
      return child.endedAt === null
        ? null
        : { until: child.endedAt, what: `${task.sessionId} ended at ${child.endedAt}` };
    }
    default:
      return null;
  }
};

/** A parent that has let go of a child, or has ended, leaves none behind. */
const isOrphan = (world: SimWorld, { id, parent, status }: SessionState): boolean => {
  if (parent === undefined || status !== "open") return false;
  const above = world.checker.sessions.get(parent.sessionId)?.state;
  return above?.open.some((task) => task.phase === "child" && task.sessionId === id) !== true;
};

/**
 * The time bounds that hold while nothing fails: L1 (a retry starts in time), L3 (a dispatch without outcome is
 * taken up after its lease), L4 (what AgentKit lost is noticed after the start deadline), deadlines are kept.
 */
export const lateThings = (world: SimWorld): Violation[] => {
  if (world.checker.open === 0) return [];
  const violations: Violation[] = [];
  const late = (promise: string, message: string): void => {
    violations.push({ promise, message });
  };
  const { checked } = world.checker;
  const look = (promise: string): void => {
    checked[promise] = (checked[promise] ?? 0) + 1;
  };
  const { plan, scheduler, calmSince } = world;
  // A deploy ends the isolate whose tick it was; the next tick comes a minute later.
  const deploys = calmSince === SIM_START ? plan.deploys * 60_000 : 0;
  // A stalled batch may hold back what was under way when the faults stopped.
  const slack =
    2 * plan.skewMs +
    (plan.clockJump > 0 ? 60_000 : 0) +
    (plan.storeStall > 0 ? 80_000 : 0) +
    12 * plan.latencyMs +
    deploys;
  const now = scheduler.now - slack;
  // L6: nothing is overdue by two minutes.
  if (calmSince !== null && scheduler.now > calmSince + 125_000 + slack) {
    look("L6");
    const limit = Math.floor(now) - 125_000;
    for (const row of world.db.query("SELECT id, due_at FROM sessions WHERE due_at < ?", limit)) {
      late("L6", `${String(row["id"])} is overdue since ${String(row["due_at"])}`);
    }
  }
  /** A bound counts from the moment it was reached, but never from before the faults stopped. */
  const past = (since: number, bound: number): boolean => now > Math.max(since, calmSince ?? 0) + bound;
  const agents = new Map(
    world.db
      .query("SELECT id, tasks, admission, reached_by_agentkit FROM agents")
      .map((row) => [String(row["id"]), row] as const),
  );
  for (const [id, { admission }] of agents) world.sees(id, admission === "superseded" || admission === "deregistered");
  for (const row of world.db.query("SELECT id, next_at FROM schedules WHERE next_at IS NOT NULL")) {
    look("L1");
    const dueAt = Number(row["next_at"]);
    if (past(dueAt, TICK_MS)) late("L1", `schedule ${String(row["id"])} was due at ${dueAt}`);
  }
  for (const { state } of world.checker.sessions.values()) {
    const orphaned = state === null ? null : world.orphanSince(state.id, isOrphan(world, state));
    if (state !== null && orphaned !== null) {
      look("L3");
      if (past(orphaned, TICK_MS)) late("L3", `${state.id} works on, but nobody waits for it since ${orphaned}`);
    }
    for (const task of (state as SessionState | null)?.open ?? []) {
      // What stands still is nobody's concern but a person's.
      if (state === null || state.paused !== undefined) continue;
      const where = `${state.id} task ${task.n}`;
      if (task.phase === "backoff") look("L1");
      if (task.phase === "backoff" && past(task.retryAt, TICK_MS)) late("L1", `${where}: retry due at ${task.retryAt}`);
      const resting = restingTask(world, task);
      if (resting !== null) look("L3");
      if (resting !== null && past(resting.until, TICK_MS)) late("L3", `${where}: ${resting.what}`);
      if (task.phase !== "dispatched") continue;
      const agent = agents.get(task.agentId);
      const attemptId = attemptIdOf(state.id, task.n, task.attempt);
      const entry = (JSON.parse(String(agent?.["tasks"] ?? "{}")) as Record<string, InFlight>)[attemptId];
      look("L3");
      const timeout = world.timeoutsOf(state, task);
      // A pause is given back.
      const since = task.sentAt + (task.frozenMs ?? 0);
      if (past(since + timeout.runMs, TICK_MS)) late("L3", `${where}: run deadline passed unseen`);
      const gone = agent?.["admission"] === "superseded" || agent?.["admission"] === "deregistered";
      if (gone && past(world.goneSince(task.agentId), TICK_MS)) late("L3", `${where}: its agent is long gone`);
      const heard =
        world.db.query("SELECT 1 FROM agent_log WHERE agent_id = ? AND attempt = ? LIMIT 1", task.agentId, attemptId)
          .length > 0;
      if (heard || entry?.beatAt !== undefined) continue;
      if (entry?.transport === undefined && past(task.leaseUntil, TICK_MS + CALLS_MS))
        late("L3", `${where}: its lease is long over`);
      if (entry?.acceptedAt !== undefined) look("L4");
      const lost = entry?.acceptedAt !== undefined && agent?.["reached_by_agentkit"] === 0;
      if (lost && past(since + timeout.startMs, TICK_MS + CALLS_MS)) late("L4", `${where}: AgentKit lost it unseen`);
    }
  }
  return violations;
};
