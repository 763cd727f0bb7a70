import * as z from "zod";
import { closed } from "./closed.ts";
import { idSchema } from "./ids.ts";
import { sealedPageQuery } from "./pages.ts";
import { sessionsQuery } from "./queries.ts";

/** Bodies by which sessions are run again, one or many, or cancelled by the dozen. */

const text = z.string().max(1_024);
const jsonObject = z.record(z.string(), z.unknown());

export const rerunSchema = closed({
  fromTaskId: idSchema.nullish(),
  initialPayload: jsonObject.nullish(),
  parameters: jsonObject.nullish(),
  reason: text.optional(),
});

/** What one call may act on, and does unless it says otherwise. */
const MAX_SESSIONS = 100;
const DEFAULT_SESSIONS = 20;

/** What a bulk action is for. Its cursor is read as that of the list with the same filter. */
export const bulkSchema = closed({
  action: z.enum(["cancel", "rerun"]),
  filter: closed(sessionsQuery.shape).optional(),
  all: z.boolean().optional(),
  dryRun: z.boolean().optional(),
  reason: text.optional(),
  cursor: sealedPageQuery(/^ses_[0-9A-Z]{28}$/).cursor,
  limit: z.int().min(1).max(MAX_SESSIONS).default(DEFAULT_SESSIONS),
});
