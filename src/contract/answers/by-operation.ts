// Length: one table; an entry is a few lines, and there are as many as operations.
import type * as z from "zod";
import type { ErrorCode } from "../problem.ts";
import { auditRowAnswer } from "./audit.ts";
import { agentAnswer, agentReportAnswer } from "./agent.ts";
import { sessionCancelledAnswer, sessionStandingAnswer, signalSentAnswer, taskControlledAnswer } from "./control.ts";
import { dryRunAnswer } from "./dry-run.ts";
import { keyAnswer, keySecretAnswer } from "./key.ts";
import {
  agentStateAnswer,
  healthAnswer,
  notifiedAnswer,
  readyAnswer,
  stateAcceptedAnswer,
  workflowTriggeredAnswer,
} from "./legacy.ts";
import { pageOf } from "./lists.ts";
import { openApiAnswer, textAnswer } from "./reference.ts";
import { scheduleAnswer, scheduleDetailAnswer, scheduleTriggeredAnswer } from "./schedule.ts";
import { logRowAnswer } from "./session-log.ts";
import {
  bulkAnswer,
  sessionAnswer,
  sessionCountsAnswer,
  sessionDetailAnswer,
  sessionRerunAnswer,
  sessionStartedAnswer,
} from "./session.ts";
import { settledAnswer } from "./settle.ts";
import { taskCancelledAnswer, taskDetailAnswer, taskEnqueuedAnswer, taskSummaryAnswer } from "./task.ts";
import { webhookDeliveryAnswer, webhookDeliveryQueuedAnswer, webhookAnswer, webhookSecretAnswer } from "./webhook.ts";
import { workflowAnswer, workflowDetailAnswer, workflowSchemaAnswer, workflowValidAnswer } from "./workflow.ts";

/** What one operation can answer. */
export interface OperationAnswers {
  /** The body of each 2xx, by status; `null`: there is none. 304: the caller has the newest already. */
  readonly answers: Readonly<Record<number, z.ZodType | null>>;
  /** The codes of the problems it can answer with; `statusOf` gives their statuses, `problemSchema` their bodies. */
  readonly problems: readonly ErrorCode[];
  /** Of a 2xx with a body, where it is not `application/json`. */
  readonly mediaType?: string;
}

/** The codes are listed once each; `internal_error` is in no list: it is a bug, whatever the operation. */
const operation = <const A extends OperationAnswers["answers"], const P extends readonly ErrorCode[]>(
  answers: A,
  ...problems: P
) => ({ answers, problems });

/** A read that is polled: it has an `ETag`, and answers 304 to whoever has that one. */
const asked = <S extends z.ZodType>(schema: S) => ({ 200: schema, 304: null });

/** Without a key, with a wrong one or one that may not; a server without a key of its own, or that cannot look it up. */
const keyed = ["unauthorized", "forbidden", "rate_limited", "not_configured", "store_unavailable"] as const;

/** What reads or writes the store. */
const stored = keyed;

/** A read whose query is checked. */
const read = [...stored, "invalid_query"] as const;

const rawBody = ["payload_too_large", "unsupported_media_type", "unsupported_encoding", "malformed_json"] as const;
const body = [...rawBody, "validation_failed"] as const;

/** A change with a body of JSON; its query is checked. */
const write = [...read, ...body, "contention"] as const;

const definition = ["invalid_id", "invalid_definition", "not_supported"] as const;
const keyedByClient = ["invalid_header", "idempotency_key_reused"] as const;
/** Under a key that is claimed before anything is done. */
const claimed = [...keyedByClient, "request_in_flight"] as const;
const start = [...definition, ...keyedByClient, "workflow_not_found", "agent_not_found", "conflict"] as const;
const control = [...write, "invalid_id", "session_not_found", "session_ended"] as const;
const settle = [...read, ...body, "invalid_id", "task_not_found", "stale_attempt"] as const;

const taskControl = operation(
  { 200: taskControlledAnswer, 202: taskControlledAnswer },
  ...control,
  ...keyedByClient,
  "task_not_found",
  "conflict",
);
/** Saying it again is another attempt: it is never as it was before. */
const taskRetry = { ...taskControl, answers: { 202: taskControlledAnswer } };
const standing = operation({ 200: sessionStandingAnswer, 202: sessionStandingAnswer }, ...control, ...keyedByClient);
const schedulePause = operation(
  { 200: scheduleDetailAnswer },
  ...write,
  ...claimed,
  "invalid_id",
  "schedule_not_found",
);
const keyChange = [...write, ...claimed, "invalid_id", "key_not_found"] as const;
const webhook = ["invalid_id", "webhook_not_found"] as const;
const webhookChange = operation({ 200: webhookAnswer }, ...write, ...claimed, ...webhook);
const registry = [...write, "invalid_id"] as const;

/**
 * Every operation, by method and path as OpenAPI writes it, with all that it can answer. `HEAD` answers as `GET` does,
 * without a body; a path that is none of these is 404 `not_found`, another method 405 `method_not_allowed`.
 */
export const answersByOperation = {
  "GET /health": operation({ 200: healthAnswer }),
  "GET /ready": operation({ 200: readyAnswer }, "store_unavailable"),
  "GET /schemas/workflow.json": {
    ...operation({ 200: workflowSchemaAnswer }, "invalid_query"),
    mediaType: "application/schema+json",
  },
  "GET /openapi.json": operation(asked(openApiAnswer), "invalid_query"),
  "GET /docs": { ...operation(asked(textAnswer), "invalid_query"), mediaType: "text/html" },
  "GET /llms.txt": { ...operation(asked(textAnswer), "invalid_query"), mediaType: "text/plain" },

  "POST /v1/opscore/internal/agent/notify": operation(
    { 200: notifiedAnswer },
    ...body,
    ...(["invalid_signature", "invalid_id", "unknown_event_type", "store_unavailable", "contention"] as const),
  ),
  "POST /v1/opscore/agent/{agentId}/state": operation(
    { 202: stateAcceptedAnswer },
    ...stored,
    ...body,
    ...(["invalid_id", "id_mismatch", "contention"] as const),
  ),
  "GET /v1/opscore/agent/{agentId}/state": operation(
    asked(agentStateAnswer),
    ...stored,
    ...(["invalid_id", "agent_not_found"] as const),
  ),
  "POST /v1/opscore/agent/{agentId}/workflow": operation(
    { 202: workflowTriggeredAnswer },
    ...stored,
    ...body,
    ...start,
    "contention",
  ),

  "GET /v1/opscore/agents": operation({ 200: pageOf(agentAnswer) }, ...read),
  "GET /v1/opscore/agents/{agentId}": operation(asked(agentAnswer), ...read, "invalid_id", "agent_not_found"),
  "PUT /v1/opscore/agents/{agentId}": operation({ 200: agentAnswer, 201: agentAnswer }, ...registry),
  "GET /v1/opscore/agents/{agentId}/history": operation(
    { 200: pageOf(agentReportAnswer) },
    ...read,
    "invalid_id",
    "agent_not_found",
  ),

  "POST /v1/opscore/workflows": operation(
    { 200: workflowAnswer, 201: workflowAnswer },
    ...read,
    ...rawBody,
    ...definition,
    ...claimed,
    ...(["malformed_yaml", "contention", "workflow_not_found"] as const),
  ),
  "POST /v1/opscore/workflows/validate": operation(
    { 200: workflowValidAnswer },
    ...keyed,
    ...rawBody,
    ...definition,
    ...(["malformed_yaml", "invalid_query"] as const),
  ),
  "POST /v1/opscore/workflows/{workflowId}/test": operation(
    { 200: dryRunAnswer },
    ...read,
    ...body,
    ...definition,
    ...(["id_mismatch", "workflow_not_found"] as const),
  ),
  "GET /v1/opscore/workflows": operation({ 200: pageOf(workflowAnswer) }, ...read),
  "GET /v1/opscore/workflows/{workflowId}": operation(
    asked(workflowDetailAnswer),
    ...read,
    "invalid_id",
    "workflow_not_found",
  ),

  "POST /v1/opscore/sessions": operation({ 202: sessionStartedAnswer }, ...write, ...start),
  "GET /v1/opscore/sessions": operation({ 200: pageOf(sessionAnswer) }, ...read),
  "GET /v1/opscore/sessions/counts": operation({ 200: sessionCountsAnswer }, ...read),
  "GET /v1/opscore/sessions/{sessionId}": operation(
    asked(sessionDetailAnswer),
    ...read,
    "invalid_id",
    "session_not_found",
  ),
  "GET /v1/opscore/sessions/{sessionId}/log": operation(
    { 200: pageOf(logRowAnswer) },
    ...read,
    "invalid_id",
    "session_not_found",
  ),
  "POST /v1/opscore/sessions/{sessionId}/cancel": operation(
    { 200: sessionCancelledAnswer, 202: sessionCancelledAnswer },
    ...control,
    ...claimed,
  ),
  "POST /v1/opscore/sessions/{sessionId}/rerun": operation(
    { 202: sessionRerunAnswer },
    ...write,
    ...keyedByClient,
    ...(["invalid_id", "session_not_found", "agent_not_found", "conflict"] as const),
  ),
  "POST /v1/opscore/sessions/bulk": operation({ 200: bulkAnswer }, ...write, ...claimed, "invalid_id"),
  "POST /v1/opscore/sessions/{sessionId}/pause": standing,
  "POST /v1/opscore/sessions/{sessionId}/resume": standing,
  "POST /v1/opscore/sessions/{sessionId}/signals/{name}": operation(
    { 200: signalSentAnswer, 202: signalSentAnswer },
    ...control,
    ...keyedByClient,
    "conflict",
  ),
  "POST /v1/opscore/sessions/{sessionId}/tasks/{task}/retry": taskRetry,
  "POST /v1/opscore/sessions/{sessionId}/tasks/{task}/skip": taskControl,
  "POST /v1/opscore/sessions/{sessionId}/tasks/{task}/complete": taskControl,
  "POST /v1/opscore/sessions/{sessionId}/tasks/{task}/fail": taskControl,
  "POST /v1/opscore/sessions/{sessionId}/tasks/{task}/approve": taskControl,
  "POST /v1/opscore/sessions/{sessionId}/tasks/{task}/reject": taskControl,

  "GET /v1/opscore/tasks": operation({ 200: pageOf(taskSummaryAnswer) }, ...read, "session_not_found"),
  "POST /v1/opscore/tasks": operation(
    { 202: taskEnqueuedAnswer },
    ...write,
    ...keyedByClient,
    "invalid_id",
    "invalid_definition",
  ),
  "GET /v1/opscore/tasks/{id}": operation(asked(taskDetailAnswer), ...read, "invalid_id", "task_not_found"),
  "POST /v1/opscore/tasks/{id}/cancel": operation(
    { 200: taskCancelledAnswer, 202: taskCancelledAnswer },
    ...write,
    ...claimed,
    ...(["invalid_id", "task_not_found", "conflict", "session_ended"] as const),
  ),
  "POST /v1/opscore/tasks/{attemptId}/complete": operation(
    { 200: settledAnswer },
    ...settle,
    "result_conflict",
    "contention",
  ),
  "POST /v1/opscore/tasks/{attemptId}/fail": operation(
    { 200: settledAnswer },
    ...settle,
    "result_conflict",
    "contention",
  ),
  "POST /v1/opscore/tasks/{attemptId}/heartbeat": operation({ 200: settledAnswer }, ...settle),

  "POST /v1/opscore/schedules": operation(
    { 200: scheduleDetailAnswer, 201: scheduleDetailAnswer },
    ...write,
    ...claimed,
    ...(["invalid_id", "conflict", "schedule_not_found"] as const),
  ),
  "GET /v1/opscore/schedules": operation({ 200: pageOf(scheduleAnswer) }, ...read),
  "GET /v1/opscore/schedules/{scheduleId}": operation(
    asked(scheduleDetailAnswer),
    ...read,
    "invalid_id",
    "schedule_not_found",
  ),
  "PUT /v1/opscore/schedules/{scheduleId}": operation(
    { 200: scheduleDetailAnswer, 201: scheduleDetailAnswer },
    ...write,
    ...(["invalid_id", "id_mismatch", "schedule_not_found"] as const),
  ),
  "DELETE /v1/opscore/schedules/{scheduleId}": operation({ 204: null }, ...read, "invalid_id"),
  "POST /v1/opscore/schedules/{scheduleId}/pause": schedulePause,
  "POST /v1/opscore/schedules/{scheduleId}/resume": schedulePause,
  "POST /v1/opscore/schedules/{scheduleId}/trigger": operation(
    { 202: scheduleTriggeredAnswer },
    ...write,
    ...claimed,
    ...(["invalid_id", "schedule_not_found"] as const),
    ...(["workflow_not_found", "agent_not_found", "conflict"] as const),
  ),

  "GET /v1/opscore/audit": operation({ 200: pageOf(auditRowAnswer) }, ...read),
  "POST /v1/opscore/keys": operation({ 201: keySecretAnswer }, ...write, ...claimed),
  "GET /v1/opscore/keys": operation({ 200: pageOf(keyAnswer) }, ...read),
  "GET /v1/opscore/keys/{keyId}": operation({ 200: keyAnswer }, ...read, "invalid_id", "key_not_found"),
  "POST /v1/opscore/keys/{keyId}/rotate": operation({ 200: keySecretAnswer }, ...keyChange, "conflict"),
  "POST /v1/opscore/keys/{keyId}/revoke": operation({ 200: keyAnswer }, ...keyChange),
  "POST /v1/opscore/webhooks": operation(
    { 201: webhookSecretAnswer },
    ...write,
    ...claimed,
    "conflict",
    "webhook_not_found",
  ),
  "GET /v1/opscore/webhooks": operation({ 200: pageOf(webhookAnswer) }, ...read),
  "GET /v1/opscore/webhooks/{webhookId}": operation(asked(webhookAnswer), ...read, ...webhook),
  "PUT /v1/opscore/webhooks/{webhookId}": operation({ 200: webhookAnswer }, ...write, ...webhook),
  "DELETE /v1/opscore/webhooks/{webhookId}": operation({ 204: null }, ...read, "invalid_id", "contention"),
  "POST /v1/opscore/webhooks/{webhookId}/rotate": operation(
    { 200: webhookSecretAnswer },
    ...write,
    ...claimed,
    ...webhook,
  ),
  "POST /v1/opscore/webhooks/{webhookId}/enable": webhookChange,
  "POST /v1/opscore/webhooks/{webhookId}/disable": webhookChange,
  "POST /v1/opscore/webhooks/{webhookId}/test": operation(
    { 202: webhookDeliveryQueuedAnswer },
    ...write,
    ...claimed,
    ...webhook,
    "conflict",
  ),
  "GET /v1/opscore/webhooks/{webhookId}/deliveries": operation(
    { 200: pageOf(webhookDeliveryAnswer) },
    ...read,
    ...webhook,
  ),
  "POST /v1/opscore/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver": operation(
    { 202: webhookDeliveryQueuedAnswer },
    ...write,
    ...claimed,
    ...webhook,
    ...(["conflict", "delivery_not_found"] as const),
  ),
} satisfies Readonly<Record<string, OperationAnswers>>;
