import type { Graph, GraphTask } from "../workflow/graph.ts";
import { nodeOf } from "./facts.ts";
import type { MappingTask, SessionState } from "./state.ts";

/** So many items of all maps of a session are open at a time: the head, and one commit, have to hold them. */
export const MAX_OPEN_ITEMS = 200;

/** What a map at work was written as. */
export const mapOf = (graph: Graph, { taskId }: MappingTask): GraphTask & { type: "map" } =>
  nodeOf(graph, taskId) as GraphTask & { type: "map" };

/**
 * Whether a map has something to do now: all its items have ended, or one is left and there is a place for it, in the map
 * and in the session. Then the session is due: a decision that has written enough leaves the rest to the next.
 */
export const canGoOn = ({ open }: SessionState, map: MappingTask, graph: Graph): boolean => {
  if (map.next === map.count) return map.done === map.count;
  const items = open.flatMap(({ item }) => item ?? []);
  const own = items.filter(({ of }) => of === map.n);
  return items.length < MAX_OPEN_ITEMS && own.length < mapOf(graph, map).maxConcurrency;
};
