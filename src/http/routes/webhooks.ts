import type { Hono } from "hono";
import type * as z from "zod";
import type { Deps } from "../../app/deps.ts";
import {
  createWebhook,
  deleteWebhook,
  listWebhooks,
  putWebhook,
  readWebhook,
  rotateWebhook,
  setWebhookEnabled,
} from "../../app/webhooks/change-webhook.ts";
import { listDeliveries, pingWebhook, redeliver } from "../../app/webhooks/deliveries.ts";
import type { WebhookSpec } from "../../app/webhook-port.ts";
import type { WebhookDeliveryQueuedAnswer } from "../../contract/answers/webhook.ts";
import { operations } from "../../contract/operations/table.ts";
import { pageQuery } from "../../contract/pages.ts";
import { rotateBody, webhookBody } from "../../contract/webhooks.ts";
import { operatorCause, pathId } from "../cause.ts";
import { pageAnswer, pageRequest } from "../cursor.ts";
import type { AppEnv } from "../env.ts";
import { keyed } from "../idempotency.ts";
import { bodyLimits, decodeJson, readBody, readJson, readNothing } from "../middleware/body.ts";
import { noQuery, query } from "../middleware/query.ts";
import { deliveryToWire, webhookSecretToWire, webhookToWire } from "../webhook-wire.ts";

const BASE = "/v1/opscore/webhooks";
const ONE = `${BASE}/:webhookId`;

const ID = /^[A-Za-z0-9][A-Za-z0-9._~:-]{0,127}$/;

const limits = { maxBytes: bodyLimits.other };

const specOf = ({ url, events, description }: z.output<typeof webhookBody>): WebhookSpec => ({
  url,
  events: [...new Set(events)],
  description: description ?? null,
});

/** Webhooks out: subscriptions, and what became of what was sent. The sending itself is the sweep's. */
export const webhookRoutes = (app: Hono<AppEnv>, deps: Deps): void => {
  const now = (): number => deps.clock.now();
  app.post(BASE, noQuery, async (c) => {
    const bytes = await readBody(c, limits);
    const spec = specOf(decodeJson(bytes, webhookBody));
    return keyed(c, { deps, bytes, shownOnce: operations[`POST ${BASE}`].shownOnce }, async (claim) => {
      const made = await createWebhook(deps, spec, operatorCause(c, "CreateWebhook", "createWebhook"), claim);
      c.header("Location", `${BASE}/${made.webhook.id}`);
      return c.json(webhookSecretToWire(made, now()), 201);
    });
  });

  // A hundred at most: they are read at once, and cut into pages here.
  app.get(BASE, query(pageQuery), async (c) => {
    const { after, limit } = pageRequest(c.req.valid("query"), ID);
    const rows = (await listWebhooks(deps)).filter(({ id }) => after === null || id < after);
    const data = rows.slice(0, limit);
    const next = rows.length > limit ? (data.at(-1)?.id ?? null) : null;
    return c.json(pageAnswer({ data, next }, (webhook) => webhookToWire(webhook, now())));
  });

  app.get(ONE, noQuery, async (c) => c.json(webhookToWire(await readWebhook(deps, pathId(c, "webhookId")), now())));

  app.put(ONE, noQuery, async (c) => {
    const webhookId = pathId(c, "webhookId");
    const spec = specOf(await readJson(c, webhookBody, limits));
    return c.json(
      webhookToWire(await putWebhook(deps, webhookId, spec, operatorCause(c, "PutWebhook", "putWebhook")), now()),
    );
  });

  app.delete(ONE, noQuery, async (c) => {
    await deleteWebhook(deps, pathId(c, "webhookId"), operatorCause(c, "DeleteWebhook", "deleteWebhook"));
    return c.body(null, 204);
  });

  app.post(`${ONE}/rotate`, noQuery, async (c) => {
    const webhookId = pathId(c, "webhookId");
    const bytes = await readBody(c, limits);
    const { overlapSeconds } = decodeJson(bytes, rotateBody, {});
    return keyed(
      c,
      { deps, bytes, shownOnce: operations[`POST ${BASE}/{webhookId}/rotate`].shownOnce },
      async (claim) =>
        c.json(
          webhookSecretToWire(
            await rotateWebhook(
              deps,
              webhookId,
              overlapSeconds * 1_000,
              operatorCause(c, "RotateWebhook", "rotateWebhook"),
              claim,
            ),
            now(),
          ),
        ),
    );
  });

  for (const [verb, enabled] of [
    ["enable", true],
    ["disable", false],
  ] as const) {
    app.post(`${ONE}/${verb}`, noQuery, async (c) => {
      const webhookId = pathId(c, "webhookId");
      const bytes = await readNothing(c);
      return keyed(c, { deps, bytes }, async (claim) =>
        c.json(
          webhookToWire(
            await setWebhookEnabled(
              deps,
              webhookId,
              enabled,
              operatorCause(c, "ControlWebhook", `${verb}Webhook`),
              claim,
            ),
            now(),
          ),
        ),
      );
    });
  }

  app.post(`${ONE}/test`, noQuery, async (c) => {
    const webhookId = pathId(c, "webhookId");
    const bytes = await readNothing(c);
    return keyed(c, { deps, bytes }, async (claim) => {
      const { deliveryId } = await pingWebhook(deps, webhookId, claim, operatorCause(c, "PingWebhook", "pingWebhook"));
      return c.json({ webhookId, deliveryId } satisfies WebhookDeliveryQueuedAnswer, 202);
    });
  });

  app.get(`${ONE}/deliveries`, query(pageQuery), async (c) => {
    const page = pageRequest(c.req.valid("query"), ID);
    return c.json(pageAnswer(await listDeliveries(deps, pathId(c, "webhookId"), page), deliveryToWire));
  });

  app.post(`${ONE}/deliveries/:deliveryId/redeliver`, noQuery, async (c) => {
    const [webhookId, deliveryId] = [pathId(c, "webhookId"), pathId(c, "deliveryId")];
    const bytes = await readNothing(c);
    return keyed(c, { deps, bytes }, async (claim) => {
      const cause = operatorCause(c, "RedeliverWebhook", "redeliverWebhook");
      await redeliver(deps, webhookId, deliveryId, claim, cause);
      return c.json({ webhookId, deliveryId } satisfies WebhookDeliveryQueuedAnswer, 202);
    });
  });
};
