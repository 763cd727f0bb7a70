import { formatRfc3339 } from "../contract/timestamp.ts";
import type { Agent } from "../core/agent/agent.ts";
import { taskIdOf } from "../core/ids.ts";
import type { JsonObject } from "../core/json.ts";
import { digitsOf } from "../core/random.ts";
import type { DispatchRequested } from "../core/session/events.ts";
import type { SessionState } from "../core/session/state.ts";
import type { Policy } from "../core/workflow/definition.ts";
import type { Deps } from "./deps.ts";
import type { DeliveryOutcome, TaskMessage, Transport } from "./ports.ts";
import type { Delivered } from "./store-port.ts";

/** One requested dispatch with all it takes to send it. */
export interface Dispatch {
  readonly state: SessionState;
  readonly event: DispatchRequested;
  readonly task: Policy & { readonly name: string };
  readonly agent: Agent;
  readonly parameters: JsonObject;
}

/** Ends an attempt whose dispatch failed, unless a report was faster. */
export type EndDispatch = (
  sessionId: string,
  event: DispatchRequested,
  outcome: "rejected" | "agent_error" | "refused",
  transport: Transport | null,
  message: string,
  retryAfterMs: number | null,
) => Promise<void>;

/** W3C trace context: all dispatches of a session share one trace, each attempt is a span. */
export const traceparentOf = (sessionId: string, attemptId: string): string =>
  `00-${digitsOf(sessionId, 32)}-${digitsOf(attemptId, 16)}-01`;

/** The message an agent gets, the same over both transports. */
export const taskMessage = ({ state, event, task, parameters }: Dispatch, now: number): TaskMessage => ({
  senderId: "opscore_system_id",
  timestamp: formatRfc3339(now),
  messageType: "workflow_task",
  payload: {
    task_name: task.name,
    task_parameters: parameters,
    opscore_session_id: state.id,
    opscore_task_id: event.attemptId,
    opscore_workflow_id: state.definition.workflowId,
    attempt: event.attempt,
    idempotency_key: taskIdOf(state.id, event.n),
    deadline: formatRfc3339(now + task.timeout.runMs),
    traceparent: traceparentOf(state.id, event.attemptId),
  },
  sessionContext: { sessionId: state.id, priorMessages: [] },
  task_name: task.name,
  opscore_session_id: state.id,
  opscore_task_id: event.attemptId,
});

const refusedTexts = (outcome: DeliveryOutcome): readonly string[] => outcome.refusals.map(({ reason }) => reason);

const deliveredPatch = (
  outcome: DeliveryOutcome & { kind: "delivered" | "accepted" },
  now: number,
): Delivered["patch"] => {
  const doubt = outcome.kind === "delivered" ? (outcome.doubt ?? null) : null;
  const notes = [...refusedTexts(outcome), ...(doubt === null ? [] : [doubt])];
  const refused = notes.length === 0 ? {} : { refused: notes };
  if (outcome.kind === "accepted") {
    return { transport: "agentkit", acceptedAt: now, ...(outcome.unsure ? { unsure: true } : {}), ...refused };
  }
  return { transport: "direct", confirmedAt: now, answer: outcome.answer, ...refused };
};

/**
 * Sends one requested dispatch and notes what became of it. Only the invocation that committed the request
 * calls this, within the lease; if it dies, the lease runs out and the same attempt is sent again.
 */
export const sendTask = async (deps: Deps, dispatch: Dispatch, endDispatch: EndDispatch): Promise<void> => {
  const { event, agent, state } = dispatch;
  const recipient = { agentId: agent.id, contactEndpoint: agent.contactEndpoint };
  const outcome = await deps.gateway.deliver(recipient, taskMessage(dispatch, deps.clock.now()));
  const refused = refusedTexts(outcome).join("; ");
  deps.log.log(outcome.kind === "refused" ? "warn" : "debug", "dispatch", {
    attempt: event.attemptId,
    agentId: agent.id,
    outcome: outcome.kind,
    ...(refused === "" ? {} : { refused }),
  });
  switch (outcome.kind) {
    case "delivered":
    case "accepted": {
      const patch = deliveredPatch(outcome, deps.clock.now());
      const says = outcome.kind === "delivered" && outcome.answer !== null;
      return deps.store.recordDelivery({
        agentId: agent.id,
        attemptId: event.attemptId,
        patch,
        unlessReported: !says && patch.refused === undefined,
      });
    }
    case "refused":
      return endDispatch(state.id, event, "refused", null, `not delivered: ${refused}`, outcome.retryAfterMs);
    case "rejected":
    case "agent_error":
      return endDispatch(state.id, event, outcome.kind, outcome.transport, outcome.message, null);
  }
};
