import type { HealthAnswer, ReadyAnswer } from "../contract/answers/legacy.ts";
import { agentsOf, type Agents } from "./agents.ts";
import { auditOf, type Audit } from "./audit.ts";
import { keysOf, type Keys } from "./keys.ts";
import type { CallOptions, ClientOptions } from "./options.ts";
import { schedulesOf, type Schedules } from "./schedules.ts";
import { sessionsOf, type Sessions } from "./sessions.ts";
import { tasksOf, type Tasks } from "./tasks.ts";
import { createTransport } from "./transport.ts";
import { webhooksOf, type Webhooks } from "./webhooks.ts";
import { workflowsOf, type Workflows } from "./workflows.ts";

/** What every operation of Ops-Core is called by. Every call that fails throws an `OpsCoreError`. */
export interface OpsCore {
  readonly agents: Agents;
  readonly workflows: Workflows;
  readonly sessions: Sessions;
  readonly tasks: Tasks;
  readonly schedules: Schedules;
  readonly keys: Keys;
  readonly webhooks: Webhooks;
  readonly audit: Audit;
  readonly schemas: {
    /** The JSON Schema of workflow definitions, for editors. */
    workflow(options?: CallOptions): Promise<Readonly<Record<string, unknown>>>;
    /** The description of the API: OpenAPI 3.1. */
    openApi(options?: CallOptions): Promise<Readonly<Record<string, unknown>>>;
  };
  /** The process answers. */
  health(options?: CallOptions): Promise<HealthAnswer>;
  /** The store answers as well. */
  ready(options?: CallOptions): Promise<ReadyAnswer>;
}

/**
 * A client of one Ops-Core. Calls are repeated by themselves where that is safe: what reads, what goes under an
 * Idempotency-Key (set by itself), and what changes nothing when it is said again. Options that cannot work are a
 * `TypeError`.
 */
export const createOpsCore = (options: ClientOptions): OpsCore => {
  const transport = createTransport(options);
  const { send } = transport;
  return {
    agents: agentsOf(transport),
    workflows: workflowsOf(transport),
    sessions: sessionsOf(transport),
    tasks: tasksOf(transport),
    schedules: schedulesOf(transport),
    keys: keysOf(transport),
    webhooks: webhooksOf(transport),
    audit: auditOf(transport),
    schemas: {
      workflow: (callOptions) => send("GET /schemas/workflow.json", { repeat: "read", options: callOptions }),
      openApi: (callOptions) => send("GET /openapi.json", { repeat: "read", options: callOptions }),
    },
    health: (callOptions) => send("GET /health", { repeat: "read", options: callOptions }),
    ready: (callOptions) => send("GET /ready", { repeat: "read", options: callOptions }),
  };
};
