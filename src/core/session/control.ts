import { decideApproval, takeSignal } from "./await.ts";
import { attempt } from "./begin-work.ts";
import type { ControlTask, PauseSession, ResumeSession, SignalSession, TaskAction } from "./commands.ts";
import { endedTask } from "./facts.ts";
import { cancelTasks, failTask, takeBack } from "./fail-task.ts";
import { proceed } from "./proceed.ts";
import { MAX_SIGNALS } from "./signals.ts";
import type { Actor, OpenTask, TaskError } from "./state.ts";
import { tick } from "./tick.ts";
import { emit, openTask, type Turn } from "./turn.ts";

/** What a person is answered. `refused`: the rules say no, and why. */
export type ControlAnswer =
  | { readonly kind: "done" }
  | { readonly kind: "unchanged" }
  /** The very same word was taken before, under the same key: what was answered then. */
  | { readonly kind: "answered"; readonly status: string; readonly already: boolean }
  | { readonly kind: "key_reused" }
  | { readonly kind: "ended"; readonly status: string }
  | { readonly kind: "no_task" }
  | { readonly kind: "refused"; readonly message: string };

const done: ControlAnswer = { kind: "done" };
const unchanged: ControlAnswer = { kind: "unchanged" };
const refused = (message: string): ControlAnswer => ({ kind: "refused", message });

/** How a task stands after each action: saying so again changes nothing. */
const ENDS = {
  retry: null,
  skip: "skipped",
  complete: "completed",
  fail: "failed",
  approve: "completed",
  reject: "failed",
} as const;

/** How a task or session that has ended is spoken of: it has … */
export const WORDS = {
  completed: "completed",
  failed: "failed",
  cancelled: "been cancelled",
  skipped: "been skipped",
} as const;

/** Takes whatever is under way for a task out of the way of a person's word. */
const clear = (turn: Turn, task: OpenTask, error: TaskError): void => {
  if (task.phase === "dispatched") return takeBack(turn, task, "superseded", error);
  if (task.phase !== "mapping") return;
  cancelTasks(
    turn,
    turn.state.open.filter(({ item }) => item?.of === task.n),
    error,
  );
};

const retryNow = (turn: Turn, task: OpenTask, actor: Actor, error: TaskError): ControlAnswer => {
  const { phase, taskId, n } = task;
  if (phase === "awaiting" || phase === "sleeping" || phase === "mapping") {
    return refused(`"${taskId}" has no attempts: it can be completed, failed or skipped.`);
  }
  if (turn.state.paused !== undefined) return refused("The session is paused; resume it first.");
  clear(turn, task, error);
  emit(turn, { type: "TaskHurried", taskId, n, actor });
  attempt(turn, n);
  return done;
};

const act = (turn: Turn, task: OpenTask, action: TaskAction, actor: Actor): ControlAnswer => {
  const { taskId, n } = task;
  const error = { code: "operator", message: `an operator decided about "${taskId}"` };
  switch (action.kind) {
    case "retry":
      return retryNow(turn, task, actor, error);
    case "skip":
      clear(turn, task, error);
      emit(turn, { type: "TaskSkipped", taskId, n, reason: "operator", actor });
      return done;
    case "complete":
      clear(turn, task, error);
      emit(turn, { type: "TaskResolved", taskId, n, output: action.output, by: "operator", actor });
      return done;
    case "fail":
      clear(turn, task, error);
      failTask(turn, n, action.error, actor);
      return done;
    case "approve":
    case "reject":
      if (task.phase !== "awaiting" || task.what !== "approval") return refused(`"${taskId}" is no approval.`);
      decideApproval(turn, task, action.kind === "approve", { ...action, actor });
      return done;
  }
};

/** A person decides about one task. The same word again changes nothing; one that comes too late is refused. */
export const controlTask = (turn: Turn, command: ControlTask): ControlAnswer => {
  const { task: name, action, actor } = command;
  const { state } = turn;
  const open =
    "n" in name
      ? openTask(turn, name.n)
      : state.open.find(({ taskId, item }) => taskId === name.taskId && item === undefined);
  if (open !== undefined) return act(turn, open, action, actor);
  const ended = "n" in name ? Object.values(state.ended).find(({ n }) => n === name.n) : endedTask(state, name.taskId);
  // What a fallback came to is not what became of the task itself.
  const status = ended?.by === undefined ? ended?.status : "failed";
  if (status !== undefined && status === ENDS[action.kind]) return unchanged;
  if (state.status !== "open") return { kind: "ended", status: state.status };
  if (status !== undefined) return refused(`The task has already ${WORDS[status]}.`);
  if ("n" in name && name.n <= state.tasks) return refused("The task has already ended.");
  if (!("n" in name) && turn.facts.graph.tasks.has(name.taskId)) {
    return refused(`"${name.taskId}" has not begun.`);
  }
  return { kind: "no_task" };
};

/** Stands still: attempts in flight may end, nothing new begins, deadlines wait. */
export const pause = (turn: Turn, { reason, actor }: PauseSession): ControlAnswer => {
  const { status, paused } = turn.state;
  if (status !== "open") return { kind: "ended", status };
  if (paused !== undefined) return unchanged;
  emit(turn, { type: "SessionPaused", reason, actor });
  return done;
};

/** Goes on, and does at once what became due meanwhile. */
export const resume = (turn: Turn, { actor }: ResumeSession): ControlAnswer => {
  const { status, paused } = turn.state;
  if (status !== "open") return { kind: "ended", status };
  if (paused === undefined) return unchanged;
  emit(turn, { type: "SessionResumed", actor });
  tick(turn);
  return done;
};

/** Hands a signal to the task that waits for it, or keeps it for the one that will. */
export const signal = (turn: Turn, { name, payload, key, actor }: SignalSession): ControlAnswer => {
  const { state } = turn;
  if (key !== undefined && state.signalKeys?.includes(key.key) === true) return unchanged;
  if (state.status !== "open") return { kind: "ended", status: state.status };
  const waiting = state.open.find((task) => task.phase === "awaiting" && task.what === "signal" && task.name === name);
  if (waiting === undefined && Object.values(state.signals ?? {}).flat().length >= MAX_SIGNALS) {
    return refused(`The session already keeps ${MAX_SIGNALS} signals that nothing has waited for.`);
  }
  emit(turn, { type: "SignalReceived", name, payload, key: key?.key ?? null, actor });
  if (waiting !== undefined) takeSignal(turn, waiting.taskId, waiting.n, name);
  proceed(turn);
  return done;
};
