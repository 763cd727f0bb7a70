import type { Json } from "../../src/core/json.ts";

/** What the control API of the fleet takes and gives: one POST of `{op, args}` for each call. */

export interface KitSetup {
  readonly deliver: "swallow" | "forward";
}

export interface KitFault {
  readonly run?: 404 | 500 | "hang";
}

export interface AgentSetup {
  readonly behaviour: "simulated" | "aware" | "silent";
  readonly withTaskIds?: boolean;
  readonly holdsRequest?: boolean;
  readonly result?: Json;
}

/** What it answers instead of behaving; `only` to the one who delivers that way. `silence`: nothing, ever. */
export type AnswerSetup =
  null | "silence" | { readonly status: number; readonly body?: Json; readonly only?: "direct" | "agentkit" };

export interface RegisterSetup {
  readonly agentName: string;
  readonly capabilities: readonly string[];
  readonly metadata?: Json;
  /** What AgentKit tells Ops-Core; the agent itself is at its own endpoint. */
  readonly endpointTold?: string;
  /** Unix seconds of the signature. */
  readonly signedAt: number;
  readonly secret: string;
}

/** The webhook as AgentKit would send it, byte for byte. */
export interface Webhook {
  readonly agentId: string;
  readonly body: string;
  readonly timestamp: string;
  readonly signature: string;
}

export interface Delivery {
  readonly by: "direct" | "agentkit";
  readonly keys: readonly string[];
  readonly body: {
    readonly task_name: string;
    readonly opscore_session_id: string;
    readonly opscore_task_id: string;
    readonly payload: { readonly [key: string]: Json };
    readonly [key: string]: unknown;
  };
}

/** A report that an agent wants to make; the test adds id and time and keeps the order of keys. */
export interface CapturedReport {
  readonly state: string;
  readonly details: { readonly [key: string]: Json };
  readonly keys: readonly ("agentId" | "timestamp" | "state" | "details")[];
}

export interface FleetCalls {
  startKit(setup: KitSetup): { readonly kit: number; readonly url: string };
  setFault(kit: number, fault: KitFault | null): null;
  forgetAgents(kit: number): null;
  countRuns(kit: number): number;
  closeKit(kit: number): null;
  startAgent(setup: AgentSetup): { readonly agent: number; readonly endpoint: string };
  register(kit: number, agent: number, setup: RegisterSetup): Webhook;
  delivery(agent: number, n: number): Delivery;
  deliveries(agent: number): readonly Delivery[];
  nextReport(agent: number): CapturedReport;
  reported(agent: number, status: number): null;
  finish(agent: number, ok: boolean): null;
  setAnswer(agent: number, answer: AnswerSetup): null;
  closeAgent(agent: number): null;
  reopenAgent(agent: number): null;
}

export type FleetOp = keyof FleetCalls;

/** The same calls over HTTP. */
export type FleetClient = {
  readonly [Op in FleetOp]: (...args: Parameters<FleetCalls[Op]>) => Promise<ReturnType<FleetCalls[Op]>>;
};
