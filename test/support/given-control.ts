import type { Json } from "../../src/core/json.ts";
import type { CallResult, ControlKey, SessionCommand, TaskAction } from "../../src/core/session/commands.ts";
import type { Facts, Relative } from "../../src/core/session/facts.ts";
import type { OpenTask, ParentRef, SessionState } from "../../src/core/session/state.ts";
import { actor, historyOf, SEED, start, T0, type Given } from "./given.ts";

const clock = (now: number) => ({ now, seed: SEED });

/** What a call that the engine made itself came to (its first attempt, unless said otherwise). */
export const endCall = (
  n: number,
  result: CallResult,
  options: { readonly attempt?: number; readonly now?: number } = {},
): SessionCommand => ({ type: "EndCall", n, attempt: options.attempt ?? 1, result, ...clock(options.now ?? T0) });

export const answered = (output: Json = null): CallResult => ({ kind: "completed", output });
export const broke = (code = "boom", more: Partial<CallResult & { kind: "failed" }> = {}): CallResult => ({
  kind: "failed",
  error: { code, message: "it broke" },
  retryable: true,
  retryAfterMs: null,
  ...more,
});

/** A person's word about a task, by its id or its number. */
export const control = (task: string | number, action: TaskAction, now = T0): SessionCommand => ({
  type: "ControlTask",
  task: typeof task === "string" ? { taskId: task } : { n: task },
  action,
  actor,
  ...clock(now),
});

export const retry: TaskAction = { kind: "retry" };
export const skip: TaskAction = { kind: "skip" };
export const complete = (output: Json): TaskAction => ({ kind: "complete", output });
export const fail = (message = "of no use"): TaskAction => ({ kind: "fail", error: { code: "given_up", message } });
export const approve = (by: string | null = "ada", comment: string | null = null): TaskAction => ({
  kind: "approve",
  by,
  comment,
});
export const reject = (by: string | null = "ada", comment: string | null = null): TaskAction => ({
  kind: "reject",
  by,
  comment,
});

export const pause = (now = T0, reason: string | null = null): SessionCommand => ({
  type: "PauseSession",
  reason,
  actor,
  ...clock(now),
});
export const resume = (now = T0): SessionCommand => ({ type: "ResumeSession", actor, ...clock(now) });

/** The same word under an Idempotency-Key; `request` tells it from others under that key. */
export const under = (key: string, command: SessionCommand, request = "r"): SessionCommand =>
  ({ ...command, key: { key, request } satisfies ControlKey }) as SessionCommand;

export const signal = (
  name: string,
  options: { readonly payload?: Json; readonly key?: string; readonly request?: string; readonly now?: number } = {},
): SessionCommand => ({
  type: "SignalSession",
  name,
  payload: options.payload ?? null,
  ...(options.key === undefined ? {} : { key: { key: options.key, request: options.request ?? "r" } }),
  actor,
  ...clock(options.now ?? T0),
});

/** The start of a session as the child of another. */
export const startBelow = (parent: ParentRef, now = T0): SessionCommand =>
  ({ ...start({ now }), parent }) as SessionCommand;

/** With facts that only some decisions ask for. */
export const knowing = (from: Given, more: Partial<Facts>): Given =>
  from.with({ more: { ...from.world.more, ...more } });

/** Another session, as far as those that hang together with it look at it. */
export const relative = (from: Given, patch: Partial<SessionState> & { readonly id: string }, output: Json = null) =>
  ({ state: { ...from.state, ...patch }, output }) satisfies Relative;

/** With what is found when a child or the parent is looked up; `null`: it is not there. */
export const withRelative = (from: Given, sessionId: string, found: Relative | null): Given =>
  knowing(from, { relatives: new Map(from.world.more?.relatives).set(sessionId, found) });

/** With the items of a map and all that was logged about it, as the store would load them. */
export const withMap = (from: Given, n: number): Given => {
  const items = new Map<string, Json>();
  for (const { seq, events } of from.world.log) {
    for (const event of events) {
      if (event.type !== "TaskEntered" || event.n !== n) continue;
      event.items?.forEach((item, index) => items.set(`${seq}.${n}.${index}`, item));
    }
  }
  return knowing(from, { items, span: { of: [n], events: historyOf(from.world) } });
};

/** The open task of that number, in the phase it is known to be in. */
export const openIn = <P extends OpenTask["phase"]>(from: Given, n: number, phase: P): OpenTask & { phase: P } => {
  const task = from.state.open.find((open) => open.n === n);
  if (task?.phase !== phase) throw new TypeError(`task ${n} is ${task?.phase ?? "not open"}, not ${phase}`);
  return task as OpenTask & { phase: P };
};
