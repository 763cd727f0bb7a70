import type { Graph } from "../workflow/graph.ts";
import { nodeOf } from "./facts.ts";

/** Whether a task says that the session goes on without it, or a fallback of it does. */
export const isTolerated = (graph: Graph, taskId: string): boolean => {
  const { onFailure, fallbackTaskId } = nodeOf(graph, taskId);
  return onFailure === "continue" || (fallbackTaskId !== null && isTolerated(graph, fallbackTaskId));
};
