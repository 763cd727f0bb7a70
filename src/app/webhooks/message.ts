import { formatRfc3339 } from "../../contract/timestamp.ts";
import { isSubscribed, WEBHOOK_EVENTS, type WebhookEvent } from "../../contract/webhooks.ts";
import { taskIdOf } from "../../core/ids.ts";
import type { JsonObject } from "../../core/json.ts";
import type { FeedRow, NewDelivery } from "../webhook-port.ts";

const names: ReadonlyMap<string, WebhookEvent> = new Map(
  Object.entries(WEBHOOK_EVENTS).flatMap(([name, types]) =>
    types.map((type): [string, WebhookEvent] => [type, name as WebhookEvent]),
  ),
);

/** What somebody may know of an event: ids, numbers and codes. No input, output, parameter or message of anybody. */
const dataOf = (row: FeedRow): JsonObject => {
  const { stream, workflowId, taskId, n, attempt, agentId, code } = row;
  if (!stream.startsWith("ses_")) return { agentId: stream.slice(stream.indexOf(":") + 1) };
  return {
    sessionId: stream,
    ...(workflowId === null ? {} : { workflowId }),
    ...(taskId === null ? {} : { taskId }),
    ...(n === null ? {} : { id: taskIdOf(stream, n) }),
    ...(attempt === null ? {} : { attempt }),
    ...(agentId === null ? {} : { agentId }),
    ...(code === null ? {} : { reason: { code } }),
  };
};

/** The body of a delivery, as Standard Webhooks has it. */
export const payloadOf = (type: string, at: number, data: JsonObject): string =>
  JSON.stringify({ type, timestamp: formatRfc3339(at), data });

/**
 * Ids of deliveries sort by the places of their events in the log, and are the same whoever makes them. They have no full
 * stop: in what is signed that ends the id (Standard Webhooks, "Signature scheme").
 */
const deliveryId = (webhookId: string, pos: number, rest: string): string =>
  `msg_${webhookId.slice(4)}-${String(pos).padStart(12, "0")}-${rest}`;

/** The delivery of a test; it sorts after the events up to the cursor. */
export const pingId = (webhookId: string, cursor: number, random: string): string =>
  deliveryId(webhookId, cursor, `test${random}`);

/** The delivery that an event of the log means to a subscription; `null`: none. */
export const deliveryOf = (webhookId: string, topics: readonly string[], row: FeedRow): NewDelivery | null => {
  const event = names.get(row.type);
  if (event === undefined || !isSubscribed(topics, event)) return null;
  const id = deliveryId(webhookId, row.pos, String(row.index).padStart(4, "0"));
  return { id, event, payload: payloadOf(event, row.at, dataOf(row)) };
};
