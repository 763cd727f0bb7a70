import type { CommitResult, SessionCommit } from "../app/store-port.ts";
import { storedStatus } from "../core/session/view.ts";
import { auditGuard, auditStatements } from "./audit.ts";
import { agentStatements } from "./held-tasks.ts";
import { DUE_NOW } from "./fragments.ts";
import type { Expression } from "./load-facts.ts";
import { expiryOf } from "./load.ts";
import { logStatement } from "./log-statement.ts";
import { reportStatement } from "./report-row.ts";
import { statement, type SqlResult, type Statement } from "./sql-port.ts";
import { lookForAgent, lookForNext, lookForTask, wakes } from "./waiting-looks.ts";

/** Written only if this very commit's head update went through. */
const committed = (commit: { readonly nonce: string; readonly state: { readonly id: string } }): Expression => ({
  sql: "EXISTS (SELECT 1 FROM sessions WHERE id = ? AND tx = ?)",
  args: [commit.state.id, commit.nonce],
});

/** Every agent as it was loaded. One parameter however many: D1 takes at most 100 a statement. */
const agentGuard = (commit: SessionCommit): Expression =>
  commit.agents.length === 0
    ? { sql: "", args: [] }
    : {
        sql: ` AND NOT EXISTS (SELECT 1 FROM json_each(?) g LEFT JOIN agents a ON a.id = json_extract(g.value, '$[0]')
          WHERE a.seq IS NOT json_extract(g.value, '$[1]'))`,
        args: [JSON.stringify(commit.agents.map(({ id, seq }) => [id, seq]))],
      };

/** All else that the head relies on: the agents and, where an operator's change is recorded, the audit chain. */
const guardOf = (commit: SessionCommit): Expression => {
  const agents = agentGuard(commit);
  if (commit.audit === undefined) return agents;
  const chain = auditGuard(commit.audit);
  return { sql: `${agents.sql} AND ${chain.sql}`, args: [...agents.args, ...chain.args] };
};

const headStatement = (commit: SessionCommit): Statement => {
  const { state, previous } = commit;
  const guard = guardOf(commit);
  const head = JSON.stringify(state);
  const needs = JSON.stringify(commit.needs);
  if (previous !== null) {
    // Naming due_at costs rows in its index, so it is named only when it changes. It may have moved meanwhile, which is
    // the one change of a session that leaves `seq` alone: somebody made the session due, or re-armed it for later.
    const named = commit.dueAt !== undefined;
    const guardDue = named ? " AND due_at IS ?" : commit.dueBy === null ? "" : " AND due_at <= ?";
    // The same holds for the status, which lists are indexed by: a step leaves it as it is.
    const moves = storedStatus(state) !== storedStatus(previous.state);
    return {
      sql: `UPDATE sessions SET seq = ?, tx = ?, hash = ?, head = ?, needs = ?${moves ? ", status = ?" : ""}${named ? ", due_at = ?" : ""}
        WHERE id = ? AND seq = ?${guardDue}${guard.sql} RETURNING seq`,
      args: [
        commit.log.seq,
        commit.nonce,
        commit.log.hash,
        head,
        needs,
        ...(moves ? [storedStatus(state)] : []),
        ...(commit.dueAt === undefined ? [] : [commit.dueAt]),
        state.id,
        previous.seq,
        ...(named ? [previous.dueAt] : commit.dueBy === null ? [] : [commit.dueBy]),
        ...guard.args,
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
      SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE 1${guard.sql}${
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
      ...guard.args,
      ...(key === null ? [] : [key.key]),
      ...(newRevision ? [definition.workflowId] : []),
    ],
  };
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
          expiryOf(key, commit.log.at),
        ),
      ];
};

/** Other sessions are due at once, in this very commit: whoever is to tell them may die. */
const nudgeStatements = (commit: SessionCommit): readonly Statement[] => {
  if (commit.nudged.length === 0) return [];
  const when = committed(commit);
  const { at } = commit.log;
  return [
    {
      sql: `UPDATE sessions SET due_at = ${DUE_NOW} WHERE id IN (SELECT value FROM json_each(?))
        AND status IN ('open', 'paused') AND ${when.sql} RETURNING id AS session_id`,
      args: [at, at, JSON.stringify(commit.nudged), ...when.args],
    },
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
    ...agentStatements(commit, committed(commit)),
    ...waitingStatements(commit),
    ...auditStatements(commit.audit ?? null, committed(commit)),
  ];
  // A report may make its agent free without freeing it of a task. Who waited before goes first.
  const freed = new Set([...commit.freed, ...(commit.report === null ? [] : [commit.report.agentId])]);
  const queues = new Set([...commit.waitsRemoved, ...commit.waitsAdded].map((row) => row.queue));
  const looks = [
    ...nudgeStatements(commit),
    ...[...freed].map(lookForTask),
    ...[...queues].map(lookForNext),
    ...commit.waitsAdded.map(lookForAgent),
  ];
  return {
    statements: [...before, ...writes, ...looks],
    read: (results) =>
      (results[before.length]?.rows.length ?? 0) === 0
        ? { kind: "stale" }
        : { kind: "committed", wake: wakes(results.slice(before.length + writes.length)) },
  };
};
