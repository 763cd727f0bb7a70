import type { Work } from "../workflow/definition.ts";
import { targetOf, type Graph, type Reads } from "../workflow/graph.ts";
import { placeOf } from "./carried.ts";
import { endedTask, nodeOf } from "./facts.ts";
import type { SessionState } from "./state.ts";

/**
 * What the next decision on a session is likely to read; stored beside the head so that one batch loads it. What it
 * turns out to need besides is loaded then.
 */
export interface Needs {
  /** Log rows (`seq`) with inputs, outputs and parameters. */
  readonly rows: readonly number[];
  /** Agents by the id a definition, a session or an attempt names. */
  readonly agents: readonly string[];
  readonly caps: readonly string[];
  /** Items of maps: log row, `n` of the map, index. */
  readonly items?: readonly (readonly [number, number, number])[];
  /** Log rows of other sessions: its id, `seq`. */
  readonly refs?: readonly (readonly [string, number])[];
  /** Asked for by a decision only: other sessions, and all that was logged about maps (`n`, first row, id of each). */
  readonly relatives?: readonly string[];
  readonly spans?: readonly (readonly [number, number, string])[];
}

const union = <K extends string, T>(
  key: K,
  a: readonly T[] = [],
  b: readonly T[] = [],
): { readonly [k in K]?: readonly T[] } =>
  a.length + b.length === 0
    ? {}
    : ({ [key]: [...new Map([...a, ...b].map((one) => [JSON.stringify(one), one])).values()] } as Record<K, T[]>);

/** Both together. */
export const unionOf = (a: Needs, b: Needs): Needs => ({
  rows: [...new Set([...a.rows, ...b.rows])],
  agents: [...new Set([...a.agents, ...b.agents])],
  caps: [...new Set([...a.caps, ...b.caps])],
  ...union("items", a.items, b.items),
  ...union("refs", a.refs, b.refs),
  ...union("relatives", a.relatives, b.relatives),
  ...union("spans", a.spans, b.spans),
});

/** Whether all that is needed was loaded. */
export const covers = (loaded: Needs, needed: Needs): boolean =>
  JSON.stringify(unionOf(loaded, needed)) === JSON.stringify(unionOf(loaded, loaded));

/**
 * What is to be loaded for a decision that lacked facts. Throws if all of it was loaded before: then the log has lost a
 * row, and asking again would never end.
 */
export const widened = (loaded: Needs, asked: Needs): Needs => {
  if (!covers(loaded, asked)) return unionOf(loaded, asked);
  throw new TypeError(`the log lacks what a decision needs: ${JSON.stringify(asked).slice(0, 200)}`);
};

/** Of a map, whom its items may go to. */
const addTarget = (task: Work, agents: Set<string>, caps: Set<string>): void => {
  const target = targetOf(task.type === "map" ? task.item : task);
  if (target?.kind === "agent") agents.add(target.agentId);
  if (target?.kind === "capability") caps.add(target.capability);
};

/** What starting the workflow needs: whom its first tasks may go to. */
export const startNeeds = (graph: Graph): Needs => {
  const agents = new Set<string>();
  const caps = new Set<string>();
  for (const taskId of graph.starts) {
    addTarget(nodeOf(graph, taskId), agents, caps);
  }
  return { rows: [], agents: [...agents], caps: [...caps] };
};

/** What the next change of the session needs: its open tasks, to retry them, and their successors. */
export const needsOf = (state: SessionState, graph: Graph): Needs => {
  const rows = new Set<number>();
  const agents = new Set<string>();
  const caps = new Set<string>();
  const items: (readonly [number, number, number])[] = [];
  const refs: (readonly [string, number])[] = [];
  if (state.status === "open" && state.home !== null) agents.add(state.home);
  for (const open of state.open) {
    if (open.phase !== "mapping") rows.add(open.paramsSeq); // of a map only its items are read, one by one
    if (open.phase === "dispatched") agents.add(open.agentId);
    const task = nodeOf(graph, open.taskId);
    if (open.phase === "mapping" && open.next < open.count) items.push([open.paramsSeq, open.n, open.next]);
    addTarget(task, agents, caps);
    const read = (reads: Reads): void => {
      if (reads.input) rows.add(1);
      for (const taskId of reads.tasks) {
        const ended = endedTask(state, taskId);
        const place = ended === undefined ? null : placeOf(state, ended);
        if (place !== null) refs.push(place);
        else if (ended !== undefined) rows.add(ended.seq);
      }
    };
    read(graph.choiceReads(open.taskId));
    if (task.type === "map") read(graph.itemReads(open.taskId));
    for (const nextId of task.next) {
      addTarget(nodeOf(graph, nextId), agents, caps);
      read(graph.reads(nextId));
    }
  }
  for (const seq of Object.values(state.signals ?? {}).flat()) rows.add(seq);
  return { rows: [...rows], agents: [...agents], caps: [...caps], ...union("items", items), ...union("refs", refs) };
};
