import type { KeyCommit, KeyRecord, KeyStore } from "../app/key-port.ts";
import { readJson } from "../core/read-json.ts";
import type { Actor } from "../core/session/state.ts";
import { auditStatements, claimed } from "./audit.ts";
import type { Expression } from "./load-facts.ts";
import { markStatement, whileHeld } from "./replies.ts";
import { jsonOrNull, number, orNull, text } from "./rows.ts";
import { statement, type Row, type Sql, type SqlValue, type Statement } from "./sql-port.ts";

/** Every column but the id, as its value. */
const columnsOf = (key: KeyRecord): Readonly<Record<string, SqlValue>> => ({
  seq: key.seq,
  name: key.name,
  role: key.role,
  scopes: JSON.stringify(key.scopes),
  mac: key.mac,
  created_at: key.createdAt,
  created_by: JSON.stringify(key.createdBy),
  expires_at: key.expiresAt,
  rotated_at: key.rotatedAt,
  overlaps: JSON.stringify(key.overlaps),
  revoked: key.revoked === null ? null : JSON.stringify(key.revoked),
});

const toKey = (row: Row): KeyRecord => ({
  id: text(row, "id"),
  seq: number(row, "seq"),
  name: text(row, "name"),
  role: orNull(row["role"], String) as KeyRecord["role"],
  scopes: readJson(text(row, "scopes")) as readonly string[],
  mac: text(row, "mac"),
  createdAt: number(row, "created_at"),
  createdBy: readJson(text(row, "created_by")) as unknown as Actor,
  expiresAt: orNull(row["expires_at"], Number),
  lastUsedAt: orNull(row["last_used_at"], Number),
  rotatedAt: orNull(row["rotated_at"], Number),
  overlaps: readJson(text(row, "overlaps")) as unknown as KeyRecord["overlaps"],
  revoked: jsonOrNull<NonNullable<KeyRecord["revoked"]>>(row["revoked"]),
});

/** That the key is as it was when the change was decided. */
const unchanged = ({ previous, next }: KeyCommit): Expression =>
  previous === null
    ? { sql: "NOT EXISTS (SELECT 1 FROM keys WHERE id = ?)", args: [next.id] }
    : { sql: "EXISTS (SELECT 1 FROM keys WHERE id = ? AND seq = ?)", args: [next.id, previous.seq] };

/** All that the change relies on; its audit row, which goes first, is written on the first two. */
const conditions = (commit: KeyCommit): { readonly first: Expression; readonly all: Expression } => {
  const [same, held] = [unchanged(commit), whileHeld(commit.claim)];
  const first = { sql: `${same.sql} AND ${held.sql}`, args: [...same.args, ...held.args] };
  if (commit.audit === undefined) return { first, all: first };
  const written = claimed(commit.audit);
  return { first, all: { sql: `${first.sql} AND ${written.sql}`, args: [...first.args, ...written.args] } };
};

/** Before the change, on the same condition. */
const markOf = (commit: KeyCommit, when: Expression): readonly Statement[] =>
  commit.claim == null
    ? []
    : [markStatement(commit.claim, { sql: "json_object('keyId', ?)", args: [commit.next.id] }, when)];

/** When it was last used is not of the commit: a use noted meanwhile stays. */
const changeStatement = (commit: KeyCommit, when: Expression): Statement => {
  const columns = Object.entries(columnsOf(commit.next));
  const values = columns.map(([, value]) => value);
  const { id } = commit.next;
  if (commit.previous === null) {
    return statement(
      `INSERT INTO keys (id, ${columns.map(([name]) => name).join(", ")}) SELECT ?${", ?".repeat(columns.length)}
        WHERE ${when.sql} RETURNING seq`,
      ...[id, ...values, ...when.args],
    );
  }
  return statement(
    `UPDATE keys SET ${columns.map(([name]) => `${name} = ?`).join(", ")} WHERE id = ? AND ${when.sql} RETURNING seq`,
    ...[...values, id, ...when.args],
  );
};

/** API keys: one row each. */
export const keyStore = (sql: Sql): KeyStore => ({
  loadKey: async (keyId) => {
    const [found] = await sql.batch([statement("SELECT * FROM keys WHERE id = ?", keyId)], "read");
    const row = found?.rows[0];
    return row === undefined ? null : toKey(row);
  },

  commitKey: async (commit) => {
    const { first, all } = conditions(commit);
    const statements = [
      ...auditStatements(commit.audit ?? null, first),
      ...markOf(commit, all),
      changeStatement(commit, all),
    ];
    const results = await sql.batch(statements, "write");
    return (results.at(-1)?.rows.length ?? 0) === 0 ? "stale" : "committed";
  },

  noteKeyUse: async ({ id, at, unlessAfter, renewed }) => {
    const { from, to } = renewed ?? { from: "", to: "" };
    await sql.batch(
      [
        statement(
          `UPDATE keys SET last_used_at = max(coalesce(last_used_at, 0), ?),
            mac = replace(mac, ?, ?), overlaps = replace(overlaps, ?, ?)
            WHERE id = ? AND (last_used_at IS NULL OR last_used_at <= ? OR ? <> '')`,
          ...[at, from, to, from, to, id, unlessAfter, from],
        ),
      ],
      "write",
    );
  },

  listKeys: async ({ after, limit }) => {
    const [found] = await sql.batch(
      [
        {
          sql: `SELECT * FROM keys ${after === null ? "" : "WHERE id < ?"} ORDER BY id DESC LIMIT ?`,
          args: [...(after === null ? [] : [after]), limit],
        },
      ],
      "read",
    );
    return (found?.rows ?? []).map(toKey);
  },
});
