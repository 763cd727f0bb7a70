import type { WaitingRow } from "../app/store-port.ts";
import { FIRST_WAITING, FREE, WITH_NEWEST } from "./fragments.ts";
import type { Expression } from "./load-facts.ts";
import { text } from "./rows.ts";
import { statement, type SqlResult, type Statement } from "./sql-port.ts";

/**
 * The reads of the other side. "A task becomes ready" and "an agent becomes free" may both have loaded before
 * either committed; so each reads the other after its own writes, and one of the two sees the other.
 */

/** The first task that waits for an agent, if the agent is free. */
export const lookForTask = (agentId: string): Statement =>
  statement(`SELECT (${FIRST_WAITING}) AS session_id FROM agents a ${WITH_NEWEST} WHERE a.id = ? AND ${FREE}`, agentId);

/** Agents `a` that serve a queue. */
const serving = (queue: string): Expression => ({
  sql: queue.startsWith("cap:")
    ? "a.id IN (SELECT c.agent_id FROM agent_capabilities c WHERE c.capability = ?)"
    : "a.id = (SELECT coalesce(o.superseded_by, o.id) FROM agents o WHERE o.id = ?)",
  args: [queue.slice(queue.indexOf(":") + 1)],
});

/** The task's own session, if an agent that may take it is free. */
export const lookForAgent = (row: WaitingRow): Statement => {
  const serves = serving(row.queue);
  return statement(
    `SELECT ? AS session_id FROM agents a ${WITH_NEWEST} WHERE ${serves.sql} AND ${FREE}
      AND NOT EXISTS (SELECT 1 FROM json_each(?) x WHERE x.value = a.id) LIMIT 1`,
    row.sessionId,
    ...serves.args,
    JSON.stringify(row.notAgents),
  );
};

/**
 * The next waiting task once one has left the queue: two agents that became free before it left were both shown
 * the same one.
 */
export const lookForNext = (queue: string): Statement => {
  const serves = serving(queue);
  return statement(
    `SELECT session_id FROM (SELECT (${FIRST_WAITING}) AS session_id FROM agents a ${WITH_NEWEST}
      WHERE ${serves.sql} AND ${FREE}) WHERE session_id IS NOT NULL LIMIT 1`,
    ...serves.args,
  );
};

/** Sessions named by the reads of the other side, each once. */
export const wakes = (results: readonly SqlResult[]): readonly string[] => [
  ...new Set(
    results.flatMap((result) =>
      result.rows.filter((row) => row["session_id"] !== null).map((row) => text(row, "session_id")),
    ),
  ),
];
