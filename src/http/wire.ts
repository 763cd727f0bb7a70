import type { AgentView } from "../app/read-agent.ts";
import type { TaskSummary } from "../app/list-tasks.ts";
import type { SessionDetail, SessionLogRow, SessionSummary } from "../app/read-session.ts";
import type { DefinitionRecord, HistoryRow } from "../app/store-port.ts";
import type { AgentAnswer, AgentReportAnswer } from "../contract/answers/agent.ts";
import type { LogRowAnswer } from "../contract/answers/session-log.ts";
import type { SessionAnswer, SessionDetailAnswer } from "../contract/answers/session.ts";
import type { TaskAnswer, TaskSummaryAnswer } from "../contract/answers/task.ts";
import type { WorkflowAnswer } from "../contract/answers/workflow.ts";
import { formatMoment, formatRfc3339 } from "../contract/timestamp.ts";

/** Domain to wire: epoch ms become RFC 3339, ids become full ids. */
type JsonValueOf = HistoryRow["details"];
type JsonObjectOf = Exclude<AgentView["agent"]["metadata"], null>;

/** What the strict parser let through is JSON; zod's records have forgotten it. */
export function jsonObject(value: Record<string, unknown>): JsonObjectOf;
export function jsonObject(value: Record<string, unknown> | null): JsonObjectOf | null;
export function jsonObject(value: Record<string, unknown> | null): JsonObjectOf | null {
  return value as JsonObjectOf | null;
}

export const jsonValue = (value: unknown): JsonValueOf => value as JsonValueOf;

export const agentToWire = ({ agent, liveness, lastContactAt, availability, clockSkewMs }: AgentView): AgentAnswer => ({
  agentId: agent.id,
  agentName: agent.name,
  version: agent.version,
  capabilities: agent.capabilities,
  contactEndpoint: agent.contactEndpoint,
  metadata: agent.metadata,
  registration: agent.admission,
  supersededBy: agent.supersededBy,
  registeredAt: formatRfc3339(agent.registeredAt),
  state: agent.newest?.state ?? "UNKNOWN",
  stateReportedAt: formatMoment(agent.newest?.receivedAt ?? null),
  clockSkewMs,
  liveness,
  lastContactAt: formatRfc3339(lastContactAt),
  available: availability.available,
  unavailableReason: availability.available ? null : { code: availability.code, message: availability.message },
  capacity: agent.capacity,
  tasks: Object.entries(agent.tasks).map(([id, entry]) => ({
    id,
    sessionId: entry.sessionId,
    dispatchedAt: formatRfc3339(entry.sentAt),
    transport: entry.transport ?? null,
    deliveryConfirmed: entry.confirmedAt !== undefined,
  })),
});

export const historyToWire = (row: HistoryRow): AgentReportAnswer => ({
  state: row.state,
  details: row.details,
  timestamp: row.sent,
  receivedAt: formatRfc3339(row.receivedAt),
  taskAttemptId: row.attemptId,
  ...row.outcome,
});

export const definitionToWire = (record: DefinitionRecord): WorkflowAnswer => ({
  workflowId: record.workflowId,
  revision: record.revision,
  hash: record.hash,
  createdAt: formatRfc3339(record.createdAt),
});

export const sessionToWire = ({ state, status, waitingFor, reason, nextAt }: SessionSummary): SessionAnswer => ({
  sessionId: state.id,
  workflowId: state.definition.workflowId,
  revision: state.definition.revision === 0 ? null : state.definition.revision,
  status,
  reason,
  error: state.status === "failed" ? state.reason : null,
  waitingFor: waitingFor === null ? null : { ...waitingFor, until: formatMoment(waitingFor.until) },
  agentId: state.home,
  rerunOf: state.rerunOf ?? null,
  startedAt: formatRfc3339(state.startedAt),
  updatedAt: formatRfc3339(state.updatedAt),
  endedAt: formatMoment(state.endedAt),
  nextAt: formatMoment(nextAt),
});

export const taskToWire = (task: SessionDetail["tasks"][number]): TaskAnswer => ({
  ...task,
  attempts: task.attempts.map((attempt) => ({
    ...attempt,
    dispatchedAt: formatRfc3339(attempt.dispatchedAt),
    startedAt: formatMoment(attempt.startedAt),
    endedAt: formatMoment(attempt.endedAt),
  })),
});

export const sessionDetailToWire = (detail: SessionDetail): SessionDetailAnswer => ({
  ...sessionToWire(detail),
  tasks: detail.tasks.map(taskToWire),
});

export const taskSummaryToWire = (task: TaskSummary): TaskSummaryAnswer => ({
  taskId: task.taskId,
  id: task.id,
  name: task.name,
  status: task.status,
  sessionId: task.sessionId,
  workflowId: task.workflowId,
  agentId: task.agentId,
  attempts: task.attempts,
  error: task.error,
  since: formatRfc3339(task.since),
});

export const logRowToWire = (row: SessionLogRow): LogRowAnswer => ({
  seq: row.seq,
  at: formatRfc3339(row.at),
  cause: row.cause,
  events: row.parsed.map((event, index) => ({ id: `evt_${row.stream.slice(4)}.${row.seq}.${index}`, ...event })),
  hash: row.hash,
});
