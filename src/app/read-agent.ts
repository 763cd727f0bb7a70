import { clip } from "../contract/problem.ts";
import type { Agent, Report } from "../core/agent/agent.ts";
import {
  availabilityOf,
  livenessOf,
  lastContactAt,
  type Availability,
  type Liveness,
} from "../core/agent/availability.ts";
import type { Deps } from "./deps.ts";
import { OpsError } from "./ops-error.ts";
import { pageOf, type Page } from "./read-session.ts";
import type { HistoryRow } from "./store-port.ts";

/** The four truths of an agent side by side. Times are epoch ms. */
export interface AgentView {
  readonly agent: Agent;
  readonly liveness: Liveness;
  readonly lastContactAt: number;
  readonly availability: Availability;
  /** How far the agent's clock was ahead of ours at its newest report (ms); negative: behind or delayed. */
  readonly clockSkewMs: number | null;
}

export const agentNotFound = (agentId: string): OpsError =>
  new OpsError("agent_not_found", `Agent not found: ${clip(agentId)}`);

const view = (deps: Deps, agent: Agent): AgentView => ({
  agent,
  liveness: livenessOf(agent, deps.clock.now()),
  lastContactAt: lastContactAt(agent),
  availability: availabilityOf(agent, deps.clock.now()),
  clockSkewMs: agent.newest === null ? null : Math.round(agent.newest.sentMicros / 1_000) - agent.newest.receivedAt,
});

/** One agent by its own id; a superseded one is shown as such, with the id that replaced it. */
export const readAgent = async (deps: Deps, agentId: string): Promise<AgentView> => {
  const { agent } = await deps.store.loadAgent(agentId, null);
  if (agent === null) throw agentNotFound(agentId);
  return view(deps, agent.agent);
};

/** The reported state of an agent; an id that was replaced means its newest successor. */
export const readAgentState = async (
  deps: Deps,
  agentId: string,
): Promise<{ readonly agent: Agent; readonly report: Report | null }> => {
  const found = await deps.store.readState(agentId);
  if (found === null) throw new OpsError("agent_not_found", `No state found for agent ${clip(agentId)}`);
  return found;
};

/** Agents, newest registration first. */
export const listAgents = async (
  deps: Deps,
  page: { readonly after: string | null; readonly limit: number },
): Promise<Page<AgentView>> => {
  const rows = await deps.store.listAgents({ ...page, limit: page.limit + 1 });
  const { data, next } = pageOf(rows, page.limit, (agent) => `${agent.registeredAt}.${agent.id}`);
  return { data: data.map((agent) => view(deps, agent)), next };
};

/** Every report of an agent, newest first, stale and late ones included. */
export const readAgentHistory = async (
  deps: Deps,
  agentId: string,
  page: { readonly after: string | null; readonly limit: number },
): Promise<Page<HistoryRow>> => {
  const rows = await deps.store.readHistory(agentId, { ...page, limit: page.limit + 1 });
  if (rows === null) throw agentNotFound(agentId);
  return pageOf(rows, page.limit, (row) => row.key);
};
