import { jsonBytes } from "../workflow/json-size.ts";
import { maxRenderedBytes } from "../workflow/template.ts";
import type { SessionEvent } from "./events.ts";
import type { EndedTask, MappingTask, OpenTask, SessionState } from "./state.ts";

/** What every phase of an open task has. */
const base = (task: OpenTask) => ({
  taskId: task.taskId,
  n: task.n,
  attempt: task.attempt,
  used: task.used,
  refusals: task.refusals,
  rejectedBy: task.rejectedBy,
  paramsSeq: task.paramsSeq,
  readyAt: task.readyAt,
  last: task.last,
  ...(task.priority === undefined ? {} : { priority: task.priority }),
  ...(task.item === undefined ? {} : { item: task.item }),
});

type Base = ReturnType<typeof base>;

/** What a phase adds to that, and what it changes of it. */
type Phase<T extends OpenTask = OpenTask> = T extends OpenTask ? Omit<T, keyof Base> & Partial<Base> : never;

/** The session with one of its open tasks in another phase; nothing of the phase before stays. */
export const inPhase = (state: SessionState, n: number, phase: (task: OpenTask) => Phase): SessionState => ({
  ...state,
  open: state.open.map((task) => (task.n === n ? ({ ...base(task), ...phase(task) } as OpenTask) : task)),
});

/** A map after one of its items has ended; an item is not remembered by itself: its output stays in the log. */
const itemEnded = (map: MappingTask, event: SessionEvent): MappingTask => {
  const output = event.type === "TaskCompleted" || event.type === "TaskResolved" ? event.output : null;
  // Beyond the limit it does not matter by how much.
  const bytes = Math.min(maxRenderedBytes + 1, map.bytes + 1 + jsonBytes(output, maxRenderedBytes));
  return { ...map, done: map.done + 1, bytes };
};

/** The session after a task has ended, or was never begun. */
export const end = (state: SessionState, event: SessionEvent & { taskId: string }, ended: EndedTask): SessionState => {
  const task = state.open.find(({ n }) => n === ended.n);
  const open = state.open.filter(({ n }) => n !== ended.n);
  if (task?.item === undefined) return { ...state, open, ended: { ...state.ended, [event.taskId]: ended } };
  const { of } = task.item;
  return {
    ...state,
    open: open.map((map) => (map.n === of && map.phase === "mapping" ? itemEnded(map, event) : map)),
  };
};

/** A task that has just been entered, ready to begin; a map at once has its items before it. `stoodMs`: see `stoodFor`. */
export const entered = (
  event: SessionEvent & { type: "TaskEntered" },
  place: { readonly seq: number; readonly at: number },
  stoodMs: number,
): OpenTask => {
  const task: OpenTask = {
    phase: "backoff",
    retryAt: place.at - stoodMs,
    taskId: event.taskId,
    n: event.n,
    attempt: 0,
    used: 0,
    refusals: 0,
    rejectedBy: [],
    paramsSeq: place.seq,
    readyAt: place.at,
    last: null,
    ...(event.priority === undefined ? {} : { priority: event.priority }),
    ...(event.of === undefined || event.index === undefined ? {} : { item: { of: event.of, index: event.index } }),
  };
  if (event.items === undefined) return task;
  return { ...base(task), phase: "mapping", count: event.items.length, next: 0, done: 0, bytes: 1 }; // brackets, less the comma that the first item has not
};
