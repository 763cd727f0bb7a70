import type { Agent } from "../agent/agent.ts";
import { beginCall, endCall } from "./call.ts";
import type { SessionCommand } from "./commands.ts";
import { controlTask, pause, resume, signal, type ControlAnswer } from "./control.ts";
import { endAttempt } from "./end-attempt.ts";
import type { SessionEvent } from "./events.ts";
import { evolve } from "./evolve.ts";
import type { Facts } from "./facts.ts";
import { cancelTasks } from "./fail-task.ts";
import type { Needs } from "./needs.ts";
import { enterAll, proceed } from "./proceed.ts";
import { settle, type SettleAnswer } from "./settle.ts";
import type { SessionState } from "./state.ts";
import { tick } from "./tick.ts";
import { beginTurn, emit, lacksFacts, note, openTask, type Turn } from "./turn.ts";

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
}

/** What was decided; nothing, if it turned out that facts are missing. */
const decision = (turn: Turn, answer: Answer): Decision => {
  proceed(turn);
  const { events, state, agents } = turn;
  if (!lacksFacts(turn)) return { events, state, agents, answer };
  const { missing } = turn;
  const needs: Needs = {
    rows: [...missing.rows],
    agents: [...missing.agents],
    caps: [...missing.caps],
    ...(missing.relatives.size === 0 ? {} : { relatives: [...missing.relatives] }),
    ...(missing.spans.size === 0 ? {} : { spans: [...missing.spans.values()] }),
  };
  return { events: [], state, agents, answer: { kind: "needs_facts", needs } };
};

const start = (command: SessionCommand & { type: "StartSession" }, facts: Facts): Decision => {
  const started: SessionEvent = {
    type: "SessionStarted",
    sessionId: command.sessionId,
    definition: command.definition,
    home: command.home,
    input: command.input,
    actor: command.actor,
    ...(facts.graph.timeoutMs === null ? {} : { timeoutMs: facts.graph.timeoutMs }),
    ...(command.parent === undefined ? {} : { parent: command.parent }),
  };
  const state = evolve(null, started, { seq: 1, at: command.now });
  const rows = new Map(facts.rows).set(1, [started]);
  const turn = beginTurn(state, { ...facts, rows }, command, 1);
  note(turn, started);
  enterAll(turn, facts.graph.starts);
  return decision(turn, { kind: "done" });
};

/**
 * The one place where it is decided how a session changes. Pure, total and deterministic: the same state,
 * facts and command give the same events. `seq` is the log row the events will become. A command on an
 * ended session changes nothing, but for late results, which are kept.
 */
export const decide = (state: SessionState | null, command: SessionCommand, facts: Facts, seq: number): Decision => {
  if (command.type === "StartSession") return start(command, facts);
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
      return decision(turn, controlTask(turn, command));
    case "PauseSession":
      return decision(turn, pause(turn, command));
    case "ResumeSession":
      return decision(turn, resume(turn, command));
    case "SignalSession":
      return decision(turn, signal(turn, command));
    case "CancelSession":
      if (state.status === "cancelled") return decision(turn, { kind: "unchanged" });
      if (state.status !== "open") return decision(turn, { kind: "ended", status: state.status });
      cancelTasks(turn, turn.state.open, { code: "session_cancelled", message: "the session was cancelled" });
      emit(turn, { type: "SessionCancelled", reason: command.reason, actor: command.actor });
      return decision(turn, { kind: "done" });
  }
};
