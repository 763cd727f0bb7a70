import type { Graph, GraphTask } from "../workflow/graph.ts";
import { numberOf, placeOf } from "./carried.ts";
import { endedTask, nodeOf } from "./facts.ts";
import type { CarriedTask } from "./flow-events.ts";
import type { EndedTask, SessionState } from "./state.ts";
import { isTolerated } from "./tolerated.ts";

/** What a rerun takes over from the session it runs again; or why that cannot be, in words. */
export type RerunPlan =
  | { readonly kind: "planned"; readonly carried: readonly CarriedTask[] }
  | { readonly kind: "refused"; readonly message: string };

const refused = (message: string): RerunPlan => ({ kind: "refused", message });

const isMain = ({ fallbackOf, compensates }: GraphTask): boolean => fallbackOf === null && compensates === null;

/** The tasks that have a place of their own in the order, as their author wrote them. */
export const mainTasks = (graph: Graph): readonly string[] =>
  [...graph.tasks.values()].filter(isMain).map(({ taskId }) => taskId);

/** A task and all that may be entered because of it. */
const onwardFrom = (graph: Graph, taskId: string): ReadonlySet<string> => {
  const found = new Set([taskId]);
  for (const one of found) for (const next of nodeOf(graph, one).next) found.add(next);
  return found;
};

/** Whether a task has ended so that what comes after it may go on. */
const isSettled = (graph: Graph, taskId: string, ended: EndedTask | undefined): ended is EndedTask => {
  if (ended === undefined || ended.pending === true) return false;
  return ended.status === "failed" ? isTolerated(graph, taskId) : ended.status !== "cancelled";
};

/** A task and those that stood in for it, the one for the other. */
const withFallbacks = (graph: Graph, state: SessionState, taskId: string): readonly string[] => {
  const { fallbackTaskId } = nodeOf(graph, taskId);
  return fallbackTaskId === null || endedTask(state, fallbackTaskId) === undefined
    ? [taskId]
    : [taskId, ...withFallbacks(graph, state, fallbackTaskId)];
};

/** Why a session cannot be run again from a task; `null`: it can. */
const refusalOf = (state: SessionState, graph: Graph, taskId: string): string | null => {
  const node = graph.tasks.get(taskId);
  if (node === undefined)
    return `The session's definition has no task "${taskId}"; an item of a map is run again with its map.`;
  if (node.fallbackOf !== null)
    return `"${taskId}" is a fallback: name the task it stands in for, "${node.fallbackOf}".`;
  if (node.compensates !== null) return `"${taskId}" only undoes "${node.compensates}": it has no place in the order.`;
  const ended = endedTask(state, taskId);
  if (ended !== undefined && ended.dead !== true) return null;
  const before = node.predecessors.find((one) => !isSettled(graph, one.taskId, endedTask(state, one.taskId)));
  if (before !== undefined) return `"${taskId}" was never reached: "${before.taskId}" before it has not settled.`;
  return `"${taskId}" was never reached${ended === undefined ? "" : ": no way led to it"}.`;
};

/** The first of these tasks that has been undone. One that is to be undone and was not, by its condition, still stands. */
const undone = (state: SessionState, graph: Graph, taskIds: readonly string[]): string | undefined =>
  taskIds.find((taskId) => {
    const { compensateWith } = nodeOf(graph, taskId);
    const by = compensateWith === null ? undefined : endedTask(state, compensateWith);
    return endedTask(state, taskId)?.status === "completed" && by !== undefined && by.status !== "skipped";
  });

const carriedTask = (state: SessionState, taskId: string, n: number): CarriedTask => {
  const ended = endedTask(state, taskId)!; // only what has ended is carried over
  const [sessionId, seq] = placeOf(state, ended) ?? [state.id, ended.seq];
  const { status, dead, by, chose } = ended;
  return {
    taskId,
    n,
    status: status as CarriedTask["status"],
    from: { sessionId, seq, n: numberOf(ended) },
    ...(dead === undefined ? {} : { dead }),
    ...(by === undefined ? {} : { by }),
    ...(chose === undefined ? {} : { chose }),
  };
};

/** The order in which tasks ended; what was carried over before came first. */
const order = ({ from, seq, n }: EndedTask): readonly [number, number] => [from === undefined ? seq : 0, n];

/**
 * What a session that has ended hands to one that runs it again from a task: every task that has settled, but for the
 * chosen one and what may come after it. What has not settled, and does not come after it either, is run anew as well.
 * Refused where the task was never reached, has no place in the order, or a result to be taken over has been undone.
 */
export const planRerun = (state: SessionState, graph: Graph, taskId: string): RerunPlan => {
  const why = refusalOf(state, graph, taskId);
  if (why !== null) return refused(why);
  const anew = onwardFrom(graph, taskId);
  const kept = mainTasks(graph)
    .filter((one) => !anew.has(one) && isSettled(graph, one, endedTask(state, one)))
    .flatMap((one) => withFallbacks(graph, state, one));
  const gone = undone(state, graph, kept);
  if (gone !== undefined) return refused(`"${gone}" has been undone: run the session again from it, or as a whole.`);
  const carried = kept
    .map((one) => ({ taskId: one, at: order(endedTask(state, one)!) })) // only what has ended is kept
    .toSorted((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1])
    .map((one, at) => carriedTask(state, one.taskId, at + 1));
  return { kind: "planned", carried };
};
