import { traceparentOf } from "../../src/app/send-task.ts";
import { attemptIdOf, taskIdOf } from "../../src/core/ids.ts";
import type { SessionEvent } from "../../src/core/session/events.ts";
import type { Actor, OpenTask, SessionState } from "../../src/core/session/state.ts";

/** A call that a session has asked for, and how often. */
export interface AskedCall {
  readonly taskId: string;
  times: number;
}

/** What the predicates over calls, children, signals and people know of the world outside the database. */
export interface FlowWitness {
  /** Whether the call that went out under this mark was received by anybody. */
  readonly served?: (mark: string) => boolean;
  /** Whether somebody has said this of a session; `word`: the mark that such words bear, where they bear one. */
  readonly said?: (sessionId: string, verb: string, word: string | null) => boolean;
  /** How far clocks may be apart (ms). */
  readonly skewMs: number;
}

export interface FlowChecks {
  /** By the marks under which they go out: the attempt, or its trace. */
  readonly calls: ReadonlyMap<string, AskedCall>;
  /** Signals that nobody has taken, by their log row. */
  readonly kept: (sessionId: string) => ReadonlyMap<number, string>;
  step(place: Place, event: SessionEvent): void;
}

export interface Place {
  readonly id: string;
  readonly before: SessionState;
  readonly open: OpenTask | undefined;
  readonly at: number;
  readonly seq: number;
}

const wordIn = (value: unknown): string | null => {
  const word = (value as { word?: unknown } | null)?.word;
  return typeof word === "string" ? word : null;
};

const isPerson = (actor: Actor | undefined): boolean => actor?.kind === "key";

/** Predicates over the events that no agent has a part in. `stateOf`: another session as its log says so far. */
export const createFlowChecks = (
  witness: FlowWitness,
  stateOf: (sessionId: string) => SessionState | null,
  fail: (promise: string, message: string) => void,
): FlowChecks => {
  const calls = new Map<string, AskedCall>();
  const children = new Set<string>();
  const outputs = new Map<string, string>();
  const items = new Set<string>();
  const signals = new Map<string, Map<number, string>>();
  const keys = new Set<string>();
  const late = 2 * witness.skewMs;

  const said = ({ id }: Place, verb: string, word: string | null = null): void => {
    if (witness.said?.(id, verb, word) === false) fail("P6", `${id}: ${verb} ${word ?? ""}, which nobody has said`);
  };

  const resolved = (place: Place, event: SessionEvent & { type: "TaskResolved" }): void => {
    const { id, open, at } = place;
    const where = `${id}: task ${event.n} resolved by ${event.by}`;
    switch (event.by) {
      case "timer":
        if (open?.phase !== "sleeping" || at < open.until - late) fail("P6", `${where} before its time`);
        return;
      case "timeout":
        if (open?.phase !== "awaiting" || at < (open.until ?? Infinity) - late) fail("P6", `${where} before its time`);
        return;
      case "map":
        if (open?.phase !== "mapping" || open.done !== open.count) fail("P6", `${where} before its items`);
        return;
      case "call": {
        if (open?.phase !== "calling" || open.attempt !== event.attempt) fail("P5", `${where}, not in flight`);
        const attemptId = attemptIdOf(id, event.n, event.attempt ?? 0);
        const marks = [attemptId, traceparentOf(id, attemptId)];
        if (!marks.some((mark) => witness.served?.(mark) ?? true)) fail("P6", `${where}, but nobody was called`);
        const body = (event.output as { body?: unknown } | null)?.body ?? event.output;
        const done = (body as { done?: unknown } | null)?.done;
        if (done !== undefined && done !== taskIdOf(id, event.n))
          fail("P5", `${where} with the answer for ${String(done)}`);
        return;
      }
      case "child": {
        if (open?.phase !== "child" || open.attempt !== event.attempt) return fail("P5", `${where}, not in flight`);
        const child = stateOf(open.sessionId);
        if (child?.status !== "completed")
          fail("P6", `${where}, but ${open.sessionId} is ${child?.status ?? "nowhere"}`);
        const output = outputs.get(open.sessionId);
        if (output !== JSON.stringify(event.output))
          fail("P6", `${where} with ${JSON.stringify(event.output)}, not ${output}`);
        return;
      }
      case "signal": {
        const { name = "", seq = 0 } = event.signal ?? {};
        if (signals.get(id)?.get(seq) !== name) fail("P6", `${where} of a signal that there is not, or was taken`);
        const oldest = [...(signals.get(id) ?? [])].find(([, one]) => one === name)?.[0];
        if (oldest !== seq) fail("P6", `${where} of ${seq}, but ${oldest} came before`);
        signals.get(id)?.delete(seq);
        return;
      }
      case "approval":
        if (open?.phase !== "awaiting") fail("P6", `${where}, which nobody was asked for`);
        return said(place, "approve", String((event.output as { by?: unknown } | null)?.by));
      case "operator":
        return said(place, "complete", wordIn(event.output));
    }
  };

  const called = (place: Place, event: SessionEvent & { type: "CallRequested" }): void => {
    const { id, open, at } = place;
    const where = `${id}: call ${event.attemptId}`;
    if (event.again !== (open?.phase === "calling")) fail("P5", `${where} while the task is ${open?.phase ?? "gone"}`);
    if (event.attempt !== (open?.attempt ?? 0) + (event.again ? 0 : 1)) fail("P5", `${where} follows ${open?.attempt}`);
    // One that was left to the queue is begun by whoever takes the hint; nobody else has it in hand.
    const isBegun = open?.phase === "calling" && open.handedOn === true && event.handedOn !== true;
    if (open?.phase === "calling" && !isBegun && at < open.leaseUntil - late)
      fail("P5", `${where} again within its lease`);
    if (open?.phase === "backoff" && at < open.retryAt - late) fail("P5", `${where} before its retry is due`);
    if (event.handedOn === true) return;
    for (const mark of [event.attemptId, traceparentOf(id, event.attemptId)]) {
      const known = calls.get(mark);
      if (known === undefined) calls.set(mark, { taskId: taskIdOf(id, event.n), times: 1 });
      else known.times += 1;
    }
  };

  const born = (place: Place, event: SessionEvent & { type: "ChildRequested" }): void => {
    const { id, open } = place;
    const where = `${id}: child ${event.sessionId} of ${event.attemptId}`;
    if (event.again) {
      if (open?.phase !== "child" || open.sessionId !== event.sessionId) fail("P5", `${where} again, but not known`);
      return;
    }
    if (open?.phase === "child" || children.has(event.sessionId)) fail("P5", `${where} is not the only one`);
    if (event.attempt !== (open?.attempt ?? 0) + 1) fail("P5", `${where} follows ${open?.attempt}`);
    children.add(event.sessionId);
  };

  const callFailed = (place: Place, event: SessionEvent & { type: "CallFailed" }): void => {
    const { id, open } = place;
    const where = `${id}: ${event.attemptId} failed of ${event.error.code}`;
    const inFlight = (open?.phase === "calling" || open?.phase === "child") && open.attempt === event.attempt;
    if (!inFlight) fail("P5", `${where}, not in flight`);
    if (open?.phase !== "child") return;
    const child = stateOf(open.sessionId);
    const says = /^child_(failed|cancelled)$/.exec(event.error.code)?.[1];
    if (says !== child?.status) fail("P6", `${where}, but ${open.sessionId} is ${child?.status ?? "nowhere"}`);
  };

  const begins: ReadonlySet<SessionEvent["type"]> = new Set(["DispatchRequested", "CallRequested", "ChildRequested"]);

  const step = (place: Place, event: SessionEvent): void => {
    const { id, before, seq } = place;
    const isWake = event.type === "TaskResolved" && (event.by === "timer" || event.by === "timeout");
    if (before.paused !== undefined && (begins.has(event.type) || isWake))
      fail("P5", `${id}: ${event.type} in a pause`);
    switch (event.type) {
      case "TaskEntered": {
        if (event.of === undefined) return;
        const item = `${id} ${event.of} ${event.index}`;
        if (items.has(item)) fail("P6", `${id}: item ${event.index} of ${event.taskId} is entered twice`);
        items.add(item);
        return;
      }
      case "CallRequested":
        return called(place, event);
      case "CallFailed":
        return callFailed(place, event);
      case "ChildRequested":
        return born(place, event);
      case "TaskResolved":
        return resolved(place, event);
      case "TaskAwaited":
        if (event.what === "signal" && [...(signals.get(id)?.values() ?? [])].includes(event.name))
          fail("P10", `${id}: ${event.taskId} waits for "${event.name}", which has come`);
        return;
      case "SignalReceived": {
        const known = signals.get(id) ?? new Map<number, string>();
        signals.set(id, known.set(seq, event.name));
        const key = `${id} ${event.key}`;
        if (event.key !== null && keys.has(key)) fail("P8", `${id}: the signal ${event.key} came twice`);
        keys.add(key);
        return said(place, "signal", wordIn(event.payload));
      }
      case "TaskHurried":
        return said(place, "retry");
      case "TaskSkipped":
        return event.reason === "operator" ? said(place, "skip") : undefined;
      case "TaskFailed":
        if (!isPerson(event.actor)) return;
        return event.error.code === "rejected" ? said(place, "reject") : said(place, "fail", event.error.message);
      case "SessionPaused":
        return said(place, "pause", event.reason);
      case "SessionResumed":
        return said(place, "resume");
      case "SessionCompleted":
        outputs.set(id, JSON.stringify(event.output));
        return;
      case "SessionCancelled": {
        const parent = before.parent === undefined ? null : stateOf(before.parent.sessionId);
        const isWaitedFor = parent?.open.some((task) => task.phase === "child" && task.sessionId === id) === true;
        if (event.actor.kind === "system" && event.actor.id === "engine" && isWaitedFor)
          fail("P6", `${id} is cancelled, but its parent waits for it`);
        return;
      }
      default:
        return;
    }
  };

  return { calls, step, kept: (sessionId) => signals.get(sessionId) ?? new Map<number, string>() };
};
