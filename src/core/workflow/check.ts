import { cycleFaults } from "./check-cycles.ts";
import { contradictionFaults, duplicateFaults, mentionsOf, unknownFaults } from "./check-names.ts";
import { referenceFaults } from "./check-references.ts";
import { sideFaults } from "./check-sides.ts";
import type { DraftTask } from "./draft.ts";
import { earlierTasks, edgesOf, indexById, sideEdgesOf } from "./edges.ts";
import type { DefinitionFault } from "./pointer.ts";

/** More faults help nobody, and the answer must stay small. */
export const maxFaults = 100;

/** A definition may have this many tasks. */
export const maxTasks = 200;

/** A graph may have this many edges, fallbacks and compensations among them. */
export const maxEdges = 1_000;

/** The first `maxFaults` of what is found: what is not asked for is not looked for. */
const some = (faults: Iterable<DefinitionFault>): readonly DefinitionFault[] => {
  const found: DefinitionFault[] = [];
  for (const fault of faults) if (found.push(fault) >= maxFaults) break;
  return found;
};

const edgeFaults = (count: number): readonly DefinitionFault[] =>
  count <= maxEdges
    ? []
    : [{ pointer: "/tasks", code: "limit", message: `At most ${maxEdges} ways between tasks; these have ${count}.` }];

/**
 * Everything wrong with the order and the references of the tasks, found in one go. Of a document that is only partly
 * readable it reports what is certain: no "unknown task" while an id is missing, nothing about paths while the order
 * is not known. In a graph without cycles every task that is no fallback and no compensation is reached from a start, so
 * there is nothing to say about unreachable ones. Deterministic;
 * bounded: each kind of fault up to `maxFaults` times; the caller passes at most `maxTasks` and one.
 */
export const checkGraph = (tasks: readonly DraftTask[]): readonly DefinitionFault[] => {
  const known = indexById(tasks);
  const mentions = mentionsOf(tasks);
  const idsKnown = tasks.every(({ taskId }) => taskId !== null);
  const duplicates = duplicateFaults(tasks, known);
  const unknown = idsKnown ? some(unknownFaults(mentions, known)) : [];
  const orderKnown =
    idsKnown &&
    duplicates.length === 0 &&
    unknown.length === 0 &&
    tasks.every(({ isOrderReadable }) => isOrderReadable);
  const sideEdges = sideEdgesOf(tasks);
  const order = edgesOf(tasks).filter(({ named }) => orderKnown || named);
  const edges = [...order, ...sideEdges];
  return [
    ...duplicates,
    ...unknown,
    ...edgeFaults(edges.length),
    ...some(contradictionFaults(mentions, tasks)),
    ...some(sideFaults(tasks, mentions, known)),
    ...cycleFaults(tasks, edges, mentions),
    ...some(
      referenceFaults(tasks, {
        known,
        idsKnown,
        earlier: orderKnown ? earlierTasks(tasks.length, edges) : null,
        sides: new Map(sideEdges.map((side) => [side.to, side])),
      }),
    ),
  ];
};
