import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { call, worldsOf } from "../support/api.ts";
import { answering } from "../support/faulty-servers.ts";
import { WEBHOOKS } from "../support/hooks.ts";
import { nodePlatform } from "../support/node-platform.ts";

const open = worldsOf(nodePlatform);

test("a real receiver verifies with the library, again when it was sent again, and refuses what was changed", async () => {
  let status = 500;
  const receiver = await answering(() => status);
  const world = await open({ call: nodePlatform.call, now: Date.now() });
  const made = await call(world, "POST", WEBHOOKS, { url: receiver.url });
  const path = `${WEBHOOKS}/${String(made.body["webhookId"])}`;
  await call(world, "POST", `${path}/test`);
  await world.sweep();
  status = 204;
  world.clock.advance(10_000);
  await world.sweep();
  expect(receiver.seen).toHaveLength(2);
  const webhook = new Webhook(String(made.body["secret"]));
  for (const { headers, body } of receiver.seen) {
    const sent = headers as Record<string, string>;
    expect(webhook.verify(body, sent)).toMatchObject({ type: "webhook.ping" });
    expect(() => webhook.verify(`${body} `, sent)).toThrow("No matching signature");
  }
  const [first, second] = receiver.seen;
  expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
  expect(Number(second?.headers["webhook-timestamp"])).toBeGreaterThan(Number(first?.headers["webhook-timestamp"]));
});
