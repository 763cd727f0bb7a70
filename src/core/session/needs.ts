import { targetOf, type Graph, type GraphTask } from "../workflow/graph.ts";
import { endedTask, nodeOf } from "./facts.ts";
import type { SessionState } from "./state.ts";

/** What the next decision on a session may have to read; stored beside the head so that one batch loads it. */
export interface Needs {
  /** Log rows (`seq`) with inputs, outputs and parameters. */
  readonly rows: readonly number[];
  /** Agents by the id a definition, a session or an attempt names. */
  readonly agents: readonly string[];
  readonly caps: readonly string[];
}

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
    for (const nextId of task.next) {
      addTarget(nodeOf(graph, nextId), agents, caps);
      const reads = graph.reads(nextId);
      if (reads.input) rows.add(1);
      for (const taskId of reads.tasks) {
        const ended = endedTask(state, taskId);
        if (ended) rows.add(ended.seq);
      }
    }
  }
  return { rows: [...rows], agents: [...agents], caps: [...caps] };
};
