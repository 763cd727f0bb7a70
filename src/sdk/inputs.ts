import type { AuditRowAnswer } from "../contract/answers/audit.ts";
import type { SessionAnswer } from "../contract/answers/session.ts";
import type { TaskAnswer } from "../contract/answers/task.ts";
import type { Duration, Retry, Timeout, WorkflowDefinition } from "./definition.ts";
import type { PageQuery } from "./pages.ts";

/** Any members. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What an agent is registered with. */
export interface AgentRegistration {
  readonly agentName: string;
  readonly version: string;
  readonly capabilities: readonly string[];
  readonly contactEndpoint: string;
  /** `config.maxConcurrentTasks` says how many tasks it takes at a time. */
  readonly metadata?: JsonObject | null;
}

/** What AgentKit says of an agent by its webhook. */
export interface AgentNotification {
  readonly event_type: string;
  readonly agent_details: JsonObject & { readonly agentId: string };
}

/** What is run: a saved definition, or one of its own. */
export type WorkflowChoice =
  | { readonly workflowDefinitionId: string; readonly revision?: number; readonly workflowDefinition?: never }
  | {
      readonly workflowDefinition: WorkflowDefinition;
      readonly workflowDefinitionId?: never;
      readonly revision?: never;
    };

/** A session to be started. */
export type SessionStart = WorkflowChoice & {
  /** The agent that it is for: tasks that name no target go to it. */
  readonly agentId?: string;
  readonly initialPayload?: JsonObject | null;
};

/** A session to be started for an agent, as the first clients did it. */
export type WorkflowTrigger = (
  | { readonly workflowDefinitionId: string; readonly workflowDefinition?: never }
  | { readonly workflowDefinition: WorkflowDefinition; readonly workflowDefinitionId?: never }
) & { readonly initialPayload?: JsonObject | null };

type Mocked = { readonly [key in "output" | "signal"]?: unknown } & {
  readonly error?: {
    readonly code: string;
    readonly message?: string;
    readonly retryable?: boolean;
    readonly retryAfterMs?: number;
  };
  readonly noAnswer?: true;
  readonly refused?: true;
  readonly approve?: true | Decision;
  readonly reject?: true | Decision;
  readonly never?: true;
};

/** What a task comes to in a dry run: one of these outcomes, and after what time. */
export type Mock = Mocked & { readonly after?: Duration };

/** A dry run: of the newest revision, of another, or of a definition that comes along. */
export interface DryRun {
  readonly revision?: number;
  readonly workflowDefinition?: WorkflowDefinition;
  readonly agentId?: string;
  readonly initialPayload?: JsonObject | null;
  /** By `taskId`: one for all attempts, or one for each (of a map: for each item, and of each item for each attempt). */
  readonly mocks?: Readonly<Record<string, Mock | readonly (Mock | null | readonly (Mock | null)[])[]>>;
  readonly startAt?: string | Date;
}

type Group = "open" | "ended";
type Some<T> = T | readonly T[];

/** Which sessions; all members must hold. A time takes in itself in `…After` and not in `…Before`. */
export interface SessionCountsFilter {
  readonly workflowId?: string;
  readonly agentId?: string;
  /** The code of what they wait for. */
  readonly waitingFor?: string;
  readonly errorCode?: string;
  readonly startedAfter?: string | Date;
  readonly startedBefore?: string | Date;
  readonly endedAfter?: string | Date;
  readonly endedBefore?: string | Date;
  /** Part of the id, of the workflow's id, or of the message a session ended with. */
  readonly text?: string;
  /** The session that has started them. */
  readonly parent?: string;
}

/** Which sessions, by status too. */
export interface SessionFilter extends SessionCountsFilter {
  readonly status?: Some<SessionAnswer["status"] | Group>;
}

/** Which sessions, and which page of them. */
export interface SessionQuery extends SessionFilter, PageQuery {}

/** Which tasks, and which page of them. Ended ones only with `sessionId`. */
export interface TaskQuery extends PageQuery {
  readonly status?: Some<TaskAnswer["status"] | Group>;
  readonly agentId?: string;
  readonly sessionId?: string;
  readonly workflowId?: string;
}

/** Which changes of operators, and which page of them. Times are RFC 3339. */
export interface AuditQuery extends PageQuery {
  /** The id of a key, `root`, or whose token. */
  readonly actor?: string;
  readonly action?: AuditRowAnswer["action"];
  readonly target?: string;
  readonly targetKind?: AuditRowAnswer["target"]["kind"];
  readonly since?: string;
  readonly until?: string;
}

/** How a session that has ended is run again. */
export interface Rerun {
  /** What does not come after it and has settled is kept. Default: from the beginning. */
  readonly fromTaskId?: string | null;
  readonly initialPayload?: JsonObject | null;
  readonly parameters?: JsonObject | null;
  readonly reason?: string;
}

/** Sessions to be cancelled or run again, the newest first. */
export interface Bulk {
  readonly action: "cancel" | "rerun";
  readonly filter?: SessionFilter;
  /** Stands in for an empty filter. */
  readonly all?: boolean;
  /** Writes nothing; answers how many it would be. */
  readonly dryRun?: boolean;
  readonly reason?: string;
  readonly cursor?: string;
  /** 1 to 100 sessions a call, default 20. */
  readonly limit?: number;
}

/** Why something was or is to be counted as failed. */
export interface TaskFailure {
  readonly code: string;
  readonly message: string;
  /** Whether another attempt may succeed. */
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
}

/** Who decides, and what they have to say. */
export interface Decision {
  readonly by?: string;
  readonly comment?: string;
}

/** One task without a workflow; for an agent or for whoever has a capability. */
export interface SingleTask {
  readonly agentId?: string;
  readonly agentCapability?: string;
  readonly name?: string;
  readonly parameters?: JsonObject;
  readonly priority?: number;
  /** Not before this has passed. Either this or `at`. */
  readonly delay?: Duration;
  readonly at?: string | Date;
  readonly retry?: Retry;
  readonly timeout?: Timeout;
}

/** What makes or replaces a schedule. `null` counts as absent, so that what was read can be sent back. */
export interface ScheduleSpec {
  /** Five fields, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. */
  readonly cron: string;
  /** Default `UTC`. */
  readonly timeZone?: string;
  readonly workflowDefinitionId: string;
  readonly revision?: number | null;
  readonly agentId?: string | null;
  readonly initialPayload?: JsonObject | null;
  readonly overlap?: "skip" | "buffer_one" | "allow" | "cancel_other";
  readonly catchUp?: Duration;
  readonly paused?: boolean;
  readonly description?: string | null;
}

/** A key to be made: a role, or at least one scope. */
export interface NewKey {
  /** What it is for. */
  readonly name: string;
  readonly role?: "viewer" | "operator" | "admin";
  /** Such as `sessions:read`, `sessions:*`, `state:write:writer-1`. */
  readonly scopes?: readonly string[];
  /** Default: it never ends. */
  readonly expiresIn?: Duration | null;
}

/** A schedule to be made; without a `scheduleId` it is given one. */
export interface NewSchedule extends ScheduleSpec {
  readonly scheduleId?: string;
}
