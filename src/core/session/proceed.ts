import type { Json } from "../json.ts";
import { contextOf } from "./context.ts";
import { conditionOf, considerTask, enterTask } from "./enter-task.ts";
import { endedTask, nodeOf } from "./facts.ts";
import { failSession } from "./fail-task.ts";
import { failItem, fillMap, fillMaps } from "./map-items.ts";
import { isTolerated } from "./tolerated.ts";
import type { TaskError } from "./state.ts";
import { emit, openTask, rowIn, type Ended, type Turn } from "./turn.ts";

/** Why a task failed, from the row in which it did. */
const errorOf = (turn: Turn, taskId: string): TaskError => {
  const ended = endedTask(turn.state, taskId)!; // callers have just seen it ended
  for (const event of rowIn(turn, ended.seq) ?? []) {
    if (event.type === "TaskFailed" && event.n === ended.n) return event.error;
  }
  return { code: "failed", message: "the task failed" };
};

/** Chooses the way after a task. A condition that cannot be told fails the session: nobody knows how it should go on. */
const choose = (turn: Turn, taskId: string): boolean => {
  const { graph } = turn.facts;
  const { choices } = nodeOf(graph, taskId);
  if (choices === null || endedTask(turn.state, taskId)?.dead === true) return true;
  for (const { when, taskId: chosen } of choices) {
    const condition = when === null ? { holds: true } : conditionOf(turn, when, graph.choiceReads(taskId));
    if ("fault" in condition) {
      const { code, message } = condition.fault;
      failSession(turn, taskId, { code, message: `the way after "${taskId}" cannot be chosen: ${message}` });
      return false;
    }
    if (condition.holds) {
      emit(turn, { type: "ChoiceMade", taskId, chose: chosen });
      return true;
    }
  }
  emit(turn, { type: "ChoiceMade", taskId, chose: null });
  return true;
};

/** Whether one of the tasks that have just ended takes the session with it. */
const isDoomed = (turn: Turn): boolean =>
  turn.agenda.some(
    ({ taskId, item }) =>
      item === null && endedTask(turn.state, taskId)?.status === "failed" && !hasWayOut(turn, taskId),
  );

/** Enters those tasks whose time has come; none more once one of them has failed the session. */
export const enterAll = (turn: Turn, taskIds: readonly string[]): void => {
  for (const taskId of taskIds) {
    if (!isDoomed(turn)) considerTask(turn, taskId);
  }
};

const goOn = (turn: Turn, taskId: string): void => {
  if (!choose(turn, taskId)) return;
  enterAll(turn, nodeOf(turn.facts.graph, taskId).next);
};

/** What follows the end of one task. */
const follow = (turn: Turn, { taskId, item, failure }: Ended): void => {
  if (item !== null) {
    return failure === null ? fillMap(turn, item.of) : failItem(turn, item.of, item.index, failure);
  }
  const node = nodeOf(turn.facts.graph, taskId);
  const ended = endedTask(turn.state, taskId)!; // it is on the agenda because it has
  if (ended.pending === true) {
    if (!isDoomed(turn)) enterTask(turn, node.fallbackTaskId!); // what is pending has one
    return;
  }
  const failed = ended.status === "failed" || (node.fallbackOf !== null && ended.status === "skipped");
  if (node.fallbackOf !== null) {
    emit(turn, {
      type: "FallbackEnded",
      taskId: node.fallbackOf,
      by: taskId,
      status: failed ? "failed" : "completed",
    });
    turn.agenda.push({ taskId: node.fallbackOf, item: null, failure: null });
    return;
  }
  if (failed && !isTolerated(turn.facts.graph, taskId)) {
    const culprit = lastFallback(turn, taskId);
    return failSession(turn, culprit, errorOf(turn, culprit));
  }
  goOn(turn, taskId);
};

/** Whether something follows the failure of a task other than that of the session, as far as is known now. */
const hasWayOut = (turn: Turn, taskId: string): boolean =>
  endedTask(turn.state, taskId)?.pending === true || isBorne(turn, taskId);

/** Whether the author lets the session go on after this failure: of the tasks that stand in for each other, one says so. */
const isBorne = (turn: Turn, taskId: string): boolean => {
  const { fallbackOf } = nodeOf(turn.facts.graph, taskId);
  return fallbackOf === null ? isTolerated(turn.facts.graph, taskId) : isBorne(turn, fallbackOf);
};

/** The last task that was tried in the place of a failed one, itself without a fallback. */
const lastFallback = (turn: Turn, taskId: string): string => {
  const next = nodeOf(turn.facts.graph, taskId).fallbackTaskId;
  if (next === null || endedTask(turn.state, next)?.status !== "failed") return taskId;
  return lastFallback(turn, next);
};

/** What a child hands to the task that started it: the output of its last task, or of each by name if there are several. */
const handedOn = (turn: Turn): { readonly output?: Json } => {
  if (turn.state.parent === undefined) return {};
  const last = [...turn.facts.graph.tasks.values()]
    .filter(({ next, fallbackOf, compensates }) => next.length === 0 && fallbackOf === null && compensates === null)
    .map(({ taskId }) => taskId);
  const { tasks } = contextOf(turn, { input: false, agent: false, tasks: last, secrets: [] });
  const outputOf = (taskId: string): Json => tasks[taskId]?.output ?? null;
  const [only] = last.length === 1 ? last : [];
  return { output: only === undefined ? Object.fromEntries(last.map((id) => [id, outputOf(id)])) : outputOf(only) };
};

/** Draws the consequences of all that has ended in this turn, until nothing follows any more. */
export const proceed = (turn: Turn): void => {
  while (turn.state.status === "open") {
    const next = turn.agenda.shift();
    if (next !== undefined) {
      // What undoes a session is not followed by what it was about to do; a map among it has items that follow.
      const isOfOpenMap = next.item !== null && openTask(turn, next.item.of) !== undefined;
      if (turn.state.failing === undefined || isOfOpenMap) follow(turn, next);
      continue;
    }
    fillMaps(turn);
    if (turn.agenda.length > 0) continue;
    if (turn.state.open.length > 0) return;
    const { failing } = turn.state;
    if (failing === undefined) emit(turn, { type: "SessionCompleted", ...handedOn(turn) });
    else if (failing.left[0] === undefined) {
      emit(turn, { type: "SessionFailed", taskId: failing.taskId, error: failing.error });
    } else enterTask(turn, failing.left[0]);
  }
};
