import { pageQuery } from "../pages.ts";
import { emptySchema } from "../schedules.ts";
import { rotateBody, webhookBody } from "../webhooks.ts";
import { operation } from "./operation.ts";
import { pageWith, SESSION, STARTED_AT } from "./samples.ts";

const WEBHOOK = "whk_0001M8149T000000000000000000";
const DELIVERY = "msg_0001M8149T000000000000000000-000000000042-0000";

const path = { webhookId: WEBHOOK };
const nothing = { schema: emptySchema, required: false, example: {} };
const request = { url: "https://example.com/hooks", events: ["session.*", "task.failed"], description: "to the desk" };

const webhook = {
  webhookId: WEBHOOK,
  ...request,
  enabled: true,
  disabledReason: null,
  failures: 0,
  nextTryAt: null,
  oldSecretsUntil: null,
  createdAt: STARTED_AT,
  updatedAt: STARTED_AT,
};

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

const delivery = {
  deliveryId: DELIVERY,
  event: "session.completed",
  status: "delivered",
  attempts: 1,
  nextTryAt: null,
  createdAt: STARTED_AT,
  lastTryAt: STARTED_AT,
  request: {
    body: `{"type":"session.completed","timestamp":"${STARTED_AT}","data":{"sessionId":"${SESSION}","workflowId":"report"}}`,
  },
  response: { status: 204, body: "", error: null },
};

const queued = { webhookId: WEBHOOK, deliveryId: DELIVERY };

/** Webhooks out: subscriptions, and what became of what was sent. */
export const webhookOperations = {
  "POST /v1/opscore/webhooks": operation(
    "createWebhook",
    "Webhooks",
    "webhooks:write",
    [
      "Subscribe to events",
      "Posts events from now on to a URL, signed with the secret in the answer, which is shown this once. At most 100.",
    ],
    {
      idempotent: true,
      body: { schema: webhookBody, example: request },
      shownOnce: ["secret"],
      headers: ["Location"],
      answer: { ...webhook, secret },
    },
  ),
  "GET /v1/opscore/webhooks": operation(
    "listWebhooks",
    "Webhooks",
    "webhooks:read",
    ["List subscriptions", "All subscriptions, newest first, without secrets."],
    { query: pageQuery, answer: pageWith(webhook) },
  ),
  "GET /v1/opscore/webhooks/{webhookId}": operation(
    "getWebhook",
    "Webhooks",
    "webhooks:read",
    ["Read a subscription", "A subscription and how its endpoint does, without its secret."],
    { path, headers: ["ETag"], answer: webhook },
  ),
  "PUT /v1/opscore/webhooks/{webhookId}": operation(
    "putWebhook",
    "Webhooks",
    "webhooks:write",
    ["Change a subscription", "Replaces URL, events and description of a subscription; its secret stays."],
    { path, body: { schema: webhookBody, example: request }, answer: webhook },
  ),
  "DELETE /v1/opscore/webhooks/{webhookId}": operation(
    "deleteWebhook",
    "Webhooks",
    "webhooks:write",
    ["End a subscription", "Nothing is sent any more. One that is gone, or never was, is 204 as well."],
    { path, answer: null },
  ),
  "POST /v1/opscore/webhooks/{webhookId}/rotate": operation(
    "rotateWebhook",
    "Webhooks",
    "webhooks:write",
    ["Change the secret", "A new secret, shown this once; for `overlapSeconds` the old one signs as well."],
    {
      path,
      idempotent: true,
      body: { schema: rotateBody, required: false, example: { overlapSeconds: 3_600 } },
      shownOnce: ["secret"],
      answer: { ...webhook, secret },
    },
  ),
  "POST /v1/opscore/webhooks/{webhookId}/enable": operation(
    "enableWebhook",
    "Webhooks",
    "webhooks:write",
    ["Send again", "From now on: what happened while nothing was sent is left out."],
    { path, idempotent: true, body: nothing, answer: webhook },
  ),
  "POST /v1/opscore/webhooks/{webhookId}/disable": operation(
    "disableWebhook",
    "Webhooks",
    "webhooks:write",
    ["Send nothing", "Until it is enabled. What was made of events already waits for that."],
    { path, idempotent: true, body: nothing, answer: { ...webhook, enabled: false, disabledReason: "request" } },
  ),
  "POST /v1/opscore/webhooks/{webhookId}/test": operation(
    "pingWebhook",
    "Webhooks",
    "webhooks:write",
    ["Send a test event", "Sends `webhook.ping`, as everything is sent; see the deliveries for what came of it."],
    { path, idempotent: true, body: nothing, answer: queued },
  ),
  "GET /v1/opscore/webhooks/{webhookId}/deliveries": operation(
    "listWebhookDeliveries",
    "Webhooks",
    "webhooks:read",
    ["List deliveries", "What was sent in the last seven days and what came of it, newest event first."],
    { path, query: pageQuery, answer: pageWith(delivery) },
  ),
  "POST /v1/opscore/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver": operation(
    "redeliverWebhook",
    "Webhooks",
    "webhooks:write",
    ["Send a delivery again", "Under the same `webhook-id`, whatever came of it; with three days to be taken."],
    { path: { ...path, deliveryId: DELIVERY }, idempotent: true, body: nothing, answer: queued },
  ),
};
