import type { Agent } from "../core/agent/agent.ts";
import { wakeSessions } from "./advance-session.ts";
import { randomHex, type Deps } from "./deps.ts";
import { logRow, type Cause } from "./log-row.ts";
import type { ReportRow } from "./store-port.ts";

/** An agent nobody has registered yet, as its first fact finds it. */
export const newAgent = (id: string, now: number): Agent => ({
  id,
  seq: 0,
  name: "",
  version: "",
  capabilities: [],
  contactEndpoint: null,
  metadata: null,
  admission: "provisional",
  registeredAt: now,
  signedAt: 0,
  supersededBy: null,
  aliases: [],
  capacity: 1,
  tasks: {},
  settled: [],
  missedAt: null,
  contactAt: null,
  reachedByAgentKit: false,
  reportsPromptly: null,
  newest: null,
});

/**
 * Makes a reporting agent known before its registration comes, together with its report. False: somebody
 * else made it known at the same moment; nothing was written.
 */
export const adoptAgent = async (
  deps: Deps,
  agentId: string,
  report: ReportRow | null,
  cause: Cause,
): Promise<boolean> => {
  const now = deps.clock.now();
  const log = await logRow(
    { stream: `agent:${agentId}`, seq: 1, at: now },
    cause,
    [{ type: "AgentAdopted", agentId }],
    "",
  );
  const result = await deps.store.commitAgent({
    nonce: randomHex(deps.entropy, 12),
    seq: null,
    agent: newAgent(agentId, now),
    log,
    report,
    superseded: null,
    reroute: [],
    now,
  });
  if (result.kind === "stale") return false;
  wakeSessions(deps, result.wake);
  return true;
};
