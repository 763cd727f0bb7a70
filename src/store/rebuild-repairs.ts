import type { AgentRepair, RebuildStore, SessionRepair } from "../app/rebuild-port.ts";
import { EARLIEST_MICROS, NEWEST_FIRST, taskPath } from "./fragments.ts";
import { SLACK_MS } from "./held-tasks.ts";
import type { Expression } from "./load-facts.ts";
import { statement, type Sql, type Statement } from "./sql-port.ts";

/** Bounds the parameters of a statement: D1 takes 100. */
const ATTEMPTS_A_STATEMENT = 10;

const logIs = (stream: string, length: number): Expression => ({
  sql: "(SELECT max(seq) FROM log WHERE stream = ?) = ?",
  args: [stream, length],
});

/** An UPDATE of the row as read, or an INSERT where there is none; either only while the log is as it was folded. */
const upsert = (
  table: "sessions" | "agents",
  key: { readonly id: string; readonly rowSeq: number | null },
  columns: Readonly<Record<string, string | number | null>>,
  more: readonly string[],
  moreArgs: readonly (string | number | null)[],
  when: Expression,
): Statement => {
  const names = Object.keys(columns);
  const values = Object.values(columns);
  if (key.rowSeq === null) {
    return {
      sql: `INSERT INTO ${table} (id, ${names.join(", ")}) SELECT ?${", ?".repeat(names.length)}
        WHERE NOT EXISTS (SELECT 1 FROM ${table} WHERE id = ?) AND ${when.sql} RETURNING id`,
      args: [key.id, ...values, key.id, ...when.args],
    };
  }
  return {
    sql: `UPDATE ${table} SET ${[...names.map((name) => `${name} = ?`), ...more].join(", ")}
      WHERE id = ? AND seq = ? AND ${when.sql} RETURNING id`,
    args: [...values, ...moreArgs, key.id, key.rowSeq, ...when.args],
  };
};

const sessionStatements = ({ sessionId, rowSeq, logSeq, columns, waits }: SessionRepair): readonly Statement[] => {
  const log = logIs(sessionId, logSeq);
  // The row has the length of the log now, or the first statement has written nothing.
  const when: Expression = {
    sql: `EXISTS (SELECT 1 FROM sessions WHERE id = ? AND seq = ?) AND ${log.sql}`,
    args: [sessionId, logSeq, ...log.args],
  };
  return [
    upsert("sessions", { id: sessionId, rowSeq }, columns, [], [], log),
    ...waits.flatMap(({ queue, order, taskId, notAgents }): Statement[] => [
      {
        sql: `DELETE FROM waiting_tasks WHERE queue = ? AND order_key = ? AND task_id = ? AND ${when.sql}`,
        args: [queue, order, taskId, ...when.args],
      },
      {
        sql: `INSERT INTO waiting_tasks (queue, order_key, task_id, session_id, not_agents) SELECT ?, ?, ?, ?, ?
          WHERE ${when.sql}`,
        args: [queue, order, taskId, sessionId, JSON.stringify(notAgents), ...when.args],
      },
    ]),
  ];
};

/** What a claim notes of the agent's newest report at that moment, for attempts that do not have it. */
const noted = (id: string, seq: number, claims: readonly (readonly [string, number])[]): Statement => {
  const newest = (column: string): string =>
    `(SELECT m.${column} FROM agent_log m WHERE m.agent_id = agents.id AND m.received_at <= ?
      ${NEWEST_FIRST})`;
  const tasks = claims.reduce<Expression>(
    (inner, [attemptId, sentAt]) => ({
      sql: `json_insert(${inner.sql}, ?, ${newest("sent_us")}, ?,
        min(CAST(? AS INTEGER), coalesce(${newest("at")}, ${EARLIEST_MICROS})))`,
      args: [
        ...inner.args,
        `${taskPath(attemptId)}.lastSentMicros`,
        sentAt,
        `${taskPath(attemptId)}.since`,
        (sentAt - SLACK_MS) * 1_000,
        sentAt,
      ],
    }),
    { sql: "tasks", args: [] },
  );
  return { sql: `UPDATE agents SET tasks = ${tasks.sql} WHERE id = ? AND seq = ?`, args: [...tasks.args, id, seq] };
};

const agentStatements = (repair: AgentRepair): readonly Statement[] => {
  const { agentId, rowSeq, logSeq, columns, tasks, contactAt, capabilities } = repair;
  const seq = rowSeq === null ? logSeq : rowSeq + 1;
  const patch = JSON.stringify(tasks);
  const held = Object.entries(tasks).flatMap(([id, task]) => (task === null ? [] : [[id, task.sentAt] as const]));
  const chunks = Array.from({ length: Math.ceil(held.length / ATTEMPTS_A_STATEMENT) }, (_, at) =>
    held.slice(at * ATTEMPTS_A_STATEMENT, (at + 1) * ATTEMPTS_A_STATEMENT),
  );
  const when: Expression = { sql: "EXISTS (SELECT 1 FROM agents WHERE id = ? AND seq = ?)", args: [agentId, seq] };
  const list = JSON.stringify(capabilities);
  return [
    upsert(
      "agents",
      { id: agentId, rowSeq },
      // A row that was changed meanwhile has another `seq`; what decided on this one is stale from here on.
      rowSeq === null ? { seq, ...columns, contact_at: contactAt, tasks: patch } : columns,
      [
        "seq = seq + 1",
        "tasks = json_patch(CASE WHEN json_valid(tasks) THEN tasks ELSE '{}' END, ?)",
        "contact_at = nullif(max(coalesce(contact_at, 0), ?), 0)",
      ],
      [patch, contactAt ?? 0],
      logIs(`agent:${agentId}`, logSeq),
    ),
    ...chunks.map((claims) => noted(agentId, seq, claims)),
    {
      sql: `DELETE FROM agent_capabilities WHERE agent_id = ? AND capability NOT IN (SELECT value FROM json_each(?))
        AND ${when.sql}`,
      args: [agentId, list, ...when.args],
    },
    {
      sql: `INSERT INTO agent_capabilities (capability, agent_id) SELECT q.value, ? FROM json_each(?) q WHERE ${when.sql}
        AND NOT EXISTS (SELECT 1 FROM agent_capabilities c WHERE c.capability = q.value AND c.agent_id = ?)`,
      args: [agentId, list, ...when.args, agentId],
    },
  ];
};

/** The writes of `rebuild`: one batch for each session and each agent, guarded by what was read. */
export const rebuildRepairs = (
  sql: Sql,
): Pick<
  RebuildStore,
  "repairSession" | "repairAgent" | "removeSession" | "removeAgent" | "removeWait" | "repairNeeds"
> => {
  const write = async (statements: readonly Statement[]): Promise<boolean> => {
    const [first] = await sql.batch(statements, "write");
    return (first?.rows.length ?? 0) > 0;
  };
  const noLog = "NOT EXISTS (SELECT 1 FROM log WHERE stream = ?)";
  return {
    repairSession: (repair) => write(sessionStatements(repair)),
    repairAgent: (repair) => write(agentStatements(repair)),
    removeSession: (id) => write([statement(`DELETE FROM sessions WHERE id = ? AND ${noLog} RETURNING id`, id, id)]),
    removeAgent: (id) =>
      write([
        statement(`DELETE FROM agents WHERE id = ? AND ${noLog} RETURNING id`, id, `agent:${id}`),
        statement(`DELETE FROM agent_capabilities WHERE agent_id = ? AND ${noLog}`, id, `agent:${id}`),
      ]),
    removeWait: (sessionId, logSeq, { queue, order, taskId }) =>
      write([
        statement(
          `DELETE FROM waiting_tasks WHERE queue = ? AND order_key = ? AND task_id = ?
            AND coalesce((SELECT max(seq) FROM log WHERE stream = ?), 0) = ? RETURNING task_id`,
          queue,
          order,
          taskId,
          sessionId,
          logSeq,
        ),
      ]),
    repairNeeds: async (row, needs) => {
      await write([
        statement(
          "UPDATE workflows SET needs = ? WHERE workflow_id = ? AND revision = ? AND hash = ?",
          needs,
          row["workflow_id"] ?? null,
          row["revision"] ?? null,
          row["hash"] ?? null,
        ),
      ]);
    },
  };
};
