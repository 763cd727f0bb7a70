import { readJson } from "../../core/read-json.ts";
import { startNeeds } from "../../core/session/needs.ts";
import type { DefinitionRef } from "../../core/session/state.ts";
import { normalise, type AuthoredDefinition } from "../../core/workflow/normalise.ts";
import { compile, type Graph } from "../../core/workflow/graph.ts";
import type { Cells } from "../rebuild-port.ts";
import { sha256 } from "../sha256.ts";
import { differing, tellAll, tellDamage, type Run } from "./findings.ts";

const MAX_GRAPHS = 200;
const PAGE = 50;

/** Definitions that sessions are pinned to, compiled. */
export type Graphs = (ref: DefinitionRef) => Promise<Graph | null>;

const compiled = async (body: string, hash: string): Promise<Graph | null> =>
  (await sha256(body)) === hash ? compile(normalise(readJson(body) as AuthoredDefinition)) : null;

/** Loads definitions, keeping the newest 200. `null`: it is missing or altered, which is told. */
export const graphsOf = (run: Run): Graphs => {
  const graphs = new Map<string, Graph | null>();
  return async ({ workflowId, revision, hash }) => {
    const key = `${workflowId}@${revision} ${hash}`;
    const known = graphs.get(key);
    if (known !== undefined) return known;
    const body = await run.store.definition(workflowId, revision, hash);
    const graph = body === null ? null : await compiled(body, hash);
    if (body === null) tellDamage(run, `workflow ${key}`, null, "a session is pinned to it, and it is missing");
    if (graphs.size >= MAX_GRAPHS) graphs.delete(graphs.keys().next().value ?? "");
    graphs.set(key, graph);
    return graph;
  };
};

/** Definitions are sources; what was derived from them when they were stored is compared. */
export const checkDefinitions = async (run: Run): Promise<void> => {
  let after: Cells | null = null;
  for (;;) {
    const page: readonly Cells[] = await run.store.listDefinitions(after, PAGE);
    for (const row of page) {
      run.counts.definitions += 1;
      const key = `${row["workflow_id"]}@${row["revision"]} ${row["hash"]}`;
      const graph = await compiled(String(row["body"]), String(row["hash"]));
      if (graph === null) {
        tellDamage(run, `workflow ${key}`, null, "its text was changed: it does not have this hash");
        continue;
      }
      const needs = JSON.stringify(startNeeds(graph));
      const found = differing("workflows", key, row, { needs });
      if (found.length > 0 && run.write) await run.store.repairNeeds(row, needs);
      tellAll(run, found, run.write);
    }
    after = page.at(-1) ?? null;
    if (page.length < PAGE) return;
  }
};
