import {
  MAX_WEBHOOKS,
  type FeedRow,
  type WebhookChange,
  type WebhookRecord,
  type WebhookSecret,
  type WebhookStore,
} from "../app/webhook-port.ts";
import { readJson } from "../core/read-json.ts";
import { auditStatements, claimed } from "./audit.ts";
import type { Expression } from "./load-facts.ts";
import { markStatement, whileHeld } from "./replies.ts";
import { number, orNull, text } from "./rows.ts";
import { statement, type Row, type Sql, type SqlValue, type Statement } from "./sql-port.ts";
import { all, dueStatement, insertDeliveries, isThere, toDelivery } from "./webhook-deliveries.ts";

/** The newest place in the log. */
const NEWEST = "(SELECT coalesce(max(pos), 0) FROM log)";

/** Subscriptions with something to send: behind the log, or with deliveries that are due. `h`: never a walk through the log. */
export const dueWebhooks = (now: number, limit: number): Statement =>
  statement(
    `SELECT h.id FROM webhooks h WHERE h.enabled = 1 AND h.next_at <= ? AND (h.cursor < ${NEWEST} OR EXISTS
      (SELECT 1 FROM webhook_deliveries o WHERE o.webhook_id = h.id AND o.next_at <= ?)) ORDER BY h.next_at LIMIT ?`,
    now,
    now,
    limit,
  );

const toWebhook = (row: Row): WebhookRecord => ({
  id: text(row, "id"),
  seq: number(row, "seq"),
  url: text(row, "url"),
  events: readJson(text(row, "events")) as string[],
  description: orNull(row["description"], String),
  secrets: readJson(text(row, "secrets")) as unknown as WebhookSecret[],
  enabled: row["enabled"] === 1,
  disabledReason: orNull(row["disabled_reason"], String) as WebhookRecord["disabledReason"],
  cursor: number(row, "cursor"),
  nextAt: number(row, "next_at"),
  failures: number(row, "failures"),
  createdAt: number(row, "created_at"),
  updatedAt: number(row, "updated_at"),
});

const toFeedRow = (row: Row): FeedRow => ({
  pos: number(row, "pos"),
  index: number(row, "i"),
  stream: text(row, "stream"),
  at: number(row, "at"),
  type: text(row, "type"),
  workflowId: orNull(row["workflow_id"], String),
  taskId: orNull(row["task_id"], String),
  n: orNull(row["n"], Number),
  attempt: orNull(row["attempt"], Number),
  agentId: orNull(row["agent_id"], String),
  code: orNull(row["code"], String),
});

/** The members of events that webhooks may tell; payloads stay where they are. */
const feedStatement = (webhookId: string, rows: number): Statement =>
  statement(
    `SELECT l.pos, l.stream, l.at, e.key AS i, e.value ->> '$.type' AS type, s.workflow_id,
      e.value ->> '$.taskId' AS task_id, e.value ->> '$.n' AS n, e.value ->> '$.attempt' AS attempt,
      e.value ->> '$.agentId' AS agent_id,
      coalesce(e.value ->> '$.error.code', e.value ->> '$.outcome', e.value ->> '$.by', e.value ->> '$.what') AS code
      FROM (SELECT pos, stream, at, events FROM log WHERE pos > (SELECT cursor FROM webhooks WHERE id = ?)
        ORDER BY pos LIMIT ?) l CROSS JOIN json_each(l.events) e LEFT JOIN sessions s ON s.id = l.stream
      WHERE coalesce(e.value ->> '$.again', 0) = 0 ORDER BY l.pos, e.key`,
    webhookId,
    rows,
  );

const upToStatement = (webhookId: string, rows: number): Statement =>
  statement(
    `SELECT max(pos) AS pos FROM (SELECT pos FROM log WHERE pos > (SELECT cursor FROM webhooks WHERE id = ?)
      ORDER BY pos LIMIT ?)`,
    webhookId,
    rows,
  );

/** What must be so for a change to go through. */
const mayChange = ({ previous, claim }: WebhookChange): Expression => {
  const room = { sql: `(SELECT count(*) FROM webhooks) < ${MAX_WEBHOOKS}`, args: [] };
  return all(previous === null ? room : isThere(previous), whileHeld(claim));
};

const insertStatement = ({ next }: WebhookChange, when: Expression): Statement =>
  statement(
    `INSERT INTO webhooks (id, seq, url, events, description, secrets, enabled, disabled_reason, cursor, next_at, failures,
      created_at, updated_at) SELECT ?, ?, ?, ?, ?, ?, 1, NULL, ${NEWEST}, 0, 0, ?, ? WHERE ${when.sql} RETURNING id`,
    ...[next.id, next.seq, next.url, JSON.stringify(next.events), next.description, JSON.stringify(next.secrets)],
    ...[next.createdAt, next.updatedAt, ...when.args],
  );

const updateStatement = ({ next, fromNow, wakes }: WebhookChange, when: Expression): Statement => {
  const values: SqlValue[] = [next.seq, next.url, JSON.stringify(next.events), next.description];
  values.push(JSON.stringify(next.secrets), next.enabled ? 1 : 0, next.disabledReason, next.failures, next.updatedAt);
  return statement(
    `UPDATE webhooks SET seq = ?, url = ?, events = ?, description = ?, secrets = ?, enabled = ?, disabled_reason = ?,
      failures = ?, updated_at = ?${wakes ? ", next_at = 0" : ""}${fromNow ? `, cursor = ${NEWEST}` : ""}
      WHERE id = ? AND ${when.sql} RETURNING id`,
    ...values,
    ...[next.id, ...when.args],
  );
};

/** The audit row, the mark of the claim, and last the change: each on the condition that all go through. */
const changeStatements = (change: WebhookChange): readonly Statement[] => {
  const { previous, next, claim, audit } = change;
  const may = mayChange(change);
  const when = audit === null ? may : all(may, claimed(audit));
  const mark =
    claim === null ? [] : [markStatement(claim, { sql: "json_object('webhookId', ?)", args: [next.id] }, when)];
  const write = previous === null ? insertStatement(change, when) : updateStatement(change, when);
  return [...auditStatements(audit, may), ...mark, write];
};

type Subscriptions = Pick<
  WebhookStore,
  "loadWebhook" | "listWebhooks" | "commitWebhook" | "deleteWebhook" | "leaseWebhook" | "feedWebhook" | "restWebhook"
>;

/** Subscriptions, and the feed that each has of the log. */
export const webhookStore = (sql: Sql): Subscriptions => ({
  loadWebhook: async (webhookId) => {
    const [found] = await sql.batch([statement("SELECT * FROM webhooks WHERE id = ?", webhookId)], "read");
    const [row] = found?.rows ?? [];
    return row === undefined ? null : toWebhook(row);
  },

  listWebhooks: async () => {
    const [found] = await sql.batch([statement("SELECT * FROM webhooks ORDER BY id DESC")], "read");
    return (found?.rows ?? []).map(toWebhook);
  },

  commitWebhook: async (change) => {
    const results = await sql.batch(changeStatements(change), "write");
    return (results.at(-1)?.rows.length ?? 0) === 0 ? "stale" : "committed";
  },

  deleteWebhook: async (webhook, audit) => {
    const may = isThere(webhook);
    const when = audit === null ? may : all(may, claimed(audit));
    // Nobody sends its deliveries any more; the sweep forgets them.
    const off = `UPDATE webhook_deliveries SET next_at = NULL WHERE webhook_id = ? AND next_at IS NOT NULL AND ${when.sql}`;
    const results = await sql.batch(
      [
        ...auditStatements(audit, may),
        statement(off, webhook.id, ...when.args),
        statement(`DELETE FROM webhooks WHERE id = ? AND ${when.sql} RETURNING id`, webhook.id, ...when.args),
      ],
      "write",
    );
    return (results.at(-1)?.rows.length ?? 0) === 0 ? "stale" : "committed";
  },

  leaseWebhook: async ({ id, until }, now, { rows, due }) => {
    const [leased, feed, upTo, waiting] = await sql.batch(
      [
        statement(
          "UPDATE webhooks SET next_at = ? WHERE id = ? AND enabled = 1 AND next_at <= ? RETURNING *",
          until,
          id,
          now,
        ),
        feedStatement(id, rows),
        upToStatement(id, rows),
        dueStatement(id, now, due),
      ],
      "write",
    );
    const [row] = leased?.rows ?? [];
    if (row === undefined) return null;
    const webhook = toWebhook(row);
    return {
      webhook,
      feed: (feed?.rows ?? []).map(toFeedRow),
      upTo: orNull(upTo?.rows[0]?.["pos"], Number) ?? webhook.cursor,
      due: (waiting?.rows ?? []).map(toDelivery),
    };
  },

  feedWebhook: async ({ id, until }, upTo, made, now, expiresAt) => {
    const held = { sql: "EXISTS (SELECT 1 FROM webhooks WHERE id = ? AND next_at = ?)", args: [id, until] };
    const results = await sql.batch(
      [
        insertDeliveries(id, made, now, expiresAt, held),
        statement(
          "UPDATE webhooks SET cursor = max(cursor, ?) WHERE id = ? AND next_at = ? RETURNING id",
          upTo,
          id,
          until,
        ),
      ],
      "write",
    );
    return (results.at(-1)?.rows.length ?? 0) > 0;
  },

  restWebhook: async ({ id, until }, { nextAt, failures, gone }) => {
    const off = gone ? ", enabled = 0, disabled_reason = 'gone', seq = seq + 1" : "";
    await sql.batch(
      [
        statement(
          `UPDATE webhooks SET next_at = ?, failures = ?${off} WHERE id = ? AND next_at = ?`,
          nextAt,
          failures,
          id,
          until,
        ),
      ],
      "write",
    );
  },
});
