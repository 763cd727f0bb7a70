import { WEBHOOK_TOPICS } from "../../src/contract/webhooks.ts";
import type { RequestCommand } from "./command.ts";
import { recent, request, type Known } from "./known.ts";
import { toJson } from "./values.ts";

const WEBHOOKS = "/v1/opscore/webhooks";

const body = ({ random }: Known): string =>
  toJson({
    url: random.pick(["http://hook.test/'; --", "http://hook.test/🤖", "http://hook.test/a?b=c", "nowhere"]),
    ...(random.chance(0.5) ? { events: [random.pick(WEBHOOK_TOPICS), random.pick(WEBHOOK_TOPICS)] } : {}),
    ...(random.chance(0.3) ? { description: random.pick(["", "Täglich 🤖", null]) } : {}),
    ...(random.chance(0.03) ? { unknown: 1 } : {}),
  });

const verbs = ["rotate", "enable", "disable", "test"] as const;

/** Something done with a subscription or a delivery, most of the time with one that there may be. */
export const webhook = (known: Known): RequestCommand => {
  const { random, cast } = known;
  const webhookId = (random.chance(0.9) ? recent(random, known.webhooks) : undefined) ?? "whk_none";
  const headers: Record<string, string> = random.chance(0.3) ? { "Idempotency-Key": random.pick(cast.keys) } : {};
  const params = { webhookId };
  const delivery = recent(random, known.deliveries);
  // The subscription of a delivery stands in its id.
  const sent = { webhookId: `whk_${delivery?.slice(4, 32)}`, deliveryId: delivery ?? "" };
  // A delivery wants a subscription, and sending it again a delivery: few scripts would come so far by chance.
  const goesOn = random.chance(0.6);
  const redeliver = `POST ${WEBHOOKS}/:webhookId/deliveries/:deliveryId/redeliver`;
  if (delivery !== undefined && goesOn) return request(redeliver, { params: sent, headers });
  if (known.webhooks.length > 0 && delivery === undefined && goesOn) {
    return request(`POST ${WEBHOOKS}/:webhookId/test`, { params, headers });
  }
  const drawn = known.webhooks.length === 0 && random.chance(0.8) ? 0 : random.int(13);
  if (drawn < 2) return request(`POST ${WEBHOOKS}`, { body: body(known), headers });
  if (drawn < 3) return request(`PUT ${WEBHOOKS}/:webhookId`, { params, body: body(known) });
  if (drawn < 7) return request(`POST ${WEBHOOKS}/:webhookId/${random.pick(verbs)}`, { params, headers });
  if (drawn < 8) return request(`GET ${WEBHOOKS}`, { query: random.pick(["", "limit=1"]) });
  if (drawn < 9) return request(`GET ${WEBHOOKS}/:webhookId`, { params });
  if (drawn < 11) {
    return request(`GET ${WEBHOOKS}/:webhookId/deliveries`, {
      params,
      query: random.pick(["", "limit=1", "limit=2", "cursor=eA"]),
    });
  }
  if (drawn < 12) return request(`POST ${WEBHOOKS}/:webhookId/test`, { params });
  return request(`DELETE ${WEBHOOKS}/:webhookId`, { params });
};
