import type { AgentCommit } from "../app/store-port.ts";
import { queuesOf, type Agent } from "../core/agent/agent.ts";
import { auditGuard, auditStatements } from "./audit.ts";
import type { Planned } from "./commit-session.ts";
import { DUE_NOW, NEWEST_NAMESAKE } from "./fragments.ts";
import type { Expression } from "./load-facts.ts";
import { logStatement } from "./log-statement.ts";
import { reportStatement } from "./report-row.ts";
import type { SqlValue, Statement } from "./sql-port.ts";
import { lookForTask, wakes } from "./waiting-looks.ts";

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

/** What was read besides the agent's own row still holds. */
const guardOf = ({ agent, superseded, namesake, audit }: AgentCommit): Expression => {
  const chain = audit === undefined ? null : auditGuard(audit);
  const base: Expression = chain === null ? { sql: "", args: [] } : { sql: ` AND ${chain.sql}`, args: chain.args };
  const old: Expression =
    superseded === null
      ? base
      : {
          sql: `${base.sql} AND EXISTS (SELECT 1 FROM agents WHERE id = ? AND seq = ?)`,
          args: [...base.args, superseded.agent.id, superseded.seq],
        };
  return namesake === undefined
    ? old
    : {
        sql: `${old.sql} AND (SELECT a.id FROM agents a WHERE ${NEWEST_NAMESAKE}) IS ?`,
        args: [...old.args, agent.name, agent.id, namesake],
      };
};

const upsert = (commit: AgentCommit): Statement => {
  const { agent, log, nonce } = commit;
  const { sql: guard, args: guardArgs } = guardOf(commit);
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
  // A heartbeat may have come since the row was read.
  const columns = REGISTRATION.split(",").map((column) =>
    column.trim() === "contact_at"
      ? "contact_at = nullif(max(coalesce(contact_at, 0), coalesce(?, 0)), 0)"
      : `${column.trim()} = ?`,
  );
  return {
    sql: `UPDATE agents SET seq = seq + 1, tx = ?, log_seq = ?, log_hash = ?, ${columns.join(", ")}
      WHERE id = ? AND seq = ?${guard} RETURNING seq`,
    args: [nonce, logSeq, logHash, ...registrationOf(agent), agent.id, commit.seq, ...guardArgs],
  };
};

/** Every older id of an agent points at the newest one, never at itself or on to another. */
const repoint = (older: readonly string[], newest: string, when: Expression): Statement => ({
  sql: `UPDATE agents SET superseded_by = ? WHERE id IN (SELECT value FROM json_each(?)) AND id <> ?
    AND superseded_by IS NOT ? AND admission = 'superseded' AND ${when.sql}`,
  args: [newest, JSON.stringify(older), newest, newest, ...when.args],
});

/** The older id goes out of service; every id that pointed at it points at the newest one. */
const supersede = (commit: AgentCommit): readonly Statement[] => {
  const old = commit.superseded;
  const { agent } = commit;
  const when = written(commit);
  if (old === null) {
    return agent.supersededBy === null || agent.aliases.length === 0
      ? []
      : [repoint(agent.aliases, agent.supersededBy, when)];
  }
  return [
    {
      sql: `UPDATE agents SET seq = seq + 1, admission = 'superseded', superseded_by = ?, queues = '[]', log_seq = ?,
        log_hash = ? WHERE id = ? AND ${when.sql}`,
      args: [agent.id, old.log.seq, old.log.hash, old.agent.id, ...when.args],
    },
    repoint(old.agent.aliases, agent.id, when),
    { sql: `DELETE FROM agent_capabilities WHERE agent_id = ? AND ${when.sql}`, args: [old.agent.id, ...when.args] },
    logStatement(old.log, commit.nonce, when),
  ];
};

const OUT_OF_SERVICE: readonly Agent["admission"][] = ["deregistered", "superseded"];

/** Sessions that wait in these queues are due at once: their next tick finds the way anew. */
const reroute = (commit: AgentCommit): readonly Statement[] => {
  if (commit.reroute.length === 0) return [];
  const when = written(commit);
  return [
    {
      sql: `UPDATE sessions SET due_at = ${DUE_NOW} WHERE status = 'open' AND id IN (
        SELECT w.session_id FROM json_each(?) q CROSS JOIN waiting_tasks w ON w.queue = q.value) AND ${when.sql}
        RETURNING id AS session_id`,
      args: [commit.now, commit.now, JSON.stringify(commit.reroute), ...when.args],
    },
  ];
};

/** The id that this commit puts out of service, if any. */
const goneIn = ({ agent, superseded }: AgentCommit): string | undefined =>
  OUT_OF_SERVICE.includes(agent.admission) ? agent.id : superseded?.agent.id;

/** What it held is marked, so that those attempts end also when it is back before their sessions are ticked. */
const markHeld = (commit: AgentCommit): readonly Statement[] => {
  const gone = goneIn(commit);
  const how = commit.agent.admission === "deregistered" ? "deregistered" : "superseded";
  const when = written(commit);
  return gone === undefined
    ? []
    : [
        {
          sql: `UPDATE agents SET tasks = (SELECT json_group_object(t.key, json(json_insert(t.value, '$.left', ?)))
            FROM json_each(agents.tasks) t) WHERE id = ? AND tasks <> '{}' AND ${when.sql}`,
          args: [how, gone, ...when.args],
        },
      ];
};

/** Sessions whose attempts the agent held are due at once: their next tick ends those attempts. */
const releaseHeld = (commit: AgentCommit): readonly Statement[] => {
  const gone = goneIn(commit);
  if (gone === undefined) return [];
  const when = written(commit);
  return [
    {
      sql: `UPDATE sessions SET due_at = ${DUE_NOW} WHERE status = 'open' AND id IN (
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

/** One change of an agent's registration as one batch; the upsert is the only guard. */
export const planAgentCommit = (commit: AgentCommit): Planned => {
  const when = written(commit);
  const statements = [
    upsert(commit),
    ...(commit.log === null ? [] : [logStatement(commit.log, commit.nonce, when)]),
    ...supersede(commit),
    ...markHeld(commit),
    ...capabilities(commit),
    ...(commit.report === null ? [] : [reportStatement(commit.report, when)]),
    ...auditStatements(commit.audit ?? null, when),
  ];
  const looks = [...releaseHeld(commit), ...reroute(commit), lookForTask(commit.agent.id)];
  return {
    statements: [...statements, ...looks],
    read: (results) =>
      (results[0]?.rows.length ?? 0) === 0
        ? { kind: "stale" }
        : { kind: "committed", wake: wakes(results.slice(statements.length)) },
  };
};
