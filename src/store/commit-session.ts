import type { CommitResult, ReportRow, SessionCommit, WaitingRow } from "../app/store-port.ts";
import type { AgentEffect } from "../core/agent/effects.ts";
import { EVENT_VERSION } from "../core/session/events.ts";
import { FIRST_WAITING, FREE, taskPath, WITH_NEWEST } from "./fragments.ts";
import type { Expression } from "./load-facts.ts";
import { KEY_LIFE_MS } from "./load.ts";
import { text } from "./rows.ts";
import { statement, type SqlResult, type SqlValue, type Statement } from "./sql-port.ts";

/** Reports tied to an attempt are never older than this before its dispatch (clocks differ by five minutes). */
const SLACK_MS = 600_000;

/** Written only if this very commit's head update went through. */
const committed = (commit: { readonly nonce: string; readonly state: { readonly id: string } }): Expression => ({
  sql: "EXISTS (SELECT 1 FROM sessions WHERE id = ? AND tx = ?)",
  args: [commit.state.id, commit.nonce],
});

const headStatement = (commit: SessionCommit): Statement => {
  const { state, previous } = commit;
  const guards = commit.agents.map(() => " AND EXISTS (SELECT 1 FROM agents WHERE id = ? AND seq = ?)").join("");
  const guardArgs = commit.agents.flatMap(({ id, seq }) => [id, seq]);
  const head = JSON.stringify(state);
  const needs = JSON.stringify(commit.needs);
  if (previous !== null) {
    // Naming due_at costs a row in its index, so it is named only when it changes.
    const due = commit.dueAt === undefined ? "" : ", due_at = ?";
    return {
      sql: `UPDATE sessions SET seq = ?, tx = ?, hash = ?, head = ?, needs = ?, status = ?${due}
        WHERE id = ? AND seq = ?${guards} RETURNING seq`,
      args: [
        commit.log.seq,
        commit.nonce,
        commit.log.hash,
        head,
        needs,
        state.status,
        ...(commit.dueAt === undefined ? [] : [commit.dueAt]),
        state.id,
        previous.seq,
        ...guardArgs,
      ],
    };
  }
  const { definition } = state;
  const key = commit.start?.idempotency ?? null;
  // Another start with the same key, or a first revision saved meanwhile, makes this one stale.
  const newRevision = commit.start?.definition?.revision === 1;
  return {
    sql: `INSERT INTO sessions (id, seq, tx, status, hash, workflow_id, revision, definition_hash, head, needs, due_at,
        started_at, idempotency_key, body_hash)
      SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE 1${guards}${
        key === null ? "" : " AND NOT EXISTS (SELECT 1 FROM sessions WHERE idempotency_key = ?)"
      }${newRevision ? " AND NOT EXISTS (SELECT 1 FROM workflows WHERE workflow_id = ? AND revision > 0)" : ""}
      RETURNING seq`,
    args: [
      state.id,
      commit.log.seq,
      commit.nonce,
      state.status,
      commit.log.hash,
      definition.workflowId,
      definition.revision,
      definition.hash,
      head,
      needs,
      commit.dueAt ?? null,
      state.startedAt,
      key?.key ?? null,
      key?.bodyHash ?? null,
      ...guardArgs,
      ...(key === null ? [] : [key.key]),
      ...(newRevision ? [definition.workflowId] : []),
    ],
  };
};

/** A log row, conditional on `when`. */
export const logStatement = (log: SessionCommit["log"], nonce: string, when: Expression): Statement => ({
  sql: `INSERT INTO log (stream, seq, tx, at, v, cause, events, hash) SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE ${when.sql}`,
  args: [
    log.stream,
    log.seq,
    nonce,
    log.at,
    EVENT_VERSION,
    JSON.stringify(log.cause),
    log.events,
    log.hash,
    ...when.args,
  ],
});

/** A report, conditional on `when` and on not being a repeat. */
export const reportStatement = (report: ReportRow, when: Expression): Statement => ({
  sql: `INSERT INTO agent_log (agent_id, at, received_at, digest, sent, sent_us, state, meaning, details, attempt, outcome)
    SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE ${when.sql} AND NOT EXISTS (
      SELECT 1 FROM agent_log WHERE agent_id = ? AND at = ? AND digest = ?) RETURNING at`,
  args: [
    report.agentId,
    report.atMicros,
    report.receivedAt,
    report.digest,
    report.sent,
    report.sentMicros,
    report.state,
    report.meaning,
    report.details === null ? null : JSON.stringify(report.details),
    report.attemptId,
    report.outcome === null ? null : JSON.stringify(report.outcome),
    ...when.args,
    report.agentId,
    report.atMicros,
    report.digest,
  ],
});

/** `tasks` with the effects applied inside SQL, so that a heartbeat written meanwhile is not lost. */
const tasksAfter = (effects: readonly AgentEffect[]): Expression => {
  let sql = "tasks";
  const args: SqlValue[] = [];
  const newest =
    "FROM agent_log l WHERE l.agent_id = agents.id ORDER BY l.at DESC, l.received_at DESC, l.digest DESC LIMIT 1";
  for (const effect of effects) {
    if (effect.kind === "release") {
      sql = `json_remove(${sql}, ?)`;
      args.push(taskPath(effect.attemptId));
    } else if (effect.kind === "claim" && effect.again) {
      sql = `json_set(${sql}, ?, ?)`;
      args.push(`${taskPath(effect.attemptId)}.sentAt`, effect.sentAt);
    } else if (effect.kind === "claim") {
      const since = (effect.sentAt - SLACK_MS) * 1_000;
      sql = `json_set(${sql}, ?, json_object('sessionId', ?, 'sentAt', ?,
        'lastSentMicros', (SELECT l.sent_us ${newest}), 'since', min(?, coalesce((SELECT l.at ${newest}), 0))))`;
      args.push(taskPath(effect.attemptId), effect.sessionId, effect.sentAt, since);
    }
  }
  return { sql, args };
};

const agentStatements = (commit: SessionCommit): readonly Statement[] => {
  const when = committed(commit);
  return commit.agents.map(({ id, after }) => {
    const effects = commit.effects.filter((effect) => effect.agentId === id);
    const tasks = tasksAfter(effects);
    const claimed = effects.findLast((effect) => effect.kind === "claim");
    return {
      sql: `UPDATE agents SET seq = seq + 1, tasks = ${tasks.sql}, settled = ?, missed_at = ?, contact_at = max(
          coalesce(contact_at, 0), ?), reached_by_agentkit = ?, reports_promptly = ?${claimed ? ", claimed_at = ?" : ""}
        WHERE id = ? AND ${when.sql}`,
      args: [
        ...tasks.args,
        JSON.stringify(after.settled),
        after.missedAt,
        after.contactAt ?? 0,
        after.reachedByAgentKit ? 1 : 0,
        after.reportsPromptly === null ? null : Number(after.reportsPromptly),
        ...(claimed?.kind === "claim" ? [claimed.sentAt] : []),
        id,
        ...when.args,
      ],
    };
  });
};

const waitingStatements = (commit: SessionCommit): readonly Statement[] => {
  const when = committed(commit);
  const removed = commit.waitsRemoved.map((row): Statement => ({
    sql: `DELETE FROM waiting_tasks WHERE queue = ? AND order_key = ? AND task_id = ? AND ${when.sql}`,
    args: [row.queue, row.order, row.taskId, ...when.args],
  }));
  const added = commit.waitsAdded.map((row): Statement => ({
    sql: `INSERT INTO waiting_tasks (queue, order_key, task_id, session_id, not_agents) SELECT ?, ?, ?, ?, ? WHERE ${when.sql}`,
    args: [row.queue, row.order, row.taskId, row.sessionId, JSON.stringify(row.notAgents), ...when.args],
  }));
  return [...removed, ...added];
};

/** The first task that waits for an agent, if the agent is free. */
export const lookForTask = (agentId: string): Statement =>
  statement(`SELECT (${FIRST_WAITING}) AS session_id FROM agents a ${WITH_NEWEST} WHERE a.id = ? AND ${FREE}`, agentId);

/** The task's own session, if an agent that may take it is free. */
const lookForAgent = (row: WaitingRow): Statement => {
  const name = row.queue.slice(row.queue.indexOf(":") + 1);
  const serves = row.queue.startsWith("cap:")
    ? "a.id IN (SELECT c.agent_id FROM agent_capabilities c WHERE c.capability = ?)"
    : "a.id = (SELECT coalesce(o.superseded_by, o.id) FROM agents o WHERE o.id = ?)";
  return statement(
    `SELECT ? AS session_id FROM agents a ${WITH_NEWEST} WHERE ${serves} AND ${FREE}
      AND NOT EXISTS (SELECT 1 FROM json_each(?) x WHERE x.value = a.id) LIMIT 1`,
    row.sessionId,
    name,
    JSON.stringify(row.notAgents),
  );
};

const startStatements = (commit: SessionCommit): readonly Statement[] => {
  const definition = commit.start?.definition ?? null;
  if (definition === null) return [];
  const when = committed(commit);
  return [
    {
      sql: `INSERT INTO workflows (workflow_id, revision, hash, body, needs, created_at) SELECT ?, ?, ?, ?, ?, ?
        WHERE ${when.sql} AND NOT EXISTS (SELECT 1 FROM workflows WHERE workflow_id = ? AND revision = ? AND hash = ?)`,
      args: [
        definition.workflowId,
        definition.revision,
        definition.hash,
        definition.body,
        JSON.stringify(definition.needs),
        definition.createdAt,
        ...when.args,
        definition.workflowId,
        definition.revision,
        definition.hash,
      ],
    },
  ];
};

/** Frees a key that has outlived its seven days, so that it may be used again. */
const expireKey = (commit: SessionCommit): readonly Statement[] => {
  const key = commit.start?.idempotency?.key;
  return key === undefined
    ? []
    : [
        statement(
          "UPDATE sessions SET idempotency_key = NULL, body_hash = NULL WHERE idempotency_key = ? AND started_at <= ?",
          key,
          commit.log.at - KEY_LIFE_MS,
        ),
      ];
};

export interface Planned {
  readonly statements: readonly Statement[];
  readonly read: (results: readonly SqlResult[]) => CommitResult;
}

/**
 * One commit as one batch: the head update is the only guard, every other write hangs on its nonce, and the
 * reads of the other side come after our own writes. The report goes before the agents: a claim notes the
 * agent's newest report.
 */
export const planSessionCommit = (commit: SessionCommit): Planned => {
  const before = expireKey(commit);
  const writes = [
    headStatement(commit),
    logStatement(commit.log, commit.nonce, committed(commit)),
    ...startStatements(commit),
    ...(commit.report === null ? [] : [reportStatement(commit.report, committed(commit))]),
    ...agentStatements(commit),
    ...waitingStatements(commit),
  ];
  const looks = [...commit.waitsAdded.map(lookForAgent), ...commit.freed.map(lookForTask)];
  return {
    statements: [...before, ...writes, ...looks],
    read: (results) =>
      (results[before.length]?.rows.length ?? 0) === 0
        ? { kind: "stale" }
        : { kind: "committed", wake: wakes(results.slice(before.length + writes.length)) },
  };
};

/** Sessions named by the reads of the other side, each once. */
export const wakes = (results: readonly SqlResult[]): readonly string[] => [
  ...new Set(
    results.flatMap((result) =>
      result.rows.filter((row) => row["session_id"] !== null).map((row) => text(row, "session_id")),
    ),
  ),
];
