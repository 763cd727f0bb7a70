export { createOpsCore, type OpsCore } from "./client.ts";
export { OpsCoreError, SessionFailedError, type ClientErrorCode, type OpsCoreErrorCode } from "./errors.ts";
export type { Agents } from "./agents.ts";
export type { Workflows } from "./workflows.ts";
export type { Sessions } from "./sessions.ts";
export type { SessionTasks } from "./session-tasks.ts";
export type { Tasks } from "./tasks.ts";
export type { Audit } from "./audit.ts";
export type { Keys } from "./keys.ts";
export type { Schedules } from "./schedules.ts";
export type { Webhooks, WebhookSpec } from "./webhooks.ts";
export type { CallOptions, ClientOptions, Fetch, KeyedOptions } from "./options.ts";
export type { Paged, PageQuery } from "./pages.ts";
export type { FollowOptions, WaitOptions } from "./wait.ts";
export type { Seams } from "./seams.ts";
export type {
  AgentNotification,
  AgentRegistration,
  AuditQuery,
  Bulk,
  Decision,
  DryRun,
  JsonObject,
  Mock,
  NewKey,
  NewSchedule,
  Rerun,
  ScheduleSpec,
  SessionCountsFilter,
  SessionFilter,
  SessionQuery,
  SessionStart,
  SingleTask,
  TaskFailure,
  TaskQuery,
  WorkflowChoice,
  WorkflowTrigger,
} from "./inputs.ts";
export type {
  Duration,
  ItemDefinition,
  Retry,
  TaskDefinition,
  Timeout,
  WorkDefinition,
  WorkflowDefinition,
} from "./definition.ts";
export type { AgentAnswer, AgentReportAnswer } from "../contract/answers/agent.ts";
export type {
  SessionCancelledAnswer,
  SessionStandingAnswer,
  SignalSentAnswer,
  TaskControlledAnswer,
} from "../contract/answers/control.ts";
export type { DryRunAnswer } from "../contract/answers/dry-run.ts";
export type {
  AgentStateAnswer,
  HealthAnswer,
  NotifiedAnswer,
  ReadyAnswer,
  StateAcceptedAnswer,
  WorkflowTriggeredAnswer,
} from "../contract/answers/legacy.ts";
export type { KeyAnswer, KeySecretAnswer } from "../contract/answers/key.ts";
export type { PageAnswer } from "../contract/answers/lists.ts";
export type { ScheduleAnswer, ScheduleDetailAnswer, ScheduleTriggeredAnswer } from "../contract/answers/schedule.ts";
export type { LogRowAnswer, SessionEventAnswer } from "../contract/answers/session-log.ts";
export type {
  BulkAnswer,
  SessionAnswer,
  SessionCountsAnswer,
  SessionDetailAnswer,
  SessionRerunAnswer,
  SessionStartedAnswer,
} from "../contract/answers/session.ts";
export type { SettledAnswer } from "../contract/answers/settle.ts";
export type {
  TaskAnswer,
  TaskCancelledAnswer,
  TaskDetailAnswer,
  TaskEnqueuedAnswer,
  TaskSummaryAnswer,
} from "../contract/answers/task.ts";
export type {
  WebhookAnswer,
  WebhookDeliveryAnswer,
  WebhookDeliveryQueuedAnswer,
  WebhookSecretAnswer,
} from "../contract/answers/webhook.ts";
export type { WorkflowAnswer, WorkflowDetailAnswer, WorkflowValidAnswer } from "../contract/answers/workflow.ts";
export type { ErrorCode, Fault } from "../contract/problem.ts";
