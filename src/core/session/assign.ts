import { attemptIdOf } from "../ids.ts";
import { LEASE_MS, orderOf } from "./deadlines.ts";
import { workOf } from "./facts.ts";
import { pickAgent, routeOf, type Route } from "./route.ts";
import { targetOf } from "../workflow/graph.ts";
import type { DispatchedTask, NoAgent, OpenTask } from "./state.ts";
import { emit, openTask, type Turn } from "./turn.ts";

/** Lets a ready task wait in a queue, with the reason; one that is in it already stays where it is. */
export const waitInQueue = (turn: Turn, task: OpenTask, queue: string, why: NoAgent): void => {
  if (task.phase === "waiting" && task.queue === queue) return;
  emit(turn, { type: "TaskWaited", taskId: task.taskId, n: task.n, queue, why });
};

/** What was not loaded is not known: nobody may be taken for absent. */
const noteMissing = (turn: Turn, task: OpenTask): void => {
  const { known, graph } = turn.facts;
  if (known === undefined) return;
  const target = targetOf(workOf(graph, task));
  if (target?.kind === "agent" && !known.agents.has(target.agentId)) turn.missing.agents.add(target.agentId);
  if (target?.kind === "capability" && !known.caps.has(target.capability)) turn.missing.caps.add(target.capability);
  const { home } = turn.state;
  if (home !== null && !known.agents.has(home)) turn.missing.agents.add(home);
};

/** Who may take a task, but for one. */
export const routeFor = (turn: Turn, task: OpenTask, except: string | null = null): Route => {
  noteMissing(turn, task);
  const route = routeOf(task, turn.facts, turn.state.home);
  return except === null ? route : { ...route, candidates: route.candidates.filter((id) => id !== except) };
};

/** Whether another agent than the one that holds it could take the task now, before anybody who waits for that one. */
export const canGoElsewhere = (turn: Turn, task: DispatchedTask): boolean => {
  const pick = pickAgent(routeFor(turn, task, task.agentId), task, turn.agents, turn.now);
  return pick.agent !== null && turn.facts.ahead.get(pick.agent.id) === undefined;
};

/**
 * Gives a ready task to a free agent in this very commit (not to `except`), or lets it wait with the reason. A task
 * that is not in a queue yet does not overtake one that is (`ahead`); one in a queue takes its chance. While the session
 * is paused nothing is given to anybody.
 */
export const assignOrWait = (turn: Turn, n: number, except: string | null = null): void => {
  if (turn.state.paused !== undefined) return;
  const task = openTask(turn, n)!; // callers have just seen it open
  const route = routeFor(turn, task, except);
  const pick = pickAgent(route, task, turn.agents, turn.now);
  if (pick.agent === null) return waitInQueue(turn, task, route.queue, pick.why);
  const { agent } = pick;
  const ahead = turn.facts.ahead.get(agent.id);
  if (task.phase !== "waiting" && ahead !== undefined && ahead < orderOf(task)) {
    return waitInQueue(turn, task, route.queue, {
      code: "queued",
      message: `tasks that became ready before are served first`,
    });
  }
  if (route.warning !== null && task.attempt === 0) {
    emit(turn, { type: "SessionWarned", taskId: task.taskId, ...route.warning });
  }
  const attempt = task.attempt + 1;
  emit(turn, {
    type: "DispatchRequested",
    taskId: task.taskId,
    n,
    attempt,
    attemptId: attemptIdOf(turn.state.id, n, attempt),
    agentId: agent.id,
    leaseUntil: turn.now + LEASE_MS,
    again: false,
  });
};
