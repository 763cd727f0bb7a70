import { withCarried } from "./carried.ts";
import type { SessionEvent } from "./events.ts";
import { end, entered, inPhase } from "./evolve-open.ts";
import { withAnswer } from "./answered.ts";
import { stoodFor, thaw } from "./pause.ts";
import { withoutSignal, withSignal } from "./signals.ts";
import type { EndedTask, SessionState, TaskError } from "./state.ts";

/** Where an event stands: the log row it is in and that row's time (epoch ms). */
export interface EventPlace {
  readonly seq: number;
  readonly at: number;
}

/** A compensation that has begun is not left to begin. */
const begun = (state: SessionState, taskId: string): SessionState => {
  const { failing } = state;
  if (failing?.left[0] !== taskId) return state;
  return { ...state, failing: { ...failing, left: failing.left.slice(1) } };
};

/** At most so many characters (code points, so that none is cut in two) of a text. */
const cut = (text: string, most: number): string => {
  const characters = Array.from(text.slice(0, 2 * (most + 1)));
  return characters.length <= most ? text : `${characters.slice(0, most).join("")}…`;
};

/** What the head keeps of an error. The head is control state: agents may write pages, which stay in the log. */
const brief = ({ code, message }: TaskError, most = 200): TaskError => ({
  code: cut(code, 128),
  message: cut(message, most),
});

/** How a task ended stays; this adds what was decided because of it. */
const amend = (state: SessionState, taskId: string, change: (ended: EndedTask) => EndedTask): SessionState => {
  const ended = state.ended[taskId];
  return ended === undefined ? state : { ...state, ended: { ...state.ended, [taskId]: change(ended) } };
};

const apply = (state: SessionState, event: SessionEvent, place: EventPlace): SessionState => {
  switch (event.type) {
    case "SessionStarted":
    case "SessionWarned":
    case "LateResultRecorded":
      return state;
    case "TaskEntered": {
      const next = begun(state, event.taskId);
      const open = next.open.map((task) =>
        task.n === event.of && task.phase === "mapping" ? { ...task, next: task.next + 1 } : task,
      );
      return { ...next, tasks: event.n, open: [...open, entered(event, place, stoodFor(state, place.at))] };
    }
    case "TaskWaited":
      return inPhase(state, event.n, () => ({
        phase: "waiting",
        queue: event.queue,
        since: place.at,
        why: { code: event.why.code, message: brief(event.why).message },
      }));
    case "DispatchRequested":
      return inPhase({ ...state, dispatched: true }, event.n, () => ({
        phase: "dispatched",
        attempt: event.attempt,
        agentId: event.agentId,
        sentAt: place.at,
        leaseUntil: event.leaseUntil,
      }));
    case "AttemptEnded":
      return inPhase(state, event.n, (task) => ({
        phase: "backoff",
        retryAt: (event.retryAt ?? place.at) - stoodFor(state, place.at),
        used: task.used + (event.counts ? 1 : 0),
        refusals: event.outcome === "refused" ? task.refusals + 1 : 0,
        rejectedBy:
          event.outcome === "rejected" && !task.rejectedBy.includes(event.agentId)
            ? [...task.rejectedBy, event.agentId]
            : task.rejectedBy,
        last: brief(event.error),
      }));
    case "TaskCompleted":
      return end(state, event, { n: event.n, status: "completed", seq: place.seq });
    case "TaskFailed": {
      const pending = event.instead === "fallback" ? { pending: true as const } : {};
      return end(state, event, { n: event.n, status: "failed", seq: place.seq, ...pending });
    }
    case "TaskResolved": {
      const next = event.signal === undefined ? state : withoutSignal(state, event.signal);
      return end(next, event, { n: event.n, status: "completed", seq: place.seq });
    }
    case "SignalReceived":
      return withSignal(state, event, place.seq);
    case "TaskAwaited":
      return inPhase(state, event.n, () => ({
        phase: "awaiting",
        what: event.what,
        name: event.name,
        until: event.until === null ? null : event.until - stoodFor(state, place.at),
      }));
    case "CallRequested":
      return inPhase({ ...state, dispatched: true }, event.n, () => ({
        phase: "calling",
        attempt: event.attempt,
        sentAt: place.at,
        leaseUntil: event.leaseUntil,
        ...(event.handedOn === undefined ? {} : { handedOn: event.handedOn }),
        ...(event.repeats === undefined ? {} : { repeats: event.repeats }),
      }));
    case "ChildRequested":
      return inPhase({ ...state, dispatched: true }, event.n, () => ({
        phase: "child",
        attempt: event.attempt,
        sessionId: event.sessionId,
        leaseUntil: event.leaseUntil,
        ...(event.repeats === undefined ? {} : { repeats: event.repeats }),
      }));
    case "CallFailed":
      return inPhase(state, event.n, (task) => ({
        phase: "backoff",
        retryAt: (event.retryAt ?? place.at) - stoodFor(state, place.at),
        used: task.used + (event.counts ? 1 : 0),
        refusals: event.counts ? 0 : task.refusals + 1,
        last: brief(event.error),
      }));
    case "TaskSkipped": {
      const dead = event.reason === "not_reached" ? { dead: true as const } : {};
      const counted = { ...begun(state, event.taskId), tasks: Math.max(state.tasks, event.n) };
      return end(counted, event, { n: event.n, status: "skipped", seq: place.seq, ...dead });
    }
    case "TaskSlept":
      return inPhase(state, event.n, () => ({
        phase: "sleeping",
        until: event.fixed ? event.until : event.until - stoodFor(state, place.at),
        fixed: event.fixed,
      }));
    case "TaskHurried":
      return inPhase(state, event.n, () => ({
        phase: "backoff",
        retryAt: place.at - stoodFor(state, place.at),
      }));
    case "ChoiceMade":
      return amend(state, event.taskId, (ended) => ({ ...ended, chose: event.chose }));
    case "FallbackEnded": {
      const by = Object.hasOwn(state.ended, event.by) ? state.ended[event.by] : undefined;
      return amend(state, event.taskId, ({ pending: _, ...ended }) =>
        event.status === "completed"
          ? { ...ended, status: "completed", seq: by?.seq ?? ended.seq, by: by?.by ?? event.by }
          : ended,
      );
    }
    case "CompensationStarted":
      return { ...state, failing: { taskId: event.taskId, error: brief(event.error, 1_000), left: event.tasks } };
    case "SessionPaused":
      return { ...state, paused: { at: place.at, reason: event.reason } };
    case "SessionResumed":
      return thaw(state, place.at);
    case "DeadlineMoved":
      return { ...state, deadlineAt: event.until };
    case "TasksCarried":
      return withCarried(state, event.tasks);
    case "ControlAnswered":
      return withAnswer(state, event);
    case "TaskCancelled":
      return end(state, event, { n: event.n, status: "cancelled", seq: place.seq });
    case "SessionCompleted":
      return { ...state, status: "completed", endedAt: place.at };
    case "SessionFailed":
      return { ...state, status: "failed", endedAt: place.at, reason: brief(event.error, 1_000) };
    case "SessionCancelled":
      return {
        ...state,
        status: "cancelled",
        endedAt: place.at,
        reason: { code: "cancelled", message: cut(event.reason ?? "cancelled", 1_000) },
      };
  }
};

/**
 * The state after one event. Pure and total: folding a session's log from `null` gives its head, whatever
 * the version of the code that wrote the log. The first event must be `SessionStarted`.
 */
export const evolve = (state: SessionState | null, event: SessionEvent, place: EventPlace): SessionState => {
  if (state !== null) return { ...apply(state, event, place), updatedAt: place.at };
  if (event.type !== "SessionStarted")
    throw new TypeError(`a session's log starts with SessionStarted, not ${event.type}`);
  return {
    v: 1,
    id: event.sessionId,
    definition: event.definition,
    home: event.home,
    status: "open",
    startedAt: place.at,
    updatedAt: place.at,
    endedAt: null,
    reason: null,
    tasks: 0,
    open: [],
    ended: {},
    dispatched: false,
    ...(event.timeoutMs === undefined ? {} : { deadlineAt: place.at + event.timeoutMs }),
    ...(event.parent === undefined ? {} : { parent: event.parent }),
    ...(event.rerunOf === undefined
      ? {}
      : { rerunOf: { sessionId: event.rerunOf.sessionId, fromTaskId: event.rerunOf.fromTaskId } }),
  };
};
