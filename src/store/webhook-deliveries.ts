import {
  WEBHOOK_LEASE_MS,
  type ByHand,
  type DeliveryRecord,
  type DeliveryResponse,
  type NewDelivery,
  type WebhookRecord,
  type WebhookStore,
} from "../app/webhook-port.ts";
import { auditStatements, claimed } from "./audit.ts";
import type { Expression } from "./load-facts.ts";
import { markStatement, whileHeld } from "./replies.ts";
import { jsonOrNull, number, orNull, text } from "./rows.ts";
import { statement, type Row, type Sql, type Statement } from "./sql-port.ts";

/** Deliveries are kept this long (ms). */
const DELIVERY_LIFE_MS = 7 * 86_400_000;

/** One row if deliveries have expired. */
export const expiredDeliveries = (now: number): Statement =>
  statement("SELECT 1 FROM webhook_deliveries WHERE created_at <= ? LIMIT 1", now - DELIVERY_LIFE_MS);

export const toDelivery = (row: Row): DeliveryRecord => ({
  id: text(row, "id"),
  webhookId: text(row, "webhook_id"),
  event: text(row, "event"),
  payload: text(row, "payload"),
  status: text(row, "status") as DeliveryRecord["status"],
  attempts: number(row, "attempts"),
  nextAt: orNull(row["next_at"], Number),
  expiresAt: number(row, "expires_at"),
  createdAt: number(row, "created_at"),
  triedAt: orNull(row["tried_at"], Number),
  response: jsonOrNull<DeliveryResponse>(row["response"]),
});

/** Deliveries of a subscription that are due, in the order of their events. */
export const dueStatement = (webhookId: string, now: number, limit: number): Statement =>
  statement(
    `SELECT * FROM (SELECT * FROM webhook_deliveries WHERE webhook_id = ? AND next_at <= ? ORDER BY next_at LIMIT ?)
      ORDER BY id`,
    webhookId,
    now,
    limit,
  );

/** Deliveries that are due at once, on a condition; one that is there already stays as it is. */
export const insertDeliveries = (
  webhookId: string,
  made: readonly NewDelivery[],
  now: number,
  expiresAt: number,
  when: Expression,
): Statement =>
  statement(
    `INSERT INTO webhook_deliveries (id, webhook_id, event, payload, status, attempts, next_at, expires_at, created_at)
      SELECT d.value ->> '$.id', ?, d.value ->> '$.event', d.value ->> '$.payload', 'pending', 0, ?, ?, ?
      FROM json_each(?) d WHERE ${when.sql} ON CONFLICT (id) DO NOTHING RETURNING id`,
    ...[webhookId, now, expiresAt, now, JSON.stringify(made)],
    ...when.args,
  );

/**
 * An endpoint that rests is tried at once when somebody asks for it. One that is leased, or rests for no longer than a lease
 * lasts, is left alone: the two look alike.
 */
const wakeStatement = (webhookId: string, now: number, when: Expression): Statement =>
  statement(
    `UPDATE webhooks SET next_at = ? WHERE id = ? AND next_at > ? AND ${when.sql}`,
    ...[now, webhookId, now + WEBHOOK_LEASE_MS, ...when.args],
  );

/** All of them hold. */
export const all = (...conditions: readonly Expression[]): Expression => ({
  sql: conditions.map(({ sql }) => sql).join(" AND "),
  args: conditions.flatMap(({ args }) => args),
});

/** The subscription is as it was loaded. */
export const isThere = ({ id, seq }: WebhookRecord): Expression => ({
  sql: "EXISTS (SELECT 1 FROM webhooks WHERE id = ? AND seq = ?)",
  args: [id, seq],
});

/** What goes along with something that an operator has sent, before it, and what all of it hangs on. */
const byHand = (
  { webhook, now, claim, audit }: ByHand,
  deliveryId: string,
  fits: Expression,
): { readonly before: readonly Statement[]; readonly when: Expression } => {
  const may = all(fits, whileHeld(claim));
  const when = audit === null ? may : all(may, claimed(audit));
  const effect = { sql: "json_object('deliveryId', ?)", args: [deliveryId] };
  const mark = claim === null ? [] : [markStatement(claim, effect, when)];
  return { before: [...auditStatements(audit, may), ...mark, wakeStatement(webhook.id, now, when)], when };
};

/** After every text that begins so, and before all others. */
const END = "~";

type Deliveries = Pick<
  WebhookStore,
  "recordSending" | "queueDelivery" | "requeueDelivery" | "listDeliveries" | "purgeDeliveries"
>;

/** What is sent to endpoints. */
export const deliveryStore = (sql: Sql): Deliveries => ({
  recordSending: async (held, before, { id, status, attempts, nextAt, triedAt, response }) => {
    const kept = response === null ? null : JSON.stringify(response);
    const [, there] = await sql.batch(
      [
        statement(
          `UPDATE webhook_deliveries SET attempts = ?, tried_at = ?, response = ?,
            status = CASE WHEN next_at IS ? THEN ? ELSE status END,
            next_at = CASE WHEN next_at IS ? THEN ? ELSE next_at END WHERE id = ?`,
          ...[attempts, triedAt, kept, before.nextAt, status, before.nextAt, nextAt, id],
        ),
        statement(
          "SELECT 1 FROM webhooks WHERE id = ? AND next_at = ? AND seq = ? AND enabled = 1",
          ...[held.id, held.until, held.seq],
        ),
      ],
      "write",
    );
    return (there?.rows.length ?? 0) > 0;
  },

  queueDelivery: async (wish) => {
    const { webhook, made, now, expiresAt } = wish;
    const { before, when } = byHand(wish, made.id, isThere(webhook));
    const results = await sql.batch([...before, insertDeliveries(webhook.id, [made], now, expiresAt, when)], "write");
    return (results.at(-1)?.rows.length ?? 0) > 0 ? "queued" : "stale";
  },

  requeueDelivery: async (wish) => {
    const { webhook, deliveryId, now, expiresAt } = wish;
    const known = {
      sql: "EXISTS (SELECT 1 FROM webhook_deliveries WHERE id = ? AND webhook_id = ?)",
      args: [deliveryId, webhook.id],
    };
    const { before, when } = byHand(wish, deliveryId, all(isThere(webhook), known));
    const again = statement(
      `UPDATE webhook_deliveries SET status = 'pending', next_at = ?, expires_at = ? WHERE id = ? AND ${when.sql}
        RETURNING id`,
      ...[now, expiresAt, deliveryId, ...when.args],
    );
    const results = await sql.batch(
      [...before, again, statement(`SELECT 1 WHERE ${known.sql}`, ...known.args)],
      "write",
    );
    if ((results.at(-1)?.rows.length ?? 0) === 0) return "unknown";
    return (results.at(-2)?.rows.length ?? 0) > 0 ? "queued" : "stale";
  },

  listDeliveries: async (webhookId, { after, limit }) => {
    const prefix = `msg_${webhookId.slice(4)}-`;
    const [known, found] = await sql.batch(
      [
        statement("SELECT 1 FROM webhooks WHERE id = ?", webhookId),
        statement(
          "SELECT * FROM webhook_deliveries WHERE id > ? AND id < ? ORDER BY id DESC LIMIT ?",
          ...[prefix, after ?? `${prefix}${END}`, limit],
        ),
      ],
      "read",
    );
    return (known?.rows.length ?? 0) === 0 ? null : (found?.rows ?? []).map(toDelivery);
  },

  purgeDeliveries: async (now, limit) => {
    const remove = `DELETE FROM webhook_deliveries WHERE id IN
      (SELECT id FROM webhook_deliveries WHERE created_at <= ? ORDER BY created_at LIMIT ?)`;
    await sql.batch([statement(remove, now - DELIVERY_LIFE_MS, limit)], "write");
  },
});
