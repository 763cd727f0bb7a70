import type { JsonObject } from "../json.ts";

/** What a registration says about an agent. */
export interface Registration {
  readonly name: string;
  readonly version: string;
  readonly capabilities: readonly string[];
  readonly contactEndpoint: string | null;
  readonly metadata: JsonObject | null;
  /** Epoch seconds of the signed fact; orders registrations against each other. */
  readonly signedAt: number;
}

/** The life cycle of an agent, in the log stream `agent:<id>`. */
export type AgentEvent =
  /** It reported before its registration came. */
  | { readonly type: "AgentAdopted"; readonly agentId: string }
  | ({ readonly type: "AgentRegistered"; readonly agentId: string; readonly replaces: string | null } & Registration)
  | { readonly type: "AgentDeregistered"; readonly agentId: string; readonly signedAt: number }
  | { readonly type: "AgentSuperseded"; readonly agentId: string; readonly by: string };

/** Every type of event there is in an agent's stream; the compiler keeps it complete. */
export const AGENT_EVENTS: ReadonlySet<string> = new Set(
  Object.keys({
    AgentAdopted: true,
    AgentRegistered: true,
    AgentDeregistered: true,
    AgentSuperseded: true,
  } satisfies Record<AgentEvent["type"], true>),
);
