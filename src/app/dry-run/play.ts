import type { DispatchRequested, SessionEvent } from "../../core/session/events.ts";
import { evolve } from "../../core/session/evolve.ts";
import { workOf, type Relative } from "../../core/session/facts.ts";
import type { CallRequested, ChildRequested, TaskAwaited } from "../../core/session/flow-events.ts";
import type { Actor, OpenTask, TaskError } from "../../core/session/state.ts";
import type { Json } from "../../core/json.ts";
import type { Wish } from "../tries.ts";
import type { Mock, Mocks } from "./mocks.ts";
import type { VirtualSession } from "./virtual-session.ts";

/** Who does in a dry run what people and agents do in earnest. */
export const DRY_RUN: Actor = { kind: "system", id: "dry-run" };

/** Something that comes from outside at `at` (epoch ms). */
export interface Coming {
  readonly at: number;
  readonly wish: Wish;
  /** What a child session has come to by then. */
  readonly child?: { readonly sessionId: string; readonly relative: Relative };
}

/** What mocks make of what a commit asks for. */
export interface Cast {
  /** Tasks that had no mock and ended at once instead. */
  readonly defaulted: ReadonlySet<string>;
  /** Tasks whose mocks were of use. */
  readonly used: ReadonlySet<string>;
  /** Whether a person or a signal that a task (its `n`) waits for has no mock. */
  isUnmocked(n: number): boolean;
  /** What the events of the newest commit bring about, in their order. */
  play(events: readonly SessionEvent[], now: number): readonly Coming[];
}

type Asked = DispatchRequested | CallRequested | ChildRequested | TaskAwaited;

/** The task of which something is asked, unless a later event of the same commit put an end to it. */
const askedTask = (session: VirtualSession, event: Asked): OpenTask | null => {
  const task = session.state().open.find(({ n }) => n === event.n);
  return task === undefined || ("attempt" in event && task.attempt !== event.attempt) ? null : task;
};

/** Without a mock, work is done at once and has nothing to say. */
const atOnce: Mock = { kind: "output", afterMs: 0, output: undefined };

/** An answer without a body, so that expressions find what every answer has. */
const EMPTY_ANSWER: Json = { status: 200, headers: {}, body: null };

const playDispatch = (session: VirtualSession, event: DispatchRequested, mock: Mock, now: number): Coming | null => {
  const { n, attempt, attemptId } = event;
  if (mock.kind === "refused") {
    const message = "not delivered: the mock refuses it";
    const wish = { type: "EndDispatch", n, attempt, outcome: "refused", transport: null, message, retryAfterMs: null } as const; // prettier-ignore
    return { at: now, wish };
  }
  const answers = mock.kind === "output" || mock.kind === "error" ? mock : null;
  const at = now + (answers?.afterMs ?? 0);
  // It has begun; whoever answers in the end is heard of all the time until then.
  session.heard(attemptId, { workingAt: now, reported: true, progress: null, lastAt: at });
  if (answers === null) return null;
  const settle = { type: "SettleAttempt", n, attempt, from: null, via: "call", startedAt: null } as const;
  if (answers.kind === "output") {
    const output = answers.output === undefined ? {} : { output: answers.output };
    return { at, wish: { ...settle, result: { kind: "completed", ...output } } };
  }
  const { error, retryable, retryAfterMs } = answers;
  const more = { ...(retryable === undefined ? {} : { retryable }), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }; // prettier-ignore
  return { at, wish: { ...settle, result: { kind: "failed", error, ...more } } };
};

const playCall = (session: VirtualSession, task: OpenTask, event: CallRequested, mock: Mock, now: number): Coming => {
  const { n, attempt } = event;
  const { type, timeout } = workOf(session.facts().graph, task);
  const end = { type: "EndCall", n, attempt } as const;
  const isLate = "afterMs" in mock && mock.afterMs > timeout.runMs;
  if (isLate || (mock.kind !== "output" && mock.kind !== "error")) {
    const error = { code: "timeout", message: `the call gave no answer within ${timeout.runMs / 1_000} s` };
    const result = { kind: "failed", error, retryable: true, retryAfterMs: null } as const;
    return { at: now + timeout.runMs, wish: { ...end, result } };
  }
  const at = now + mock.afterMs;
  if (mock.kind === "output") {
    const output = mock.output ?? (mock.output === undefined && type === "http" ? EMPTY_ANSWER : null);
    return { at, wish: { ...end, result: { kind: "completed", output } } };
  }
  const { error, retryable = true, retryAfterMs = null } = mock;
  return { at, wish: { ...end, result: { kind: "failed", error, retryable, retryAfterMs } } };
};

/** A child session as its parent sees it; `undefined`: still at work. */
const childOf = (sessionId: string, at: number, end?: { readonly output: Json } | TaskError): Relative => {
  const definition = { workflowId: "", revision: 0, hash: "" };
  const started = { type: "SessionStarted", sessionId, definition, home: null, input: {}, actor: DRY_RUN } as const;
  const begun = evolve(null, started, { seq: 1, at });
  if (end === undefined) return { state: begun, output: null };
  const isDone = "output" in end;
  const event = isDone
    ? ({ type: "SessionCompleted" } as const)
    : ({ type: "SessionFailed", taskId: null, error: end } as const);
  return { state: evolve(begun, event, { seq: 2, at }), output: isDone ? end.output : null };
};

const playChild = (session: VirtualSession, { sessionId }: ChildRequested, mock: Mock, now: number): Coming | null => {
  session.relative(sessionId, childOf(sessionId, now));
  if (mock.kind !== "output" && mock.kind !== "error") return null;
  const at = now + mock.afterMs;
  const relative = childOf(sessionId, at, mock.kind === "output" ? { output: mock.output ?? null } : mock.error);
  return { at, wish: { type: "Tick" }, child: { sessionId, relative } };
};

const playPerson = ({ n, name }: TaskAwaited, mock: Mock, now: number): Coming | null => {
  switch (mock.kind) {
    case "signal": {
      const { payload } = mock;
      return { at: now + mock.afterMs, wish: { type: "SignalSession", name, payload, actor: DRY_RUN } };
    }
    case "approve":
    case "reject": {
      const { kind, by, comment } = mock;
      const wish = { type: "ControlTask", task: { n }, action: { kind, by, comment }, actor: DRY_RUN } as const;
      return { at: now + mock.afterMs, wish };
    }
    default:
      return null;
  }
};

/** Those who play in a dry run, by the mocks of the request. */
export const castFor = (session: VirtualSession, mocks: Mocks): Cast => {
  const defaulted = new Set<string>();
  const used = new Set<string>();
  const unmocked = new Set<number>();

  const mockFor = (task: OpenTask): Mock | null => {
    const { taskId, item, attempt } = task;
    const mock = mocks.of(taskId, item?.index ?? null, Math.max(1, attempt));
    if (mock !== null) used.add(taskId);
    return mock;
  };

  const playOne = (event: SessionEvent, now: number): Coming | null => {
    switch (event.type) {
      case "DispatchRequested":
      case "CallRequested":
      case "ChildRequested":
      case "TaskAwaited": {
        const task = askedTask(session, event);
        if (task === null) return null;
        const mock = mockFor(task);
        if (event.type === "TaskAwaited") {
          if (mock === null) unmocked.add(event.n);
          return mock === null ? null : playPerson(event, mock, now);
        }
        if (mock === null) defaulted.add(event.taskId);
        if (event.type === "DispatchRequested") return playDispatch(session, event, mock ?? atOnce, now);
        if (event.type === "CallRequested") return playCall(session, task, event, mock ?? atOnce, now);
        return playChild(session, event, mock ?? atOnce, now);
      }
      default:
        return null;
    }
  };

  return {
    defaulted,
    used,
    isUnmocked: (n) => unmocked.has(n),
    play: (events, now) => events.flatMap((event) => playOne(event, now) ?? []),
  };
};
