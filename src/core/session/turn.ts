import type { Agent } from "../agent/agent.ts";
import type { JsonObject } from "../json.ts";
import { effectOf, withEffect } from "../agent/effects.ts";
import type { Json } from "../json.ts";
import { jsonBytes } from "../workflow/json-size.ts";
import type { CallLimits } from "./commands.ts";
import type { SessionEvent } from "./events.ts";
import { evolve } from "./evolve.ts";
import type { Facts } from "./facts.ts";
import { placeOf, refKey } from "./carried.ts";
import type { EndedTask, OpenTask, SessionState, TaskError } from "./state.ts";

/**
 * What one decision writes is one row, and D1 takes 2 MB a row: no task is entered with parameters that take it beyond
 * this, which leaves room for the ends of all that is open. JSON, UTF-8.
 */
export const MAX_STEP_BYTES = 1_280 * 1_024;

/** Facts that a decision turned out to need and that were not loaded. */
export interface Missing {
  readonly rows: Set<number>;
  readonly agents: Set<string>;
  readonly caps: Set<string>;
  readonly relatives: Set<string>;
  /** Log rows of other sessions, for tasks that were carried over. */
  readonly refs: Map<string, readonly [string, number]>;
  /** All that was logged about maps, by their `n`: that, the row in which it was entered, its id. Several may end at once. */
  readonly spans: Map<number, readonly [number, number, string]>;
}

/** A task that ended in this turn, whose consequences are still to be drawn. */
export interface Ended {
  readonly taskId: string;
  /** The map and the place in it, of an item. */
  readonly item: { readonly of: number; readonly index: number } | null;
  /** Why it failed, where nothing was written for that case. */
  readonly failure: TaskError | null;
}

/**
 * One decision in the making: the events so far and the world as they leave it, so that a task entered
 * late in the decision sees the agent that an earlier event freed.
 */
export interface Turn {
  readonly facts: Facts;
  readonly now: number;
  readonly seed: string;
  /** The log row this decision will become. */
  readonly seq: number;
  readonly events: SessionEvent[];
  readonly agents: Map<string, Agent>;
  readonly missing: Missing;
  readonly agenda: Ended[];
  /** Laid over the rendered parameters of a task that a rerun begins with. */
  readonly edited: { readonly taskId: string; readonly parameters: JsonObject } | null;
  /** Which calls are left to the queue consumer; `null`: none. */
  readonly callLimits: CallLimits | null;
  state: SessionState;
  /** What the events take as JSON so far. */
  bytes: number;
  /** Work done so far: of expressions, and for each task that is entered the tasks that were open then. */
  steps: number;
  /** Of these: steps of expressions, and of looking at what they gave too much of. */
  evaluated: number;
}

/** A decision would cost more work than its facts allow; nothing was decided. */
export class OutOfSteps extends Error {
  override readonly name = "OutOfSteps";
}

/**
 * After so many steps (about 10 million a second) a decision evaluates nothing more: what it would still enter or choose
 * fails, so that no definition can keep a process busy.
 */
export const MAX_EVALUATED = 400_000;

export const tooManySteps = {
  code: "limit_step",
  message: `the expressions that one step evaluates take more than ${MAX_EVALUATED} steps together`,
};

/** Takes note of expressions evaluated. */
export const evaluate = (turn: Turn, steps: number): void => {
  turn.evaluated += steps;
  spend(turn, steps);
};

/** Takes note of work done. Throws `OutOfSteps` once it is too much. */
export const spend = (turn: Turn, steps: number): void => {
  turn.steps += steps;
  if (turn.steps > (turn.facts.maxSteps ?? Infinity)) throw new OutOfSteps("the decision takes too many steps");
};

export const beginTurn = (
  state: SessionState,
  facts: Facts,
  command: { readonly now: number; readonly seed: string; readonly callLimits?: CallLimits },
  seq: number,
  edited: Turn["edited"] = null,
): Turn => ({
  facts,
  now: command.now,
  seed: command.seed,
  seq,
  events: [],
  agents: new Map(facts.agents),
  missing: {
    rows: new Set(),
    agents: new Set(),
    caps: new Set(),
    relatives: new Set(),
    refs: new Map(),
    spans: new Map(),
  },
  agenda: [],
  edited,
  callLimits: command.callLimits ?? null,
  state,
  bytes: 0,
  steps: 0,
  evaluated: 0,
});

export const openTask = (turn: Turn, n: number): OpenTask | undefined => turn.state.open.find((task) => task.n === n);

/** Takes an event into the row. */
export const note = (turn: Turn, event: SessionEvent): void => {
  turn.events.push(event);
  turn.bytes += jsonBytes(event as unknown as Json, MAX_STEP_BYTES);
};

export const emit = (turn: Turn, event: SessionEvent): void => {
  const task = "n" in event ? openTask(turn, event.n) : undefined;
  note(turn, event);
  turn.state = evolve(turn.state, event, { seq: turn.seq, at: turn.now });
  if (
    event.type === "TaskCompleted" ||
    event.type === "TaskResolved" ||
    event.type === "TaskFailed" ||
    event.type === "TaskSkipped"
  ) {
    const failure = event.type === "TaskFailed" && event.instead === undefined ? event.error : null;
    turn.agenda.push({ taskId: event.taskId, item: task?.item ?? null, failure });
  }
  const effect = effectOf(event, turn.state.id, turn.now);
  const agent = effect && turn.agents.get(effect.agentId);
  if (effect && agent) turn.agents.set(agent.id, withEffect(agent, effect));
};

/** The events of a log row, this turn's own included; `undefined`: not loaded, and noted as missing. */
export const rowIn = (turn: Turn, seq: number): readonly SessionEvent[] | undefined => {
  if (seq === turn.seq) return turn.events;
  const row = turn.facts.rows.get(seq);
  if (row === undefined) turn.missing.rows.add(seq);
  return row;
};

/** The row that says what became of a task: of this session's log, or of that in which it ran. See `rowIn`. */
export const rowOf = (turn: Turn, ended: EndedTask): readonly SessionEvent[] | undefined => {
  const place = placeOf(turn.state, ended);
  if (place === null) return rowIn(turn, ended.seq);
  const row = turn.facts.refs?.get(refKey(place));
  if (row === undefined) turn.missing.refs.set(refKey(place), place);
  return row;
};

/** Whether facts are missing: then nothing that was decided counts, and it is decided again with them. */
export const lacksFacts = ({ missing }: Turn): boolean => Object.values(missing).some(({ size }) => size > 0);
