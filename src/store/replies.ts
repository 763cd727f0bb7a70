import type { Claim, ReplyStore } from "../app/reply-port.ts";
import type { JsonObject } from "../core/json.ts";
import { readJson } from "../core/read-json.ts";
import { KEY_LIFE_MS } from "./load.ts";
import { number, orNull, text } from "./rows.ts";
import { statement, type Row, type Sql, type SqlValue, type Statement } from "./sql-port.ts";

/** A piece of SQL that is true, and whose arguments follow. */
interface Condition {
  readonly sql: string;
  readonly args: readonly SqlValue[];
}

/** Whether the claim is held still: what is done under it is done on this condition. Without a claim: always. */
export const whileHeld = (claim: Claim | null | undefined): Condition =>
  claim == null
    ? { sql: "1", args: [] }
    : {
        sql: "EXISTS (SELECT 1 FROM replies WHERE key = ? AND nonce = ? AND status IS NULL)",
        args: [claim.key, claim.nonce],
      };

/**
 * Notes in the batch of an effect that it was had; `effect` is SQL that gives JSON. Goes with `whileHeld` on the effect
 * itself, and on the very same condition.
 */
export const markStatement = (claim: Claim, effect: Condition, when: Condition = whileHeld(null)): Statement => ({
  sql: `UPDATE replies SET effect = ${effect.sql} WHERE key = ? AND nonce = ? AND status IS NULL AND ${when.sql}`,
  args: [...effect.args, claim.key, claim.nonce, ...when.args],
});

/** One row if keys have expired. */
export const expiredReplies = (now: number): Statement =>
  statement("SELECT 1 FROM replies WHERE created_at <= ? LIMIT 1", now - KEY_LIFE_MS);

const effectOf = (row: Row): JsonObject | null =>
  orNull(row["effect"], (value) => readJson(String(value)) as JsonObject);

/** What was answered, and what is under way, under Idempotency-Keys. */
export const replyStore = (sql: Sql): ReplyStore => ({
  claimReply: async ({ key, bodyHash, nonce, now, until }) => {
    const results = await sql.batch(
      [
        statement("DELETE FROM replies WHERE key = ? AND created_at <= ?", key, now - KEY_LIFE_MS),
        statement(
          `INSERT INTO replies (key, body_hash, nonce, since, until, created_at) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (key) DO UPDATE SET nonce = excluded.nonce, since = excluded.since, until = excluded.until
            WHERE replies.status IS NULL AND replies.until <= excluded.since AND replies.body_hash = excluded.body_hash`,
          ...[key, bodyHash, nonce, now, until, now],
        ),
        statement("SELECT * FROM replies WHERE key = ?", key),
      ],
      "write",
    );
    const row = results[2]?.rows[0];
    if (row === undefined) throw new Error("a claim that was just written is missing");
    if (text(row, "body_hash") !== bodyHash) return { kind: "reused" };
    if (row["status"] !== null) {
      const location = orNull(row["location"], String);
      return { kind: "answered", reply: { status: number(row, "status"), location, body: text(row, "body") } };
    }
    if (row["nonce"] === nonce) return { kind: "held", claim: { key, nonce, effect: effectOf(row) } };
    return { kind: "in_flight", since: number(row, "since"), until: number(row, "until") };
  },

  completeReply: async ({ key, nonce }, { status, location, body }) => {
    const set = "UPDATE replies SET status = ?, location = ?, body = ? WHERE key = ? AND nonce = ? AND status IS NULL";
    await sql.batch([statement(set, status, location, body, key, nonce)], "write");
  },

  releaseReply: async ({ key, nonce }) => {
    const remove = "DELETE FROM replies WHERE key = ? AND nonce = ? AND status IS NULL AND effect IS NULL";
    await sql.batch([statement(remove, key, nonce)], "write");
  },

  purgeReplies: async (now, limit) => {
    const remove = `DELETE FROM replies WHERE key IN
      (SELECT key FROM replies WHERE created_at <= ? ORDER BY created_at LIMIT ?)`;
    await sql.batch([statement(remove, now - KEY_LIFE_MS, limit)], "write");
  },
});
