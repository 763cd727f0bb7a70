import type { ScheduleCommit, ScheduleListRow, ScheduleRecord, ScheduleStore } from "../app/schedule-port.ts";
import type { AuditCommit } from "../app/audit-port.ts";
import type { Claim } from "../app/reply-port.ts";
import { readJson } from "../core/read-json.ts";
import type { ScheduleSpec, ScheduleState } from "../core/schedule/schedule.ts";
import { auditStatements, claimed } from "./audit.ts";
import type { Expression } from "./load-facts.ts";
import { definitionStatement, expiryOf } from "./load.ts";
import { markStatement, whileHeld } from "./replies.ts";
import { number, orNull, text } from "./rows.ts";
import { statement, type Row, type Sql, type SqlValue, type Statement } from "./sql-port.ts";

/** How a session stands that will not go on. */
const ENDED = "('completed', 'failed', 'cancelled')";

/** Schedules whose time has come, oldest first. */
export const dueSchedules = (now: number, limit: number): Statement =>
  statement("SELECT id FROM schedules WHERE next_at <= ? ORDER BY next_at LIMIT ?", now, limit);

/**
 * Schedules whose fire waits for a session that has ended: the end of a session need not write a row for them. Reads
 * two rows for each schedule that waits, and none for the others.
 */
export const freedSchedules = (limit: number): Statement =>
  statement(
    `SELECT c.id FROM schedules c LEFT JOIN sessions e ON e.id = c.waits_for
      WHERE c.waits_for IS NOT NULL AND (e.id IS NULL OR e.status IN ${ENDED}) LIMIT ?`,
    limit,
  );

/** The earliest timer of sessions and schedules. */
export const NEXT_DUE = `SELECT min(due) AS due FROM (
  SELECT min(due_at) AS due FROM sessions WHERE due_at IS NOT NULL
  UNION ALL SELECT min(next_at) FROM schedules WHERE next_at IS NOT NULL)`;

const toRow = (row: Row): ScheduleListRow => ({
  id: text(row, "id"),
  incarnation: text(row, "incarnation"),
  seq: number(row, "seq"),
  spec: readJson(text(row, "spec")) as ScheduleSpec,
  state: readJson(text(row, "state")) as ScheduleState,
  timer: { dueAt: orNull(row["next_at"], Number), waitsFor: orNull(row["waits_for"], String) },
  createdAt: number(row, "created_at"),
  updatedAt: number(row, "updated_at"),
});

const toRecord = (row: Row | undefined): ScheduleRecord | null =>
  row === undefined ? null : (toRow(row) as ScheduleRecord);

const byId = (scheduleId: string): Statement => statement("SELECT * FROM schedules WHERE id = ?", scheduleId);

/** A change of a schedule has no nonce, so that its audit row goes first, if the change is going to go through. */
const withAudit = (
  audit: AuditCommit | undefined | null,
  when: Expression,
  change: (also: Expression) => readonly Statement[],
): readonly Statement[] =>
  audit === undefined || audit === null
    ? change({ sql: "1", args: [] })
    : [...auditStatements(audit, when), ...change(claimed(audit))];

const insertStatements = ({ next, idempotency, audit }: ScheduleCommit): readonly Statement[] => {
  const { id, incarnation, seq, spec, state, timer, createdAt, updatedAt } = next;
  const key = idempotency?.key ?? null;
  const isNew: Expression = {
    sql: "NOT EXISTS (SELECT 1 FROM schedules WHERE id = ? OR idempotency_key = ?)",
    args: [id, key],
  };
  const inserts = withAudit(audit, isNew, (also) => [
    statement(
      `INSERT INTO schedules (id, incarnation, seq, spec, state, next_at, waits_for, created_at, updated_at,
        idempotency_key, body_hash) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE ${isNew.sql} AND ${also.sql} RETURNING seq`,
      ...[id, incarnation, seq, JSON.stringify(spec), JSON.stringify(state), timer.dueAt, timer.waitsFor],
      ...[createdAt, updatedAt, key, idempotency?.bodyHash ?? null, ...isNew.args, ...also.args],
    ),
  ]);
  if (key === null) return inserts;
  const expire = statement(
    "UPDATE schedules SET idempotency_key = NULL, body_hash = NULL WHERE idempotency_key = ? AND created_at <= ?",
    key,
    expiryOf(key, createdAt),
  );
  return [expire, ...inserts];
};

interface Change extends ScheduleCommit {
  readonly previous: ScheduleRecord;
}

/** The record is as it was loaded. */
const asLoaded = ({ id, incarnation, seq, timer }: ScheduleRecord): Expression => ({
  sql: "id = ? AND incarnation = ? AND seq = ? AND next_at IS ?",
  args: [id, incarnation, seq, timer.dueAt],
});

/** The record is as it was loaded and the claim, if there is one, is held. */
const mayChange = (previous: ScheduleRecord, claim: Claim | null | undefined): Expression => {
  const [loaded, held] = [asLoaded(previous), whileHeld(claim)];
  return {
    sql: `EXISTS (SELECT 1 FROM schedules WHERE ${loaded.sql}) AND ${held.sql}`,
    args: [...loaded.args, ...held.args],
  };
};

/** Before the change, on the same conditions. */
const markOf = ({ claim, previous }: Change, also: Expression): readonly Statement[] => {
  if (claim == null) return [];
  const { sql, args } = mayChange(previous, claim);
  const when = { sql: `${sql} AND ${also.sql}`, args: [...args, ...also.args] };
  return [markStatement(claim, { sql: "'{}'", args: [] }, when)];
};

/** What an index holds is named only where it changes: naming costs rows. */
const updateStatements = (change: Change): readonly Statement[] => {
  const { next, previous, claim, audit } = change;
  const sets: [string, SqlValue][] = [
    ["seq = ?", next.seq],
    ["state = ?", JSON.stringify(next.state)],
  ];
  if (next.spec !== previous.spec) sets.push(["spec = ?", JSON.stringify(next.spec)]);
  if (next.updatedAt !== previous.updatedAt) sets.push(["updated_at = ?", next.updatedAt]);
  if (next.timer.dueAt !== previous.timer.dueAt) sets.push(["next_at = ?", next.timer.dueAt]);
  if (next.timer.waitsFor !== previous.timer.waitsFor) sets.push(["waits_for = ?", next.timer.waitsFor]);
  const [same, held] = [asLoaded(previous), whileHeld(claim)];
  return withAudit(audit, mayChange(previous, claim), (also) => [
    ...markOf(change, also),
    statement(
      `UPDATE schedules SET ${sets.map(([set]) => set).join(", ")}
        WHERE ${same.sql} AND ${held.sql} AND ${also.sql} RETURNING seq`,
      ...[...sets.map(([, value]) => value), ...same.args, ...held.args, ...also.args],
    ),
  ]);
};

const commit = async (sql: Sql, statements: readonly Statement[]): Promise<"committed" | "stale"> => {
  const results = await sql.batch(statements, "write");
  return (results.at(-1)?.rows.length ?? 0) === 0 ? "stale" : "committed";
};

/** Schedules: one row each, with all that is known of them. */
export const scheduleStore = (sql: Sql): ScheduleStore => ({
  loadSchedule: async (scheduleId) => {
    const [rows, open] = await sql.batch(
      [
        byId(scheduleId),
        statement(
          `SELECT e.id FROM schedules c, json_each(c.state, '$.running') r CROSS JOIN sessions e ON e.id = r.value
            WHERE c.id = ? AND e.status NOT IN ${ENDED}`,
          scheduleId,
        ),
      ],
      "read",
    );
    return { schedule: toRecord(rows?.rows[0]), open: (open?.rows ?? []).map((row) => text(row, "id")) };
  },

  loadScheduleSave: async ({ scheduleId, workflowId, revision, idempotencyKey, now }) => {
    const [rows, definition, earlier] = await sql.batch(
      [
        byId(scheduleId),
        definitionStatement({ kind: "saved", workflowId, revision }),
        statement(
          "SELECT id, body_hash FROM schedules WHERE idempotency_key = ? AND created_at > ?",
          idempotencyKey,
          expiryOf(idempotencyKey ?? "", now),
        ),
      ],
      "read",
    );
    const [definitionRow, earlierRow] = [definition?.rows[0], earlier?.rows[0]];
    return {
      schedule: toRecord(rows?.rows[0]),
      definition:
        definitionRow === undefined ? null : { hash: text(definitionRow, "hash"), body: text(definitionRow, "body") },
      earlier:
        earlierRow === undefined
          ? null
          : { scheduleId: text(earlierRow, "id"), bodyHash: text(earlierRow, "body_hash") },
    };
  },

  commitSchedule: (change) => {
    const { previous } = change;
    return commit(sql, previous === null ? insertStatements(change) : updateStatements({ ...change, previous }));
  },

  deleteSchedule: (schedule, audit) => {
    const loaded = asLoaded(schedule);
    const statements = withAudit(audit, mayChange(schedule, null), (also) => [
      statement(
        `DELETE FROM schedules WHERE ${loaded.sql} AND ${also.sql} RETURNING seq`,
        ...[...loaded.args, ...also.args],
      ),
    ]);
    return commit(sql, statements);
  },

  postponeSchedule: async (scheduleId, now, dueAt) => {
    await sql.batch(
      [
        statement(
          "UPDATE schedules SET next_at = ?, waits_for = NULL WHERE id = ? AND (next_at <= ? OR waits_for IS NOT NULL)",
          dueAt,
          scheduleId,
          now,
        ),
      ],
      "write",
    );
  },

  listSchedules: async ({ after, limit }) => {
    const [found] = await sql.batch(
      [
        {
          sql: `SELECT id, incarnation, seq, json_remove(spec, '$.input') AS spec, state, next_at, waits_for, created_at,
              updated_at FROM schedules ${after === null ? "" : "WHERE (created_at, id) < (?, ?)"}
            ORDER BY created_at DESC, id DESC LIMIT ?`,
          args: [...(after === null ? [] : [after.createdAt, after.id]), limit],
        },
      ],
      "read",
    );
    return (found?.rows ?? []).map(toRow);
  },
});
