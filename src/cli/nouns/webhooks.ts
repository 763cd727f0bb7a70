import type { Command } from "commander";
import type { WebhookAnswer, WebhookSecretAnswer } from "../../contract/answers/webhook.ts";
import type { WebhookSpec } from "../../sdk/webhooks.ts";
import type { Act, Context } from "../context.ts";
import { duration, given } from "../inputs.ts";
import { printList, withPages, type ListOptions } from "../lists.ts";
import { cell, pairs } from "../text.ts";
import { clip } from "../width.ts";

interface SpecOptions {
  readonly to: string;
  readonly event?: readonly string[];
  readonly description?: string;
}

const another = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

const withSpec = (command: Command): Command =>
  command
    .requiredOption("--to <url>", "where events are posted to")
    .option(
      "--event <name>",
      "an event, or a group such as session.*; may be said several times; default: all",
      another,
    )
    .option("--description <text>", "what it is for");

const specOf = ({ to, event, description }: SpecOptions): WebhookSpec => ({
  url: to,
  ...(given({ events: event, description }) as Partial<WebhookSpec>),
});

const webhookText = (webhook: WebhookAnswer): string =>
  pairs({
    webhook: webhook.webhookId,
    to: webhook.url,
    events: webhook.events,
    description: webhook.description,
    enabled: webhook.enabled ? "yes" : `no: ${webhook.disabledReason ?? "no reason"}`,
    failures: webhook.failures === 0 ? null : webhook.failures,
    "next try": webhook.nextTryAt,
    "the old secret signs until": webhook.oldSecretsUntil,
  });

const printSecret = ({ printer }: Context, made: WebhookSecretAnswer): void => {
  printer.result(made, () => `${webhookText(made)}\n\n${made.secret ?? "(not shown again)"}`);
  if (printer.json) return;
  printer.note(
    made.secret === null
      ? "It was made before, and its secret is not shown again: rotate it."
      : "The secret is shown this once.",
  );
};

const change = (webhooks: Command, act: Act): void => {
  withSpec(webhooks.command("create").description("post events to an endpoint; the secret is shown this once"))
    .option("--idempotency-key <key>", "names the wish: the same key again makes nothing more")
    .action(
      act(async (context, options: SpecOptions & { readonly idempotencyKey?: string }) => {
        const { idempotencyKey } = options;
        printSecret(context, await context.client().webhooks.create(specOf(options), given({ idempotencyKey })));
      }),
    );

  withSpec(webhooks.command("put <webhook-id>").description("change a subscription; its secret stays")).action(
    act(async ({ client, printer }, webhookId: string, options: SpecOptions) => {
      const webhook = await client().webhooks.put(webhookId, specOf(options));
      printer.result(webhook, () => webhookText(webhook));
    }),
  );

  webhooks
    .command("delete <webhook-id>")
    .description("post nothing more there")
    .action(
      act(async ({ client, printer }, webhookId: string) => {
        await client().webhooks.delete(webhookId);
        printer.result({ webhookId, deleted: true }, () => `${webhookId} is deleted`);
      }),
    );

  webhooks
    .command("rotate <webhook-id>")
    .description("a new secret, shown this once; the old one signs as well for a while")
    .option("--overlap <duration>", "for how long; default 24h", duration)
    .action(
      act(async (context, webhookId: string, { overlap }: { readonly overlap?: number }) => {
        const body = overlap === undefined ? undefined : { overlapSeconds: Math.round(overlap / 1_000) };
        printSecret(context, await context.client().webhooks.rotate(webhookId, body));
      }),
    );

  for (const [verb, description] of [
    ["enable", "send again"],
    ["disable", "send nothing until `enable`"],
  ] as const) {
    webhooks
      .command(`${verb} <webhook-id>`)
      .description(description)
      .action(
        act(async ({ client, printer }, webhookId: string) => {
          const webhook = await client().webhooks[verb](webhookId);
          printer.result(webhook, () => webhookText(webhook));
        }),
      );
  }
};

const deliver = (webhooks: Command, act: Act): void => {
  webhooks
    .command("test <webhook-id>")
    .description("send webhook.ping")
    .action(
      act(async ({ client, printer }, webhookId: string) => {
        const queued = await client().webhooks.test(webhookId);
        printer.result(queued, () => pairs({ webhook: queued.webhookId, delivery: queued.deliveryId }));
      }),
    );

  withPages(webhooks.command("deliveries <webhook-id>").description("what was sent and what came of it")).action(
    act((context, webhookId: string, options: ListOptions) =>
      printList(context, "deliveries", options, (query) => context.client().webhooks.deliveries(webhookId, query), [
        ["DELIVERY", (delivery) => cell(delivery.deliveryId)],
        ["EVENT", (delivery) => delivery.event],
        ["STATUS", (delivery) => delivery.status],
        ["ATTEMPTS", (delivery) => String(delivery.attempts)],
        ["ANSWER", (delivery) => clip(cell(delivery.response?.error ?? delivery.response?.status), 80)],
        ["NEXT TRY", (delivery) => cell(delivery.nextTryAt)],
      ]),
    ),
  );

  webhooks
    .command("redeliver <webhook-id> <delivery-id>")
    .description("send an event again")
    .action(
      act(async ({ client, printer }, webhookId: string, deliveryId: string) => {
        const queued = await client().webhooks.redeliver(webhookId, deliveryId);
        printer.result(queued, () => pairs({ webhook: queued.webhookId, delivery: queued.deliveryId }));
      }),
    );
};

/** `opscore webhooks …`. */
export const webhookCommands = (program: Command, act: Act): void => {
  const webhooks = program.command("webhooks").alias("webhook").description("events posted to endpoints, signed");

  withPages(webhooks.command("list").description("all subscriptions; never their secrets")).action(
    act((context, options: ListOptions) =>
      printList(context, "webhooks", options, (query) => context.client().webhooks.list(query), [
        ["WEBHOOK", (webhook) => cell(webhook.webhookId)],
        ["TO", (webhook) => cell(webhook.url)],
        ["EVENTS", (webhook) => cell(webhook.events.join(","))],
        ["ENABLED", (webhook) => (webhook.enabled ? "yes" : cell(webhook.disabledReason))],
        ["FAILURES", (webhook) => String(webhook.failures)],
      ]),
    ),
  );

  webhooks
    .command("get <webhook-id>")
    .description("a subscription, without its secret")
    .action(
      act(async ({ client, printer }, webhookId: string) => {
        const webhook = await client().webhooks.get(webhookId);
        printer.result(webhook, () => webhookText(webhook));
      }),
    );

  change(webhooks, act);
  deliver(webhooks, act);
};
