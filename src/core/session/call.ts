import { backoffMs } from "../backoff.ts";
import { attemptIdOf } from "../ids.ts";
import { fractionOf } from "../random.ts";
import { routeFor, waitInQueue } from "./assign.ts";
import type { CallResult } from "./commands.ts";
import { HANDED_ON_MS, repeatLeaseMs } from "./deadlines.ts";
import { logIsFull, MAX_ROWS } from "./end-attempt.ts";
import { failTask } from "./fail-task.ts";
import { workOf } from "./facts.ts";
import { pickAgent } from "./route.ts";
import type { CallingTask, ChildTask, OpenTask } from "./state.ts";
import { emit, openTask, type Turn } from "./turn.ts";

/** Ends an attempt of a call or a child without success, then retries the task or fails it when nothing is left. */
export const failCall = (
  turn: Turn,
  task: OpenTask,
  attempt: number,
  failure: CallResult & { kind: "failed" },
): void => {
  const { retry } = workOf(turn.facts.graph, task);
  const { error } = failure;
  const attemptId = attemptIdOf(turn.state.id, task.n, attempt);
  const used = task.used + 1;
  const full = turn.seq >= MAX_ROWS;
  const final =
    full || !failure.retryable || used >= retry.maxAttempts || retry.nonRetryableErrors.includes(error.code);
  const delayMs = failure.retryAfterMs ?? backoffMs(retry, used, fractionOf(turn.seed, attemptId));
  const { taskId, n } = task;
  const retryAt = final ? null : turn.now + delayMs;
  emit(turn, { type: "CallFailed", taskId, n, attempt, attemptId, error, counts: true, retryAt });
  if (!final) return;
  if (full) return failTask(turn, n, logIsFull(error.message));
  const tries = used > 1 ? ` (attempt ${used} of ${retry.maxAttempts})` : "";
  failTask(turn, n, { code: error.code, message: `${error.message}${tries}` });
};

/**
 * Whose tool is to be invoked; its agent must be there, but may be at work. Without one the task waits in a queue, as one
 * for an agent does, until an agent is free or its time there is over; a call that is lost has ended then, uncounted.
 */
const toolOwner = (turn: Turn, task: OpenTask): string | null => {
  const route = routeFor(turn, task);
  const pick = pickAgent(route, task, turn.agents, turn.now);
  if (pick.agent !== null) return pick.agent.id;
  if (task.phase === "calling") {
    const { taskId, n, attempt } = task;
    const attemptId = attemptIdOf(turn.state.id, n, attempt);
    emit(turn, { type: "CallFailed", taskId, n, attempt, attemptId, error: pick.why, counts: false, retryAt: null });
  }
  waitInQueue(turn, task, route.queue, pick.why);
  return null;
};

/** Whether a call is left to the queue consumer, because it may outlast the invocation at hand. */
const isHandedOn = ({ callLimits }: Turn, runMs: number, why: Why): boolean =>
  callLimits !== null && why !== "begun" && runMs > (why === "first" ? callLimits.firstMs : callLimits.againMs);

/** A call is made again under its number so often, with longer and longer leases; then the attempt has failed. */
const MAX_REPEATS = 5;

/** How often the outcome of a task's call was lost, this time included. A consumer that never came has made no call. */
const repeatsOf = (task: OpenTask, why: Why): number => {
  if (why === "first" || task.phase !== "calling") return 0;
  return (task.repeats ?? 0) + (why === "lost" && task.handedOn !== true ? 1 : 0);
};

/** Why a call is requested: for the first time, because its outcome is lost, or by the consumer that makes it now. */
type Why = "first" | "lost" | "begun";

/** Asks for a call; a tool that nobody has is waited for, and that uses no attempt. */
const request = (turn: Turn, task: OpenTask, attempt: number, why: Why): void => {
  const { taskId, n } = task;
  const work = workOf(turn.facts.graph, task);
  const agentId = work.type === "tool" ? toolOwner(turn, task) : undefined;
  if (agentId === null) return;
  const repeats = repeatsOf(task, why);
  const handedOn = isHandedOn(turn, work.timeout.runMs, why);
  emit(turn, {
    type: "CallRequested",
    taskId,
    n,
    attempt,
    attemptId: attemptIdOf(turn.state.id, n, attempt),
    leaseUntil: turn.now + (handedOn ? HANDED_ON_MS : work.timeout.runMs + repeatLeaseMs(repeats)),
    again: why !== "first",
    ...(handedOn ? { handedOn } : {}),
    ...(repeats === 0 ? {} : { repeats }),
    ...(agentId === undefined ? {} : { agentId }),
  });
};

/** Requests the call of a ready task: the invocation that commits this makes it. Not while the session is paused. */
export const requestCall = (turn: Turn, n: number): void => {
  const task = openTask(turn, n)!; // callers have just seen it open
  request(turn, task, task.attempt + 1, "first");
};

/**
 * The invocation that made the call is gone, and with it the outcome: the same call again, under the same number. One that
 * is lost each time, because it takes its maker with it perhaps, fails its attempt in the end.
 */
export const repeatCall = (turn: Turn, task: CallingTask): void => {
  if (repeatsOf(task, "lost") <= MAX_REPEATS) return request(turn, task, task.attempt, "lost");
  const message = `the call was made ${MAX_REPEATS + 1} times, and whoever made it was gone before its outcome was known`;
  const error = { code: "call_lost", message };
  failCall(turn, task, task.attempt, { kind: "failed", error, retryable: true, retryAfterMs: null });
};

/**
 * The queue consumer takes the call that was left to it, and with it the lease. False: it is not, or no longer, to be
 * begun; another copy of the hint was faster, or the session is paused.
 */
export const beginCall = (turn: Turn, n: number, attempt: number): boolean => {
  const task = openTask(turn, n);
  if (task?.phase !== "calling" || task.attempt !== attempt || task.handedOn !== true) return false;
  if (turn.state.paused !== undefined) return false;
  request(turn, task, attempt, "begun");
  return true;
};

/** Takes the outcome of a call or a child session. */
export const endCall = (turn: Turn, task: CallingTask | ChildTask, result: CallResult): void => {
  const { taskId, n, attempt } = task;
  if (result.kind === "failed") return failCall(turn, task, attempt, result);
  const by = task.phase === "child" ? "child" : "call";
  emit(turn, { type: "TaskResolved", taskId, n, output: result.output, by, attempt });
};
