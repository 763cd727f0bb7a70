import type { AuthoredDefinition } from "../../src/core/workflow/normalise.ts";
import type { Random } from "../sim/random.ts";
import { drawType, give, type DrawnOutside, type DrawnTask as Task } from "./draw-types.ts";
import { naiveGraph, type Authored } from "./naive-graph.ts";

/** What all work has in common, besides its order: who does it, how often, how long. */
export type DrawWork = (at: number) => Omit<Authored, "taskId">;

const drawOrder = (draw: Random, tasks: readonly Task[], at: number): void => {
  const task = tasks[at]!;
  const later = tasks.slice(at + 1).map(({ taskId }) => taskId);
  const earlier = tasks.slice(0, at).map(({ taskId }) => taskId);
  if (draw.chance(0.35)) task.dependsOn = earlier.filter(() => draw.chance(0.4));
  if (draw.chance(0.4)) task.join = draw.pick(["any", "all"]);
  if (draw.chance(0.15)) task.nextTaskId = later.length > 0 && draw.chance(0.6) ? draw.pick(later) : null;
  else if (later.length > 0 && draw.chance(0.3)) task.next = [];
};

const drawCondition = (draw: Random, readable: readonly string[], wide: boolean): string => {
  if (readable.length === 0 || draw.chance(0.3)) return draw.pick(["true", "false", "input.yes == true"]);
  if (draw.chance(0.06)) return "input.nowhere == true";
  if (wide && draw.chance(0.35)) {
    return `tasks.${draw.pick(readable)}.${draw.pick(["output", "error"])} ${draw.pick(["==", "!="])} null`;
  }
  if (wide && draw.chance(0.1)) return `tasks.${draw.pick(readable)}.attempts > 1`;
  const status = draw.pick(["completed", "failed", "skipped"]);
  return `tasks.${draw.pick(readable)}.status ${draw.pick(["==", "!="])} "${status}"`;
};

const drawChoices = (draw: Random, task: Task, later: readonly string[]): void => {
  const ways = Array.from({ length: 1 + draw.int(3) }, () => (draw.chance(0.85) ? draw.pick(later) : null));
  // A way is named once, so that it is known which condition led to it.
  const once = ways.filter((way, i) => way !== null && ways.indexOf(way) === i);
  task.next = [...(once.length === 0 ? [draw.pick(later)] : once), ...(draw.chance(0.2) ? [null] : [])].map(
    (taskId) => ({ taskId }),
  );
};

const drawConditions = (
  draw: Random,
  document: AuthoredDefinition,
  tasks: readonly Task[],
  { mains, outside }: DrawOptions,
): void => {
  const graph = naiveGraph(document);
  const wide = outside !== undefined;
  for (const [at, task] of tasks.entries()) {
    const before = at < mains ? [...graph.ancestors(task.taskId)] : [];
    if (draw.chance(0.25)) task.when = drawCondition(draw, before, wide);
    if (task.type !== "wait" && before.length > 0 && draw.chance(0.4)) {
      give(task, "before", `\${tasks.${draw.pick(before)}.output}`);
    }
    if (task.type !== "wait" && draw.chance(0.04)) give(task, "v", "${input.nowhere}");
    if (task.type === "map" && before.length > 0 && draw.chance(0.35)) {
      const maps = before.filter((id) => graph.task(id)?.type === "map");
      task.forEach = `\${tasks.${draw.pick(maps.length > 0 && draw.chance(0.8) ? maps : before)}.output}`;
    }
    task.next = task.next?.map((way, i, all) =>
      i === all.length - 1 && draw.chance(0.5)
        ? way
        : { ...way, when: drawCondition(draw, [...before, task.taskId], wide) },
    );
    if (task.next === undefined) delete task.next;
  }
};

const drawWait = (draw: Random, until: readonly string[]): Partial<Authored> =>
  draw.chance(0.5)
    ? { type: "wait", for: draw.pick(["0s", "5s", "2m", "${input.pause}"]) }
    : { type: "wait", until: draw.pick(until) };

export interface DrawOptions {
  readonly id: string;
  /** Tasks with a place in the order; fallbacks and compensations come on top. */
  readonly mains: number;
  /** What waits wait until. */
  readonly until: readonly string[];
  /** With it tasks of every type are drawn, as far as it has something for them. */
  readonly outside?: DrawnOutside;
  /** How long the session may last: durations, of which one is drawn now and then. */
  readonly timeouts?: readonly string[];
}

/**
 * A random definition over the order of tasks: joins, conditions, choices, fallbacks of fallbacks, compensations,
 * tolerated failures, waits; with `outside` over the whole language. It passes the check of the language, and
 * conditions are those `holds` can tell. Equal options draw equally; what is not given is not drawn and shifts nothing.
 */
export const drawGraph = (draw: Random, work: DrawWork, options: DrawOptions): AuthoredDefinition => {
  const { id, mains, until, outside, timeouts } = options;
  const tasks: Task[] = Array.from({ length: mains }, (_, at) => ({ taskId: `t${at}`, ...work(at) }));
  tasks.forEach((_, at) => drawOrder(draw, tasks, at));
  for (const [at, task] of tasks.entries()) {
    if (task.next !== undefined) drawChoices(draw, task, tasks.slice(at + 1).map(({ taskId }) => taskId)); // prettier-ignore
  }
  // What is chosen by a task does not wait for it by `dependsOn` as well.
  for (const { taskId, next } of tasks) {
    for (const chosen of tasks.filter((task) => next?.some((way) => way.taskId === task.taskId))) {
      if (chosen.dependsOn !== undefined) chosen.dependsOn = chosen.dependsOn.filter((id) => id !== taskId);
    }
  }
  const aside = (name: string): string => {
    const at = tasks.length;
    tasks.push({ taskId: name, ...work(at), ...(draw.chance(0.15) ? drawWait(draw, until) : {}) });
    return name;
  };
  for (const task of tasks.slice(0, mains)) {
    if (draw.chance(0.25)) {
      task.fallbackTaskId = aside(`f${task.taskId}`);
      if (draw.chance(0.3)) tasks.at(-1)!.fallbackTaskId = aside(`g${task.taskId}`);
    }
    if (draw.chance(0.3)) task.compensateWith = aside(`u${task.taskId}`);
    if (draw.chance(0.15)) Object.assign(task, drawWait(draw, until));
  }
  for (const task of tasks) if (draw.chance(0.15)) task.onFailure = "continue";
  for (const task of tasks) {
    if (task.type !== "wait") continue;
    delete task.agentId;
    delete task.agentCapability;
    delete task.parameters;
    delete task.retry;
    delete task.timeout;
  }
  if (outside !== undefined) {
    for (const task of tasks) if (task.type !== "wait" && draw.chance(0.5)) drawType(draw, task, outside);
  }
  const limit = timeouts !== undefined && draw.chance(0.3) ? { timeout: draw.pick(timeouts) } : {};
  const document = { id, name: id, ...limit, tasks };
  drawConditions(draw, document, tasks, options);
  return document;
};
