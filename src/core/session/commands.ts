import type { Json, JsonObject } from "../json.ts";
import type { Result, Transport, Usage } from "./events.ts";
import type { CarriedTask } from "./flow-events.ts";
import type { Actor, AnsweredKey, DefinitionRef, ParentRef, RerunRef, TaskError } from "./state.ts";

/**
 * How long (ms) the calls may take that the invocation at hand makes itself; longer ones are left to the queue consumer,
 * which begins them with `BeginCall`.
 */
export interface CallLimits {
  /** Of a call requested for the first time. */
  readonly firstMs: number;
  /** Of one that the consumer did not come for, or whose outcome was lost. */
  readonly againMs: number;
}

interface CommandBase {
  /** Epoch ms; the only clock of a decision. */
  readonly now: number;
  /** Hexadecimal digits; ids and jitter derive from it. */
  readonly seed: string;
  /** Absent: every call is made where it is requested. */
  readonly callLimits?: CallLimits;
}

export interface StartSession extends CommandBase {
  readonly type: "StartSession";
  readonly sessionId: string;
  readonly definition: DefinitionRef;
  readonly home: string | null;
  readonly input: JsonObject;
  readonly actor: Actor;
  readonly parent?: ParentRef;
  readonly rerun?: Rerun;
}

/** A session run again. `carried`: see `planRerun`; empty: from its beginning. */
export interface Rerun {
  readonly of: RerunRef & { readonly reason: string | null };
  readonly carried: readonly CarriedTask[];
  /** Laid over the rendered parameters of the task from which it runs again. */
  readonly parameters: JsonObject;
}

/** An agent says what became of an attempt, by state report or by call. */
export interface SettleAttempt extends CommandBase {
  readonly type: "SettleAttempt";
  readonly n: number;
  /** `null`: whatever attempt of the task is open. */
  readonly attempt: number | null;
  /** Who says so; `null` for a call, which may come from any holder of a key. */
  readonly from: string | null;
  /** The agents that the caller may speak for; absent: all. */
  readonly only?: readonly string[];
  readonly via: "report" | "call";
  /** Epoch ms of the *working* report this one brings along, when the two arrived swapped. */
  readonly startedAt: number | null;
  readonly result: Result;
  readonly usage?: Usage;
}

/** The dispatch of an attempt had an outcome that ends it. */
export interface EndDispatch extends CommandBase {
  readonly type: "EndDispatch";
  readonly n: number;
  readonly attempt: number;
  readonly outcome: "rejected" | "agent_error" | "refused";
  /** The way on which the agent itself answered; `null` if none reached it. */
  readonly transport: Transport | null;
  readonly message: string;
  readonly retryAfterMs: number | null;
}

/** A deadline may have passed, an agent may have gone, a task may be assignable: do what is really due. */
export interface Tick extends CommandBase {
  readonly type: "Tick";
}

export interface CancelSession extends CommandBase {
  readonly type: "CancelSession";
  readonly reason: string | null;
  readonly actor: Actor;
}

/** What the other side of a call, or a child session, came to. */
export type CallResult =
  | { readonly kind: "completed"; readonly output: Json }
  | {
      readonly kind: "failed";
      readonly error: TaskError;
      readonly retryable: boolean;
      readonly retryAfterMs: number | null;
    };

/** What became of a call that the engine made itself, or of the start of a child session. */
export interface EndCall extends CommandBase {
  readonly type: "EndCall";
  readonly n: number;
  readonly attempt: number;
  readonly result: CallResult;
}

/** The queue consumer is about to make a call that was left to it. */
export interface BeginCall extends CommandBase {
  readonly type: "BeginCall";
  readonly n: number;
  readonly attempt: number;
}

/** What a person may do with one task of a running session. */
export type TaskAction =
  | { readonly kind: "retry" }
  | { readonly kind: "skip" }
  | { readonly kind: "complete"; readonly output: Json }
  | { readonly kind: "fail"; readonly error: TaskError }
  | { readonly kind: "approve" | "reject"; readonly by: string | null; readonly comment: string | null };

/** Which task: by its id in the definition, or by its order of creation (items of maps too). */
export type TaskName = { readonly taskId: string } | { readonly n: number };

/** Of a person's word: its Idempotency-Key, and what tells it from another one under the same key. */
export type ControlKey = Pick<AnsweredKey, "key" | "request">;

export interface ControlTask extends CommandBase {
  readonly type: "ControlTask";
  readonly key?: ControlKey;
  readonly task: TaskName;
  readonly action: TaskAction;
  readonly actor: Actor;
}

export interface PauseSession extends CommandBase {
  readonly type: "PauseSession";
  readonly key?: ControlKey;
  readonly reason: string | null;
  readonly actor: Actor;
}

export interface ResumeSession extends CommandBase {
  readonly type: "ResumeSession";
  readonly key?: ControlKey;
  readonly actor: Actor;
}

export interface SignalSession extends CommandBase {
  readonly type: "SignalSession";
  readonly key?: ControlKey;
  readonly name: string;
  readonly payload: Json;
  readonly actor: Actor;
}

export type SessionCommand =
  | StartSession
  | SettleAttempt
  | EndDispatch
  | EndCall
  | BeginCall
  | Tick
  | CancelSession
  | ControlTask
  | PauseSession
  | ResumeSession
  | SignalSession;
