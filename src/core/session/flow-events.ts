import type { Json } from "../json.ts";
import type { Actor, AnsweredKey, EndedTask, TaskError } from "./state.ts";

/** Events of tasks that no agent has a part in, and of the ways between tasks. */

/** Nothing led to a task, its condition did not hold, or a person said so. */
export interface TaskSkipped {
  readonly type: "TaskSkipped";
  readonly taskId: string;
  readonly n: number;
  readonly reason: "not_reached" | "condition" | "operator";
  readonly actor?: Actor;
}

/** A wait has begun. `fixed`: it ends at an instant of the calendar. */
export interface TaskSlept {
  readonly type: "TaskSlept";
  readonly taskId: string;
  readonly n: number;
  readonly until: number;
  readonly fixed: boolean;
}

/** Which way goes on after a task; `null`: none of them. */
export interface ChoiceMade {
  readonly type: "ChoiceMade";
  readonly taskId: string;
  readonly chose: string | null;
}

/** The fallback of a failed task is done: its result stands for the task's own. */
export interface FallbackEnded {
  readonly type: "FallbackEnded";
  readonly taskId: string;
  readonly by: string;
  readonly status: "completed" | "failed";
}

/** The session fails; what it has done is undone first, by these tasks, one after the other. */
export interface CompensationStarted {
  readonly type: "CompensationStarted";
  readonly taskId: string | null;
  readonly error: TaskError;
  readonly tasks: readonly string[];
}

export interface SessionPaused {
  readonly type: "SessionPaused";
  readonly reason: string | null;
  readonly actor: Actor;
}

export interface SessionResumed {
  readonly type: "SessionResumed";
  readonly actor: Actor;
}

/** A person wants the next attempt now. */
export interface TaskHurried {
  readonly type: "TaskHurried";
  readonly taskId: string;
  readonly n: number;
  readonly actor: Actor;
}

/** We were away when the session had lasted too long: the time is given back. */
export interface DeadlineMoved {
  readonly type: "DeadlineMoved";
  readonly until: number;
}

/**
 * The engine is to make a call itself; `again`: one without an outcome, once more under its old number. `handedOn`: it is
 * left to the queue consumer, which requests it again as its own before it makes it, so that a copied hint makes no
 * second call.
 */
export interface CallRequested {
  readonly type: "CallRequested";
  readonly taskId: string;
  readonly n: number;
  readonly attempt: number;
  readonly attemptId: string;
  readonly leaseUntil: number;
  readonly again: boolean;
  readonly handedOn?: true;
  /** How often its outcome was lost so far; absent: never. */
  readonly repeats?: number;
  /** Whose tool it is. */
  readonly agentId?: string;
}

/** A call or a child session ended without success. `retryAt` null: no further attempt is planned by it. */
export interface CallFailed {
  readonly type: "CallFailed";
  readonly taskId: string;
  readonly n: number;
  readonly attempt: number;
  readonly attemptId: string;
  readonly error: TaskError;
  readonly counts: boolean;
  readonly retryAt: number | null;
}

/** A child session is to be started; `again`: it may not have been. */
export interface ChildRequested {
  readonly type: "ChildRequested";
  readonly taskId: string;
  readonly n: number;
  readonly attempt: number;
  readonly attemptId: string;
  readonly sessionId: string;
  readonly leaseUntil: number;
  readonly again: boolean;
  /** How often it was found missing so far; absent: never. */
  readonly repeats?: number;
}

/** From now on a signal or a person is waited for. */
export interface TaskAwaited {
  readonly type: "TaskAwaited";
  readonly taskId: string;
  readonly n: number;
  readonly what: "signal" | "approval";
  readonly name: string;
  readonly until: number | null;
}

/** A signal came; it is kept until a task waits for it. */
export interface SignalReceived {
  readonly type: "SignalReceived";
  readonly name: string;
  readonly payload: Json;
  readonly key: string | null;
  readonly actor: Actor;
}

/** A task is done without an attempt of an agent. */
export interface TaskResolved {
  readonly type: "TaskResolved";
  readonly taskId: string;
  readonly n: number;
  readonly output: Json;
  readonly by: "timer" | "operator" | "call" | "signal" | "approval" | "timeout" | "map" | "child";
  readonly actor?: Actor;
  /** Of a call or a child session: which attempt succeeded. */
  readonly attempt?: number;
  /** The signal that was taken, by its name and log row. */
  readonly signal?: { readonly name: string; readonly seq: number };
}

/** How a task of an earlier session stands in the one that runs it again, and the log row that says so. */
export interface CarriedTask extends Pick<EndedTask, "n" | "dead" | "by" | "chose"> {
  readonly taskId: string;
  readonly status: Exclude<EndedTask["status"], "cancelled">;
  /** Where it ran; in a chain of reruns the first of them, so that nothing is looked up twice. */
  readonly from: { readonly sessionId: string; readonly seq: number; readonly n: number };
}

/** Tasks that are not run again: they stand as they did in an earlier session, in the order in which they ended. */
export interface TasksCarried {
  readonly type: "TasksCarried";
  readonly tasks: readonly CarriedTask[];
}

/** What a person's word under an Idempotency-Key was answered: the same again is answered the same and done once. */
export interface ControlAnswered extends AnsweredKey {
  readonly type: "ControlAnswered";
}
