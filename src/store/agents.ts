import type { AgentCommit, HistoryRow, Store } from "../app/store-port.ts";
import { queuesOf, type Agent, type Report } from "../core/agent/agent.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { Meaning } from "../core/agent/state-meaning.ts";
import { logStatement, lookForTask, reportStatement, wakes } from "./commit-session.ts";
import { AGENT_COLUMNS, taskPath, WITH_NEWEST } from "./fragments.ts";
import type { Expression } from "./load-facts.ts";
import { jsonOrNull, number, orNull, text, toAgent, toAgentRecord } from "./rows.ts";
import { statement, type Row, type Sql, type SqlValue, type Statement } from "./sql-port.ts";

const written = (commit: AgentCommit): Expression => ({
  sql: "EXISTS (SELECT 1 FROM agents WHERE id = ? AND tx = ?)",
  args: [commit.agent.id, commit.nonce],
});

/** The columns that a registration changes; `tasks` and what was learned of the agent stay. */
const registrationOf = (agent: Agent): readonly SqlValue[] => [
  agent.name,
  agent.version,
  JSON.stringify(agent.capabilities),
  agent.contactEndpoint,
  agent.metadata === null ? null : JSON.stringify(agent.metadata),
  agent.admission,
  agent.registeredAt,
  agent.signedAt,
  agent.supersededBy,
  JSON.stringify(agent.aliases),
  JSON.stringify(queuesOf(agent)),
  agent.capacity,
  agent.contactAt,
];

const REGISTRATION = `name, version, capabilities, contact_endpoint, metadata, admission, registered_at, signed_at,
  superseded_by, aliases, queues, capacity, contact_at`;

const upsert = (commit: AgentCommit): Statement => {
  const { agent, log, nonce, superseded } = commit;
  const guard = superseded === null ? "" : " AND EXISTS (SELECT 1 FROM agents WHERE id = ? AND seq = ?)";
  const guardArgs = superseded === null ? [] : [superseded.agent.id, superseded.seq];
  const logSeq = log?.seq ?? 0;
  const logHash = log?.hash ?? "";
  if (commit.seq === null) {
    return {
      sql: `INSERT INTO agents (id, seq, tx, log_seq, log_hash, ${REGISTRATION}, tasks, settled, claimed_at,
          reached_by_agentkit)
        SELECT ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '{}', '[]', 0, 0
        WHERE NOT EXISTS (SELECT 1 FROM agents WHERE id = ?)${guard} RETURNING seq`,
      args: [agent.id, nonce, logSeq, logHash, ...registrationOf(agent), agent.id, ...guardArgs],
    };
  }
  const columns = REGISTRATION.split(",").map((column) => `${column.trim()} = ?`);
  return {
    sql: `UPDATE agents SET seq = seq + 1, tx = ?, log_seq = ?, log_hash = ?, ${columns.join(", ")}
      WHERE id = ? AND seq = ?${guard} RETURNING seq`,
    args: [nonce, logSeq, logHash, ...registrationOf(agent), agent.id, commit.seq, ...guardArgs],
  };
};

/** The older id goes out of service; every id that pointed at it points at the newest one. */
const supersede = (commit: AgentCommit): readonly Statement[] => {
  const old = commit.superseded;
  if (old === null) return [];
  const when = written(commit);
  return [
    {
      sql: `UPDATE agents SET seq = seq + 1, admission = 'superseded', superseded_by = ?, queues = '[]', log_seq = ?,
        log_hash = ? WHERE id = ? AND ${when.sql}`,
      args: [commit.agent.id, old.log.seq, old.log.hash, old.agent.id, ...when.args],
    },
    {
      sql: `UPDATE agents SET superseded_by = ? WHERE id IN (SELECT value FROM json_each(?)) AND id <> ? AND ${when.sql}`,
      args: [commit.agent.id, JSON.stringify(old.agent.aliases), old.agent.id, ...when.args],
    },
    { sql: `DELETE FROM agent_capabilities WHERE agent_id = ? AND ${when.sql}`, args: [old.agent.id, ...when.args] },
    logStatement(old.log, commit.nonce, when),
  ];
};

/** Sessions whose attempts the agent held are due at once: their next tick ends those attempts. */
const releaseHeld = (commit: AgentCommit): readonly Statement[] => {
  const gone = commit.agent.admission === "deregistered" ? commit.agent.id : commit.superseded?.agent.id;
  if (gone === undefined) return [];
  const when = written(commit);
  return [
    {
      sql: `UPDATE sessions SET due_at = ? WHERE status = 'open' AND (due_at IS NULL OR due_at > ?) AND id IN (
        SELECT json_extract(t.value, '$.sessionId') FROM agents x, json_each(x.tasks) t WHERE x.id = ?) AND ${when.sql}
        RETURNING id AS session_id`,
      args: [commit.now, commit.now, gone, ...when.args],
    },
  ];
};

const capabilities = (commit: AgentCommit): readonly Statement[] => {
  const { agent } = commit;
  const when = written(commit);
  const list = JSON.stringify(agent.admission === "registered" ? agent.capabilities : []);
  return [
    {
      sql: `DELETE FROM agent_capabilities WHERE agent_id = ? AND capability NOT IN (SELECT value FROM json_each(?))
        AND ${when.sql}`,
      args: [agent.id, list, ...when.args],
    },
    {
      sql: `INSERT INTO agent_capabilities (capability, agent_id) SELECT DISTINCT q.value, ? FROM json_each(?) q WHERE ${when.sql}
        AND NOT EXISTS (SELECT 1 FROM agent_capabilities c WHERE c.capability = q.value AND c.agent_id = ?)`,
      args: [agent.id, list, ...when.args, agent.id],
    },
  ];
};

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
    const when = { sql: "EXISTS (SELECT 1 FROM agents WHERE id = ? AND seq = ?)", args: [report.agentId, agentSeq] };
    const results = await sql.batch(
      [
        reportStatement(report, when),
        statement("SELECT seq FROM agents WHERE id = ?", report.agentId),
        ...(look ? [lookForTask(report.agentId)] : []),
      ],
      "write",
    );
    if (results[1]?.rows[0]?.["seq"] !== agentSeq) return { kind: "stale" };
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
          sql: `UPDATE agents SET contact_at = ?, tasks = json_set(tasks, ?, ?${
            progress === undefined ? "" : ", ?, json(?)"
          }) WHERE id = ? AND json_type(tasks, ?) IS NOT NULL RETURNING id`,
          args: [
            now,
            `${path}.beatAt`,
            now,
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
        statement(
          `SELECT ${AGENT_COLUMNS} FROM agents a ${WITH_NEWEST} WHERE a.name = ? AND a.name <> '' AND a.id <> ?
            AND a.admission = 'registered' ORDER BY a.signed_at DESC, a.registered_at DESC LIMIT 1`,
          sameName,
          agentId,
        ),
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
    const when = written(commit);
    const results = await sql.batch(
      [
        upsert(commit),
        ...(commit.log === null ? [] : [logStatement(commit.log, commit.nonce, when)]),
        ...supersede(commit),
        ...capabilities(commit),
        ...(commit.report === null ? [] : [reportStatement(commit.report, when)]),
        ...releaseHeld(commit),
        lookForTask(commit.agent.id),
      ],
      "write",
    );
    if ((results[0]?.rows.length ?? 0) === 0) return { kind: "stale" };
    const sessions = results.filter((result) => result.rows.some((row) => "session_id" in row));
    return { kind: "committed", wake: wakes(sessions) };
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
