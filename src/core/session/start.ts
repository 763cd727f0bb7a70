import type { StartSession } from "./commands.ts";
import { endedTask, nodeOf, type Facts } from "./facts.ts";
import type { SessionStarted } from "./events.ts";
import { evolve } from "./evolve.ts";
import { enterAll } from "./proceed.ts";
import { mainTasks } from "./rerun.ts";
import { beginTurn, emit, note, type Turn } from "./turn.ts";

/** Goes on after tasks that were carried over: ways that were not chosen are, and what is ready is entered. */
const goOnFrom = (turn: Turn, carried: readonly { readonly taskId: string }[]): void => {
  const { graph } = turn.facts;
  for (const { taskId } of carried) {
    const { choices, fallbackOf } = nodeOf(graph, taskId);
    const { dead, chose } = endedTask(turn.state, taskId)!; // it has just been carried over
    // The session may have ended as the task did, before anybody chose.
    const isUnchosen = choices !== null && fallbackOf === null && dead !== true && chose === undefined;
    if (isUnchosen) turn.agenda.push({ taskId, item: null, failure: null });
  }
  enterAll(turn, mainTasks(graph));
};

/** Begins a session: its first tasks, or those that come after what a rerun has carried over. */
export const start = (command: StartSession, facts: Facts): Turn => {
  const { sessionId, definition, home, input, actor, parent, rerun } = command;
  const { timeoutMs, starts } = facts.graph;
  const started: SessionStarted = {
    type: "SessionStarted",
    sessionId,
    definition,
    home,
    input,
    actor,
    ...(timeoutMs === null ? {} : { timeoutMs }),
    ...(parent === undefined ? {} : { parent }),
    ...(rerun === undefined ? {} : { rerunOf: rerun.of }),
  };
  const state = evolve(null, started, { seq: 1, at: command.now });
  const rows = new Map(facts.rows).set(1, [started]);
  const taskId = rerun?.of.fromTaskId ?? null;
  const edited = rerun === undefined || taskId === null ? null : { taskId, parameters: rerun.parameters };
  const turn = beginTurn(state, { ...facts, rows }, command, 1, edited);
  note(turn, started);
  const carried = rerun?.carried ?? [];
  if (carried.length === 0) enterAll(turn, starts);
  else {
    emit(turn, { type: "TasksCarried", tasks: carried });
    goOnFrom(turn, carried);
  }
  return turn;
};
