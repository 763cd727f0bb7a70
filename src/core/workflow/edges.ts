import type { Following } from "./definition.ts";

/** What the order of tasks depends on. `null`: the document does not say it readably. */
export interface OrderedTask {
  readonly taskId: string | null;
  readonly following: Following | null;
}

/** Indexes into the task list; `named` where a `nextTaskId` says so, otherwise it is the order of the list. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly named: boolean;
}

/** Position of each task id; the first wins where an id occurs twice. */
export const indexById = (tasks: readonly OrderedTask[]): ReadonlyMap<string, number> => {
  const index = new Map<string, number>();
  tasks.forEach(({ taskId }, at) => {
    if (taskId !== null && !index.has(taskId)) index.set(taskId, at);
  });
  return index;
};

/**
 * Which task enters which: a `nextTaskId` names its task; a task that nobody names is entered from the task above if
 * that has no `nextTaskId` key. A name that no task has makes no edge.
 */
export const edgesOf = (tasks: readonly OrderedTask[]): readonly Edge[] => {
  const index = indexById(tasks);
  const edges: Edge[] = [];
  tasks.forEach(({ following }, from) => {
    const to = following?.kind === "task" ? index.get(following.taskId) : undefined;
    if (to !== undefined) edges.push({ from, to, named: true });
  });
  const named = new Set(edges.map(({ to }) => to));
  tasks.forEach(({ following }, from) => {
    const below = from + 1;
    if (following?.kind === "below" && below < tasks.length && !named.has(below)) {
      edges.push({ from, to: below, named: false });
    }
  });
  return edges;
};

/**
 * For each task every other that has completed, on every path, before it is entered; itself too, if it is in a cycle.
 */
export const earlierTasks = (count: number, edges: readonly Edge[]): readonly ReadonlySet<number>[] => {
  const into = Array.from({ length: count }, (): number[] => []);
  for (const { from, to } of edges) into[to]!.push(from);
  return into.map((direct) => {
    const found = new Set<number>();
    const open = [...direct];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (found.has(at)) continue;
      found.add(at);
      open.push(...into[at]!);
    }
    return found;
  });
};
