import type { Agent, Report } from "../core/agent/agent.ts";
import type { Meaning } from "../core/agent/state-meaning.ts";
import type { JsonObject } from "../core/json.ts";
import { readJson } from "../core/read-json.ts";
import type { SessionState } from "../core/session/state.ts";
import type { AgentRecord, DefinitionRecord, SessionRecord } from "../app/store-port.ts";
import type { Row, SqlValue } from "./sql-port.ts";

/** Rows ⇄ domain. Columns come back as text and numbers; JSON columns are parsed here and nowhere else. */
const json = <T>(value: SqlValue | undefined): T => readJson(String(value)) as T;

export const orNull = <T>(value: SqlValue | undefined, map: (value: SqlValue) => T): T | null =>
  value === null || value === undefined ? null : map(value);

export const jsonOrNull = <T>(value: SqlValue | undefined): T | null => orNull(value, (text) => json<T>(text));

export const text = (row: Row, column: string): string => String(row[column]);

export const number = (row: Row, column: string): number => Number(row[column]);

/** The newest report of an agent, from the `r_…` columns of a query; `details` only where selected. */
const toReport = (row: Row): Report | null =>
  row["r_state"] === null || row["r_state"] === undefined
    ? null
    : {
        state: text(row, "r_state"),
        meaning: text(row, "r_meaning") as Meaning,
        details: jsonOrNull<JsonObject>(row["r_details"]),
        sent: text(row, "r_sent"),
        sentMicros: number(row, "r_sent_us"),
        receivedAt: number(row, "r_received_at"),
        attemptId: orNull(row["r_attempt"], String),
      };

export const toAgent = (row: Row): Agent => ({
  id: text(row, "id"),
  seq: number(row, "seq"),
  name: text(row, "name"),
  version: text(row, "version"),
  capabilities: json(row["capabilities"]),
  contactEndpoint: orNull(row["contact_endpoint"], String),
  metadata: jsonOrNull<JsonObject>(row["metadata"]),
  admission: text(row, "admission") as Agent["admission"],
  registeredAt: number(row, "registered_at"),
  signedAt: number(row, "signed_at"),
  supersededBy: orNull(row["superseded_by"], String),
  aliases: json(row["aliases"]),
  capacity: number(row, "capacity"),
  tasks: json(row["tasks"]),
  settled: json(row["settled"]),
  missedAt: orNull(row["missed_at"], Number),
  contactAt: orNull(row["contact_at"], Number),
  reachedByAgentKit: row["reached_by_agentkit"] === 1,
  reportsPromptly: orNull(row["reports_promptly"], (value) => value === 1),
  newest: toReport(row),
});

export const toAgentRecord = (row: Row): AgentRecord => ({
  agent: toAgent(row),
  logSeq: number(row, "log_seq"),
  logHash: text(row, "log_hash"),
});

export const toSession = (row: Row): SessionRecord => ({
  state: json<SessionState>(row["head"]),
  seq: number(row, "seq"),
  hash: text(row, "hash"),
  dueAt: orNull(row["due_at"], Number),
});

export const toDefinition = (row: Row): DefinitionRecord => ({
  workflowId: text(row, "workflow_id"),
  revision: number(row, "revision"),
  hash: text(row, "hash"),
  body: orNull(row["body"], String) ?? "",
  createdAt: number(row, "created_at"),
});
