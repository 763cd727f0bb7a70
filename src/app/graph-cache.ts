import { readJson } from "../core/read-json.ts";
import { compile, type Graph } from "../core/workflow/graph.ts";
import { normalise, type AuthoredDefinition } from "../core/workflow/normalise.ts";

/** Compiled definitions by content hash. A definition never changes, so an entry is never stale. */
export interface GraphCache {
  of(hash: string, body: string): Graph;
}

const MAX_ENTRIES = 200;

/** A cache of the 200 graphs compiled last. `body` is a stored definition, checked when it was saved. */
export const createGraphCache = (): GraphCache => {
  const graphs = new Map<string, Graph>();
  return {
    of: (hash, body) => {
      const known = graphs.get(hash);
      if (known !== undefined) return known;
      const graph = compile(normalise(readJson(body) as AuthoredDefinition));
      if (graphs.size >= MAX_ENTRIES) graphs.delete(graphs.keys().next().value ?? "");
      graphs.set(hash, graph);
      return graph;
    },
  };
};
