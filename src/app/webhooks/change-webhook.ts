import { sessionIdAt } from "../../core/ids.ts";
import { clip } from "../../contract/problem.ts";
import type { AuditCommit } from "../audit-port.ts";
import { webhookForm } from "../audit/forms.ts";
import { auditEntry, withAudit } from "../audit/record.ts";
import { randomHex, type Deps } from "../deps.ts";
import type { Cause } from "../log-row.ts";
import { OpsError } from "../ops-error.ts";
import type { HeldClaim } from "../reply-port.ts";
import { contention, MAX_TRIES } from "../tries.ts";
import { MAX_WEBHOOKS, type WebhookChange, type WebhookRecord, type WebhookSpec } from "../webhook-port.ts";

const SECRET_BYTES = 32;

/** A subscription and, where it is new, its secret; `null`: it was shown before. */
export interface WithSecret {
  readonly webhook: WebhookRecord;
  readonly secret: string | null;
}

export const webhookNotFound = (webhookId: string): OpsError =>
  new OpsError("webhook_not_found", `Webhook not found: ${clip(webhookId)}`);

const newSecret = (deps: Deps): string => `whsec_${btoa(String.fromCharCode(...deps.entropy.bytes(SECRET_BYTES)))}`;

/** Commits what an operator does to a subscription, with its audit row in the same batch. */
const commit = async (
  deps: Deps,
  change: Omit<WebhookChange, "audit">,
  cause: Cause,
  now: number,
): Promise<"committed" | "stale"> => {
  const { previous, next } = change;
  const [before, after] = await Promise.all([webhookForm(previous), webhookForm(next)]);
  const entry = auditEntry(cause, { kind: "webhook", id: next.id }, before, after);
  return withAudit(deps, entry, now, (audit) => deps.store.commitWebhook({ ...change, audit }));
};

/** A subscription, without what it is served by. */
export const readWebhook = async (deps: Deps, webhookId: string): Promise<WebhookRecord> => {
  const webhook = await deps.store.loadWebhook(webhookId);
  if (webhook === null) throw webhookNotFound(webhookId);
  return webhook;
};

/** All subscriptions, newest first. */
export const listWebhooks = (deps: Deps): Promise<readonly WebhookRecord[]> => deps.store.listWebhooks();

/**
 * Subscribes to events from now on. Under a claim it is done once; whoever repeats it after a crash gets the subscription
 * without its secret, which is rotated then. 409 if there are too many.
 */
export const createWebhook = async (
  deps: Deps,
  spec: WebhookSpec,
  cause: Cause,
  claim: HeldClaim | null,
): Promise<WithSecret> => {
  const earlier = claim?.effect?.["webhookId"];
  if (typeof earlier === "string") return { webhook: await readWebhook(deps, earlier), secret: null };
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const now = deps.clock.now();
    const secret = newSecret(deps);
    const webhook: WebhookRecord = {
      ...spec,
      id: `whk_${sessionIdAt(now, randomHex(deps.entropy, 16)).slice(4)}`,
      seq: 1,
      secrets: [{ secret, until: null }],
      enabled: true,
      disabledReason: null,
      cursor: 0,
      nextAt: 0,
      failures: 0,
      createdAt: now,
      updatedAt: now,
    };
    const change = { previous: null, next: webhook, fromNow: true, wakes: true, claim };
    const result = await commit(deps, change, cause, now);
    if (result === "committed") return { webhook, secret };
    if ((await deps.store.listWebhooks()).length < MAX_WEBHOOKS) continue;
    throw new OpsError("conflict", "There are as many webhooks as there may be.", { hint: "Delete one first." });
  }
  throw contention();
};

/** See `WebhookChange`. */
interface Begins {
  readonly fromNow?: boolean;
  readonly wakes?: (before: WebhookRecord) => boolean;
}

/** Changes a subscription, guarded by its row; `change` gives `null` where nothing is to change. */
const changed = async (
  deps: Deps,
  webhookId: string,
  cause: Cause,
  claim: HeldClaim | null,
  change: (webhook: WebhookRecord, now: number) => Partial<WebhookRecord> | null,
  { fromNow = false, wakes = () => fromNow }: Begins = {},
): Promise<{ readonly webhook: WebhookRecord; readonly done: boolean }> => {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const previous = await readWebhook(deps, webhookId);
    const now = deps.clock.now();
    const more = claim?.effect == null ? change(previous, now) : null;
    if (more === null) return { webhook: previous, done: false };
    const next = { ...previous, ...more, seq: previous.seq + 1, updatedAt: now };
    const isWoken = wakes(previous);
    const result = await commit(deps, { previous, next, fromNow, wakes: isWoken, claim }, cause, now);
    if (result === "committed") return { webhook: isWoken ? { ...next, nextAt: 0 } : next, done: true };
  }
  throw contention();
};

/**
 * Replaces what a subscription is for; repeating it changes nothing. Its secret and its place stay. Another URL is tried at
 * once, however the one before has failed.
 */
export const putWebhook = async (
  deps: Deps,
  webhookId: string,
  spec: WebhookSpec,
  cause: Cause,
): Promise<WebhookRecord> => {
  const isSame = ({ url, events, description }: WebhookRecord): boolean =>
    JSON.stringify([url, events, description]) === JSON.stringify([spec.url, spec.events, spec.description]);
  const change = (webhook: WebhookRecord): Partial<WebhookRecord> | null =>
    isSame(webhook) ? null : { ...spec, ...(webhook.url === spec.url ? {} : { failures: 0 }) };
  const wakes = ({ url }: WebhookRecord): boolean => url !== spec.url;
  return (await changed(deps, webhookId, cause, null, change, { wakes })).webhook;
};

/** A new secret; the one before signs as well for `overlapMs`. Under a claim once: a repeat gets no secret. */
export const rotateWebhook = async (
  deps: Deps,
  webhookId: string,
  overlapMs: number,
  cause: Cause,
  claim: HeldClaim | null,
): Promise<WithSecret> => {
  const secret = newSecret(deps);
  const { webhook, done } = await changed(deps, webhookId, cause, claim, ({ secrets }, now) => ({
    secrets: [
      { secret, until: null },
      // One at most: who rotates twice means that the first is not to be trusted.
      ...secrets.slice(0, overlapMs === 0 ? 0 : 1).map((old) => ({ secret: old.secret, until: now + overlapMs })),
    ],
  }));
  return { webhook, secret: done ? secret : null };
};

/** Lets a subscription send, from now on, or send nothing; one that is so already is left alone. */
export const setWebhookEnabled = async (
  deps: Deps,
  webhookId: string,
  enabled: boolean,
  cause: Cause,
  claim: HeldClaim | null,
): Promise<WebhookRecord> => {
  const change = (webhook: WebhookRecord): Partial<WebhookRecord> | null =>
    webhook.enabled === enabled ? null : { enabled, disabledReason: enabled ? null : "request", failures: 0 };
  return (await changed(deps, webhookId, cause, claim, change, { fromNow: enabled })).webhook;
};

/** Afterwards there is no such subscription. Also if there never was one. */
export const deleteWebhook = async (deps: Deps, webhookId: string, cause: Cause): Promise<void> => {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const webhook = await deps.store.loadWebhook(webhookId);
    if (webhook === null) return;
    const entry = auditEntry(cause, { kind: "webhook", id: webhookId }, await webhookForm(webhook), null);
    const remove = (audit: AuditCommit | null) => deps.store.deleteWebhook(webhook, audit);
    if ((await withAudit(deps, entry, deps.clock.now(), remove)) === "committed") return;
  }
  throw contention();
};
