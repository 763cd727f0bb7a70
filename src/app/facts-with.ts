import type { Facts } from "../core/session/facts.ts";
import type { Graph } from "../core/workflow/graph.ts";
import type { LoadedSession, LoadedStart } from "./store-port.ts";

/** What was loaded as the facts of a decision: whom nobody asked for is not known, rather than absent. */
export const factsWith = (
  { needs, facts }: Pick<LoadedSession | LoadedStart, "needs" | "facts">,
  graph: Graph,
): Facts => ({ ...facts, graph, known: { agents: new Set(needs.agents), caps: new Set(needs.caps) } });
