import type { AgentAnswer, AgentReportAnswer } from "../contract/answers/agent.ts";
import type {
  AgentStateAnswer,
  NotifiedAnswer,
  StateAcceptedAnswer,
  WorkflowTriggeredAnswer,
} from "../contract/answers/legacy.ts";
import type { AgentNotification, AgentRegistration, JsonObject, WorkflowTrigger } from "./inputs.ts";
import type { CallOptions, KeyedOptions } from "./options.ts";
import { pagedBy, type Paged, type PageQuery } from "./pages.ts";
import { reportTimes } from "./reported-at.ts";
import { signedHeaders } from "./sign.ts";
import type { Transport } from "./transport.ts";

/** The registry of agents, and what agents say of themselves. */
export interface Agents {
  /** All agents, the newest first. */
  list(query?: PageQuery, options?: CallOptions): Paged<AgentAnswer>;
  get(agentId: string, options?: CallOptions): Promise<AgentAnswer>;
  /** Registers an agent or updates its registration. State and work are kept. */
  put(agentId: string, registration: AgentRegistration, options?: CallOptions): Promise<AgentAnswer>;
  /** Its state reports, the newest first. */
  history(agentId: string, query?: PageQuery, options?: CallOptions): Paged<AgentReportAnswer>;
  /**
   * Says what the agent does, as AgentKit's SDK does. The time is now, unless `timestamp` says otherwise; a repeat after
   * a lost answer is the same report, byte by byte, and changes nothing.
   */
  reportState(
    agentId: string,
    state: string,
    details?: JsonObject | null,
    options?: CallOptions & { readonly timestamp?: string },
  ): Promise<StateAcceptedAnswer>;
  /** What the agent said last. */
  getState(agentId: string, options?: CallOptions): Promise<AgentStateAnswer>;
  /** Starts a session for the agent, as the first clients did; `sessions.start` can do more. */
  triggerWorkflow(agentId: string, trigger: WorkflowTrigger, options?: KeyedOptions): Promise<WorkflowTriggeredAnswer>;
  /** What AgentKit's webhook says, signed with `secret` if there is one. Needs no API key. */
  notify(
    notification: AgentNotification,
    options?: CallOptions & { readonly secret?: string },
  ): Promise<NotifiedAnswer>;
}

/** @internal */
export const agentsOf = ({ send, seams }: Transport): Agents => {
  const timestamp = reportTimes(() => seams.now());
  return {
    list: (page = {}, options) =>
      pagedBy(
        (query, callOptions) => send("GET /v1/opscore/agents", { repeat: "read", query, options: callOptions }),
        page,
        options,
      ),
    get: (agentId, options) => send("GET /v1/opscore/agents/{agentId}", { repeat: "read", path: { agentId }, options }),
    put: (agentId, body, options) =>
      send("PUT /v1/opscore/agents/{agentId}", { repeat: "content", path: { agentId }, body, options }),
    history: (agentId, page = {}, options) =>
      pagedBy(
        (query, callOptions) =>
          send("GET /v1/opscore/agents/{agentId}/history", {
            repeat: "read",
            path: { agentId },
            query,
            options: callOptions,
          }),
        page,
        options,
      ),
    reportState: (agentId, state, details = {}, options = {}) => {
      const body = { agentId, timestamp: options.timestamp ?? timestamp(), state, details };
      return send("POST /v1/opscore/agent/{agentId}/state", { repeat: "content", path: { agentId }, body, options });
    },
    getState: (agentId, options) =>
      send("GET /v1/opscore/agent/{agentId}/state", { repeat: "read", path: { agentId }, options }),
    triggerWorkflow: (agentId, { initialPayload = null, ...choice }, options) =>
      send("POST /v1/opscore/agent/{agentId}/workflow", {
        repeat: "keyed",
        path: { agentId },
        body: { ...choice, initialPayload },
        options,
      }),
    notify: async (notification, options) => {
      const body = JSON.stringify(notification);
      const headers = options?.secret === undefined ? {} : await signedHeaders(options.secret, seams.now(), body);
      return send("POST /v1/opscore/internal/agent/notify", { repeat: "content", body, headers, options });
    },
  };
};
