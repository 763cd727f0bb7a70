import { Option, type Command } from "commander";
import type { KeyAnswer, KeySecretAnswer } from "../../contract/answers/key.ts";
import type { NewKey } from "../../sdk/inputs.ts";
import type { Act, Context } from "../context.ts";
import { usageError } from "../exit-codes.ts";
import { given } from "../inputs.ts";
import { printList, withPages, type ListOptions } from "../lists.ts";
import { cell, pairs } from "../text.ts";

interface CreateOptions {
  readonly name: string;
  readonly role?: "viewer" | "operator" | "admin";
  readonly scope?: readonly string[];
  readonly expiresIn?: string;
  readonly idempotencyKey?: string;
}

const another = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

const keyText = (key: KeyAnswer): string =>
  pairs({
    id: key.keyId,
    name: key.name,
    status: key.status,
    role: key.role,
    scopes: key.scopes,
    created: key.createdAt,
    expires: key.expiresAt,
    "last used": key.lastUsedAt,
    rotated: key.rotatedAt,
    "the one before passes until": key.overlapUntil,
    revoked: key.revokedAt,
    "revoked because": key.revokedReason,
  });

/** The secret alone goes to a line of its own, so that nobody takes a part of the table for it. */
const printSecret = ({ printer }: Context, made: KeySecretAnswer): void => {
  printer.result(made, () => `${keyText(made)}\n\n${made.key ?? "(not shown again)"}`);
  if (printer.json) return;
  printer.note(
    made.key === null
      ? "The key was made before and is not shown again: rotate it, or revoke it and make another."
      : "The key is shown this once and kept nowhere.",
  );
};

const change = (keys: Command, act: Act): void => {
  keys
    .command("create")
    .description("make a key; it is shown this once")
    .requiredOption("--name <name>", "what it is for")
    .addOption(new Option("--role <role>", "a bundle of scopes").choices(["viewer", "operator", "admin"]))
    .option("--scope <scope>", "such as sessions:read or state:write:writer-1; may be said several times", another)
    .option("--expires-in <duration>", "default: it never ends")
    .option("--idempotency-key <key>", "names the wish: the same key again makes nothing more")
    .action(
      act(async (context, { name, role, scope, expiresIn, idempotencyKey }: CreateOptions) => {
        if (role === undefined && scope === undefined) throw usageError("What may it do? Say --role or --scope.");
        const wanted = given({ role, scopes: scope, expiresIn });
        const key: NewKey = { name, ...wanted };
        printSecret(context, await context.client().keys.create(key, given({ idempotencyKey })));
      }),
    );

  keys
    .command("rotate <key-id>")
    .description("give it another secret, shown this once; the one before goes on for a while")
    .option("--overlap <duration>", "for how long; default 24h")
    .option("--idempotency-key <key>", "names the wish: the same key again changes nothing more")
    .action(
      act(async (context, keyId: string, options: { readonly overlap?: string; readonly idempotencyKey?: string }) => {
        const { overlap, idempotencyKey } = options;
        printSecret(context, await context.client().keys.rotate(keyId, given({ overlap }), given({ idempotencyKey })));
      }),
    );

  keys
    .command("revoke <key-id>")
    .description("end it for good, everywhere within ten seconds")
    .option("--reason <text>", "why")
    .action(
      act(async ({ client, printer }, keyId: string, options: { readonly reason?: string }) => {
        const revoked = await client().keys.revoke(keyId, given(options));
        printer.result(revoked, () => keyText(revoked));
      }),
    );
};

/** `opscore keys …`. */
export const keyCommands = (program: Command, act: Act): void => {
  const keys = program.command("keys").alias("key").description("API keys: who may do what");

  withPages(keys.command("list").description("all keys, the newest first; never their secrets")).action(
    act((context, options: ListOptions) =>
      printList(context, "keys", options, (query) => context.client().keys.list(query), [
        ["KEY", (key) => key.keyId],
        ["NAME", (key) => cell(key.name)],
        ["STATUS", (key) => key.status],
        ["MAY", (key) => cell([...(key.role === null ? [] : [key.role]), ...key.scopes].join(","))],
        ["EXPIRES", (key) => cell(key.expiresAt)],
        ["LAST USED", (key) => cell(key.lastUsedAt)],
      ]),
    ),
  );

  keys
    .command("get <key-id>")
    .description("a key, without its secret")
    .action(
      act(async ({ client, printer }, keyId: string) => {
        const key = await client().keys.get(keyId);
        printer.result(key, () => keyText(key));
      }),
    );

  change(keys, act);
};
