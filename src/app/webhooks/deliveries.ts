import { clip } from "../../contract/problem.ts";
import { PING } from "../../contract/webhooks.ts";
import { randomHex, type Deps } from "../deps.ts";
import { OpsError } from "../ops-error.ts";
import { pageOf, type Page } from "../read-session.ts";
import type { HeldClaim } from "../reply-port.ts";
import { contention } from "../tries.ts";
import type { DeliveryRecord } from "../webhook-port.ts";
import { GIVE_UP_MS } from "./after-sending.ts";
import { readWebhook, webhookNotFound } from "./change-webhook.ts";
import { payloadOf, pingId } from "./message.ts";

const requireEnabled = async (deps: Deps, webhookId: string) => {
  const webhook = await readWebhook(deps, webhookId);
  if (webhook.enabled) return webhook;
  throw new OpsError("conflict", "The webhook is disabled, and sends nothing.", { hint: "Enable it first." });
};

/** Puts a test event on its way. Under a claim once. */
export const pingWebhook = async (
  deps: Deps,
  webhookId: string,
  claim: HeldClaim | null,
): Promise<{ readonly deliveryId: string }> => {
  const earlier = claim?.effect?.["deliveryId"];
  if (typeof earlier === "string") return { deliveryId: earlier };
  const { cursor } = await requireEnabled(deps, webhookId);
  const now = deps.clock.now();
  const id = pingId(webhookId, cursor, randomHex(deps.entropy, 8));
  const made = { id, event: PING, payload: payloadOf(PING, now, { webhookId }) };
  if (await deps.store.queueDelivery(webhookId, made, now, now + GIVE_UP_MS, claim)) return { deliveryId: id };
  throw contention();
};

/** Sends a delivery again, whatever came of it, under its id. Said twice in a moment it is sent once. */
export const redeliver = async (deps: Deps, webhookId: string, deliveryId: string): Promise<void> => {
  await requireEnabled(deps, webhookId);
  const now = deps.clock.now();
  if (await deps.store.requeueDelivery(webhookId, deliveryId, now, now + GIVE_UP_MS)) return;
  throw new OpsError("delivery_not_found", `Delivery not found: ${clip(deliveryId)}`);
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
