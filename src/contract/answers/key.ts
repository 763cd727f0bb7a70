import * as z from "zod";
import { ROLES } from "../grants.ts";
import { actor, orNull, text, time, type Answer } from "./values.ts";

/** How a key stands. */
export const KEY_STATUSES = ["active", "expired", "revoked"] as const;

const keyId = z
  .string()
  .regex(/^key_[0-9A-Z]{28}$/)
  .describe("The key. It stands in the key itself and is no secret.");

/** A key, without anything of its secret. */
export const keyAnswer = z
  .strictObject({
    keyId,
    name: text("What it is for."),
    role: z.enum(ROLES).nullable().describe("A bundle of scopes; `null`: none."),
    scopes: z.array(text("A scope.")).describe("What it may do, beside its role."),
    status: z.enum(KEY_STATUSES).describe("Whether it passes."),
    createdAt: time("When it was made."),
    createdBy: actor.describe("Who made it."),
    expiresAt: orNull(time("When it ends; `null`: never.")),
    lastUsedAt: orNull(time("When it was last used, an hour too early at most; `null`: never.")),
    rotatedAt: orNull(time("When it was given its newest secret; `null`: it has its first.")),
    overlapUntil: orNull(time("Until when a secret before the newest passes as well; `null`: none does.")),
    revokedAt: orNull(time("When it was revoked; `null`: it was not.")),
    revokedBy: actor.nullable().describe("Who revoked it."),
    revokedReason: orNull(text("Why.")),
  })
  .meta({ id: "Key", description: "An API key." });

/** A key with its secret: shown once, here. */
export const keySecretAnswer = keyAnswer
  .extend({
    key: orNull(
      text(
        "The key to be sent as Bearer. Shown this once and kept nowhere: in an answer that is repeated it is `null`.",
      ),
    ),
  })
  .meta({ id: "KeySecret", description: "An API key with its secret." });

/** The bodies as types. */
export type KeyAnswer = Answer<typeof keyAnswer>;
export type KeySecretAnswer = Answer<typeof keySecretAnswer>;
