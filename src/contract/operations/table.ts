import type { answersByOperation } from "../answers/by-operation.ts";
import { agentOperations } from "./agents.ts";
import { auditOperations } from "./audit.ts";
import { controlOperations } from "./control.ts";
import { keyOperations } from "./keys.ts";
import type { Operation } from "./operation.ts";
import { scheduleOperations } from "./schedules.ts";
import { sessionOperations } from "./sessions.ts";
import { systemOperations } from "./system.ts";
import { taskOperations } from "./tasks.ts";
import { webhookOperations } from "./webhooks.ts";
import { workflowOperations } from "./workflows.ts";

export type OperationName = keyof typeof answersByOperation;

/** Every operation, by method and path as OpenAPI writes it: what it is for, what it takes, and who may ask. */
export const operations: Readonly<Record<OperationName, Operation>> = {
  ...agentOperations,
  ...workflowOperations,
  ...sessionOperations,
  ...controlOperations,
  ...taskOperations,
  ...scheduleOperations,
  ...keyOperations,
  ...webhookOperations,
  ...auditOperations,
  ...systemOperations,
};
