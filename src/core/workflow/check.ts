import type { JsonObject } from "../json.ts";
import { earlierTasks, edgesOf, indexById, type Edge, type OrderedTask } from "./edges.ts";
import type { ExpressionReads } from "./expression-roots.ts";
import { nearest } from "./nearest.ts";
import { pointerTo, quoted, type DefinitionFault } from "./pointer.ts";
import { occurrences } from "./template.ts";

/** As much of a task as could be read; `null` for what is missing, of the wrong type or not supported. */
export interface DraftTask extends OrderedTask {
  readonly parameters: JsonObject | null;
}

/** More faults help nobody, and the answer must stay small. */
export const maxFaults = 100;

const fault = (path: readonly (string | number)[], code: string, message: string): DefinitionFault => ({
  pointer: pointerTo(["tasks", ...path]),
  code,
  message,
});

const didYouMean = (taskId: string, known: ReadonlyMap<string, number>): string => {
  const near = nearest(taskId, known.keys());
  return near === null ? "" : ` Did you mean \`${near}\`?`;
};

const duplicateFaults = (tasks: readonly DraftTask[], known: ReadonlyMap<string, number>): DefinitionFault[] =>
  tasks.flatMap(({ taskId }, at) => {
    const first = taskId === null ? undefined : known.get(taskId);
    if (first === undefined || first === at) return [];
    const message = `The taskId \`${quoted(taskId!)}\` is already that of tasks[${first}]; ids must be unique.`;
    return [fault([at, "taskId"], "duplicate_task", message)];
  });

const unknownNextFaults = (tasks: readonly DraftTask[], known: ReadonlyMap<string, number>): DefinitionFault[] =>
  tasks.flatMap(({ following }, at) => {
    if (following?.kind !== "task" || known.has(following.taskId)) return [];
    const message = `There is no task \`${quoted(following.taskId)}\`.${didYouMean(following.taskId, known)}`;
    return [fault([at, "nextTaskId"], "unknown_task", message)];
  });

const fanInFaults = (tasks: readonly DraftTask[], edges: readonly Edge[]): DefinitionFault[] => {
  const entered = new Map<number, number>();
  return edges.flatMap(({ from, to }) => {
    const other = entered.get(to);
    entered.set(to, other ?? from);
    if (other === undefined) return [];
    const message = `\`${quoted(tasks[to]!.taskId!)}\` is already entered from tasks[${other}]; joining several tasks is not supported yet.`;
    return [fault([from, "nextTaskId"], "not_supported", message)];
  });
};

/**
 * Members of each cycle, in order. A task has one successor at most, so every walk runs into at most one cycle, and
 * nothing but its members is cut off by it: every other task can be reached from a start.
 */
const cycles = (count: number, edges: readonly Edge[]): readonly (readonly number[])[] => {
  const next = new Map(edges.map(({ from, to }) => [from, to]));
  const walkOf = new Map<number, number>();
  const found: number[][] = [];
  for (let start = 0; start < count; start += 1) {
    let at: number | undefined = start;
    while (at !== undefined && !walkOf.has(at)) {
      walkOf.set(at, start);
      at = next.get(at);
    }
    if (at === undefined || walkOf.get(at) !== start) continue;
    const members = [at];
    for (let member = next.get(at)!; member !== at; member = next.get(member)!) members.push(member);
    found.push(members);
  }
  return found;
};

const cycleFault = (tasks: readonly DraftTask[], members: readonly number[]): DefinitionFault => {
  // Every member has an id: a name or the list, which is used only while all ids are known, led to it.
  // The list order only leads downward, so the lowest member got back by a `nextTaskId`: that is the key to change.
  const closing = Math.max(...members);
  const first = members.indexOf(closing);
  const ids = [...members.slice(first), ...members.slice(0, first)].map((at) => quoted(tasks[at]!.taskId!));
  const shown = ids.length > 6 ? [...ids.slice(0, 5), "…"] : ids;
  const message =
    members.length === 1
      ? `The task \`${ids[0]}\` names itself as the next one.`
      : `The tasks form a cycle: ${[...shown, ids[0]].join(" → ")}.`;
  return fault([closing, "nextTaskId"], "cycle", message);
};

/** What an expression reads that the engine does not give it yet. */
const notYet = (reads: ExpressionReads): string | null =>
  (["session", "agent", "item", "index"] as const).find((name) => reads[name]) ??
  reads.tasks.find(({ member }) => member !== "output")?.member ??
  null;

const referenceFaults = (
  tasks: readonly DraftTask[],
  known: ReadonlyMap<string, number>,
  idsKnown: boolean,
  order: readonly Edge[] | null,
): DefinitionFault[] => {
  const faults: DefinitionFault[] = [];
  const earlier = order === null ? null : earlierTasks(tasks.length, order);
  for (const [at, task] of tasks.entries()) {
    for (const { pointer, shown, parsed } of occurrences(task.parameters ?? {}, ["tasks", at, "parameters"])) {
      if (faults.length >= maxFaults) return faults;
      if (!parsed.ok) {
        const hint = parsed.hint === undefined ? "" : ` ${parsed.hint}`;
        faults.push({ pointer, code: parsed.code, message: `${shown}: ${parsed.message}${hint}` });
        continue;
      }
      const later = notYet(parsed.expression.reads);
      if (later !== null) {
        faults.push({ pointer, code: "not_supported", message: `${shown}: \`${later}\` is not supported yet.` });
      }
      for (const taskId of new Set(parsed.expression.reads.tasks.map((read) => read.taskId))) {
        if (faults.length >= maxFaults) return faults;
        const named = known.get(taskId);
        if (named === undefined) {
          if (!idsKnown) continue;
          const message = `${shown}: there is no task \`${quoted(taskId)}\`.${didYouMean(taskId, known)}`;
          faults.push({ pointer, code: "unknown_reference", message });
        } else if (named === at) {
          faults.push({ pointer, code: "invalid_reference", message: `${shown}: a task cannot read its own output.` });
        } else if (earlier !== null && !earlier[at]!.has(named)) {
          const message = `${shown}: \`${quoted(taskId)}\` has not always completed before this task is entered.`;
          faults.push({ pointer, code: "invalid_reference", message });
        }
      }
    }
  }
  return faults;
};

/**
 * Everything wrong with the order and the references of the tasks, found in one go. Of a document that is only partly
 * readable it reports what is certain: no "unknown task" while an id is missing, nothing about paths while the order
 * is not known. Bounded: at most `maxFaults` faults of references; the caller passes at most 200 tasks.
 */
export const checkGraph = (tasks: readonly DraftTask[]): readonly DefinitionFault[] => {
  const known = indexById(tasks);
  const idsKnown = tasks.every(({ taskId }) => taskId !== null);
  const duplicates = duplicateFaults(tasks, known);
  const unknown = idsKnown ? unknownNextFaults(tasks, known) : [];
  const orderKnown =
    idsKnown && duplicates.length === 0 && unknown.length === 0 && tasks.every(({ following }) => following !== null);
  const all = edgesOf(tasks);
  const edges = orderKnown ? all : all.filter(({ named }) => named);
  return [
    ...duplicates,
    ...unknown,
    ...fanInFaults(tasks, edges),
    ...cycles(tasks.length, edges).map((members) => cycleFault(tasks, members)),
    ...referenceFaults(tasks, known, idsKnown, orderKnown ? edges : null),
  ];
};
