import type { WithSecret } from "../app/webhooks/change-webhook.ts";
import type { DeliveryRecord, WebhookRecord } from "../app/webhook-port.ts";
import type { WebhookAnswer, WebhookDeliveryAnswer, WebhookSecretAnswer } from "../contract/answers/webhook.ts";
import { formatMoment, formatRfc3339 } from "../contract/timestamp.ts";

/** A subscription without its secrets. `now`: what is over is not told. */
export const webhookToWire = (webhook: WebhookRecord, now: number): WebhookAnswer => {
  const { id, url, events, description, secrets, enabled, disabledReason, failures, nextAt, createdAt } = webhook;
  const [, old] = secrets;
  return {
    webhookId: id,
    url,
    events: events as WebhookAnswer["events"],
    description,
    enabled,
    disabledReason,
    failures,
    nextTryAt: enabled && failures > 0 && nextAt > now ? formatRfc3339(nextAt) : null,
    oldSecretsUntil: old?.until != null && old.until > now ? formatRfc3339(old.until) : null,
    createdAt: formatRfc3339(createdAt),
    updatedAt: formatRfc3339(webhook.updatedAt),
  };
};

/** A subscription with its new secret, this once. */
export const webhookSecretToWire = ({ webhook, secret }: WithSecret, now: number): WebhookSecretAnswer => ({
  ...webhookToWire(webhook, now),
  secret,
});

export const deliveryToWire = (delivery: DeliveryRecord): WebhookDeliveryAnswer => ({
  deliveryId: delivery.id,
  event: delivery.event as WebhookDeliveryAnswer["event"],
  status: delivery.status,
  attempts: delivery.attempts,
  nextTryAt: formatMoment(delivery.nextAt),
  createdAt: formatRfc3339(delivery.createdAt),
  lastTryAt: formatMoment(delivery.triedAt),
  request: { body: delivery.payload },
  response: delivery.response,
});
