import type {
  WebhookAnswer,
  WebhookDeliveryAnswer,
  WebhookDeliveryQueuedAnswer,
  WebhookSecretAnswer,
} from "../contract/answers/webhook.ts";
import type { CallOptions, KeyedOptions } from "./options.ts";
import { pagedBy, type Paged, type PageQuery } from "./pages.ts";
import type { Transport } from "./transport.ts";

/** What a subscription is for. */
export interface WebhookSpec {
  readonly url: string;
  /** Events, or groups such as `session.*`; all unless said. */
  readonly events?: WebhookAnswer["events"];
  readonly description?: string | null;
}

/** Events posted to endpoints. */
export interface Webhooks {
  /** The answer shows the secret, this once; if the call is repeated by itself it may be `null`: then rotate. */
  create(webhook: WebhookSpec, options?: KeyedOptions): Promise<WebhookSecretAnswer>;
  list(query?: PageQuery, options?: CallOptions): Paged<WebhookAnswer>;
  get(webhookId: string, options?: CallOptions): Promise<WebhookAnswer>;
  /** Not repeated by itself: it might undo a later change. */
  put(webhookId: string, webhook: WebhookSpec, options?: CallOptions): Promise<WebhookAnswer>;
  /** Also succeeds if there is none. */
  delete(webhookId: string, options?: CallOptions): Promise<null>;
  /** A new secret, shown this once; for `overlapSeconds` (a day) the old one signs as well. */
  rotate(
    webhookId: string,
    body?: { readonly overlapSeconds?: number },
    options?: KeyedOptions,
  ): Promise<WebhookSecretAnswer>;
  enable(webhookId: string, options?: KeyedOptions): Promise<WebhookAnswer>;
  disable(webhookId: string, options?: KeyedOptions): Promise<WebhookAnswer>;
  /** Sends `webhook.ping`. */
  test(webhookId: string, options?: KeyedOptions): Promise<WebhookDeliveryQueuedAnswer>;
  deliveries(webhookId: string, query?: PageQuery, options?: CallOptions): Paged<WebhookDeliveryAnswer>;
  redeliver(webhookId: string, deliveryId: string, options?: KeyedOptions): Promise<WebhookDeliveryQueuedAnswer>;
}

const ONE = "/v1/opscore/webhooks/{webhookId}";

/** @internal */
export const webhooksOf = ({ send }: Transport): Webhooks => ({
  create: (body, options) => send("POST /v1/opscore/webhooks", { repeat: "keyed", body, options }),
  list: (page = {}, options) =>
    pagedBy(
      (query, callOptions) => send("GET /v1/opscore/webhooks", { repeat: "read", query, options: callOptions }),
      page,
      options,
    ),
  get: (webhookId, options) => send(`GET ${ONE}`, { repeat: "read", path: { webhookId }, options }),
  put: (webhookId, body, options) => send(`PUT ${ONE}`, { repeat: "never", path: { webhookId }, body, options }),
  delete: (webhookId, options) => send(`DELETE ${ONE}`, { repeat: "content", path: { webhookId }, options }),
  rotate: (webhookId, body, options) =>
    send(`POST ${ONE}/rotate`, {
      repeat: "keyed",
      path: { webhookId },
      ...(body === undefined ? {} : { body }),
      options,
    }),
  enable: (webhookId, options) => send(`POST ${ONE}/enable`, { repeat: "keyed", path: { webhookId }, options }),
  disable: (webhookId, options) => send(`POST ${ONE}/disable`, { repeat: "keyed", path: { webhookId }, options }),
  test: (webhookId, options) => send(`POST ${ONE}/test`, { repeat: "keyed", path: { webhookId }, options }),
  deliveries: (webhookId, page = {}, options) =>
    pagedBy(
      (query, callOptions) =>
        send(`GET ${ONE}/deliveries`, { repeat: "read", path: { webhookId }, query, options: callOptions }),
      page,
      options,
    ),
  redeliver: (webhookId, deliveryId, options) =>
    send(`POST ${ONE}/deliveries/{deliveryId}/redeliver`, {
      repeat: "keyed",
      path: { webhookId, deliveryId },
      options,
    }),
});
