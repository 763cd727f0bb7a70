import { REORDERED_MICROS } from "../core/agent/agent.ts";
import type { ReportRow } from "../app/store-port.ts";
import { taskNamedIn } from "../core/report/interpret.ts";
import { LAST_SENT, NAMES_NO_TASK, NEWEST_FIRST } from "./fragments.ts";
import type { Expression } from "./load-facts.ts";
import { REPEAT_WINDOW_MICROS } from "./load.ts";
import type { Statement } from "./sql-port.ts";

/**
 * The place of a report `p` among its agent's, against the newest one there is. Where a clock is ahead both stand at
 * their receipt, in the order of the network; what the agent's own clock says goes before that: later is later, and
 * earlier is earlier if they are close. No place is after what was sent.
 */
const PLACE = `coalesce((SELECT CASE
    WHEN m.sent_us - p.sent_us BETWEEN 1 AND ${REORDERED_MICROS} THEN min(p.at, m.at - (m.sent_us - p.sent_us))
    WHEN p.sent_us > m.sent_us THEN max(p.at, m.at + 1)
    WHEN p.sent_us = m.sent_us THEN max(p.at, m.at)
    ELSE p.at END
  FROM agent_log m WHERE m.agent_id = p.agent_id ${NEWEST_FIRST}), p.at)`;

/**
 * A report, conditional on `when` and on not being a repeat. Two copies from a fast clock differ in `at`, which is
 * then their receipt, but neither is after what was sent.
 */
export const reportStatement = (report: ReportRow, when: Expression): Statement => ({
  sql: `INSERT INTO agent_log (agent_id, at, received_at, digest, sent, sent_us, state, meaning, details, attempt, outcome)
    SELECT p.agent_id, ${PLACE}, ?, ?, ?, p.sent_us, ?, ?, ?, ?, ?
    FROM (SELECT ? AS agent_id, CAST(? AS INTEGER) AS at, CAST(? AS INTEGER) AS sent_us) p WHERE ${when.sql} AND NOT EXISTS (
      SELECT 1 FROM agent_log WHERE agent_id = ? AND at BETWEEN ? AND ? AND digest = ?) RETURNING at`,
  args: [
    report.receivedAt,
    report.digest,
    report.sent,
    report.state,
    report.meaning,
    report.details === null ? null : JSON.stringify(report.details),
    report.attemptId,
    report.outcome === null ? null : JSON.stringify(report.outcome),
    report.agentId,
    report.atMicros,
    report.sentMicros,
    ...when.args,
    report.agentId,
    report.atMicros - REPEAT_WINDOW_MICROS,
    Math.max(report.atMicros, report.sentMicros),
    report.digest,
  ],
});

/**
 * Whether the other half of the working and free pair that settles an attempt has come since this report was read:
 * then it is to be read anew, or neither of the two would settle it. The rule is `interpretReport`'s.
 */
export const otherHalf = (report: ReportRow): Expression | null => {
  const { attemptId, meaning } = report;
  if (attemptId === null || report.outcome !== null || taskNamedIn(report.details) !== null) return null;
  if (meaning !== "free" && meaning !== "working") return null;
  const [wanted, order] = meaning === "free" ? ["working", "<="] : ["free", ">="];
  return {
    sql: `SELECT 1 FROM agents g CROSS JOIN json_each(g.tasks) t CROSS JOIN agent_log l ON l.agent_id = g.id
      AND l.at > json_extract(t.value, '$.since') AND l.attempt = t.key WHERE g.id = ? AND t.key = ?
      AND l.meaning = '${wanted}' AND ${NAMES_NO_TASK} AND l.sent_us > ${LAST_SENT} AND (l.sent_us, l.received_at) ${order} (?, ?)`,
    args: [report.agentId, attemptId, report.sentMicros, report.receivedAt],
  };
};
