import type { Json, JsonObject } from "../json.ts";
import type { Reads } from "../workflow/graph.ts";
import { markerOf } from "../workflow/secret-marker.ts";
import { Work } from "../workflow/expression-value.ts";
import { maxRenderedBytes, renderTemplate, type Rendered } from "../workflow/template.ts";
import type { SessionEvent } from "./events.ts";
import { numberOf } from "./carried.ts";
import { endedTask, inputOf } from "./facts.ts";
import type { EndedTask, OpenTask, TaskError } from "./state.ts";
import { evaluate, MAX_EVALUATED, rowIn, rowOf, spend, tooManySteps, type Turn } from "./turn.ts";

/** A task as templates and conditions see it. */
export interface TaskFacts {
  readonly output: Json;
  readonly status: string;
  readonly attempts: number;
  readonly error: JsonObject | null;
}

/** Everything that `${…}` may read, as far as it is asked for. */
export interface Context {
  readonly input: Json;
  readonly tasks: Readonly<Record<string, TaskFacts>>;
  readonly session: JsonObject;
  readonly agent: JsonObject | null;
  readonly secrets: Readonly<Record<string, string>>;
}

const outputOf = (row: readonly SessionEvent[], n: number): Json | undefined => {
  for (const event of row) {
    if ((event.type === "TaskCompleted" || event.type === "TaskResolved") && event.n === n) {
      return event.output;
    }
  }
  return undefined;
};

const failureOf = (row: readonly SessionEvent[], n: number): JsonObject | null => {
  for (const event of row) {
    if (event.type === "TaskFailed" && event.n === n) return { ...event.error };
  }
  return null;
};

/** The number of the last attempt that the row speaks of; a task without attempts has none. */
const attemptsIn = (row: readonly SessionEvent[], n: number): number =>
  row.reduce((most, event) => ("attempt" in event && event.n === n ? Math.max(most, event.attempt) : most), 0);

/** `null`: its row does not say. */
const endedFacts = (turn: Turn, ended: EndedTask): TaskFacts | null => {
  if (ended.status === "skipped" || ended.status === "cancelled") {
    return { output: null, status: ended.status, attempts: 0, error: null };
  }
  const row = rowOf(turn, ended) ?? [];
  // What stands in its place has ended too.
  const source = numberOf(ended.by === undefined ? ended : endedTask(turn.state, ended.by)!);
  const output = ended.status === "completed" ? outputOf(row, source) : null;
  if (output === undefined) return null;
  return {
    output,
    status: ended.status,
    attempts: attemptsIn(row, source),
    error: ended.status === "failed" ? failureOf(row, numberOf(ended)) : null,
  };
};

/** Phases in which something is under way for a task, rather than that it waits. */
const AT_WORK: ReadonlySet<OpenTask["phase"]> = new Set(["dispatched", "calling", "mapping", "child"]);

const factsOfTask = (turn: Turn, taskId: string): TaskFacts | null => {
  const ended = endedTask(turn.state, taskId);
  if (ended !== undefined) return endedFacts(turn, ended);
  const open = turn.state.open.find((task) => task.taskId === taskId);
  const status = open === undefined ? "pending" : AT_WORK.has(open.phase) ? "running" : "waiting";
  return { output: null, status, attempts: open?.attempt ?? 0, error: null };
};

const homeAgent = (turn: Turn): JsonObject | null => {
  const { home } = turn.state;
  const agent = home === null ? undefined : turn.agents.get(turn.facts.newest.get(home) ?? home);
  if (agent === undefined) return null;
  const { id, name, version, capabilities, metadata } = agent;
  return { id, name, version, capabilities, metadata };
};

/** What is asked for; a log row that is not at hand is noted as missing, and the decision is made anew. */
export const contextOf = (turn: Turn, reads: Reads): Context => {
  const { state } = turn;
  if (reads.input) rowIn(turn, 1);
  const { definition } = state;
  return {
    input: reads.input || turn.seq === 1 ? inputOf(turn.facts) : {},
    tasks: Object.fromEntries(
      reads.tasks.flatMap((id) => {
        const facts = factsOfTask(turn, id);
        return facts === null ? [] : [[id, facts] as const];
      }),
    ),
    session: {
      id: state.id,
      workflowId: definition.workflowId,
      revision: definition.revision === 0 ? null : definition.revision,
      startedAt: state.startedAt,
    },
    agent: reads.agent ? homeAgent(turn) : null,
    // The secrets themselves come in where the call is made: a log never holds them.
    secrets: Object.fromEntries(reads.secrets.map((name) => [name, markerOf(name)])),
  };
};

/** So many bytes are looked at in about the time of a step, and to enter a task takes so many for each that is open. */
const BYTES_A_STEP = 8;
const STEPS_AN_OPEN_TASK = 4;

/** The parameters of a task, or of an item of a map, as they are for this entry. A template of parameters gives an object. */
export const renderParameters = (
  turn: Turn,
  taskId: string,
  of: "task" | "items",
  context: Context & { readonly item?: Json; readonly index?: number },
): Rendered<JsonObject> | ({ readonly ok: false } & TaskError) => {
  if (turn.evaluated > MAX_EVALUATED) return { ok: false, ...tooManySteps };
  const work = new Work();
  const rendered = renderTemplate(turn.facts.graph.template(taskId, of), context, work) as Rendered<JsonObject>;
  // What was too large has been looked at, too.
  const thrownAway = !rendered.ok && rendered.code === "limit_output" ? maxRenderedBytes / BYTES_A_STEP : 0;
  evaluate(turn, work.used + thrownAway);
  spend(turn, STEPS_AN_OPEN_TASK * turn.state.open.length);
  return rendered;
};
