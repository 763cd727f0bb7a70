import { isSessionId, parseTaskRef, taskIdOf } from "../core/ids.ts";
import type { Json } from "../core/json.ts";
import type { ControlKey, TaskAction, TaskName } from "../core/session/commands.ts";
import type { SessionState } from "../core/session/state.ts";
import { readStatus, type ReadStatus } from "../core/session/view.ts";
import { advanceSession, type Advanced } from "./advance-session.ts";
import { sessionEnded, sessionNotFound } from "./cancel-session.ts";
import type { Deps } from "./deps.ts";
import type { Cause } from "./log-row.ts";
import { OpsError } from "./ops-error.ts";
import type { Wish } from "./tries.ts";

/**
 * Under a key a word is taken once: said again, it is answered as the first time. The newest 16 of signals are remembered,
 * and the newest 16 of all other words.
 */
export type MaybeKey = ControlKey | null;

const keyed = (key: MaybeKey): { readonly key?: ControlKey } => (key === null ? {} : { key });

/**
 * How a session stands after a person's word. `already`: it was so before, and nothing changed. `replayed`: the very
 * same word was taken before, under the same key.
 */
export interface Controlled {
  readonly state: SessionState;
  readonly status: ReadStatus;
  readonly already: boolean;
  readonly replayed: boolean;
}

const controlled = async (deps: Deps, sessionId: string, wish: Wish, cause: Cause): Promise<Controlled> => {
  const advanced: Advanced | null = isSessionId(sessionId) ? await advanceSession(deps, sessionId, wish, cause) : null;
  if (advanced === null) throw sessionNotFound(sessionId);
  const { answer, state } = advanced;
  switch (answer.kind) {
    case "ended":
      throw sessionEnded(answer.status);
    case "refused":
      throw new OpsError("conflict", answer.message);
    case "answered":
      return { state, status: answer.status as ReadStatus, already: answer.already, replayed: true };
    case "key_reused":
      throw new OpsError("idempotency_key_reused", "This Idempotency-Key was used with another request.");
    case "no_task":
      throw new OpsError("task_not_found", "The session has no such task.");
    default:
      return { state, status: readStatus(state), already: answer.kind === "unchanged", replayed: false };
  }
};

/**
 * Lets a session stand still: attempts in flight may end, nothing new begins, deadlines and retries wait. Pausing a
 * paused session changes nothing; one that has ended is 409.
 */
export const pauseSession = (
  deps: Deps,
  sessionId: string,
  reason: string | null,
  key: MaybeKey,
  cause: Cause,
): Promise<Controlled> =>
  controlled(deps, sessionId, { type: "PauseSession", reason, actor: cause.actor, ...keyed(key) }, cause);

/** Lets a paused session go on, with the time of the pause given back to every deadline. */
export const resumeSession = (deps: Deps, sessionId: string, key: MaybeKey, cause: Cause): Promise<Controlled> =>
  controlled(deps, sessionId, { type: "ResumeSession", actor: cause.actor, ...keyed(key) }, cause);

/** Sends a signal; one that comes early is kept. */
export const signalSession = (
  deps: Deps,
  sessionId: string,
  signal: { readonly name: string; readonly payload: Json },
  key: MaybeKey,
  cause: Cause,
): Promise<Controlled> =>
  controlled(deps, sessionId, { type: "SignalSession", ...signal, actor: cause.actor, ...keyed(key) }, cause);

/** A task by its id in the definition, or by its own id (`tsk_…`), which names items of maps too. */
const taskNamed = (sessionId: string, text: string): TaskName => {
  const ref = parseTaskRef(text);
  if (ref === null) return { taskId: text };
  if (ref.sessionId !== sessionId) throw new OpsError("task_not_found", "The task belongs to another session.");
  return { n: ref.n };
};

/** What a person decided about a task. */
export interface ControlledTask extends Controlled {
  readonly taskId: string;
  /** `null`: the task has not begun, or is an item that has ended. */
  readonly id: string | null;
}

const found = (state: SessionState, name: TaskName): { readonly taskId: string; readonly n: number } | null => {
  const open = state.open.find((task) =>
    "n" in name ? task.n === name.n : task.taskId === name.taskId && task.item === undefined,
  );
  if (open !== undefined) return open;
  const ended = Object.entries(state.ended).find(([taskId, { n }]) =>
    "n" in name ? n === name.n : taskId === name.taskId,
  );
  return ended === undefined ? null : { taskId: ended[0], n: ended[1].n };
};

/**
 * A person retries, skips, completes or fails a task, or decides an approval. Saying the same again changes nothing;
 * what comes too late, or does not fit the task, is 409.
 */
export const controlTask = async (
  deps: Deps,
  sessionId: string,
  task: string,
  action: TaskAction,
  key: MaybeKey,
  cause: Cause,
): Promise<ControlledTask> => {
  const name = taskNamed(sessionId, task);
  const wish = { type: "ControlTask", task: name, action, actor: cause.actor, ...keyed(key) } as const;
  const result = await controlled(deps, sessionId, wish, cause);
  const place = found(result.state, name);
  return {
    ...result,
    taskId: place?.taskId ?? task,
    id: place === null ? ("n" in name ? taskIdOf(sessionId, name.n) : null) : taskIdOf(sessionId, place.n),
  };
};
