import type { Hono } from "hono";
import type { Deps } from "../../app/deps.ts";
import { OpsError } from "../../app/ops-error.ts";
import { readAgentState } from "../../app/read-agent.ts";
import { deregisterAgent, registerAgent, type RegistrationResult } from "../../app/register-agent.ts";
import { reportAgentState } from "../../app/report-agent-state.ts";
import { startSession } from "../../app/start-session.ts";
import { verifyWebhook } from "../../app/verify-webhook.ts";
import type {
  AgentStateAnswer,
  NotifiedAnswer,
  StateAcceptedAnswer,
  WorkflowTriggeredAnswer,
} from "../../contract/answers/legacy.ts";
import { clip } from "../../contract/problem.ts";
import { notifySchema, stateReportSchema, triggerSchema } from "../../contract/requests.ts";
import { formatRfc3339 } from "../../contract/timestamp.ts";
import { agentCause, keyCause, pathId } from "../cause.ts";
import type { AppEnv } from "../env.ts";
import { idempotencyOf, markReplayed } from "../idempotency.ts";
import { bodyLimits, decodeJson, readBody, readJson } from "../middleware/body.ts";
import { requireDefining } from "../middleware/scope.ts";
import { jsonObject } from "../wire.ts";

/** How the webhook is checked. */
export interface WebhookSettings {
  readonly secrets: readonly string[];
  readonly allowUnsigned: boolean;
}

const noted = (agentId: string, result: RegistrationResult, what: string): NotifiedAnswer => ({
  status: "success",
  message:
    result === "outdated"
      ? `A newer fact about agent ${agentId} is known; nothing changed.`
      : `Agent ${agentId} ${what}.`,
});

/** What the first Ops-Core offered, exactly: AgentKit, its SDK and the Python clients depend on it. */
export const legacyRoutes = (app: Hono<AppEnv>, deps: Deps, webhook: WebhookSettings): void => {
  app.post("/v1/opscore/internal/agent/notify", async (c) => {
    const body = await readBody(c, { maxBytes: bodyLimits.webhook });
    const signature = c.req.header("X-AgentKit-Signature");
    const unsigned = webhook.allowUnsigned && signature === undefined;
    const now = deps.clock.now();
    const signedAt = unsigned
      ? null
      : await verifyWebhook({ timestamp: c.req.header("X-AgentKit-Timestamp"), signature, body }, webhook.secrets, now);
    const { event_type: eventType, agent_details: details } = decodeJson(body, notifySchema);
    const cause = { ...agentCause(c, "NotifyAgent", "agentkit"), command: eventType.toUpperCase().slice(0, 16) };
    switch (eventType.toUpperCase()) {
      case "REGISTER": {
        const registration = {
          name: details.agentName ?? "",
          version: details.version ?? "",
          capabilities: details.capabilities,
          contactEndpoint: details.contactEndpoint ?? null,
          metadata: jsonObject(details.metadata ?? null),
          signedAt,
        };
        const result = await registerAgent(deps, details.agentId, registration, cause);
        return c.json(noted(details.agentId, result, "registered successfully"));
      }
      case "DEREGISTER": {
        const result = await deregisterAgent(deps, details.agentId, signedAt, cause);
        return c.json(noted(details.agentId, result, "deregistered"));
      }
      default:
        throw new OpsError("unknown_event_type", `Unknown event type: ${clip(eventType)}`);
    }
  });

  app.post("/v1/opscore/agent/:agentId/state", async (c) => {
    const agentId = pathId(c, "agentId");
    const report = await readJson(c, stateReportSchema, { maxBytes: bodyLimits.report });
    if (report.agentId !== agentId) {
      throw new OpsError("id_mismatch", "Agent ID in path does not match agent ID in payload");
    }
    const outcome = await reportAgentState(
      deps,
      {
        agentId,
        sent: report.timestamp.text,
        sentMicros: report.timestamp.epochMicros,
        state: report.state,
        details: jsonObject(report.details ?? null),
      },
      agentCause(c, "ReportAgentState", agentId),
    );
    const accepted: StateAcceptedAnswer = { status: "success", message: "State update accepted", ...outcome };
    return c.json(accepted, 202);
  });

  app.get("/v1/opscore/agent/:agentId/state", async (c) => {
    const { agent, report } = await readAgentState(deps, pathId(c, "agentId"));
    const answer: AgentStateAnswer =
      report === null
        ? { agentId: agent.id, state: "UNKNOWN", details: null, timestamp: formatRfc3339(agent.registeredAt) }
        : { agentId: agent.id, state: report.state, details: report.details, timestamp: report.sent };
    return c.json(answer);
  });

  app.post("/v1/opscore/agent/:agentId/workflow", async (c) => {
    const agentId = pathId(c, "agentId");
    const body = await readBody(c, { maxBytes: bodyLimits.other });
    const trigger = decodeJson(body, triggerSchema);
    const { workflowDefinitionId: id, workflowDefinition: document } = trigger;
    if ((id ?? null) !== null && (document ?? null) !== null) {
      throw new OpsError("validation_failed", "Provide either workflowDefinitionId or workflowDefinition, not both");
    }
    if ((id ?? null) === null && (document ?? null) === null) {
      throw new OpsError("validation_failed", "Either workflowDefinitionId or workflowDefinition must be provided");
    }
    if (typeof id !== "string") requireDefining(c);
    const started = await startSession(
      deps,
      {
        definition:
          typeof id === "string"
            ? { kind: "saved", workflowId: id, revision: null }
            : { kind: "inline", document: document ?? null },
        agentId,
        input: jsonObject(trigger.initialPayload),
        idempotency: await idempotencyOf(c, body),
      },
      keyCause(c, "StartSession"),
    );
    const { sessionId, workflowId, replayed } = started;
    markReplayed(c, replayed);
    const answer: WorkflowTriggeredAnswer = { sessionId, workflowId, message: "Workflow triggered successfully" };
    return c.json(answer, 202);
  });
};
