import * as z from "zod";
import { AUDIT_ACTIONS, AUDIT_TARGETS } from "../audit.ts";
import { actor, orNull, sha256Hex, text, time, type Answer } from "./values.ts";

/** One operator's change. */
export const auditRowAnswer = z
  .strictObject({
    seq: z.int().min(1).describe("Its number in the chain: 1, 2, 3, … without a gap."),
    at: time("When."),
    actor: actor.describe("Who."),
    requestId: orNull(text("The `X-Request-Id` of the request.")),
    action: z.enum(AUDIT_ACTIONS).describe("What was done: the id of the operation."),
    target: z
      .strictObject({
        kind: z.enum(AUDIT_TARGETS).describe("What kind of thing was changed. Of a word about a task: its session."),
        id: text("Which."),
      })
      .describe("What was changed. Of a rerun it is the session that was made."),
    before: orNull(sha256Hex("SHA-256 of the canonical form before. Of a session: the hash of its newest log row.")),
    after: orNull(sha256Hex("The same after it; `null`: it is gone.")),
    hash: sha256Hex("Over the row before and this one: what `opscore verify` checks."),
  })
  .meta({ id: "AuditRow", description: "One change by an operator, without what was changed." });

export type AuditRowAnswer = Answer<typeof auditRowAnswer>;
