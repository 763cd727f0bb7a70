import type { Definition, TaskDefinition } from "./definition.ts";
import { edgesOf } from "./edges.ts";
import { occurrences } from "./template.ts";

/** A task and its place in the order. `next` are entered when it completes; a start has no predecessors. */
export interface GraphTask extends Omit<TaskDefinition, "following"> {
  readonly next: readonly string[];
  readonly predecessors: readonly string[];
  readonly isStart: boolean;
}

/** What a task's parameters refer to; `tasks` in the order of first mention. */
export interface Reads {
  readonly input: boolean;
  readonly tasks: readonly string[];
}

/** A definition ready to run: tasks by id in the author's order. */
export interface Graph {
  readonly tasks: ReadonlyMap<string, GraphTask>;
  /** Entered at once when a session starts, in the author's order; each receives the initial payload. */
  readonly starts: readonly string[];
  /** What must be loaded to render that task's parameters; nothing for an unknown id. */
  reads(taskId: string): Reads;
}

const readsOf = (task: GraphTask | undefined): Reads => {
  let input = false;
  const tasks = new Set<string>();
  for (const { parsed } of occurrences(task?.parameters ?? {})) {
    if (!parsed.ok) continue;
    if (parsed.reference.source.kind === "input") input = true;
    else tasks.add(parsed.reference.source.taskId);
  }
  return { input, tasks: [...tasks] };
};

/** The graph of a definition that passed `checkGraph`. Total and deterministic; cheap enough to do at every step. */
export const compile = (definition: Definition): Graph => {
  const next = definition.tasks.map((): string[] => []);
  const predecessors = definition.tasks.map((): string[] => []);
  for (const { from, to } of edgesOf(definition.tasks)) {
    next[from]!.push(definition.tasks[to]!.taskId);
    predecessors[to]!.push(definition.tasks[from]!.taskId);
  }
  const tasks = new Map<string, GraphTask>();
  definition.tasks.forEach(({ following: _, ...task }, at) => {
    const isStart = predecessors[at]!.length === 0;
    tasks.set(task.taskId, { ...task, next: next[at]!, predecessors: predecessors[at]!, isStart });
  });
  return {
    tasks,
    starts: [...tasks.values()].filter(({ isStart }) => isStart).map(({ taskId }) => taskId),
    reads: (taskId) => readsOf(tasks.get(taskId)),
  };
};
