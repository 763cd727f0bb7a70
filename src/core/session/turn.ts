import type { Agent } from "../agent/agent.ts";
import { effectOf, withEffect } from "../agent/effects.ts";
import type { Json } from "../json.ts";
import type { SessionEvent } from "./events.ts";
import { evolve } from "./evolve.ts";
import { outputOf, type Facts } from "./facts.ts";
import type { OpenTask, SessionState } from "./state.ts";

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
  readonly outputs: Map<string, Json>;
  state: SessionState;
}

export const beginTurn = (
  state: SessionState,
  facts: Facts,
  command: { readonly now: number; readonly seed: string },
  seq: number,
): Turn => ({
  facts,
  now: command.now,
  seed: command.seed,
  seq,
  events: [],
  agents: new Map(facts.agents),
  outputs: new Map(),
  state,
});

export const emit = (turn: Turn, event: SessionEvent): void => {
  turn.events.push(event);
  turn.state = evolve(turn.state, event, { seq: turn.seq, at: turn.now });
  if (event.type === "TaskCompleted") turn.outputs.set(event.taskId, event.output);
  const effect = effectOf(event, turn.state.id, turn.now);
  const agent = effect && turn.agents.get(effect.agentId);
  if (effect && agent) turn.agents.set(agent.id, withEffect(agent, effect));
};

/** The output of a task completed in this turn or before. */
export const outputIn = (turn: Turn, taskId: string): Json | undefined =>
  turn.outputs.get(taskId) ?? outputOf(turn.facts, turn.state, taskId);

export const openTask = (turn: Turn, n: number): OpenTask | undefined => turn.state.open.find((task) => task.n === n);
