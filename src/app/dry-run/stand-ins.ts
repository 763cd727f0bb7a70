import type { Agent } from "../../core/agent/agent.ts";
import type { Capable } from "../../core/session/facts.ts";
import { targetOf, type Graph } from "../../core/workflow/graph.ts";

/** Who does everything that asks for a capability. */
const ANYBODY = "dry-run";

const standIn = (id: string, capabilities: readonly string[], at: number): Agent => ({
  id,
  seq: 1,
  name: id,
  version: "",
  capabilities,
  contactEndpoint: null,
  metadata: null,
  admission: "registered",
  registeredAt: at,
  signedAt: 0,
  supersededBy: null,
  aliases: [],
  capacity: Number.MAX_SAFE_INTEGER,
  tasks: {},
  settled: [],
  missedAt: null,
  contactAt: null,
  reachedByAgentKit: false,
  reportsPromptly: null,
  newest: null,
});

/** Agents that stand in for those a definition names, and one that has every capability; always free. */
export const standInsFor = (
  graph: Graph,
  home: string | null,
  at: number,
): { readonly agents: ReadonlyMap<string, Agent>; readonly capable: ReadonlyMap<string, Capable> } => {
  const targets = [...graph.tasks.values()].map((task) => targetOf(task.type === "map" ? task.item : task));
  const named = targets.flatMap((target) => (target?.kind === "agent" ? [target.agentId] : []));
  const capabilities = targets.flatMap((target) => (target?.kind === "capability" ? [target.capability] : []));
  const own = new Set([...named, ...(home === null ? [] : [home])]);
  const anybody = standIn(ANYBODY, [...new Set(capabilities)], at);
  return {
    agents: new Map([...[...own].map((id) => [id, standIn(id, [], at)] as const), [ANYBODY, anybody]]),
    capable: new Map(capabilities.map((capability) => [capability, { registered: true, agentIds: [ANYBODY] }])),
  };
};
