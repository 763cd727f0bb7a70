import type { JsonObject } from "../json.ts";
import type { Choice, Definition, Policy, Target, TaskDefinition, Work } from "./definition.ts";
import { edgesOf, sideEdgesOf, type Edge, type EdgeKind } from "./edges.ts";
import { parseExpression, type ParsedExpression, type ParseOptions } from "./expression.ts";
import { compileTemplate, type Template } from "./template.ts";

/** A task that another may be entered from. */
export interface Predecessor {
  readonly taskId: string;
  readonly kind: EdgeKind;
}

/** A task and its place in the order. A start has no predecessors. */
export type GraphTask = Work &
  Policy &
  Omit<TaskDefinition, keyof Work | keyof Policy | "following" | "dependsOn"> & {
    /** The tasks that its end may enter, in the order of the list. */
    readonly next: readonly string[];
    /** `null`: everything in `next` is entered; else the first choice that holds. */
    readonly choices: readonly Choice[] | null;
    readonly predecessors: readonly Predecessor[];
    readonly isStart: boolean;
    /** The task that this one replaces when that has failed for good. */
    readonly fallbackOf: string | null;
    /** The task that this one undoes. */
    readonly compensates: string | null;
  };

/** Who may do it; `null`: no agent is asked. */
export const targetOf = (work: Work): Target | null =>
  work.type === "agent" || work.type === "tool" ? work.target : null;

/** What templates and conditions refer to; `tasks` in the order of first mention. */
export interface Reads {
  readonly input: boolean;
  readonly agent: boolean;
  readonly tasks: readonly string[];
  /** Names of secrets. */
  readonly secrets: readonly string[];
}

/** A definition ready to run: tasks by id in the author's order. */
export interface Graph {
  readonly tasks: ReadonlyMap<string, GraphTask>;
  /** Entered at once when a session starts, in the author's order; each receives the initial payload. */
  readonly starts: readonly string[];
  readonly timeoutMs: number | null;
  /** The JSON Schema of the session's input; `null`: anything goes. */
  readonly input: JsonObject | null;
  /** What must be loaded to enter that task: its condition and its parameters; nothing for an unknown id. */
  reads(taskId: string): Reads;
  /** What must be loaded to choose the way after that task. */
  choiceReads(taskId: string): Reads;
  /** What must be loaded to enter an item of that map, besides the item itself. */
  itemReads(taskId: string): Reads;
  /** A task's parameters, or those of the items of a map, read once for all the times they are rendered. */
  template(taskId: string, of: "task" | "items"): Template;
  /** A condition, read once. */
  condition(text: string): ParsedExpression;
}

const NOTHING: Reads = { input: false, agent: false, tasks: [], secrets: [] };

/** What expressions refer to, together. */
const readsOf = (expressions: readonly ParsedExpression[]): Reads => {
  let [input, agent] = [false, false];
  const tasks = new Set<string>();
  const secrets = new Set<string>();
  for (const parsed of expressions) {
    if (!parsed.ok) continue;
    const { reads } = parsed.expression;
    input ||= reads.input;
    agent ||= reads.agent;
    for (const { taskId } of reads.tasks) tasks.add(taskId);
    for (const name of reads.secrets) secrets.add(name);
  }
  return { input, agent, tasks: [...tasks], secrets: [...secrets] };
};

/** Reading expressions costs more than a step should; a graph is kept for as long as its sessions run. */
const onceEach = <T>(find: (key: string) => T): ((key: string) => T) => {
  const found = new Map<string, T>();
  return (key) => {
    const known = found.get(key) ?? find(key);
    found.set(key, known);
    return known;
  };
};

/** Secrets are for calls that the engine makes itself. */
const optionsOf = (work: Work): ParseOptions => ({ secrets: work.type === "http" });

const graphTask = (
  { following, dependsOn: _, ...task }: TaskDefinition,
  next: readonly string[],
  predecessors: readonly Predecessor[],
  sides: Pick<GraphTask, "fallbackOf" | "compensates">,
): GraphTask => ({
  ...task,
  ...sides,
  next,
  choices: following.kind === "choice" ? following.choices : null,
  predecessors,
  isStart: predecessors.length === 0 && sides.fallbackOf === null && sides.compensates === null,
});

const grouped = (edges: readonly Edge[], key: "from" | "to"): ReadonlyMap<number, readonly Edge[]> => {
  const groups = new Map<number, Edge[]>();
  for (const edge of edges) {
    const group = groups.get(edge[key]);
    if (group === undefined) groups.set(edge[key], [edge]);
    else group.push(edge);
  }
  return groups;
};

/** The graph of a definition that passed `checkGraph`. Total and deterministic. */
export const compile = (definition: Definition): Graph => {
  const { tasks: defined } = definition;
  const idAt = (at: number): string => defined[at]!.taskId;
  const sides = new Map(sideEdgesOf(defined).map(({ from, to, kind }) => [`${kind} ${to}`, idAt(from)]));
  const edges = edgesOf(defined).toSorted((a, b) => a.to - b.to);
  const outOf = grouped(edges, "from");
  const into = grouped(edges, "to");
  const tasks = new Map(
    defined.map((task, at) => [
      task.taskId,
      graphTask(
        task,
        (outOf.get(at) ?? []).map(({ to }) => idAt(to)),
        (into.get(at) ?? []).map(({ from, kind }) => ({ taskId: idAt(from), kind })),
        { fallbackOf: sides.get(`fallback ${at}`) ?? null, compensates: sides.get(`compensation ${at}`) ?? null },
      ),
    ]),
  );
  const conditionOf = onceEach((text) => parseExpression(text, { expect: "bool" }));
  const templateOf = (work: Work | undefined): Template =>
    work === undefined ? compileTemplate({}) : compileTemplate(work.parameters, optionsOf(work));
  const taskTemplate = onceEach((taskId) => templateOf(tasks.get(taskId)));
  const itemTemplate = onceEach((taskId) => {
    const task = tasks.get(taskId);
    return templateOf(task?.type === "map" ? task.item : undefined);
  });
  return {
    tasks,
    starts: [...tasks.values()].filter(({ isStart }) => isStart).map(({ taskId }) => taskId),
    timeoutMs: definition.timeoutMs,
    input: definition.input,
    reads: onceEach((taskId) => {
      const task = tasks.get(taskId);
      if (task === undefined) return NOTHING;
      const condition = task.when === null ? [] : [conditionOf(task.when)];
      return readsOf([...condition, ...taskTemplate(taskId).expressions]);
    }),
    choiceReads: onceEach((taskId) =>
      readsOf((tasks.get(taskId)?.choices ?? []).flatMap(({ when }) => (when === null ? [] : [conditionOf(when)]))),
    ),
    itemReads: onceEach((taskId) => readsOf(itemTemplate(taskId).expressions)),
    template: (taskId, of) => (of === "task" ? taskTemplate(taskId) : itemTemplate(taskId)),
    condition: conditionOf,
  };
};
