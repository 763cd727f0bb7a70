import { targetOf, type Graph, type GraphTask, type Reads } from "../workflow/graph.ts";
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
}

/** Both together. */
export const unionOf = (a: Needs, b: Needs): Needs => ({
  rows: [...new Set([...a.rows, ...b.rows])],
  agents: [...new Set([...a.agents, ...b.agents])],
  caps: [...new Set([...a.caps, ...b.caps])],
});

const addTarget = (task: GraphTask, agents: Set<string>, caps: Set<string>): void => {
  const target = targetOf(task);
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
  if (state.status === "open" && state.home !== null) agents.add(state.home);
  for (const open of state.open) {
    rows.add(open.paramsSeq);
    if (open.phase === "dispatched") agents.add(open.agentId);
    const task = nodeOf(graph, open.taskId);
    addTarget(task, agents, caps);
    const read = (reads: Reads): void => {
      if (reads.input) rows.add(1);
      for (const taskId of reads.tasks) {
        const ended = endedTask(state, taskId);
        if (ended) rows.add(ended.seq);
      }
    };
    read(graph.choiceReads(open.taskId));
    for (const nextId of task.next) {
      addTarget(nodeOf(graph, nextId), agents, caps);
      read(graph.reads(nextId));
    }
  }
  return { rows: [...rows], agents: [...agents], caps: [...caps] };
};
