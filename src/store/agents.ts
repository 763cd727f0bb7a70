import type { HistoryRow, Store } from "../app/store-port.ts";
import type { Report } from "../core/agent/agent.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { Meaning } from "../core/agent/state-meaning.ts";
import { planAgentCommit } from "./commit-agent.ts";
import { AGENT_COLUMNS, NEWEST_NAMESAKE, taskPath, WITH_NEWEST } from "./fragments.ts";
import type { Expression } from "./load-facts.ts";
import { otherHalf, reportStatement } from "./report-row.ts";
import { jsonOrNull, number, orNull, text, toAgent, toAgentRecord } from "./rows.ts";
import { statement, type Row, type Sql } from "./sql-port.ts";
import { isUniqueViolation } from "./store-failure.ts";
import { lookForTask, wakes } from "./waiting-looks.ts";

const toHistory = (row: Row): HistoryRow => ({
  state: text(row, "state"),
  meaning: text(row, "meaning") as Meaning,
  details: jsonOrNull<Json>(row["details"]),
  sent: text(row, "sent"),
  receivedAt: number(row, "received_at"),
  attemptId: orNull(row["attempt"], String),
  outcome: jsonOrNull<JsonObject>(row["outcome"]),
  key: `${number(row, "at")}.${number(row, "received_at")}.${text(row, "digest")}`,
});

/** Agents: registry, reports and what is known of tasks in flight. */
export const agentStore = (
  sql: Sql,
): Pick<
  Store,
  | "insertReport"
  | "recordDelivery"
  | "recordBeat"
  | "loadAgent"
  | "commitAgent"
  | "readState"
  | "listAgents"
  | "readHistory"
> => ({
  insertReport: async (report, agentSeq, look) => {
    const half = otherHalf(report);
    const current: Expression = {
      sql: `EXISTS (SELECT 1 FROM agents WHERE id = ? AND seq = ?)${half === null ? "" : ` AND NOT EXISTS (${half.sql})`}`,
      args: [report.agentId, agentSeq, ...(half?.args ?? [])],
    };
    const results = await sql.batch(
      [
        { sql: `SELECT ${current.sql} AS current`, args: current.args },
        reportStatement(report, current),
        ...(look ? [lookForTask(report.agentId)] : []),
      ],
      "write",
    );
    if (results[0]?.rows[0]?.["current"] !== 1) return { kind: "stale" };
    return { kind: "committed", wake: wakes(results.slice(2)) };
  },

  recordDelivery: async ({ agentId, attemptId, patch, unlessReported }) => {
    const path = taskPath(attemptId);
    const members = Object.entries(patch).filter(([, value]) => value !== undefined && value !== null);
    const sets = members.map(() => ", ?, json(?)").join("");
    const args = members.flatMap(([key, value]) => [`${path}.${key}`, JSON.stringify(value)]);
    const heard = `AND NOT EXISTS (SELECT 1 FROM agent_log l WHERE l.agent_id = agents.id AND l.attempt = ?
      AND l.at > json_extract(agents.tasks, ?))`;
    await sql.batch(
      [
        {
          sql: `UPDATE agents SET seq = seq + 1, tasks = json_set(tasks${sets}) WHERE id = ?
            AND json_type(tasks, ?) IS NOT NULL AND json_extract(tasks, ?) IS NULL ${unlessReported ? heard : ""}`,
          args: [...args, agentId, path, `${path}.transport`, ...(unlessReported ? [attemptId, `${path}.since`] : [])],
        },
      ],
      "write",
    );
  },

  recordBeat: async (agentId, attemptId, now, progress) => {
    const path = taskPath(attemptId);
    const [result] = await sql.batch(
      [
        {
          sql: `UPDATE agents SET contact_at = max(coalesce(contact_at, 0), ?), tasks = json_set(tasks, ?, json(?)${
            progress === undefined ? "" : ", ?, json(?)"
          }) WHERE id = ? AND json_type(tasks, ?) IS NOT NULL RETURNING id`,
          args: [
            now,
            `${path}.beatAt`,
            String(now),
            ...(progress === undefined ? [] : [`${path}.progress`, JSON.stringify(progress)]),
            agentId,
            path,
          ],
        },
      ],
      "write",
    );
    return (result?.rows.length ?? 0) > 0;
  },

  loadAgent: async (agentId, sameName) => {
    const [own, named] = await sql.batch(
      [
        statement(`SELECT ${AGENT_COLUMNS} FROM agents a ${WITH_NEWEST} WHERE a.id = ?`, agentId),
        statement(`SELECT ${AGENT_COLUMNS} FROM agents a ${WITH_NEWEST} WHERE ${NEWEST_NAMESAKE}`, sameName, agentId),
      ],
      "read",
    );
    const [ownRow, namedRow] = [own?.rows[0], named?.rows[0]];
    return {
      agent: ownRow === undefined ? null : toAgentRecord(ownRow),
      namesake: namedRow === undefined ? null : toAgentRecord(namedRow),
    };
  },

  commitAgent: async (commit) => {
    const plan = planAgentCommit(commit);
    try {
      return plan.read(await sql.batch(plan.statements, "write"));
    } catch (error) {
      if (isUniqueViolation(error)) return { kind: "stale" };
      throw error;
    }
  },

  readState: async (agentId) => {
    const [result] = await sql.batch(
      [
        statement(
          `SELECT ${AGENT_COLUMNS}, n.details AS r_details FROM agents o JOIN agents a ON a.id = coalesce(o.superseded_by, o.id)
            ${WITH_NEWEST} WHERE o.id = ?`,
          agentId,
        ),
      ],
      "read",
    );
    const row = result?.rows[0];
    if (row === undefined) return null;
    const agent = toAgent(row);
    return { agent, report: agent.newest satisfies Report | null };
  },

  listAgents: async ({ after, limit }) => {
    const [at, id] =
      after === null ? [null, ""] : [Number(after.slice(0, after.indexOf("."))), after.slice(after.indexOf(".") + 1)];
    const [result] = await sql.batch(
      [
        {
          sql: `SELECT ${AGENT_COLUMNS} FROM agents a ${WITH_NEWEST}
            ${at === null ? "" : "WHERE (a.registered_at, a.id) < (?, ?)"} ORDER BY a.registered_at DESC, a.id DESC LIMIT ?`,
          args: [...(at === null ? [] : [at, id]), limit],
        },
      ],
      "read",
    );
    return (result?.rows ?? []).map(toAgent);
  },

  readHistory: async (agentId, { after, limit }) => {
    const [at, receivedAt, digest] = after?.split(".") ?? [];
    const [known, rows] = await sql.batch(
      [
        statement("SELECT id FROM agents WHERE id = ?", agentId),
        {
          sql: `SELECT * FROM agent_log WHERE agent_id = ? ${
            at === undefined ? "" : "AND (at, received_at, digest) < (?, ?, ?)"
          } ORDER BY at DESC, received_at DESC, digest DESC LIMIT ?`,
          args: [agentId, ...(at === undefined ? [] : [Number(at), Number(receivedAt), digest ?? ""]), limit],
        },
      ],
      "read",
    );
    return (known?.rows.length ?? 0) === 0 ? null : (rows?.rows ?? []).map(toHistory);
  },
});
