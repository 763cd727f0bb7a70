import * as z from "zod";
import { sealedPageQuery } from "./pages.ts";
import { instant, words } from "./queries.ts";

/**
 * The operations that an operator changes something by: each change is one row of the audit stream, named by the
 * operation; what is sent by hand as well. Starting work (sessions, tasks) and what agents report or settle is in the
 * sessions' own logs. The names are stored: none is ever changed or taken back.
 */
export const AUDIT_ACTIONS = [
  "putAgent",
  "saveWorkflow",
  "createSchedule",
  "putSchedule",
  "deleteSchedule",
  "pauseSchedule",
  "resumeSchedule",
  "triggerSchedule",
  "cancelSession",
  "pauseSession",
  "resumeSession",
  "signalSession",
  "retryTask",
  "skipTask",
  "completeTaskByHand",
  "failTaskByHand",
  "approveTask",
  "rejectTask",
  "rerunSession",
  "changeSessions",
  "cancelTask",
  "createKey",
  "rotateKey",
  "revokeKey",
  "createWebhook",
  "putWebhook",
  "deleteWebhook",
  "rotateWebhook",
  "enableWebhook",
  "disableWebhook",
  "pingWebhook",
  "redeliverWebhook",
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** What an audited change is made to. */
export const AUDIT_TARGETS = ["agent", "workflow", "schedule", "session", "key", "webhook"] as const;

export type AuditTargetKind = (typeof AUDIT_TARGETS)[number];

/** A list of audit rows, page by page. */
export const auditPageQuery = z.strictObject({
  actor: words(255).optional().describe("By this key (`root` is `OPSCORE_API_KEY`), or with this person's token."),
  action: z.enum(AUDIT_ACTIONS).optional().describe("By this operation, by its id."),
  target: words(128).optional().describe("To what has this id."),
  targetKind: z.enum(AUDIT_TARGETS).optional().describe("To a thing of this kind."),
  since: instant.optional().describe("At this time or later. RFC 3339; the + of an offset is sent as %2B."),
  until: instant.optional().describe("Before this time."),
  ...sealedPageQuery(/^[1-9][0-9]{0,14}$/),
});
