import type { Deps } from "../deps.ts";
import { describeFailure } from "../publish.ts";
import type { DeliveryRecord, NewDelivery, Served, WebhookLease, WebhookRecord } from "../webhook-port.ts";
import { afterSending, GIVE_UP_MS } from "./after-sending.ts";
import { deliveryOf } from "./message.ts";

/** Longer than a round and one call take: nobody else serves a subscription meanwhile (ms). */
const LEASE_MS = 45_000;

/** A round ends after so long (ms), or so many deliveries; the sweep comes again. */
const ROUND_MS = 20_000;
const ROUND = 50;

/** Rows of the log that one round looks at. */
const FEED_ROWS = 50;

/** Deliveries made in one commit, but for those of one row, which are made together. */
const FEED_SIZE = 500;

/** The deliveries to be made of what was read of the log, and how far they go. */
const madeOf = ({ webhook, feed, upTo }: Served): { readonly made: readonly NewDelivery[]; readonly upTo: number } => {
  const made: NewDelivery[] = [];
  let last = 0;
  for (const row of feed) {
    if (made.length >= FEED_SIZE && row.pos !== last) return { made, upTo: last };
    last = row.pos;
    const delivery = deliveryOf(webhook.id, webhook.events, row);
    if (delivery !== null) made.push(delivery);
  }
  return { made, upTo };
};

const fresh = (webhookId: string, made: readonly NewDelivery[], now: number): readonly DeliveryRecord[] =>
  made.map((one) => ({
    ...one,
    webhookId,
    status: "pending",
    attempts: 0,
    nextAt: now,
    expiresAt: now + GIVE_UP_MS,
    createdAt: now,
    triedAt: null,
    response: null,
  }));

const sendOne = (deps: Deps, { url, secrets }: WebhookRecord, { id, payload }: DeliveryRecord, now: number) => {
  const active = secrets.filter(({ until }) => until === null || until > now).map(({ secret }) => secret);
  return deps.webhooks.send({ url, id, at: now, payload, secrets: active });
};

/** Sends one after the other until one is not taken: the endpoint is left alone for a while then. */
const sendAll = async (deps: Deps, webhook: WebhookRecord, waiting: readonly DeliveryRecord[]) => {
  const began = deps.clock.now();
  let { failures } = webhook;
  for (const delivery of waiting.slice(0, ROUND)) {
    const now = deps.clock.now();
    if (now - began >= ROUND_MS) break;
    const sending = await sendOne(deps, webhook, delivery, now);
    const [byte = 0] = deps.entropy.bytes(1);
    const after = afterSending(delivery, sending, failures, deps.clock.now(), byte / 255);
    await deps.store.recordSending(after.delivery);
    if (!after.isTaken) {
      return { failures: failures + 1, gone: after.gone, nextAt: deps.clock.now() + after.restMs };
    }
    failures = 0;
  }
  return { failures, gone: false, nextAt: 0 };
};

/**
 * Serves one subscription, if nobody else does: makes deliveries of the events after its cursor, then sends what is due,
 * in the order of the events. Whoever dies on the way leaves a lease that runs out; a delivery that was sent and not
 * recorded is sent again under the same id. A subscription that is far behind, or whose endpoint fails, waits for itself
 * alone.
 */
export const serveWebhook = async (deps: Deps, webhookId: string): Promise<void> => {
  const now = deps.clock.now();
  const lease: WebhookLease = { id: webhookId, until: now + LEASE_MS };
  const served = await deps.store.leaseWebhook(lease, now, { rows: FEED_ROWS, due: ROUND });
  if (served === null) return;
  const { webhook } = served;
  const { made, upTo } = madeOf(served);
  if (upTo > webhook.cursor && !(await deps.store.feedWebhook(lease, upTo, made, now, now + GIVE_UP_MS))) return;
  const rest = await sendAll(deps, webhook, [...served.due, ...fresh(webhookId, made, now)]);
  await deps.store.restWebhook(lease, rest);
};

/** Serves subscriptions beside each other; trouble with one is logged, and its lease runs out. */
export const serveWebhooks = (deps: Deps, webhookIds: readonly string[]): void => {
  for (const webhookId of webhookIds) {
    deps.defer.defer(async () => {
      try {
        await serveWebhook(deps, webhookId);
      } catch (error) {
        deps.log.log("warn", "a webhook could not be served; it is when its lease has run out", {
          webhookId,
          error: describeFailure(error),
        });
      }
    });
  }
};
