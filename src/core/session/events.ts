import type { Json, JsonObject } from "../json.ts";
import type {
  CallFailed,
  CallRequested,
  ChildRequested,
  ChoiceMade,
  CompensationStarted,
  ControlAnswered,
  DeadlineMoved,
  FallbackEnded,
  SessionPaused,
  SessionResumed,
  SignalReceived,
  TaskAwaited,
  TaskHurried,
  TaskResolved,
  TaskSkipped,
  TaskSlept,
  TasksCarried,
} from "./flow-events.ts";
import type { Actor, DefinitionRef, NoAgent, ParentRef, RerunRef, TaskError } from "./state.ts";

/** Version of the event shapes below. Stored with every log row; old rows must replay for ever. */
export const EVENT_VERSION = 1;

export type Transport = "direct" | "agentkit";

/** What an agent said it used. */
export type Usage = JsonObject;

interface AttemptRefEvent {
  readonly taskId: string;
  readonly n: number;
  readonly attempt: number;
  readonly attemptId: string;
  readonly agentId: string;
}

/** Facts about an attempt that cost no row of their own until it ends. */
export interface AttemptTrace {
  readonly sentAt: number;
  readonly startedAt: number | null;
  readonly transport: Transport | null;
  readonly confirmedAt: number | null;
  /** What kept a transport from being used, or makes the delivery doubtful; absent if nothing does. */
  readonly notes?: readonly string[];
}

export interface SessionStarted {
  readonly type: "SessionStarted";
  readonly sessionId: string;
  readonly definition: DefinitionRef;
  readonly home: string | null;
  readonly input: JsonObject;
  readonly actor: Actor;
  /** How long it may last (ms); absent: without a limit. */
  readonly timeoutMs?: number;
  readonly parent?: ParentRef;
  /** The session it runs again, and why. */
  readonly rerunOf?: RerunRef & { readonly reason: string | null };
}

/** Something an operator should know that changes nothing. */
export interface SessionWarned {
  readonly type: "SessionWarned";
  readonly taskId: string;
  readonly code: string;
  readonly message: string;
}

/** A task was entered; its parameters are rendered once, here. */
export interface TaskEntered {
  readonly type: "TaskEntered";
  readonly taskId: string;
  readonly n: number;
  readonly parameters: JsonObject;
  /** Where it is not the default of 50. */
  readonly priority?: number;
  /** An item: of the map with this `n`, and which one. */
  readonly of?: number;
  readonly index?: number;
  /** A map: what it goes over. */
  readonly items?: readonly Json[];
}

export interface TaskWaited {
  readonly type: "TaskWaited";
  readonly taskId: string;
  readonly n: number;
  readonly queue: string;
  readonly why: NoAgent;
}

/** A new attempt is assigned, or (`again`) one whose dispatch had no outcome is to be sent once more. */
export interface DispatchRequested extends AttemptRefEvent {
  readonly type: "DispatchRequested";
  readonly leaseUntil: number;
  readonly again: boolean;
}

export type AttemptOutcome =
  | "superseded"
  | "heartbeat_deadline"
  | "failed"
  | "rejected"
  | "agent_error"
  | "refused"
  | "start_deadline"
  | "run_deadline"
  | "agent_restarted"
  | "agent_deregistered"
  | "cancelled";

/** An attempt ended without success. `counts`: against `maxAttempts`. `retryAt` null: no further attempt is planned by it. */
export interface AttemptEnded extends AttemptRefEvent {
  readonly type: "AttemptEnded";
  readonly outcome: AttemptOutcome;
  readonly error: TaskError;
  readonly counts: boolean;
  readonly retryAt: number | null;
  readonly trace: AttemptTrace;
  /** Present when the agent itself said so by report or call. */
  readonly via?: "report" | "call";
  readonly usage?: Usage;
}

export interface TaskCompleted extends AttemptRefEvent {
  readonly type: "TaskCompleted";
  readonly output: Json;
  /** Where the output came from; `answer` is the agent's HTTP answer to the delivery. */
  readonly outputFrom: "report" | "answer" | "none";
  readonly via: "report" | "call";
  readonly trace: AttemptTrace;
  readonly usage?: Usage;
}

export interface TaskFailed {
  readonly type: "TaskFailed";
  readonly taskId: string;
  readonly n: number;
  readonly error: TaskError;
  /** The number of its last attempt; absent: it had none, or the log is older than this. */
  readonly attempt?: number;
  /** What follows instead of the session's end. */
  readonly instead?: "fallback" | "continue";
  /** Who said so, if it was a person. */
  readonly actor?: Actor;
}

export interface TaskCancelled {
  readonly type: "TaskCancelled";
  readonly taskId: string;
  readonly n: number;
}

/** A result that came too late to change anything, kept for people. */
export interface LateResultRecorded extends AttemptRefEvent {
  readonly type: "LateResultRecorded";
  readonly reason: "stale_attempt" | "other_agent" | "result_conflict";
  /** Who sent it; differs from `agentId` when the task is another agent's. */
  readonly from: string | null;
  readonly result: Result;
  readonly transport: Transport | null;
}

export interface SessionCompleted {
  readonly type: "SessionCompleted";
  /** What a child session hands to the task that started it. */
  readonly output?: Json;
}

export interface SessionFailed {
  readonly type: "SessionFailed";
  /** `null`: no task of its own made it fail. */
  readonly taskId: string | null;
  readonly error: TaskError;
}

export interface SessionCancelled {
  readonly type: "SessionCancelled";
  readonly reason: string | null;
  readonly actor: Actor;
}

export type SessionEvent =
  | SessionStarted
  | SessionWarned
  | TaskEntered
  | TaskWaited
  | DispatchRequested
  | AttemptEnded
  | TaskCompleted
  | TaskFailed
  | TaskCancelled
  | TaskSkipped
  | TaskSlept
  | TaskResolved
  | TaskHurried
  | CallRequested
  | CallFailed
  | ChildRequested
  | TaskAwaited
  | SignalReceived
  | ChoiceMade
  | FallbackEnded
  | CompensationStarted
  | SessionPaused
  | SessionResumed
  | DeadlineMoved
  | TasksCarried
  | ControlAnswered
  | LateResultRecorded
  | SessionCompleted
  | SessionFailed
  | SessionCancelled;

/** Every type of event there is in a session's log; the compiler keeps it complete. */
export const SESSION_EVENTS: ReadonlySet<string> = new Set(
  Object.keys({
    SessionStarted: true,
    SessionWarned: true,
    TaskEntered: true,
    TaskWaited: true,
    DispatchRequested: true,
    AttemptEnded: true,
    TaskCompleted: true,
    TaskFailed: true,
    TaskCancelled: true,
    TaskSkipped: true,
    TaskSlept: true,
    TaskResolved: true,
    TaskHurried: true,
    CallRequested: true,
    CallFailed: true,
    ChildRequested: true,
    TaskAwaited: true,
    SignalReceived: true,
    ChoiceMade: true,
    FallbackEnded: true,
    CompensationStarted: true,
    SessionPaused: true,
    SessionResumed: true,
    DeadlineMoved: true,
    TasksCarried: true,
    ControlAnswered: true,
    LateResultRecorded: true,
    SessionCompleted: true,
    SessionFailed: true,
    SessionCancelled: true,
  } satisfies Record<SessionEvent["type"], true>),
);

/** What an agent says became of an attempt. `output` undefined: it brought none. */
export type Result =
  | { readonly kind: "completed"; readonly output?: Json }
  | {
      readonly kind: "failed";
      readonly error: TaskError;
      readonly retryable?: boolean;
      readonly retryAfterMs?: number;
    };
