import * as z from "zod";
import { idSchema } from "../ids.ts";
import { PING, WEBHOOK_EVENT_NAMES, WEBHOOK_TOPICS } from "../webhooks.ts";
import { count, orNull, text, time, type Answer } from "./values.ts";

export const DISABLED_REASONS = ["request", "gone"] as const;

/** A subscription; its secret is shown by what makes it, and never again. */
export const webhookAnswer = z
  .strictObject({
    webhookId: idSchema.describe("The subscription."),
    url: text("Where its events are posted to."),
    events: z.array(z.enum(WEBHOOK_TOPICS)).min(1).describe("What it is for: events, or groups of them."),
    description: orNull(text("What its author says of it; `null`: nothing.")),
    enabled: z.boolean().describe("Whether anything is sent."),
    disabledReason: z
      .enum(DISABLED_REASONS)
      .nullable()
      .describe("Why nothing is sent. `request`: somebody said so. `gone`: the endpoint answered 410."),
    failures: count("How many sendings have failed since the last one that was taken."),
    nextTryAt: orNull(time("Nothing is sent before; `null`: it need not wait.")),
    oldSecretsUntil: orNull(time("Until then the secret before the newest signs as well; `null`: there is none.")),
    createdAt: time("When it was made."),
    updatedAt: time("When it was last changed by a request."),
  })
  .meta({ id: "Webhook", description: "Events are posted to an endpoint, signed as Standard Webhooks are." });

/** A subscription with the secret that it signs with from now on. */
export const webhookSecretAnswer = webhookAnswer
  .extend({
    secret: orNull(
      z
        .string()
        .regex(/^whsec_[A-Za-z0-9+/]{43}=$/)
        .describe("What its events are signed with. Shown this once; `null` where the answer is repeated."),
    ),
  })
  .meta({ id: "WebhookSecret", description: "A subscription with its new secret." });

export const DELIVERY_STATUSES = ["pending", "delivered", "failed"] as const;

/** One event on its way to one endpoint. */
export const webhookDeliveryAnswer = z
  .strictObject({
    deliveryId: idSchema.describe("The `webhook-id` of its requests, the same whenever it is sent."),
    event: z.enum([...WEBHOOK_EVENT_NAMES, PING]).describe("What has happened."),
    status: z.enum(DELIVERY_STATUSES).describe("`failed`: it was not taken within three days."),
    attempts: count("How often it was sent."),
    nextTryAt: orNull(time("When it is sent again, at the earliest; `null`: it is not.")),
    createdAt: time("When it was made of the event."),
    lastTryAt: orNull(time("When it was last sent; `null`: never.")),
    request: z.strictObject({ body: text("The body, as it is sent.") }).describe("What is sent."),
    response: z
      .strictObject({
        status: z.int().min(100).max(599).nullable().describe("The HTTP status; `null`: there was no answer."),
        body: text("The first 4 KiB of the answer."),
        error: orNull(text("Why there was no answer, or why it does not count; `null`: it was taken.")),
      })
      .nullable()
      .describe("What came of the last sending; `null`: it was never sent."),
  })
  .meta({ id: "WebhookDelivery", description: "One event on its way to one endpoint." });

/** Something is on its way. */
export const webhookDeliveryQueuedAnswer = z
  .strictObject({ webhookId: idSchema.describe("The subscription."), deliveryId: idSchema.describe("The delivery.") })
  .meta({ id: "WebhookDeliveryQueued", description: "A delivery is sent as soon as possible." });

/** The bodies as types. */
export type WebhookAnswer = Answer<typeof webhookAnswer>;
export type WebhookSecretAnswer = Answer<typeof webhookSecretAnswer>;
export type WebhookDeliveryAnswer = Answer<typeof webhookDeliveryAnswer>;
export type WebhookDeliveryQueuedAnswer = Answer<typeof webhookDeliveryQueuedAnswer>;
