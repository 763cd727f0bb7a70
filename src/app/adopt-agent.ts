import { evolveAgent } from "../core/agent/evolve.ts";
import type { AgentEvent } from "../core/agent/events.ts";
import { wakeSessions } from "./advance-session.ts";
import { randomHex, type Deps } from "./deps.ts";
import { logRow, type Cause } from "./log-row.ts";
import type { ReportRow } from "./store-port.ts";

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
  const event: AgentEvent = { type: "AgentAdopted", agentId };
  const log = await logRow({ stream: `agent:${agentId}`, seq: 1, at: now }, cause, [event], "");
  const result = await deps.store.commitAgent({
    nonce: randomHex(deps.entropy, 12),
    seq: null,
    agent: evolveAgent(null, event, agentId, now),
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
