import type { Deps } from "../deps.ts";
import { describeFailure } from "../publish.ts";
import {
  WEBHOOK_LEASE_MS,
  type DeliveryRecord,
  type NewDelivery,
  type Served,
  type WebhookLease,
  type WebhookRecord,
} from "../webhook-port.ts";
import { afterSending, GIVE_UP_MS } from "./after-sending.ts";
import { deliveryOf } from "./message.ts";

/** Who serves a subscription stops after so long (ms), or so many rounds; the sweep comes again. */
const SERVE_MS = 20_000;
const ROUNDS = 5;

/** Deliveries of one round. */
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

interface Round {
  readonly failures: number;
  readonly gone: boolean;
  readonly nextAt: number;
  /** Nothing is against going on at once. */
  readonly goesOn: boolean;
}

/**
 * Sends one after the other until one is not taken: the endpoint is left alone for a while then. Once the subscription is
 * changed, disabled or deleted nothing more of this round is sent: not to where, nor signed with what, was so before.
 */
const sendAll = async (
  deps: Deps,
  { id, until }: WebhookLease,
  webhook: WebhookRecord,
  waiting: readonly DeliveryRecord[],
  endsAt: number,
): Promise<Round> => {
  let { failures } = webhook;
  const rest = (goesOn: boolean): Round => ({ failures, gone: false, nextAt: deps.clock.now(), goesOn });
  for (const delivery of waiting.slice(0, ROUND)) {
    const now = deps.clock.now();
    if (now >= endsAt) return rest(false);
    const sending = await sendOne(deps, webhook, delivery, now);
    const [byte = 0] = deps.entropy.bytes(1);
    const after = afterSending(delivery, sending, failures, deps.clock.now(), byte / 255);
    const isAsBefore = await deps.store.recordSending({ id, until, seq: webhook.seq }, delivery, after.delivery);
    if (!after.isTaken) {
      return { failures: failures + 1, gone: after.gone, nextAt: deps.clock.now() + after.restMs, goesOn: false };
    }
    failures = 0;
    if (!isAsBefore) return rest(false);
  }
  return rest(true);
};

/** One round; whether another is worth it at once. */
const serveRound = async (deps: Deps, webhookId: string, endsAt: number): Promise<boolean> => {
  const now = deps.clock.now();
  const lease: WebhookLease = { id: webhookId, until: now + WEBHOOK_LEASE_MS };
  const served = await deps.store.leaseWebhook(lease, now, { rows: FEED_ROWS, due: ROUND });
  if (served === null) return false;
  const { webhook, feed, due } = served;
  const { made, upTo } = madeOf(served);
  if (upTo > webhook.cursor && !(await deps.store.feedWebhook(lease, upTo, made, now, now + GIVE_UP_MS))) return false;
  const waiting = [...due, ...fresh(webhookId, made, now)];
  const { goesOn, ...rest } = await sendAll(deps, lease, webhook, waiting, endsAt);
  await deps.store.restWebhook(lease, rest);
  return goesOn && (waiting.length >= ROUND || feed.length >= FEED_ROWS);
};

/**
 * Serves one subscription, if nobody else does: makes deliveries of the events after its cursor, then sends what is due,
 * in the order of the events, in a few rounds if there is much. Whoever dies on the way leaves a lease that runs out; a
 * delivery that was sent and not recorded is sent again under the same id. A subscription that is far behind, or whose
 * endpoint fails, waits for itself alone; the one that was served longest ago comes first.
 */
export const serveWebhook = async (deps: Deps, webhookId: string): Promise<void> => {
  const endsAt = deps.clock.now() + SERVE_MS;
  for (let round = 0; round < ROUNDS && deps.clock.now() < endsAt; round += 1) {
    if (!(await serveRound(deps, webhookId, endsAt))) return;
  }
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
