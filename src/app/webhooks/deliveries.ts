import { clip } from "../../contract/problem.ts";
import { PING } from "../../contract/webhooks.ts";
import { webhookForm } from "../audit/forms.ts";
import { auditEntry, withAudit } from "../audit/record.ts";
import { randomHex, type Deps } from "../deps.ts";
import type { Cause } from "../log-row.ts";
import { OpsError } from "../ops-error.ts";
import { pageOf, type Page } from "../read-session.ts";
import type { HeldClaim } from "../reply-port.ts";
import { contention, MAX_TRIES } from "../tries.ts";
import type { ByHand, DeliveryRecord } from "../webhook-port.ts";
import { GIVE_UP_MS } from "./after-sending.ts";
import { readWebhook, webhookNotFound } from "./change-webhook.ts";
import { payloadOf, pingId } from "./message.ts";

const requireEnabled = async (deps: Deps, webhookId: string) => {
  const webhook = await readWebhook(deps, webhookId);
  if (webhook.enabled) return webhook;
  throw new OpsError("conflict", "The webhook is disabled, and sends nothing.", { hint: "Enable it first." });
};

/** Commits something that an operator has sent, with its audit row; tells the subscription before and after, which stays as it is. */
const sendByHand = async <T extends string>(
  deps: Deps,
  webhookId: string,
  claim: HeldClaim | null,
  cause: Cause,
  commit: (wish: ByHand) => Promise<T | "stale">,
): Promise<T> => {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const webhook = await requireEnabled(deps, webhookId);
    const now = deps.clock.now();
    const form = await webhookForm(webhook);
    const entry = auditEntry(cause, { kind: "webhook", id: webhookId }, form, form);
    const wish = { webhook, now, expiresAt: now + GIVE_UP_MS, claim };
    const result = await withAudit(deps, entry, now, (audit) => commit({ ...wish, audit }));
    if (result !== "stale") return result;
  }
  throw contention();
};

/** The delivery of a request that was done before its holder died; `null`: it was not. */
const earlierOf = (claim: HeldClaim | null): string | null => {
  const earlier = claim?.effect?.["deliveryId"];
  return typeof earlier === "string" ? earlier : null;
};

/** Puts a test event on its way. Under a claim once. */
export const pingWebhook = async (
  deps: Deps,
  webhookId: string,
  claim: HeldClaim | null,
  cause: Cause,
): Promise<{ readonly deliveryId: string }> => {
  const earlier = earlierOf(claim);
  if (earlier !== null) return { deliveryId: earlier };
  let id = "";
  await sendByHand(deps, webhookId, claim, cause, (wish) => {
    id = pingId(webhookId, wish.webhook.cursor, randomHex(deps.entropy, 8));
    const made = { id, event: PING, payload: payloadOf(PING, wish.now, { webhookId }) };
    return deps.store.queueDelivery({ ...wish, made });
  });
  return { deliveryId: id };
};

/** Sends a delivery again, whatever came of it, under its id. Said twice in a moment it is sent once; under a claim once. */
export const redeliver = async (
  deps: Deps,
  webhookId: string,
  deliveryId: string,
  claim: HeldClaim | null,
  cause: Cause,
): Promise<void> => {
  if (earlierOf(claim) !== null) return;
  const result = await sendByHand(deps, webhookId, claim, cause, (wish) =>
    deps.store.requeueDelivery({ ...wish, deliveryId }),
  );
  if (result === "unknown") throw new OpsError("delivery_not_found", `Delivery not found: ${clip(deliveryId)}`);
};

/** Deliveries of the last seven days, newest event first. */
export const listDeliveries = async (
  deps: Deps,
  webhookId: string,
  page: { readonly after: string | null; readonly limit: number },
): Promise<Page<DeliveryRecord>> => {
  const rows = await deps.store.listDeliveries(webhookId, { ...page, limit: page.limit + 1 });
  if (rows === null) throw webhookNotFound(webhookId);
  return pageOf(rows, page.limit, ({ id }) => id);
};
