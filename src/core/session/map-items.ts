import type { Json, JsonObject } from "../json.ts";
import { maxRenderedBytes } from "../workflow/template.ts";
import { beginWork } from "./begin-work.ts";
import { contextOf, renderParameters } from "./context.ts";
import { DEFAULT_PRIORITY } from "./deadlines.ts";
import { cancelTasks, failTask } from "./fail-task.ts";
import type { SessionEvent, TaskEntered } from "./events.ts";
import { canGoOn, mapOf } from "./map-room.ts";
import type { MappingTask } from "./state.ts";
import { emit, MAX_EVALUATED, openTask, rowIn, type Turn } from "./turn.ts";

/** A session has at most so many tasks, items of maps included. */
export const MAX_TASKS = 10_000;

/**
 * Beyond this (bytes of events) a decision enters no more items and ends no more maps: the session is due at once, and
 * the next commit goes on.
 */
const FULL_STEP = 512 * 1_024;

/** The same for the steps of expressions: what one item may take is left below what a decision may. */
const FULL_EVALUATED = MAX_EVALUATED / 2;

export const tooManyTasks = { code: "limit_tasks", message: `a session has at most ${MAX_TASKS} tasks` };

/** The items of a map, from the row in which it was entered. */
const itemsIn = (row: readonly SessionEvent[], n: number): readonly Json[] => {
  const isIts = (event: SessionEvent): event is TaskEntered => event.type === "TaskEntered" && event.n === n;
  return row.findLast(isIts)!.items!; // a map at work was entered with its items
};

/**
 * The item that a map enters next; `undefined` if it is not at hand, which is noted. One is loaded with the session; a
 * decision that enters more has them all loaded.
 */
const nextItem = (turn: Turn, { paramsSeq, n, next }: MappingTask): Json | undefined => {
  const item = turn.facts.items?.get(`${paramsSeq}.${n}.${next}`);
  if (item !== undefined) return item;
  const row = rowIn(turn, paramsSeq);
  return row === undefined ? undefined : itemsIn(row, n)[next];
};

const enterItem = (turn: Turn, map: MappingTask, item: Json): void => {
  const node = mapOf(turn.facts.graph, map);
  const index = map.next;
  const context = { ...contextOf(turn, turn.facts.graph.itemReads(map.taskId)), item, index };
  const rendered = renderParameters(turn, map.taskId, "items", context);
  const parameters: JsonObject = rendered.ok ? rendered.value : {};
  const n = turn.state.tasks + 1;
  const priority = node.item.priority === DEFAULT_PRIORITY ? {} : { priority: node.item.priority };
  emit(turn, { type: "TaskEntered", taskId: map.taskId, n, parameters, ...priority, of: map.n, index });
  if (!rendered.ok) return failTask(turn, n, { code: rendered.code, message: rendered.message });
  beginWork(turn, n, parameters);
};

/** Everything logged about a map, and what this turn adds; `null` if it is not at hand, which is noted. */
const spanOf = (turn: Turn, map: MappingTask): readonly SessionEvent[] | null => {
  if (map.paramsSeq === turn.seq) return turn.events;
  const { span } = turn.facts;
  if (span?.of.includes(map.n) === true) return [...span.events, ...turn.events];
  turn.missing.spans.set(map.n, [map.n, map.paramsSeq, map.taskId]);
  return null;
};

/** The outputs of the items in their order; null for one that brought none. */
const gather = (map: MappingTask, events: readonly SessionEvent[]): readonly Json[] => {
  const indexes = new Map<number, number>();
  const outputs: Json[] = Array.from({ length: map.count }, () => null);
  for (const event of events) {
    if (event.type === "TaskEntered" && event.of === map.n) indexes.set(event.n, event.index!); // an item has both
    if (event.type !== "TaskCompleted" && event.type !== "TaskResolved") continue;
    const index = indexes.get(event.n);
    if (index !== undefined) outputs[index] = event.output;
  }
  return outputs;
};

const tooMuch = {
  code: "limit_output",
  message: `the outputs of the items exceed ${maxRenderedBytes / 1024} KiB of JSON`,
};

/** Ends a map with whatever of it is still open. */
const failMap = (turn: Turn, map: MappingTask, error: { readonly code: string; readonly message: string }): void => {
  const items = turn.state.open.filter((task) => task.item?.of === map.n);
  cancelTasks(turn, items, { code: "map_failed", message: `map "${map.taskId}" failed` });
  failTask(turn, map.n, error);
};

const finish = (turn: Turn, map: MappingTask): void => {
  const events = spanOf(turn, map);
  if (events === null) return;
  emit(turn, { type: "TaskResolved", taskId: map.taskId, n: map.n, output: gather(map, events) as Json, by: "map" });
};

/** Enters items while there are places for them, and ends the map after the last. */
export const fillMap = (turn: Turn, n: number): void => {
  for (;;) {
    const map = openTask(turn, n);
    // An item that fails at once may take the map with it; the last that ends at once has ended it.
    if (map?.phase !== "mapping" || turn.agenda.some(({ item, failure }) => item?.of === n && failure !== null)) return;
    if (map.bytes > maxRenderedBytes) return failMap(turn, map, tooMuch);
    if (turn.bytes > FULL_STEP || turn.evaluated > FULL_EVALUATED || !canGoOn(turn.state, map, turn.facts.graph))
      return;
    if (map.done === map.count) return finish(turn, map);
    if (turn.state.tasks >= MAX_TASKS) return failMap(turn, map, tooManyTasks);
    const item = nextItem(turn, map);
    if (item === undefined) return;
    enterItem(turn, map, item);
  }
};

/** Lets the maps go on that had to wait: for places that items of other maps took, or for a commit with room. */
export const fillMaps = (turn: Turn): void => {
  if (turn.state.paused !== undefined) return;
  for (const task of turn.state.open) {
    if (task.phase === "mapping") fillMap(turn, task.n);
  }
};

/** An item has failed for good and the map does not bear it. */
export const failItem = (
  turn: Turn,
  of: number,
  index: number,
  error: { readonly code: string; readonly message: string },
): void => {
  const map = openTask(turn, of) as MappingTask; // no item outlives its map
  failMap(turn, map, { code: error.code, message: `item ${index}: ${error.message}` });
};
