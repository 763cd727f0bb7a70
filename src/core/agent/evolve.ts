import { capacityOf, type Agent } from "./agent.ts";
import type { AgentEvent } from "./events.ts";

/** An agent nobody has registered yet, as its first fact finds it. `now`: epoch ms. */
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

/** The agent once it stands in for `old`, an older id of its own: what was for that id is for this one. */
export const inPlaceOf = (agent: Agent, old: Agent): Agent => ({
  ...agent,
  aliases: [...new Set([...agent.aliases, ...old.aliases, old.id])].filter((id) => id !== agent.id),
});

/**
 * The agent after one event of its own stream (`null` before the first); `at`: the event's time, epoch ms. Pure and
 * total: folding the stream gives the registration in its row, whatever version of the code wrote it. Older ids
 * come from other streams: see `inPlaceOf`.
 */
export const evolveAgent = (agent: Agent | null, event: AgentEvent, id: string, at: number): Agent => {
  const known = agent ?? newAgent(id, at);
  switch (event.type) {
    case "AgentAdopted":
      return known;
    case "AgentRegistered":
      return {
        ...known,
        name: event.name,
        version: event.version,
        capabilities: event.capabilities,
        contactEndpoint: event.contactEndpoint,
        metadata: event.metadata,
        signedAt: event.signedAt,
        admission: "registered",
        supersededBy: null,
        capacity: capacityOf(event.metadata),
        registeredAt: known.admission === "deregistered" ? at : known.registeredAt,
        contactAt: at,
      };
    case "AgentDeregistered":
      return { ...known, admission: "deregistered", signedAt: event.signedAt };
    case "AgentSuperseded":
      // In the stream of the newer id it tells of the older one.
      return event.agentId === id ? { ...known, admission: "superseded", supersededBy: event.by } : known;
  }
};
