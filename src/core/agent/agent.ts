import type { Json, JsonObject } from "../json.ts";
import type { Meaning } from "./state-meaning.ts";

export type Admission = "provisional" | "registered" | "deregistered" | "superseded";

/** An attempt that an agent holds. Times are epoch ms unless named otherwise. */
export interface InFlight {
  readonly sessionId: string;
  /** When its dispatch was last requested. */
  readonly sentAt: number;
  /** The agent's newest own timestamp (µs) when the task was given to it; `null` if it had not reported. */
  readonly lastSentMicros: number | null;
  /** Set once the outcome of the dispatch is known to be a delivery, or an acceptance by AgentKit. */
  readonly transport?: "direct" | "agentkit";
  /** AgentKit accepted it, which proves nothing. */
  readonly acceptedAt?: number;
  /** Even AgentKit's acceptance is a guess: no answer came. */
  readonly unsure?: boolean;
  readonly confirmedAt?: number;
  /** What the agent answered to the delivery. */
  readonly answer?: Json;
  /** Transports that did not deliver it, in words. */
  readonly refused?: readonly string[];
  readonly beatAt?: number;
  readonly progress?: Json;
  /** How the agent went out of service while it held the attempt. It may be back since; the attempt is not. */
  readonly left?: "deregistered" | "superseded";
}

/** A report that is older than the newest by no more than this (µs, the agent's clock) was delayed: see `agent_log.at`. */
export const REORDERED_MICROS = 60_000_000;

/** The newest state report of an agent. */
export interface Report {
  readonly state: string;
  readonly meaning: Meaning;
  readonly details: JsonObject | null;
  /** The timestamp text as sent. */
  readonly sent: string;
  readonly sentMicros: number;
  readonly receivedAt: number;
  /** The attempt the report was tied to, by id or because it was the only one in flight. */
  readonly attemptId: string | null;
}

export interface Agent {
  readonly id: string;
  /** Raised by every claim, release, confirmed delivery and change of registration. */
  readonly seq: number;
  readonly name: string;
  readonly version: string;
  readonly capabilities: readonly string[];
  readonly contactEndpoint: string | null;
  readonly metadata: JsonObject | null;
  readonly admission: Admission;
  /** Epoch ms: when it was registered, or adopted. */
  readonly registeredAt: number;
  /** Epoch seconds of the newest signed (or API) registration fact; 0 before the first. */
  readonly signedAt: number;
  readonly supersededBy: string | null;
  /** Older ids of the same agent. */
  readonly aliases: readonly string[];
  /** How many tasks it takes at a time. */
  readonly capacity: number;
  readonly tasks: Readonly<Record<string, InFlight>>;
  /** The attempts it settled last, newest last. */
  readonly settled: readonly string[];
  /** When it let a run deadline pass without a sign of life. */
  readonly missedAt: number | null;
  /** Last contact other than a state report (settle call, heartbeat, registration). */
  readonly contactAt: number | null;
  /** Whether a task sent through AgentKit ever reached it. */
  readonly reachedByAgentKit: boolean;
  /** Whether it reports *working* when a task starts; `null` until seen. */
  readonly reportsPromptly: boolean | null;
  readonly newest: Report | null;
}

/** The capacity a registration asks for: `metadata.config.maxConcurrentTasks`, else one. */
export const capacityOf = (metadata: JsonObject | null): number => {
  const config = metadata?.["config"];
  const asked =
    typeof config === "object" && config !== null && !Array.isArray(config)
      ? (config as JsonObject)["maxConcurrentTasks"]
      : undefined;
  return typeof asked === "number" && Number.isInteger(asked) && asked >= 1 && asked <= 1_000 ? asked : 1;
};

/** The queues a waiting task may stand in for this agent to take it; none once a newer id has taken its place. */
export const queuesOf = (agent: Agent): readonly string[] =>
  agent.admission === "superseded"
    ? []
    : [
        `agent:${agent.id}`,
        ...agent.aliases.map((id) => `agent:${id}`),
        ...(agent.admission === "registered" ? agent.capabilities.map((capability) => `cap:${capability}`) : []),
      ];
