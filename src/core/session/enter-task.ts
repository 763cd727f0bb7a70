import { attemptIdOf } from "../ids.ts";
import type { Json, JsonObject } from "../json.ts";
import { render } from "../workflow/template.ts";
import { LEASE_MS, orderOf } from "./deadlines.ts";
import { failTask } from "./fail-task.ts";
import { inputOf, nodeOf } from "./facts.ts";
import { pickAgent, routeOf, type Route } from "./route.ts";
import type { DispatchedTask, OpenTask, TaskError } from "./state.ts";
import { emit, openTask, outputIn, type Turn } from "./turn.ts";

const wait = (turn: Turn, task: OpenTask, queue: string, why: TaskError): void => {
  if (task.phase === "waiting" && task.queue === queue) return;
  emit(turn, { type: "TaskWaited", taskId: task.taskId, n: task.n, queue, why });
};

const routeFor = (turn: Turn, task: OpenTask, except: string | null): Route => {
  const route = routeOf(nodeOf(turn.facts.graph, task.taskId), turn.facts, turn.state.home, task.rejectedBy);
  return except === null ? route : { ...route, candidates: route.candidates.filter((id) => id !== except) };
};

/** Whether another agent than the one that holds it could take the task now, before anybody who waits for that one. */
export const canGoElsewhere = (turn: Turn, task: DispatchedTask): boolean => {
  const pick = pickAgent(routeFor(turn, task, task.agentId), task, turn.agents, turn.now);
  return pick.agent !== null && turn.facts.ahead.get(pick.agent.id) === undefined;
};

/**
 * Gives a ready task to a free agent in this very commit (not to `except`), or lets it wait with the reason. A task
 * that is not in a queue yet does not overtake one that is (`ahead`); one in a queue takes its chance.
 */
export const assignOrWait = (turn: Turn, n: number, except: string | null = null): void => {
  const task = openTask(turn, n)!; // callers have just seen it open
  const route = routeFor(turn, task, except);
  const pick = pickAgent(route, task, turn.agents, turn.now);
  if (pick.agent === null) return wait(turn, task, route.queue, pick.why);
  const { agent } = pick;
  const ahead = turn.facts.ahead.get(agent.id);
  if (task.phase !== "waiting" && ahead !== undefined && ahead < orderOf(task)) {
    return wait(turn, task, route.queue, {
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

/** Enters a task of the graph: renders its parameters once, then assigns it or lets it wait. */
export const enterTask = (turn: Turn, taskId: string): void => {
  const node = nodeOf(turn.facts.graph, taskId);
  const input = inputOf(turn.facts);
  const tasks: Record<string, { output: Json }> = {};
  for (const id of turn.facts.graph.reads(taskId).tasks) {
    const output = outputIn(turn, id);
    if (output !== undefined) tasks[id] = { output };
  }
  const rendered = render(node.parameters, { input, tasks });
  const n = turn.state.tasks + 1;
  const parameters: JsonObject = rendered.ok ? { ...rendered.value, ...(node.isStart ? input : {}) } : {};
  emit(turn, { type: "TaskEntered", taskId, n, parameters });
  if (!rendered.ok) return failTask(turn, n, { code: rendered.code, message: rendered.message });
  assignOrWait(turn, n);
};
