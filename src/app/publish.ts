import type { Decision } from "../core/session/decide.ts";
import type { JsonObject } from "../core/json.ts";
import { parametersOf, workOf, type Facts } from "../core/session/facts.ts";
import type { OpenTask } from "../core/session/state.ts";
import type { DispatchRequested } from "../core/session/events.ts";
import type { CallRequested, ChildRequested } from "../core/session/flow-events.ts";
import type { Deps } from "./deps.ts";
import type { Hint } from "./ports.ts";
import { makeCall, startChild, type EndCallOf, type StartOf } from "./make-call.ts";
import { sendTask, type EndDispatch } from "./send-task.ts";

/** An error in words for the log; driver texts stay in `cause`, which is not logged. */
export const describeFailure = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Runs after the answer; a failure is logged and found again by the sweep. */
export const inBackground = (deps: Deps, what: string, work: () => Promise<void>): void => {
  deps.defer.defer(async () => {
    try {
      await work();
    } catch (error) {
      deps.log.log("warn", `${what} failed; the sweep will take it up`, {
        error: describeFailure(error),
      });
    }
  });
};

/** The engine's own ways on, handed in: what follows a commit may advance sessions again. */
export interface Onward {
  readonly wake: (sessionIds: readonly string[]) => void;
  readonly endDispatch: EndDispatch;
  readonly endCall: EndCallOf;
  readonly start: StartOf;
}

/** The rendered parameters of a task that is about to be worked on. */
const parametersIn = (decision: Decision, facts: Facts, n: number, paramsSeq: number): JsonObject | undefined => {
  const entered = decision.events.find((event) => event.type === "TaskEntered" && event.n === n);
  return entered?.type === "TaskEntered" ? entered.parameters : parametersOf(facts, paramsSeq, n);
};

const lacksData = (deps: Deps, attempt: string): void =>
  deps.log.log("error", "a requested dispatch lacks its data", { attempt });

/**
 * What it takes to carry out a request of a decision. `null`: another event of the same decision put an end to it, for
 * example because another task failed the session, and there is nothing to do.
 */
const orderOf = (
  decision: Decision,
  facts: Facts,
  event: DispatchRequested | CallRequested | ChildRequested,
  phase: OpenTask["phase"],
) => {
  const { state } = decision;
  const open = state.open.find((task) => task.n === event.n);
  if (open?.phase !== phase || open.attempt !== event.attempt) return null;
  return { state, work: workOf(facts.graph, open), parameters: parametersIn(decision, facts, event.n, open.paramsSeq) };
};

const dispatch = (deps: Deps, onward: Onward, decision: Decision, facts: Facts, event: DispatchRequested): void => {
  const order = orderOf(decision, facts, event, "dispatched");
  if (order === null) return;
  const { state, work: task, parameters } = order;
  const agent = decision.agents.get(event.agentId);
  if (parameters === undefined || agent === undefined) return lacksData(deps, event.attemptId);
  inBackground(deps, "dispatch", () => sendTask(deps, { state, event, task, agent, parameters }, onward.endDispatch));
};

const call = (deps: Deps, onward: Onward, decision: Decision, facts: Facts, event: CallRequested): void => {
  const order = event.handedOn === true ? null : orderOf(decision, facts, event, "calling");
  if (order === null) return;
  const { state, work, parameters } = order;
  if (parameters === undefined) return lacksData(deps, event.attemptId);
  inBackground(deps, "call", () => makeCall(deps, { state, event, work, parameters }, onward.endCall));
};

const child = (deps: Deps, onward: Onward, decision: Decision, facts: Facts, event: ChildRequested): void => {
  const order = orderOf(decision, facts, event, "child");
  if (order === null) return;
  const { state, work, parameters } = order;
  if (parameters === undefined) return lacksData(deps, event.attemptId);
  inBackground(deps, "child", () => startChild({ state, event, work, parameters }, onward.start, onward.endCall));
};

/**
 * What follows a commit: its dispatches start at once, sessions that can go on are woken, the timer is
 * announced. All of it is repeatable and none of it is needed: the sweep finds what is left undone.
 */
export const publish = (
  deps: Deps,
  onward: Onward,
  decision: Decision,
  facts: Facts,
  wake: readonly string[],
  dueAt: number | null | undefined,
): void => {
  for (const event of decision.events) {
    if (event.type === "DispatchRequested") dispatch(deps, onward, decision, facts, event);
    if (event.type === "CallRequested") call(deps, onward, decision, facts, event);
    if (event.type === "ChildRequested") child(deps, onward, decision, facts, event);
  }
  onward.wake(wake);
  const hints = [...hintsOf(decision, dueAt), ...handedOn(decision)];
  if (hints.length > 0) inBackground(deps, "hint", () => deps.hints.send(hints));
};

/** The calls that this decision leaves to whoever takes the hint. */
const handedOn = ({ state, events }: Decision): readonly Hint[] =>
  state.open.flatMap((task): readonly Hint[] =>
    task.phase === "calling" &&
    task.handedOn === true &&
    events.some((event) => event.type === "CallRequested" && event.n === task.n)
      ? [{ sessionId: state.id, at: state.updatedAt, kind: "call", n: task.n, attempt: task.attempt }]
      : [],
  );

/** Each retry is announced, also where an earlier timer stands: that one may be void by then, and nobody comes again. */
const hintsOf = ({ state, events }: Decision, dueAt: number | null | undefined): readonly Hint[] => {
  const waits = new Set(state.open.flatMap((task) => (task.phase === "backoff" ? [task.retryAt] : [])));
  const ended = events.flatMap((event) =>
    (event.type === "AttemptEnded" || event.type === "CallFailed") && event.retryAt !== null ? [event.retryAt] : [],
  );
  const retries = new Set(ended.filter((at) => waits.has(at)));
  const deadlines = typeof dueAt !== "number" || retries.has(dueAt) ? [] : [dueAt];
  return [
    ...[...retries].map((at): Hint => ({ sessionId: state.id, at, kind: "retry" })),
    ...deadlines.map((at): Hint => ({ sessionId: state.id, at, kind: "deadline" })),
  ];
};
