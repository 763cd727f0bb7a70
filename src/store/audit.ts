import {
  AUDIT_STREAM,
  type AuditCommit,
  type AuditFilter,
  type AuditRecord,
  type AuditStore,
} from "../app/audit-port.ts";
import { readJson } from "../core/read-json.ts";
import { logStatement } from "./log-statement.ts";
import type { Expression } from "./load-facts.ts";
import { number, text } from "./rows.ts";
import { statement, type Row, type Sql, type SqlValue, type Statement } from "./sql-port.ts";

/**
 * The audit chain as part of other batches. A batch in which a change and its row hang together is made in one of two
 * ways, and is "stale" as soon as either side has moved on:
 *
 * - The change has a nonce of its own (a session's head): guard it by `auditGuard` too, and put `auditStatements` after
 *   it, on the condition that the change went through.
 * - It has none: put `auditStatements` first, on the condition that the change is going to go through, and let every
 *   write of the change have `AND` `claimed`.
 */
const UNCHANGED = "EXISTS (SELECT 1 FROM chain_heads WHERE stream = ? AND seq = ? AND hash = ?)";
const UNBEGUN = "NOT EXISTS (SELECT 1 FROM chain_heads WHERE stream = ?)";

/** The chain is as it was loaded. */
export const auditGuard = ({ previous }: AuditCommit): Expression =>
  previous.seq === 0
    ? { sql: UNBEGUN, args: [AUDIT_STREAM] }
    : { sql: UNCHANGED, args: [AUDIT_STREAM, previous.seq, previous.hash] };

/** The audit row of this very commit was written. */
export const claimed = ({ nonce }: AuditCommit): Expression => ({
  sql: "EXISTS (SELECT 1 FROM chain_heads WHERE stream = ? AND tx = ?)",
  args: [AUDIT_STREAM, nonce],
});

/** The head and the row, if the chain is as it was loaded and `when` holds: 3 rows written. Nothing without a row. */
export const auditStatements = (audit: AuditCommit | null, when: Expression): readonly Statement[] => {
  if (audit === null) return [];
  const { log, nonce, previous } = audit;
  const guard = auditGuard(audit);
  const head: Statement =
    previous.seq === 0
      ? {
          sql: `INSERT INTO chain_heads (stream, seq, hash, tx) SELECT ?, ?, ?, ? WHERE ${guard.sql} AND ${when.sql}`,
          args: [AUDIT_STREAM, log.seq, log.hash, nonce, ...guard.args, ...when.args],
        }
      : {
          sql: `UPDATE chain_heads SET seq = ?, hash = ?, tx = ? WHERE stream = ? AND ${guard.sql} AND ${when.sql}`,
          args: [log.seq, log.hash, nonce, AUDIT_STREAM, ...guard.args, ...when.args],
        };
  return [head, logStatement(log, nonce, claimed(audit))];
};

/** Rows of the chain that one page looks at: a filter that fits few must not read all of it at once. */
const LOOKED_AT = 1_000;

/** What is compared with each member of a filter; `l` is a row of the chain. */
const MEMBERS: readonly (readonly [keyof AuditFilter, string])[] = [
  ["actor", "json_extract(l.cause, '$.actor.id') = ?"],
  ["action", "json_extract(l.cause, '$.command') = ?"],
  ["target", "json_extract(l.events, '$[0].target.id') = ?"],
  ["targetKind", "json_extract(l.events, '$[0].target.kind') = ?"],
  ["since", "l.at >= ?"],
  ["until", "l.at < ?"],
];

interface StoredCause {
  readonly command: AuditRecord["action"];
  readonly actor: AuditRecord["actor"];
  readonly requestId: string | null;
}

const toRecord = (row: Row): AuditRecord => {
  const { command, actor, requestId } = readJson(text(row, "cause")) as unknown as StoredCause;
  const [event] = readJson(text(row, "events")) as unknown as Pick<AuditRecord, "target" | "before" | "after">[];
  if (event === undefined) throw new Error(`row ${text(row, "seq")} of the audit chain is empty`);
  const { target, before, after } = event;
  const place = { seq: number(row, "seq"), at: number(row, "at"), hash: text(row, "hash") };
  return { ...place, action: command, actor, requestId, target, before, after };
};

/** The audit chain: its head and its rows. */
export const auditStore = (sql: Sql): AuditStore => ({
  auditHead: async () => {
    const [found] = await sql.batch(
      [statement("SELECT seq, hash FROM chain_heads WHERE stream = ?", AUDIT_STREAM)],
      "read",
    );
    const row = found?.rows[0];
    return row === undefined ? { seq: 0, hash: "" } : { seq: number(row, "seq"), hash: text(row, "hash") };
  },

  listAudit: async (filter, { before, limit }) => {
    const from = `FROM log l WHERE l.stream = ?${before === null ? "" : " AND l.seq < ?"} ORDER BY l.seq DESC LIMIT ${LOOKED_AT}`;
    const place: readonly SqlValue[] = [AUDIT_STREAM, ...(before === null ? [] : [before])];
    const asked = MEMBERS.filter(([member]) => filter[member] !== null);
    const fits = asked.map(([, condition]) => condition).join(" AND ");
    const [found, looked] = await sql.batch(
      [
        {
          sql: `SELECT * FROM (SELECT l.* ${from}) l${fits === "" ? "" : ` WHERE ${fits}`} ORDER BY l.seq DESC LIMIT ?`,
          args: [...place, ...asked.map(([member]) => filter[member]), limit + 1],
        },
        { sql: `SELECT min(seq) AS floor FROM (SELECT l.seq ${from})`, args: place },
      ],
      "read",
    );
    const rows = (found?.rows ?? []).map(toRecord);
    if (rows.length > limit) return { rows: rows.slice(0, limit), next: rows[limit - 1]?.seq ?? null };
    const floor = looked?.rows[0]?.["floor"];
    return { rows, next: typeof floor === "number" && floor > 1 ? floor : null };
  },
});
