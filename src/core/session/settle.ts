import { attemptIdOf } from "../ids.ts";
import type { Json } from "../json.ts";
import { canonical } from "../workflow/canonical.ts";
import type { SettleAttempt } from "./commands.ts";
import { endAttempt } from "./end-attempt.ts";
import type {
  AttemptEnded,
  DispatchRequested,
  LateResultRecorded,
  Result,
  SessionEvent,
  TaskCompleted,
  Transport,
} from "./events.ts";
import { traceOf } from "./fail-task.ts";
import type { DispatchedTask } from "./state.ts";
import { emit, type Turn } from "./turn.ts";

/** At most this many late results of one task are kept; more are in the agents' reports only. */
const MAX_LATE = 10;

/** What a settle command is answered; `stale`: kept as late, nothing else changed. */
export type SettleAnswer =
  | { readonly kind: "settled"; readonly attempt: number; readonly status: "completed" | "failed" }
  /** The very same result was taken before. */
  | { readonly kind: "repeated"; readonly attempt: number; readonly status: "completed" | "failed" }
  | {
      readonly kind: "stale";
      readonly reason: "stale_attempt" | "other_agent" | "result_conflict";
      readonly message: string;
    }
  | { readonly kind: "unknown" }
  /** The caller may not speak for the agent whose attempt it is; nothing is kept. */
  | { readonly kind: "not_yours"; readonly agentId: string }
  /** Decide again with the task's history in the facts. */
  | { readonly kind: "needs_history" };

const complete = (
  turn: Turn,
  task: DispatchedTask,
  command: SettleAttempt,
  output: Result & { kind: "completed" },
): void => {
  const attemptId = attemptIdOf(turn.state.id, task.n, task.attempt);
  const answer = turn.facts.agents.get(task.agentId)?.tasks[attemptId]?.answer;
  const from = output.output !== undefined ? "report" : answer !== undefined && answer !== null ? "answer" : "none";
  emit(turn, {
    type: "TaskCompleted",
    taskId: task.taskId,
    n: task.n,
    attempt: task.attempt,
    attemptId,
    agentId: task.agentId,
    // A null that it brings is an output; only where it brings none does the answer stand in.
    output: output.output === undefined ? (answer ?? null) : output.output,
    outputFrom: from,
    via: command.via,
    trace: traceOf(turn, task, command.startedAt),
    ...(command.usage === undefined ? {} : { usage: command.usage }),
  });
};

/** Whether an ended attempt was settled by the agent with this very result. */
const sameResult = (event: AttemptEnded | TaskCompleted, result: Result): boolean => {
  if (event.type === "TaskCompleted") {
    if (result.kind !== "completed") return false;
    return result.output === undefined
      ? event.outputFrom !== "report"
      : event.outputFrom === "report" && canonical(event.output) === canonical(result.output);
  }
  return (
    result.kind === "failed" && result.error.code === event.error.code && result.error.message === event.error.message
  );
};

const ofAttempt = (event: SessionEvent, attemptId: string): event is AttemptEnded | TaskCompleted =>
  (event.type === "AttemptEnded" || event.type === "TaskCompleted") && event.attemptId === attemptId;

/** `transport` is known only once the attempt has ended, so it makes no difference between two late results. */
const textOf = (late: LateResultRecorded): string => canonical({ ...late, transport: null } as unknown as Json);

const keepLate = (turn: Turn, late: LateResultRecorded, history: readonly SessionEvent[]): void => {
  const kept = history.filter((event) => event.type === "LateResultRecorded" && event.n === late.n);
  const equal = kept.some((event) => textOf(event as LateResultRecorded) === textOf(late));
  if (!equal && kept.length < MAX_LATE) emit(turn, late);
};

/** Whether the caller may speak for an agent. */
const speaksFor = ({ only }: SettleAttempt, agentId: string): boolean => only === undefined || only.includes(agentId);

/** An agent's word on an attempt: settles the open one, or is kept as late without changing anything. */
export const settle = (turn: Turn, command: SettleAttempt): SettleAnswer => {
  const { result } = command;
  const task = turn.state.open.find((open) => open.n === command.n);
  const attempt = command.attempt ?? task?.attempt ?? null;
  const open = task?.phase === "dispatched" && task.attempt === attempt ? task : null;
  if (open !== null && !speaksFor(command, open.agentId)) return { kind: "not_yours", agentId: open.agentId };
  if (open !== null && (command.from === null || command.from === open.agentId)) {
    if (result.kind === "completed") {
      complete(turn, open, command, result);
      return { kind: "settled", attempt: open.attempt, status: "completed" };
    }
    endAttempt(turn, open, {
      outcome: "failed",
      error: result.error,
      counts: true,
      final: result.retryable === false,
      retryAfterMs: result.retryAfterMs ?? null,
      startedAt: command.startedAt,
      via: command.via,
      ...(command.usage === undefined ? {} : { usage: command.usage }),
    });
    return { kind: "settled", attempt: open.attempt, status: "failed" };
  }
  const { history } = turn.facts;
  if (history === null) return { kind: "needs_history" };
  const dispatch = history.findLast(
    (event): event is DispatchRequested =>
      event.type === "DispatchRequested" && event.n === command.n && (attempt === null || event.attempt === attempt),
  );
  if (dispatch === undefined) return { kind: "unknown" };
  const { attemptId } = dispatch;
  if (!speaksFor(command, dispatch.agentId)) return { kind: "not_yours", agentId: dispatch.agentId };
  const stale = (reason: LateResultRecorded["reason"], transport: Transport | null, message: string): SettleAnswer => {
    const { taskId, n, agentId } = dispatch;
    const late = { taskId, n, attempt: dispatch.attempt, attemptId, agentId, reason, from: command.from, result };
    keepLate(turn, { type: "LateResultRecorded", ...late, transport }, history);
    return { kind: "stale", reason, message };
  };
  const ended = history.findLast((event) => ofAttempt(event, attemptId));
  // An attempt that has not ended is in flight, so it is somebody else who speaks of it.
  if (ended === undefined || (command.from !== null && command.from !== dispatch.agentId)) {
    return stale("other_agent", ended?.trace.transport ?? null, `Attempt ${attemptId} belongs to another agent.`);
  }
  const how = ended.type === "TaskCompleted" ? "completed" : ended.outcome;
  const { transport } = ended.trace;
  if (ended.via === undefined) {
    const message = `Attempt ${attemptId} has ended (${how}); the result is kept as late and changes nothing.`;
    return stale("stale_attempt", transport, message);
  }
  if (sameResult(ended, result)) {
    const status = ended.type === "TaskCompleted" ? "completed" : "failed";
    return { kind: "repeated", attempt: dispatch.attempt, status };
  }
  const message = `Attempt ${attemptId} was already settled as ${how} with another result.`;
  return stale("result_conflict", transport, message);
};
