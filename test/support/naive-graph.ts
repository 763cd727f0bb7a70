import type { AuthoredDefinition } from "../../src/core/workflow/normalise.ts";

/** A task as its author wrote it. */
export type Authored = AuthoredDefinition["tasks"][number];

/** `chosen`: only if the other chooses it. */
export interface Before {
  readonly taskId: string;
  readonly chosen: boolean;
}

/** The order of a definition, read from the document by the words of the language: slowly, and not as the engine does. */
export interface NaiveGraph {
  /** Tasks with a place in the order: neither fallback nor compensation. */
  readonly main: readonly string[];
  task(taskId: string): Authored | undefined;
  before(taskId: string): readonly Before[];
  /** Every task that comes before it on any way. */
  ancestors(taskId: string): ReadonlySet<string>;
  /** The task whose fallback it is. */
  ownerOf(taskId: string): string | undefined;
  isCompensation(taskId: string): boolean;
  /** The task with all that it stands in for and all that stands in for it, the first first. */
  chain(taskId: string): readonly string[];
  /** Whether the session goes on when all of its chain has failed. */
  isTolerated(taskId: string): boolean;
}

export const naiveGraph = ({ tasks }: Pick<AuthoredDefinition, "tasks">): NaiveGraph => {
  const task = (taskId: string) => tasks.find((one) => one.taskId === taskId);
  const ownerOf = (taskId: string) => tasks.find((one) => one.fallbackTaskId === taskId)?.taskId;
  const isCompensation = (taskId: string) => tasks.some((one) => one.compensateWith === taskId);
  const main = tasks.map(({ taskId }) => taskId).filter((id) => ownerOf(id) === undefined && !isCompensation(id));

  const before = (taskId: string): readonly Before[] => {
    const own = task(taskId)!;
    const waitsFor = own.dependsOn ?? [];
    const namedBy = tasks.filter(({ nextTaskId }) => nextTaskId === taskId).map((one) => one.taskId);
    const choosers = tasks.filter(({ next }) => next?.some((way) => way.taskId === taskId)).map((one) => one.taskId);
    const certain = [...new Set([...waitsFor, ...namedBy])];
    const chosen = choosers.filter((id) => !certain.includes(id));
    if (own.dependsOn !== undefined || certain.length + chosen.length > 0) {
      return [...certain.map((id) => ({ taskId: id, chosen: false })), ...chosen.map((id) => ({ taskId: id, chosen: true }))]; // prettier-ignore
    }
    const above = main[main.indexOf(taskId) - 1];
    const says = above === undefined ? undefined : task(above);
    if (says === undefined || says.nextTaskId !== undefined || says.next !== undefined) return [];
    return [{ taskId: says.taskId, chosen: false }];
  };

  const ancestors = (taskId: string): ReadonlySet<string> => {
    const found = new Set<string>();
    const visit = (id: string): void => {
      for (const { taskId: from } of before(id)) {
        if (found.has(from)) continue;
        found.add(from);
        visit(from);
      }
    };
    visit(taskId);
    return found;
  };

  const chain = (taskId: string): readonly string[] => {
    const owner = ownerOf(taskId);
    if (owner !== undefined) return chain(owner);
    const all = [taskId];
    for (let next = task(taskId)?.fallbackTaskId; next != null; next = task(next)?.fallbackTaskId) all.push(next);
    return all;
  };

  const isTolerated = (taskId: string) => chain(taskId).some((id) => task(id)?.onFailure === "continue");

  return { main, task, before, ancestors, ownerOf, isCompensation, chain, isTolerated };
};
