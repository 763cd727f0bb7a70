import type { Following } from "./definition.ts";

/** What the order of tasks depends on. `null`: the document does not say it readably. */
export interface OrderedTask {
  readonly taskId: string | null;
  readonly following: Following | null;
  /** Absent or `null`: no such key. */
  readonly dependsOn?: readonly string[] | null;
  readonly fallbackTaskId?: string | null;
  readonly compensateWith?: string | null;
}

/**
 * Why one task may enter another: it names it (`next`), names it as one way among others (`choice`), is waited for
 * (`depends`), or stands above it in the list (`order`).
 */
export type EdgeKind = "next" | "choice" | "depends" | "order";

/** Indexes into the task list; `named` where a key says so, otherwise it is the order of the list. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly kind: EdgeKind;
  readonly named: boolean;
}

/** A task that is entered only when another has failed for good, or is to be undone. */
export interface SideEdge {
  readonly from: number;
  readonly to: number;
  readonly kind: "fallback" | "compensation";
}

/** Position of each task id; the first wins where an id occurs twice. */
export const indexById = (tasks: readonly OrderedTask[]): ReadonlyMap<string, number> => {
  const index = new Map<string, number>();
  tasks.forEach(({ taskId }, at) => {
    if (taskId !== null && !index.has(taskId)) index.set(taskId, at);
  });
  return index;
};

/** Which task is the fallback or the compensation of which. A name that no task has makes no edge. */
export const sideEdgesOf = (tasks: readonly OrderedTask[]): readonly SideEdge[] => {
  const index = indexById(tasks);
  return tasks.flatMap(({ fallbackTaskId, compensateWith }, from) =>
    (
      [
        ["fallback", fallbackTaskId],
        ["compensation", compensateWith],
      ] as const
    ).flatMap(([kind, taskId]) => {
      const to = typeof taskId === "string" ? index.get(taskId) : undefined;
      return to === undefined ? [] : [{ from, to, kind }];
    }),
  );
};

/** The names by which a task says what follows it, with the kind of the edge. */
const namedNext = ({ following }: OrderedTask): readonly (readonly [EdgeKind, string])[] => {
  if (following?.kind === "task") return [["next", following.taskId]];
  if (following?.kind !== "choice") return [];
  return following.choices.flatMap(({ taskId }) => (taskId === null ? [] : [["choice", taskId] as const]));
};

/**
 * Which task may enter which, each pair once, by its successor's place in what the author wrote. A task is entered from
 * its `dependsOn`, from a `nextTaskId` or `next` that names it, or, if it has neither, from the task above unless that
 * says what follows it. Fallbacks and compensations are entered only as such and are nobody's task above.
 */
export const edgesOf = (tasks: readonly OrderedTask[]): readonly Edge[] => {
  const index = indexById(tasks);
  const aside = new Set(sideEdgesOf(tasks).map(({ to }) => to));
  const edges = new Map<string, Edge>();
  const add = (from: number | undefined, to: number | undefined, kind: EdgeKind): void => {
    if (from === undefined || to === undefined) return;
    const key = `${from} ${to}`;
    // Waiting for a task does not hang on what it chooses.
    if (edges.get(key)?.kind === "choice" || !edges.has(key))
      edges.set(key, { from, to, kind, named: kind !== "order" });
  };
  tasks.forEach((task, from) => {
    for (const [kind, taskId] of namedNext(task)) add(from, index.get(taskId), kind);
  });
  tasks.forEach(({ dependsOn }, to) => {
    for (const taskId of dependsOn ?? []) add(index.get(taskId), to, "depends");
  });
  const named = new Set([...edges.values()].map(({ to }) => to));
  let above: number | null = null;
  tasks.forEach(({ dependsOn }, at) => {
    if (aside.has(at)) return;
    const hasOwn = named.has(at) || (dependsOn !== null && dependsOn !== undefined);
    if (!hasOwn && above !== null && tasks[above]!.following?.kind === "below") add(above, at, "order");
    above = at;
  });
  return [...edges.values()];
};

/**
 * For each task every other that comes before it, on any path; itself too, if it is in a cycle. Each has ended, or can
 * no longer be reached, when the task is entered (with `join: any`: may also be under way).
 */
export const earlierTasks = (
  count: number,
  edges: readonly { readonly from: number; readonly to: number }[],
): readonly ReadonlySet<number>[] => {
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
