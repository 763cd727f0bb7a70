/**
 * The operations that an operator changes something by: each change is one row of the audit stream, named by the
 * operation. Starting work (sessions, tasks) and what agents report or settle is in the sessions' own logs. The names
 * are stored: none is ever changed or taken back.
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
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** What an audited change is made to. */
export const AUDIT_TARGETS = ["agent", "workflow", "schedule", "session", "key", "webhook"] as const;

export type AuditTargetKind = (typeof AUDIT_TARGETS)[number];
