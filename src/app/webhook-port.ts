import type { AuditCommit } from "./audit-port.ts";
import type { Claim } from "./reply-port.ts";

/** More subscriptions than anybody needs; each costs a row now and then while the log moves. */
export const MAX_WEBHOOKS = 100;

/** Longer than serving and one call take: nobody else serves a subscription meanwhile (ms). */
export const WEBHOOK_LEASE_MS = 45_000;

/** What a subscription is asked to be. */
export interface WebhookSpec {
  readonly url: string;
  /** Topics, as `isSubscribed` takes them. */
  readonly events: readonly string[];
  readonly description: string | null;
}

/** A secret; `until` (epoch ms): one that was rotated out. `null`: the one that stays. */
export interface WebhookSecret {
  readonly secret: string;
  readonly until: number | null;
}

/** A subscription as stored. Whoever shows it leaves `secrets` out. */
export interface WebhookRecord extends WebhookSpec {
  readonly id: string;
  /** Raised by every change by a request; the guard. */
  readonly seq: number;
  /** The newest first. */
  readonly secrets: readonly WebhookSecret[];
  readonly enabled: boolean;
  readonly disabledReason: "request" | "gone" | null;
  /** All of the log up to there was looked at (`pos`). */
  readonly cursor: number;
  /** Nobody sends before (epoch ms): it is being served, or backs off. */
  readonly nextAt: number;
  /** Sendings in a row that failed. */
  readonly failures: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface DeliveryResponse {
  /** `null`: there was no answer. */
  readonly status: number | null;
  readonly body: string;
  readonly error: string | null;
}

/** One event on its way. */
export interface DeliveryRecord {
  /** Stable over repeats: the `webhook-id`. Sorts by the place of the event in the log. */
  readonly id: string;
  readonly webhookId: string;
  readonly event: string;
  readonly payload: string;
  readonly status: "pending" | "delivered" | "failed";
  readonly attempts: number;
  readonly nextAt: number | null;
  /** Given up after this (epoch ms). */
  readonly expiresAt: number;
  readonly createdAt: number;
  readonly triedAt: number | null;
  readonly response: DeliveryResponse | null;
}

export type NewDelivery = Pick<DeliveryRecord, "id" | "event" | "payload">;

/** What came of a request. `retryAfterMs`: what the endpoint asked for. */
export interface Sending {
  readonly status: number | null;
  readonly body: string;
  /** Why there was no answer; `null`: there was one. */
  readonly error: string | null;
  readonly retryAfterMs: number | null;
}

/** What is posted, as Standard Webhooks has it: `secrets` sign it, the newest first. */
export interface WebhookRequest {
  readonly url: string;
  readonly id: string;
  /** Epoch ms. */
  readonly at: number;
  readonly payload: string;
  readonly secrets: readonly string[];
}

/** Posts to endpoints, ten seconds at most. Never throws for what the other side does; follows no redirect. */
export interface WebhookSender {
  send(request: WebhookRequest): Promise<Sending>;
}

/** An event of the log with what a webhook may say of it; nothing else leaves the store. */
export interface FeedRow {
  readonly pos: number;
  /** Which event of its row. */
  readonly index: number;
  readonly stream: string;
  readonly at: number;
  readonly type: string;
  readonly workflowId: string | null;
  readonly taskId: string | null;
  readonly n: number | null;
  readonly attempt: number | null;
  readonly agentId: string | null;
  /** A code: why it failed, how it ended, what is waited for. */
  readonly code: string | null;
}

/** The right to serve a subscription until `until` (epoch ms), which names it too. */
export interface WebhookLease {
  readonly id: string;
  readonly until: number;
}

export interface Served {
  readonly webhook: WebhookRecord;
  /** Events after its cursor, in order. */
  readonly feed: readonly FeedRow[];
  /** The place up to which `feed` has all there is. */
  readonly upTo: number;
  /** Deliveries that are due, the oldest first. */
  readonly due: readonly DeliveryRecord[];
}

export interface WebhookChange {
  /** `null`: it is new. */
  readonly previous: WebhookRecord | null;
  /** Its `cursor` is not looked at. */
  readonly next: WebhookRecord;
  /** Whether it begins with what happens from now on. */
  readonly fromNow: boolean;
  /** Whether it is served at once, be it at rest, or being served as it was: whoever does that stops. */
  readonly wakes: boolean;
  readonly claim: Claim | null;
  readonly audit: AuditCommit | null;
}

/** An operator has something sent: nothing is, unless the subscription is as it was loaded. */
export interface ByHand {
  readonly webhook: WebhookRecord;
  /** Epoch ms. */
  readonly now: number;
  readonly expiresAt: number;
  /** Marked with the delivery. */
  readonly claim: Claim | null;
  readonly audit: AuditCommit | null;
}

/** Subscriptions and their deliveries. Every method is one round trip. */
export interface WebhookStore {
  loadWebhook(webhookId: string): Promise<WebhookRecord | null>;
  listWebhooks(): Promise<readonly WebhookRecord[]>;
  /** `stale`: somebody else was faster, the claim is lost, or there are `MAX_WEBHOOKS`, and nothing was written. */
  commitWebhook(change: WebhookChange): Promise<"committed" | "stale">;
  /** With what is on its way; `stale`: it has changed meanwhile, or the audit chain has. */
  deleteWebhook(webhook: WebhookRecord, audit: AuditCommit | null): Promise<"committed" | "stale">;

  /** Takes the lease, if the subscription may be served, and what there is to do. */
  leaseWebhook(
    lease: WebhookLease,
    now: number,
    bounds: { readonly rows: number; readonly due: number },
  ): Promise<Served | null>;
  /** Makes deliveries of events and moves the cursor, in one commit, while the lease is held; false: it is not. */
  feedWebhook(
    lease: WebhookLease,
    upTo: number,
    made: readonly NewDelivery[],
    now: number,
    expiresAt: number,
  ): Promise<boolean>;
  /**
   * What came of a sending; a delivery that somebody has put on its way anew, or taken off it, meanwhile stays so. Whether
   * the subscription may be served on as it was: the lease is held, and nobody has changed, disabled or deleted it.
   */
  recordSending(
    held: WebhookLease & Pick<WebhookRecord, "seq">,
    before: DeliveryRecord,
    after: DeliveryRecord,
  ): Promise<boolean>;
  /** Gives the lease back: nobody serves it before `nextAt`. `gone`: nobody does at all. */
  restWebhook(
    lease: WebhookLease,
    rest: { readonly nextAt: number; readonly failures: number; readonly gone: boolean },
  ): Promise<void>;

  /** Puts a delivery of its own on its way; `stale`: the claim is lost, or the subscription or the audit chain has moved on. */
  queueDelivery(wish: ByHand & { readonly made: NewDelivery }): Promise<"queued" | "stale">;
  /** Puts a delivery on its way again; `unknown`: there is none. */
  requeueDelivery(wish: ByHand & { readonly deliveryId: string }): Promise<"queued" | "stale" | "unknown">;
  /** Newest event first; `null`: there is no such subscription. */
  listDeliveries(
    webhookId: string,
    page: { readonly after: string | null; readonly limit: number },
  ): Promise<readonly DeliveryRecord[] | null>;
  /** Forgets at most `limit` deliveries that are seven days old. */
  purgeDeliveries(now: number, limit: number): Promise<void>;
}
