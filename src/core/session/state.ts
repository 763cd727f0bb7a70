/** A definition as a session is pinned to it; `revision` 0 is kept for one session only. */
export interface DefinitionRef {
  readonly workflowId: string;
  readonly revision: number;
  readonly hash: string;
}

/** Who or what caused something, for the log and for people. */
export interface Actor {
  readonly kind: "key" | "user" | "agent" | "system";
  readonly id: string;
  /** Of a key: what its maker called it. */
  readonly name?: string;
}

/** What a task or an attempt failed of. `code` is the agent's or ours (`run_deadline`, `agent_rejected`, …). */
export interface TaskError {
  readonly code: string;
  readonly message: string;
}

/** Why a task has no agent: nobody fits, or what speaks against the last one that was looked at. */
export type NoAgentCode =
  | "agent_unknown"
  | "no_agent"
  | "no_target"
  | "no_free_agent"
  | "agent_rejected"
  | "agent_gone"
  | "agent_lost"
  | "agent_busy"
  | "agent_not_free"
  | "queued";

export interface NoAgent extends TaskError {
  readonly code: NoAgentCode;
}

/** What an open session can wait for. */
export type WaitCode =
  NoAgentCode | "ready" | "agent" | "retry" | "call" | "signal" | "approval" | "timer" | "items" | "child" | "paused";

interface OpenTaskBase {
  /** The id in the definition. */
  readonly taskId: string;
  /** Order of creation in the session, 1-based. */
  readonly n: number;
  /** The number of the newest attempt; 0 before the first. The fence. */
  readonly attempt: number;
  /** Attempts that count against `maxAttempts`. */
  readonly used: number;
  /** Deliveries refused in a row. */
  readonly refusals: number;
  /** Agents that said no to this task. */
  readonly rejectedBy: readonly string[];
  /** The log row with its rendered parameters. */
  readonly paramsSeq: number;
  /** Epoch ms at which it became ready; fixes its place in a queue. */
  readonly readyAt: number;
  /** Why its last attempt ended, if it did; in short, the log has the whole text. */
  readonly last: TaskError | null;
  /** 0–99, where it is not the default of 50. */
  readonly priority?: number;
  /** Which item of which map (its `n`) it is. */
  readonly item?: { readonly of: number; readonly index: number };
}

/** Ready, but no agent can take it yet. `since` starts the queue deadline. */
export interface WaitingTask extends OpenTaskBase {
  readonly phase: "waiting";
  readonly queue: string;
  readonly since: number;
  readonly why: NoAgent;
}

/** Its last attempt ended without success; it is ready again at `retryAt`. */
export interface BackoffTask extends OpenTaskBase {
  readonly phase: "backoff";
  readonly retryAt: number;
}

/** An attempt is in flight on an agent. Until `leaseUntil` only the invocation that requested it sends it. */
export interface DispatchedTask extends OpenTaskBase {
  readonly phase: "dispatched";
  readonly agentId: string;
  readonly sentAt: number;
  readonly leaseUntil: number;
  /** For how long (ms) the session was paused meanwhile: its deadlines are that much later. */
  readonly frozenMs?: number;
  /** When (epoch ms) it last went on after a pause: silence counts from then. */
  readonly thawedAt?: number;
}

/** Nothing happens before `until`. `fixed`: an instant of the calendar, which a pause does not move. */
export interface SleepingTask extends OpenTaskBase {
  readonly phase: "sleeping";
  readonly until: number;
  readonly fixed: boolean;
}

/** A call that the engine makes itself is under way. Until `leaseUntil` the invocation that requested it is at it. */
export interface CallingTask extends OpenTaskBase {
  readonly phase: "calling";
  readonly sentAt: number;
  readonly leaseUntil: number;
  /** The queue consumer is to make it and has not begun; until `leaseUntil` it is waited for. */
  readonly handedOn?: true;
  /** How often the outcome of this attempt was lost; absent: never. */
  readonly repeats?: number;
}

/** A signal or a person is waited for. `until` null: for as long as it takes. */
export interface AwaitingTask extends OpenTaskBase {
  readonly phase: "awaiting";
  readonly what: "signal" | "approval";
  readonly name: string;
  readonly until: number | null;
}

/** A map at work: its items are open tasks of their own. */
export interface MappingTask extends OpenTaskBase {
  readonly phase: "mapping";
  readonly count: number;
  /** Index of the item that is entered next. */
  readonly next: number;
  /** Items that have ended. */
  readonly done: number;
  /** What their outputs take as JSON, as one list, so far. */
  readonly bytes: number;
}

/** A child session is at work. Until `leaseUntil` the invocation that requested it starts it. */
export interface ChildTask extends OpenTaskBase {
  readonly phase: "child";
  readonly sessionId: string;
  readonly leaseUntil: number;
  /** How often it was found missing; absent: never. */
  readonly repeats?: number;
}

export type OpenTask =
  WaitingTask | BackoffTask | DispatchedTask | SleepingTask | CallingTask | AwaitingTask | MappingTask | ChildTask;

/** A task that has ended: its order, how, and the log row that holds its output or error. */
export interface EndedTask {
  readonly n: number;
  readonly status: "completed" | "failed" | "cancelled" | "skipped";
  readonly seq: number;
  /** Nothing led to it; without it, a skipped task counts as done. */
  readonly dead?: true;
  /** It has failed and its fallback is not done yet. */
  readonly pending?: true;
  /** The fallback whose output stands for its own. */
  readonly by?: string;
  /** Which way was chosen after it, where there are several; `null`: none. */
  readonly chose?: string | null;
  /** It was carried over by a rerun: `seq` is a row of that one of the `sources`, where its number is `n`. */
  readonly from?: { readonly source: number; readonly n: number };
}

/** A session that has failed and undoes what it did. */
export interface Failing {
  readonly taskId: string | null;
  readonly error: TaskError;
  /** Compensations that are still to begin, in their order. */
  readonly left: readonly string[];
}

export type SessionStatus = "open" | "completed" | "failed" | "cancelled";

/**
 * The head of a session: control state only. Inputs, outputs and rendered parameters stay in the log, so
 * that a step costs the same however long the session gets.
 */
export interface SessionState {
  readonly v: 1;
  readonly id: string;
  readonly definition: DefinitionRef;
  /** The agent the session was started for; `null` without one. */
  readonly home: string | null;
  readonly status: SessionStatus;
  readonly startedAt: number;
  readonly updatedAt: number;
  readonly endedAt: number | null;
  /** How it ended, in words (in short); `null` while open or completed. */
  readonly reason: TaskError | null;
  readonly tasks: number;
  readonly open: readonly OpenTask[];
  readonly ended: Readonly<Record<string, EndedTask>>;
  /** Whether any attempt was ever dispatched: `started` becomes `waiting` only after that. */
  readonly dispatched: boolean;
  /** Epoch ms at which the session has lasted too long; absent: never. */
  readonly deadlineAt?: number;
  /** Present while compensations run. */
  readonly failing?: Failing;
  /** Present while paused: since when (epoch ms), and why. */
  readonly paused?: { readonly at: number; readonly reason: string | null };
  /** Signals that nobody has waited for yet: by name the log rows they are in, the oldest first. */
  readonly signals?: Readonly<Record<string, readonly number[]>>;
  /** Of old logs, which did not note what a signal was answered: the Idempotency-Keys of those that came last. */
  readonly signalKeys?: readonly string[];
  /** The Idempotency-Keys of a person's words that came last, and what was answered. */
  readonly answered?: readonly AnsweredKey[];
  /** The task that started this session as its child. */
  readonly parent?: ParentRef;
  /** The session that this one runs again; `fromTaskId` null: from its beginning. */
  readonly rerunOf?: RerunRef;
  /** Sessions whose logs hold what became of tasks that were carried over. */
  readonly sources?: readonly string[];
}

export interface RerunRef {
  readonly sessionId: string;
  readonly fromTaskId: string | null;
}

/** What a person's word was answered, for when it is said again under the same key. */
export interface AnsweredKey {
  readonly key: string;
  /** Tells the request from another one under the same key. */
  readonly request: string;
  /** The session's status in the answer. */
  readonly status: string;
  /** It was so already, and nothing changed. */
  readonly already?: true;
  /** It was a signal. */
  readonly signal?: true;
}

export interface ParentRef {
  readonly sessionId: string;
  readonly n: number;
  readonly attempt: number;
  /** How many sessions stand above this one. */
  readonly depth: number;
}
