import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";

/**
 * Tables with a text key are WITHOUT ROWID: an insert then costs one row written, not two. drizzle cannot
 * say so; the generated migration is edited by hand and a test asserts it.
 */

export const sessions = sqliteTable(
  "sessions",
  {
    id: text().primaryKey(),
    seq: integer().notNull(),
    tx: text().notNull(),
    status: text().notNull(),
    hash: text().notNull(),
    workflowId: text("workflow_id").notNull(),
    revision: integer().notNull(),
    definitionHash: text("definition_hash").notNull(),
    /** `SessionState` as JSON. */
    head: text().notNull(),
    /** `Needs` as JSON. */
    needs: text().notNull(),
    dueAt: integer("due_at"),
    startedAt: integer("started_at").notNull(),
    idempotencyKey: text("idempotency_key"),
    bodyHash: text("body_hash"),
  },
  (table) => [
    // Lists and counts. A step leaves the stored status alone, so only a session's start and end pay for it.
    index("sessions_status").on(table.status, table.id),
    index("sessions_due")
      .on(table.dueAt)
      .where(sql`due_at IS NOT NULL`),
    uniqueIndex("sessions_idempotency")
      .on(table.idempotencyKey)
      .where(sql`idempotency_key IS NOT NULL`),
  ],
);

export const log = sqliteTable(
  "log",
  {
    pos: integer().primaryKey(),
    stream: text().notNull(),
    seq: integer().notNull(),
    tx: text().notNull(),
    at: integer().notNull(),
    v: integer().notNull(),
    cause: text().notNull(),
    events: text().notNull(),
    hash: text().notNull(),
  },
  (table) => [uniqueIndex("log_stream").on(table.stream, table.seq)],
);

/** Heads of streams that are no row's own: of the audit chain. */
export const chainHeads = sqliteTable("chain_heads", {
  stream: text().primaryKey(),
  seq: integer().notNull(),
  hash: text().notNull(),
  tx: text().notNull(),
});

export const agents = sqliteTable(
  "agents",
  {
    id: text().primaryKey(),
    seq: integer().notNull(),
    tx: text().notNull(),
    logSeq: integer("log_seq").notNull(),
    logHash: text("log_hash").notNull(),
    name: text().notNull(),
    version: text().notNull(),
    capabilities: text().notNull(),
    contactEndpoint: text("contact_endpoint"),
    metadata: text(),
    admission: text().notNull(),
    registeredAt: integer("registered_at").notNull(),
    signedAt: integer("signed_at").notNull(),
    supersededBy: text("superseded_by"),
    aliases: text().notNull(),
    /** The queues it serves, derived: `queuesOf`. */
    queues: text().notNull(),
    capacity: integer().notNull(),
    /** Attempt id → `InFlight`. */
    tasks: text().notNull(),
    settled: text().notNull(),
    claimedAt: integer("claimed_at").notNull(),
    missedAt: integer("missed_at"),
    contactAt: integer("contact_at"),
    reachedByAgentKit: integer("reached_by_agentkit").notNull(),
    reportsPromptly: integer("reports_promptly"),
  },
  (table) => [
    index("agents_name")
      .on(table.name)
      .where(sql`name <> ''`),
  ],
);

export const agentCapabilities = sqliteTable(
  "agent_capabilities",
  { capability: text().notNull(), agentId: text("agent_id").notNull() },
  (table) => [primaryKey({ columns: [table.capability, table.agentId] })],
);

export const agentLog = sqliteTable(
  "agent_log",
  {
    agentId: text("agent_id").notNull(),
    /** min(sent, received), µs. */
    at: integer().notNull(),
    /** ms. */
    receivedAt: integer("received_at").notNull(),
    digest: text().notNull(),
    sent: text().notNull(),
    sentMicros: integer("sent_us").notNull(),
    state: text().notNull(),
    meaning: text().notNull(),
    details: text(),
    attempt: text(),
    outcome: text(),
  },
  (table) => [primaryKey({ columns: [table.agentId, table.at, table.receivedAt, table.digest] })],
);

export const waitingTasks = sqliteTable(
  "waiting_tasks",
  {
    queue: text().notNull(),
    orderKey: integer("order_key").notNull(),
    taskId: text("task_id").notNull(),
    sessionId: text("session_id").notNull(),
    notAgents: text("not_agents").notNull(),
  },
  (table) => [primaryKey({ columns: [table.queue, table.orderKey, table.taskId] })],
);

export const workflows = sqliteTable(
  "workflows",
  {
    workflowId: text("workflow_id").notNull(),
    revision: integer().notNull(),
    hash: text().notNull(),
    /** Canonical JSON. */
    body: text().notNull(),
    /** What starting it needs: `Needs` as JSON. */
    needs: text().notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.workflowId, table.revision, table.hash] })],
);

/** Requests under an Idempotency-Key that are under way, and what was answered. */
export const replies = sqliteTable(
  "replies",
  {
    /** The path and the key. */
    key: text().primaryKey(),
    bodyHash: text("body_hash").notNull(),
    /** Who has the claim. */
    nonce: text().notNull(),
    since: integer().notNull(),
    until: integer().notNull(),
    createdAt: integer("created_at").notNull(),
    /** JSON: what was done, by a holder that has not answered. */
    effect: text(),
    /** NULL while it is under way. */
    status: integer(),
    location: text(),
    body: text(),
  },
  (table) => [index("replies_created").on(table.createdAt)],
);

export const schedules = sqliteTable(
  "schedules",
  {
    id: text().primaryKey(),
    incarnation: text().notNull(),
    seq: integer().notNull(),
    /** `ScheduleSpec` as JSON. */
    spec: text().notNull(),
    /** `ScheduleState` as JSON. */
    state: text().notNull(),
    nextAt: integer("next_at"),
    /** The session whose end a fire waits for. */
    waitsFor: text("waits_for"),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    idempotencyKey: text("idempotency_key"),
    bodyHash: text("body_hash"),
  },
  (table) => [
    index("schedules_due")
      .on(table.nextAt)
      .where(sql`next_at IS NOT NULL`),
    index("schedules_waiting")
      .on(table.waitsFor)
      .where(sql`waits_for IS NOT NULL`),
    uniqueIndex("schedules_idempotency")
      .on(table.idempotencyKey)
      .where(sql`idempotency_key IS NOT NULL`),
  ],
);

/** Subscriptions to events; a few, so that they are looked through. */
export const webhooks = sqliteTable("webhooks", {
  id: text().primaryKey(),
  seq: integer().notNull(),
  url: text().notNull(),
  /** JSON. */
  events: text().notNull(),
  description: text(),
  /** `WebhookSecret[]` as JSON: what signs cannot be kept as a hash. Shown and exported nowhere. */
  secrets: text().notNull(),
  enabled: integer().notNull(),
  disabledReason: text("disabled_reason"),
  cursor: integer().notNull(),
  nextAt: integer("next_at").notNull(),
  failures: integer().notNull(),
  createdAt: integer("created_at").notNull(),
  updatedAt: integer("updated_at").notNull(),
});

export const webhookDeliveries = sqliteTable(
  "webhook_deliveries",
  {
    id: text().primaryKey(),
    webhookId: text("webhook_id").notNull(),
    event: text().notNull(),
    payload: text().notNull(),
    status: text().notNull(),
    attempts: integer().notNull(),
    nextAt: integer("next_at"),
    expiresAt: integer("expires_at").notNull(),
    createdAt: integer("created_at").notNull(),
    triedAt: integer("tried_at"),
    /** `DeliveryResponse` as JSON. */
    response: text(),
  },
  (table) => [
    index("webhook_deliveries_due")
      .on(table.webhookId, table.nextAt)
      .where(sql`next_at IS NOT NULL`),
    index("webhook_deliveries_created").on(table.createdAt),
  ],
);

/** What an Idempotency-Key of a bulk action was used for. Kept: under a key a session is run again once, for ever. */
export const bulkKeys = sqliteTable("bulk_keys", {
  key: text().primaryKey(),
  /** Hash of the action: which, on what, why. */
  request: text().notNull(),
});

export const keys = sqliteTable("keys", {
  id: text().primaryKey(),
  seq: integer().notNull(),
  name: text().notNull(),
  role: text(),
  /** JSON array, as they were given. */
  scopes: text().notNull(),
  /** HMAC of the newest secret; the secret itself is nowhere. */
  mac: text().notNull(),
  createdAt: integer("created_at").notNull(),
  /** `Actor` as JSON. */
  createdBy: text("created_by").notNull(),
  expiresAt: integer("expires_at"),
  lastUsedAt: integer("last_used_at"),
  rotatedAt: integer("rotated_at"),
  /** The secrets before the newest that still pass, and until when: JSON array. */
  overlaps: text().notNull(),
  /** When, by whom and why, as JSON. */
  revoked: text(),
});
