import type { Agent } from "../agent/agent.ts";
import { attemptIdOf } from "../ids.ts";
import { AWAY_MS, deadlinesOf, LEASE_MS } from "./deadlines.ts";
import { endAttempt } from "./end-attempt.ts";
import { tickAwaiting } from "./await.ts";
import { attempt } from "./begin-work.ts";
import { repeatCall } from "./call.ts";
import { orphaned, tickChild } from "./child.ts";
import { workOf } from "./facts.ts";
import { cancelTasks, failSession, failTask } from "./fail-task.ts";
import { fillMap } from "./map-items.ts";
import { proceed } from "./proceed.ts";
import type { DispatchedTask, WaitingTask } from "./state.ts";
import { emit, openTask, type Turn } from "./turn.ts";

const tickWaiting = (turn: Turn, task: WaitingTask): void => {
  attempt(turn, task.n);
  const still = openTask(turn, task.n);
  const deadline = task.since + workOf(turn.facts.graph, task).timeout.queueMs;
  if (still?.phase !== "waiting" || turn.now < deadline) return;
  // Nobody could have come while we were away: the wait starts anew.
  if (turn.now - deadline > AWAY_MS) {
    return emit(turn, { type: "TaskWaited", taskId: task.taskId, n: task.n, queue: still.queue, why: still.why });
  }
  failTask(turn, task.n, { code: "no_agent", message: `no agent could take the task in time: ${task.why.message}` });
};

/** Why delivery through AgentKit is doubted, with what kept the direct way from being used. */
const silenceMessage = (agent: Agent | undefined, task: DispatchedTask, attemptId: string, afterMs: number): string => {
  const refused = agent?.tasks[attemptId]?.refused ?? [];
  const how = refused.length === 0 ? "" : `; ${refused.join("; ")}`;
  return `AgentKit accepted the task but agent ${task.agentId} gave no sign of life within ${afterMs / 1_000} s${how}`;
};

const tickDispatched = (turn: Turn, task: DispatchedTask): void => {
  const { now, facts } = turn;
  const agent = facts.agents.get(task.agentId);
  const attemptId = attemptIdOf(turn.state.id, task.n, task.attempt);
  const service = agent?.tasks[attemptId]?.left ?? agent?.admission;
  if (service === "superseded") {
    const message = `agent ${task.agentId} restarted as ${agent?.supersededBy ?? "another id"} and lost the task`;
    return endAttempt(turn, task, {
      outcome: "agent_restarted",
      counts: true,
      error: { code: "agent_restarted", message },
    });
  }
  if (service === "deregistered") {
    const message = `agent ${task.agentId} was deregistered while it held the task`;
    return endAttempt(turn, task, {
      outcome: "agent_deregistered",
      counts: false,
      error: { code: "agent_deregistered", message },
    });
  }
  const { leaseAt, startAt, runAt, heartbeatAt } = deadlinesOf(turn.state, task, facts);
  if (now >= runAt) {
    const message = `agent ${task.agentId} did not finish within ${workOf(facts.graph, task).timeout.runMs / 1_000} s`;
    return endAttempt(turn, task, {
      outcome: "run_deadline",
      counts: now - runAt <= AWAY_MS,
      error: { code: "run_deadline", message },
    });
  }
  if (heartbeatAt !== null && now >= heartbeatAt) {
    const seconds = workOf(facts.graph, task).timeout.heartbeatMs! / 1_000; // its deadline comes of it
    return endAttempt(turn, task, {
      outcome: "heartbeat_deadline",
      counts: now - heartbeatAt <= AWAY_MS,
      error: {
        code: "heartbeat_deadline",
        message: `agent ${task.agentId} gave no sign of life for ${seconds} s while it worked`,
      },
    });
  }
  if (startAt !== null && now >= startAt) {
    const unsure = agent?.tasks[attemptId]?.unsure === true || agent?.tasks[attemptId]?.acceptedAt === undefined;
    return endAttempt(turn, task, {
      outcome: "start_deadline",
      counts: !unsure && now - startAt <= AWAY_MS,
      error: { code: "start_deadline", message: silenceMessage(agent, task, attemptId, startAt - task.sentAt) },
    });
  }
  if (leaseAt !== null && now >= leaseAt) {
    emit(turn, {
      type: "DispatchRequested",
      taskId: task.taskId,
      n: task.n,
      attempt: task.attempt,
      attemptId,
      agentId: task.agentId,
      leaseUntil: now + LEASE_MS,
      again: true,
    });
  }
};

/** Whether the session has lasted too long, and what follows. Time in which we were away is given back. */
const isOverdue = (turn: Turn): boolean => {
  const { deadlineAt, startedAt, failing } = turn.state;
  if (deadlineAt === undefined || failing !== undefined || turn.now < deadlineAt) return false;
  const late = turn.now - deadlineAt;
  if (late > AWAY_MS) {
    emit(turn, { type: "DeadlineMoved", until: turn.now + late });
    return false;
  }
  const seconds = Math.round((deadlineAt - startedAt) / 1_000);
  failSession(turn, null, { code: "session_timeout", message: `the session did not end within ${seconds} s` });
  return true;
};

/**
 * A child that nobody waits for any more is cancelled; the commit that let go of it tells it to look, once: so this
 * comes before anything else that is due.
 */
const cancelOrphan = (turn: Turn): boolean => {
  const reason = orphaned(turn);
  if (reason === null) return false;
  cancelTasks(turn, turn.state.open, { code: "session_cancelled", message: reason });
  emit(turn, { type: "SessionCancelled", reason, actor: { kind: "system", id: "engine" } });
  return true;
};

/** What is due of each open task. */
const tickTasks = (turn: Turn): void => {
  if (isOverdue(turn)) return;
  for (const { n } of turn.state.open) {
    const task = openTask(turn, n);
    if (task === undefined || turn.state.status !== "open") return;
    switch (task.phase) {
      case "waiting":
        tickWaiting(turn, task);
        break;
      case "backoff":
        if (turn.now >= task.retryAt) attempt(turn, n);
        break;
      case "dispatched":
        tickDispatched(turn, task);
        break;
      case "sleeping":
        if (turn.now >= task.until) {
          emit(turn, { type: "TaskResolved", taskId: task.taskId, n, output: null, by: "timer" });
        }
        break;
      case "calling":
        if (turn.now >= task.leaseUntil) repeatCall(turn, task);
        break;
      case "awaiting":
        tickAwaiting(turn, task);
        break;
      case "mapping":
        fillMap(turn, n);
        break;
      case "child":
        tickChild(turn, task);
        break;
    }
    proceed(turn);
  }
};

/** Does what is really due in a session, and nothing else: no event means that only the timer is re-armed. */
export const tick = (turn: Turn): void => {
  if (turn.state.status !== "open" || cancelOrphan(turn)) return;
  if (turn.state.paused === undefined) tickTasks(turn);
};
