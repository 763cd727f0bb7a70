import {
  WEBHOOK_LEASE_MS,
  type DeliveryRecord,
  type DeliveryResponse,
  type NewDelivery,
  type WebhookStore,
} from "../app/webhook-port.ts";
import { markStatement, whileHeld } from "./replies.ts";
import { jsonOrNull, number, orNull, text } from "./rows.ts";
import { statement, type Row, type Sql, type SqlValue, type Statement } from "./sql-port.ts";

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
  when: { readonly sql: string; readonly args: readonly SqlValue[] },
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
const wakeStatement = (webhookId: string, now: number): Statement =>
  statement("UPDATE webhooks SET next_at = ? WHERE id = ? AND next_at > ?", now, webhookId, now + WEBHOOK_LEASE_MS);

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

  queueDelivery: async (webhookId, made, now, expiresAt, claim) => {
    const mark = claim === null ? [] : [markStatement(claim, { sql: "json_object('deliveryId', ?)", args: [made.id] })];
    const results = await sql.batch(
      [insertDeliveries(webhookId, [made], now, expiresAt, whileHeld(claim)), ...mark, wakeStatement(webhookId, now)],
      "write",
    );
    return (results[0]?.rows.length ?? 0) > 0;
  },

  requeueDelivery: async (webhookId, deliveryId, now, expiresAt) => {
    const [found] = await sql.batch(
      [
        statement(
          `UPDATE webhook_deliveries SET status = 'pending', next_at = ?, expires_at = ? WHERE id = ? AND webhook_id = ?
            RETURNING id`,
          ...[now, expiresAt, deliveryId, webhookId],
        ),
        wakeStatement(webhookId, now),
      ],
      "write",
    );
    return (found?.rows.length ?? 0) > 0;
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
