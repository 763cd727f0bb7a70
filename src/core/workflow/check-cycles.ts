import { nameOf, type Mention } from "./check-names.ts";
import type { DraftTask } from "./draft.ts";
import { taskFault, type DefinitionFault } from "./pointer.ts";

interface Link {
  readonly from: number;
  readonly to: number;
}

type Links = readonly (readonly number[])[];

const linksOf = (count: number, edges: readonly Link[], end: "from" | "to"): Links => {
  const links = Array.from({ length: count }, (): number[] => []);
  const other = end === "from" ? "to" : "from";
  for (const edge of edges) links[edge[end]]!.push(edge[other]);
  return links.map((ends) => ends.toSorted((a, b) => a - b));
};

/** Everything that can be reached from `start` among `within`, with the step before it on a shortest way. */
const reachedFrom = (start: number, links: Links, within: (at: number) => boolean): ReadonlyMap<number, number> => {
  const before = new Map<number, number>();
  const open = [start];
  for (const at of open) {
    for (const next of links[at]!) {
      if (before.has(next) || !within(next)) continue;
      before.set(next, at);
      open.push(next);
    }
  }
  return before;
};

/**
 * One cycle through each strongly connected part, a shortest one through its last task in the list, which comes first.
 * Every cycle goes through such a part, so that a graph without any has none; each part is reported once.
 */
const cyclesOf = (count: number, edges: readonly Link[]): readonly (readonly number[])[] => {
  const forward = linksOf(count, edges, "from");
  const backward = linksOf(count, edges, "to");
  const done = new Set<number>();
  const found: number[][] = [];
  for (let last = count - 1; last >= 0; last -= 1) {
    if (done.has(last)) continue;
    const isOpen = (at: number): boolean => !done.has(at);
    const before = reachedFrom(last, forward, isOpen);
    if (!before.has(last)) continue;
    const back = reachedFrom(last, backward, isOpen);
    for (const at of back.keys()) if (before.has(at)) done.add(at);
    const path = [last];
    for (let at = before.get(last)!; at !== last; at = before.get(at)!) path.splice(1, 0, at);
    found.push(path);
  }
  return found.toReversed();
};

const selfMessages: Readonly<Record<Mention["kind"], string>> = {
  next: "names itself as the next one",
  choice: "names itself as a next one",
  depends: "waits for itself",
  fallback: "is its own fallback",
  compensation: "is its own compensation",
};

/** The key by which a task leads to another: that of either of the two. */
const mentionOf = (tasks: readonly DraftTask[], mentions: readonly Mention[], from: number, to: number): Mention =>
  mentions.find(({ kind, taskId, path: [at] }) =>
    kind === "depends" ? at === to && taskId === tasks[from]!.taskId : at === from && taskId === tasks[to]!.taskId,
  )!;

/**
 * Each cycle once, at the key that leads back from its last task in the list: the order of the list only leads down, so
 * there is one. `edges` holds fallbacks and compensations too. Deterministic.
 */
export const cycleFaults = (
  tasks: readonly DraftTask[],
  edges: readonly Link[],
  mentions: readonly Mention[],
): readonly DefinitionFault[] =>
  cyclesOf(tasks.length, edges).map((members) => {
    const [last, second = members[0]!] = members;
    const { kind, path } = mentionOf(tasks, mentions, last!, second);
    const ids = members.map((at) => nameOf(tasks, at));
    const shown = ids.length > 6 ? [...ids.slice(0, 5), "…"] : ids;
    const message =
      ids.length === 1
        ? `The task \`${ids[0]}\` ${selfMessages[kind]}.`
        : `The tasks form a cycle: ${[...shown, ids[0]].join(" → ")}.`;
    return taskFault(path, "cycle", message);
  });
