import type { Agent } from "../agent/agent.ts";
import { answeredBefore } from "./answered.ts";
import { beginCall, endCall } from "./call.ts";
import type { ControlTask, PauseSession, ResumeSession, SessionCommand, SignalSession } from "./commands.ts";
import { controlTask, pause, resume, signal, type ControlAnswer } from "./control.ts";
import { endAttempt } from "./end-attempt.ts";
import type { SessionEvent } from "./events.ts";
import { evolve } from "./evolve.ts";
import type { Facts } from "./facts.ts";
import { cancelTasks } from "./fail-task.ts";
import type { Needs } from "./needs.ts";
import { proceed } from "./proceed.ts";
import { start } from "./start.ts";
import { settle, type SettleAnswer } from "./settle.ts";
import type { SessionState } from "./state.ts";
import { tick } from "./tick.ts";
import { readStatus } from "./view.ts";
import { beginTurn, emit, lacksFacts, openTask, type Turn } from "./turn.ts";

export type Answer =
  | { readonly kind: "done" }
  /** The session already is what the command wants, or the command no longer applies; nothing changes. */
  | { readonly kind: "unchanged" }
  | { readonly kind: "ended"; readonly status: string }
  /** Decide again with these in the facts too. */
  | { readonly kind: "needs_facts"; readonly needs: Needs }
  | ControlAnswer
  | SettleAnswer;

export interface Decision {
  /** One log row, in order; none: nothing to commit. */
  readonly events: readonly SessionEvent[];
  readonly state: SessionState;
  /** The agents as the events leave them. */
  readonly agents: ReadonlyMap<string, Agent>;
  readonly answer: Answer;
  /** The work it cost: see `Facts.maxSteps`. */
  readonly steps: number;
}

/** What was decided; nothing, if it turned out that facts are missing. */
const decision = (turn: Turn, answer: Answer): Decision => {
  proceed(turn);
  const { events, state, agents, steps } = turn;
  if (!lacksFacts(turn)) return { events, state, agents, answer, steps };
  const { missing } = turn;
  const needs: Needs = {
    rows: [...missing.rows],
    agents: [...missing.agents],
    caps: [...missing.caps],
    ...(missing.refs.size === 0 ? {} : { refs: [...missing.refs.values()] }),
    ...(missing.relatives.size === 0 ? {} : { relatives: [...missing.relatives] }),
    ...(missing.spans.size === 0 ? {} : { spans: [...missing.spans.values()] }),
  };
  return { events: [], state, agents, answer: { kind: "needs_facts", needs }, steps };
};

type Word = ControlTask | PauseSession | ResumeSession | SignalSession;

/**
 * Does what a person says, once: under the same key it is answered as it was the first time, whatever came since. That
 * nothing had to change is noted too, or a copy that comes late would act.
 */
const keyed = (turn: Turn, { type, key }: Word, act: () => ControlAnswer): Decision => {
  const before = turn.state;
  const earlier = answeredBefore(before, key);
  if (earlier !== undefined) {
    const isSame = earlier.request === key?.request;
    const { status, already = false } = earlier;
    return decision(turn, isSame ? { kind: "answered", status, already } : { kind: "key_reused" });
  }
  const made = decision(turn, act());
  const already = made.answer.kind === "unchanged";
  if (key === undefined || before.status !== "open" || (made.answer.kind !== "done" && !already)) return made;
  // First in its row: the session may end by what follows, and after its end nothing is noted.
  const noted: SessionEvent = {
    type: "ControlAnswered",
    ...key,
    status: readStatus(made.state),
    ...(already ? { already } : {}),
    ...(type === "SignalSession" ? { signal: true } : {}),
  };
  const events = [noted, ...made.events];
  const place = { seq: turn.seq, at: turn.now };
  return { ...made, events, state: events.reduce((state, event) => evolve(state, event, place), before) };
};

/**
 * The one place where it is decided how a session changes. Pure, total and deterministic: the same state,
 * facts and command give the same events. `seq` is the log row the events will become. A command on an
 * ended session changes nothing, but for late results, which are kept.
 */
export const decide = (state: SessionState | null, command: SessionCommand, facts: Facts, seq: number): Decision => {
  if (command.type === "StartSession") return decision(start(command, facts), { kind: "done" });
  if (state === null) throw new TypeError(`${command.type} needs a session`);
  const turn = beginTurn(state, facts, command, seq);
  switch (command.type) {
    case "SettleAttempt":
      return decision(turn, settle(turn, command));
    case "Tick":
      tick(turn);
      return decision(turn, { kind: turn.events.length === 0 ? "unchanged" : "done" });
    case "EndDispatch": {
      const task = openTask(turn, command.n);
      if (task?.phase !== "dispatched" || task.attempt !== command.attempt)
        return decision(turn, { kind: "unchanged" });
      endAttempt(turn, task, {
        outcome: command.outcome,
        counts: command.outcome !== "refused",
        retryAfterMs: command.retryAfterMs,
        transport: command.transport,
        error: { code: command.outcome === "rejected" ? "agent_rejected" : command.outcome, message: command.message },
      });
      return decision(turn, { kind: "done" });
    }
    case "EndCall": {
      const task = openTask(turn, command.n);
      const isIt = (task?.phase === "calling" || task?.phase === "child") && task.attempt === command.attempt;
      if (!isIt) return decision(turn, { kind: "unchanged" });
      endCall(turn, task, command.result);
      return decision(turn, { kind: "done" });
    }
    case "BeginCall":
      return decision(turn, { kind: beginCall(turn, command.n, command.attempt) ? "done" : "unchanged" });
    case "ControlTask":
      return keyed(turn, command, () => controlTask(turn, command));
    case "PauseSession":
      return keyed(turn, command, () => pause(turn, command));
    case "ResumeSession":
      return keyed(turn, command, () => resume(turn, command));
    case "SignalSession":
      return keyed(turn, command, () => signal(turn, command));
    case "CancelSession":
      if (state.status === "cancelled") return decision(turn, { kind: "unchanged" });
      if (state.status !== "open") return decision(turn, { kind: "ended", status: state.status });
      cancelTasks(turn, turn.state.open, { code: "session_cancelled", message: "the session was cancelled" });
      emit(turn, { type: "SessionCancelled", reason: command.reason, actor: command.actor });
      return decision(turn, { kind: "done" });
  }
};
