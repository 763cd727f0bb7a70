import type { Json, JsonObject } from "../json.ts";
import { jsonBytes } from "../workflow/json-size.ts";
import { maxRenderedBytes } from "../workflow/template.ts";
import { beginWork } from "./begin-work.ts";
import { contextOf, renderParameters } from "./context.ts";
import { DEFAULT_PRIORITY } from "./deadlines.ts";
import { cancelTasks, failTask } from "./fail-task.ts";
import { nodeOf } from "./facts.ts";
import type { SessionEvent } from "./events.ts";
import type { MappingTask } from "./state.ts";
import { emit, openTask, type Turn } from "./turn.ts";

/** A session has at most so many tasks, items of maps included. */
export const MAX_TASKS = 10_000;

export const tooManyTasks = { code: "limit_tasks", message: `a session has at most ${MAX_TASKS} tasks` };

/** The item of a map at an index; `undefined` if it is not at hand, which is noted. */
const itemAt = (turn: Turn, map: MappingTask, index: number): Json | undefined => {
  if (map.paramsSeq === turn.seq) {
    const entered = turn.events.find((event) => event.type === "TaskEntered" && event.n === map.n);
    return entered?.type === "TaskEntered" ? entered.items?.[index] : undefined;
  }
  const key = `${map.paramsSeq}.${map.n}.${index}`;
  const item = turn.facts.items?.get(key);
  if (item === undefined) turn.missing.items.set(key, [map.paramsSeq, map.n, index]);
  return item;
};

const enterItem = (turn: Turn, map: MappingTask, item: Json): void => {
  const node = nodeOf(turn.facts.graph, map.taskId);
  if (node.type !== "map") return;
  const index = map.next;
  const context = { ...contextOf(turn, turn.facts.graph.itemReads(map.taskId)), item, index };
  const rendered = renderParameters(turn, map.taskId, "items", context);
  const parameters: JsonObject = rendered.ok ? rendered.value : {};
  const n = turn.state.tasks + 1;
  const priority = node.item.priority === DEFAULT_PRIORITY ? {} : { priority: node.item.priority };
  emit(turn, { type: "TaskEntered", taskId: map.taskId, n, parameters, ...priority, of: map.n, index });
  if (!rendered.ok) return failTask(turn, n, { code: rendered.code, message: `item ${index}: ${rendered.message}` });
  beginWork(turn, n, parameters);
};

/** Everything logged about a map, and what this turn adds; `null` if it is not at hand, which is noted. */
const spanOf = (turn: Turn, map: MappingTask): readonly SessionEvent[] | null => {
  if (map.paramsSeq === turn.seq) return turn.events;
  const { span } = turn.facts;
  if (span?.n === map.n) return [...span.events, ...turn.events];
  turn.missing.span = [map.n, map.paramsSeq, map.taskId];
  return null;
};

/** The outputs of the items in their order; null for one that brought none. */
const gather = (map: MappingTask, events: readonly SessionEvent[]): readonly Json[] => {
  const indexes = new Map<number, number>();
  const outputs: Json[] = Array.from({ length: map.count }, () => null);
  for (const event of events) {
    if (event.type === "TaskEntered" && event.of === map.n) indexes.set(event.n, event.index ?? 0);
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
  const output = gather(map, events);
  if (jsonBytes(output as Json, maxRenderedBytes) > maxRenderedBytes) return failMap(turn, map, tooMuch);
  emit(turn, { type: "TaskResolved", taskId: map.taskId, n: map.n, output: output as Json, by: "map" });
};

/** Enters items while there are places for them, and ends the map after the last. */
export const fillMap = (turn: Turn, n: number): void => {
  const node = nodeOf(turn.facts.graph, openTask(turn, n)?.taskId ?? "");
  if (node.type !== "map") return;
  for (;;) {
    const map = openTask(turn, n);
    // An item that fails at once may have taken the map with it.
    if (map?.phase !== "mapping" || turn.agenda.some(({ item, failure }) => item?.of === n && failure !== null)) return;
    if (map.bytes > maxRenderedBytes) return failMap(turn, map, tooMuch);
    if (map.done === map.count) return finish(turn, map);
    const busy = turn.state.open.filter((task) => task.item?.of === n).length;
    if (map.next >= map.count || busy >= node.maxConcurrency) return;
    if (turn.state.tasks >= MAX_TASKS) return failMap(turn, map, tooManyTasks);
    const item = itemAt(turn, map, map.next);
    if (item === undefined) return;
    enterItem(turn, map, item);
  }
};

/** An item has failed for good and the map does not bear it. */
export const failItem = (
  turn: Turn,
  of: number,
  index: number,
  error: { readonly code: string; readonly message: string },
): void => {
  const map = openTask(turn, of);
  if (map?.phase !== "mapping") return;
  failMap(turn, map, { code: error.code, message: `item ${index}: ${error.message}` });
};
