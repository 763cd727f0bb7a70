import { digitsOf } from "../../core/random.ts";
import type { SessionCommand } from "../../core/session/commands.ts";
import { decide, type Decision } from "../../core/session/decide.ts";
import type { SessionEvent } from "../../core/session/events.ts";
import type { Facts, Relative, Signs } from "../../core/session/facts.ts";
import type { SessionState } from "../../core/session/state.ts";
import { OutOfSteps } from "../../core/session/turn.ts";
import type { Graph } from "../../core/workflow/graph.ts";
import type { Wish } from "../tries.ts";
import { standInsFor } from "./stand-ins.ts";

/** A commit of a session that is nowhere stored. */
export interface VirtualRow {
  readonly seq: number;
  /** Epoch ms, in virtual time. */
  readonly at: number;
  readonly command: SessionCommand["type"];
  readonly events: readonly SessionEvent[];
}

/** A session in memory, decided by the same core as every other. */
export interface VirtualSession {
  readonly rows: readonly VirtualRow[];
  state(): SessionState;
  facts(): Facts;
  /**
   * Decides and commits at `now` (epoch ms): the new events, none if nothing changed. `null`: it would cost more than
   * what is left of the work, and nothing has changed.
   */
  advance(wish: Wish, now: number): readonly SessionEvent[] | null;
  /** What is heard of an attempt from its agent. */
  heard(attemptId: string, signs: Signs): void;
  /** What a child session stands at. */
  relative(sessionId: string, relative: Relative): void;
}

/** Decides again with what the decision turned out to lack, which is all in the log at hand. */
const decideWith = (
  { state, facts, rows }: { state: SessionState | null; facts: Facts; rows: readonly VirtualRow[] },
  command: SessionCommand,
): Decision => {
  const seq = rows.length + 1;
  const decision = decide(state, command, facts, seq);
  const { answer } = decision;
  if (answer.kind === "needs_history" && command.type === "SettleAttempt") {
    const history = rows.flatMap(({ events }) => events.filter((event) => "n" in event && event.n === command.n));
    return decide(state, command, { ...facts, history }, seq);
  }
  if (answer.kind !== "needs_facts") return decision;
  const { spans = [] } = answer.needs;
  const of = [...(facts.span?.of ?? []), ...spans.map(([n]) => n)];
  // All else that a decision may ask for is there from the beginning.
  if (spans.length === 0) throw new TypeError(`a dry run lacks facts: ${JSON.stringify(answer.needs).slice(0, 200)}`);
  const events = rows.flatMap((row) => row.events);
  return decideWith({ state, facts: { ...facts, span: { of, events } }, rows }, command);
};

/** What each commit costs besides, in steps: every map looks at all that is open, to see whether it can go on. */
const looksOf = ({ open }: SessionState): number =>
  Math.ceil((open.filter(({ phase }) => phase === "mapping").length * open.length) / 4);

/**
 * A session that has not begun yet. `home`: the agent it is for. `seed`: what ids and jitter derive from. `work`: what
 * its decisions may cost in all, in steps.
 */
export const virtualSession = (
  graph: Graph,
  {
    home,
    seed,
    startAt,
    work,
  }: { readonly home: string | null; readonly seed: string; readonly startAt: number; readonly work: number },
): VirtualSession => {
  const rows: VirtualRow[] = [];
  const known = new Map<number, readonly SessionEvent[]>();
  const signs = new Map<string, Signs>();
  const relatives = new Map<string, Relative>();
  const { agents, capable } = standInsFor(graph, home, startAt);
  let state: SessionState | null = null;
  let left = work;

  const facts = (): Facts => ({
    graph,
    agents,
    newest: new Map(),
    capable,
    rows: known,
    signs,
    ahead: new Map(),
    history: null,
    relatives,
    // What starts in earnest starts here: its work has a bound of its own.
    maxSteps: state === null ? Infinity : left,
  });

  const begun = (): SessionState => {
    if (state === null) throw new TypeError("the dry run has not begun");
    return state;
  };

  return {
    rows,
    facts,
    state: begun,
    advance: (wish, now) => {
      const seq = rows.length + 1;
      const command = { ...wish, now, seed: digitsOf(`${seed}/${seq}`, 32) } as SessionCommand;
      let decision: Decision;
      try {
        decision = decideWith({ state, facts: facts(), rows }, command);
      } catch (error) {
        if (error instanceof OutOfSteps) return null;
        throw error;
      }
      const { events, steps } = decision;
      left -= steps + looksOf(decision.state);
      if (events.length === 0) return events;
      // The agents stay as they are: they never have their hands full, and are never lost.
      state = decision.state;
      rows.push({ seq, at: now, command: command.type, events });
      known.set(seq, events);
      return events;
    },
    heard: (attemptId, heard) => void signs.set(attemptId, heard),
    relative: (sessionId, relative) => void relatives.set(sessionId, relative),
  };
};
