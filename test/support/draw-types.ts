import type { Random } from "../sim/random.ts";
import type { Authored } from "./naive-graph.ts";

/** What there is outside of a session, for tasks of the types that need it; what is absent is not drawn. */
export interface DrawnOutside {
  /** Definitions that child sessions run. How deep those go is the caller's affair. */
  readonly children?: readonly string[];
  readonly signals?: readonly string[];
  readonly urls?: readonly string[];
  readonly tools?: readonly string[];
  /** People approve and reject, and time-outs of what they are asked: durations. */
  readonly patience?: readonly string[];
  /** Lists for maps: JSON, or templates over the input that give one. */
  readonly lists?: readonly Authored["forEach"][];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export type DrawnTask = Mutable<Authored>;
export type DrawnItem = Mutable<NonNullable<Authored["task"]>>;

/** The common part of a task and of an item of a map. */
type DrawnWork = Pick<DrawnItem, "type" | "agentId" | "agentCapability" | "parameters" | "retry" | "timeout">;

const callTimeout = (draw: Random, { timeout }: DrawnWork): { readonly timeout?: { readonly run: string } } =>
  timeout?.run !== undefined && draw.chance(0.7) ? { timeout: { run: timeout.run } } : {};

const toTool = (draw: Random, task: DrawnItem, tools: readonly string[]): void => {
  const { timeout } = callTimeout(draw, task);
  task.type = "tool";
  task.tool = draw.pick(tools);
  delete task.timeout;
  if (timeout !== undefined) task.timeout = timeout;
};

const withoutAgent = (task: DrawnItem): void => {
  delete task.agentId;
  delete task.agentCapability;
};

const toHttp = (draw: Random, task: DrawnItem, urls: readonly string[]): void => {
  const { timeout } = callTimeout(draw, task);
  withoutAgent(task);
  delete task.parameters;
  delete task.timeout;
  task.type = "http";
  task.url = draw.pick(urls);
  if (draw.chance(0.6)) task.method = draw.pick(["GET", "POST", "PUT", "PATCH", "DELETE"]);
  if (draw.chance(0.3)) task.headers = { "X-Drawn": draw.pick(["plain", "${session.id}"]) };
  if (draw.chance(0.4)) task.success = draw.pick<readonly (number | string)[]>([["2xx"], [200, "201-204"], ["2xx", 404]]); // prettier-ignore
  if (timeout !== undefined) task.timeout = timeout;
};

const toWorkflow = (draw: Random, task: DrawnItem, children: readonly string[]): void => {
  const { retry, timeout } = task;
  withoutAgent(task);
  delete task.retry;
  delete task.timeout;
  task.type = "workflow";
  task.workflowDefinitionId = draw.pick(children);
  if (retry !== undefined && draw.chance(0.5)) task.retry = retry;
  if (timeout?.run !== undefined && draw.chance(0.3)) task.timeout = { run: timeout.run };
};

const toAsking = (draw: Random, task: DrawnTask, patience: readonly string[], words: readonly string[]): void => {
  withoutAgent(task);
  delete task.retry;
  delete task.timeout;
  if (!draw.chance(0.8)) return;
  task.timeout = { run: draw.pick(patience) };
  if (draw.chance(0.75)) task.onTimeout = draw.pick(words);
};

type Change<T> = (task: T) => void;

const itemChanges = (draw: Random, outside: DrawnOutside): readonly Change<DrawnItem>[] => {
  const { children, urls, tools } = outside;
  return [
    ...(tools === undefined ? [] : [(task: DrawnItem) => toTool(draw, task, tools)]),
    ...(urls === undefined ? [] : [(task: DrawnItem) => toHttp(draw, task, urls)]),
    ...(children === undefined ? [] : [(task: DrawnItem) => toWorkflow(draw, task, children)]),
  ];
};

const toMap = (draw: Random, task: DrawnTask, outside: DrawnOutside, lists: readonly Authored["forEach"][]): void => {
  const { agentId, agentCapability, parameters, retry, timeout, priority } = task;
  const item: DrawnItem = { agentId, agentCapability, parameters, retry, timeout };
  for (const key of Object.keys(item) as (keyof DrawnItem)[]) if (item[key] === undefined) delete item[key];
  const changes = itemChanges(draw, outside);
  if (changes.length > 0 && draw.chance(0.45)) draw.pick(changes)(item);
  if (priority !== undefined && draw.chance(0.5)) item.priority = priority;
  if (draw.chance(0.3)) item.onFailure = "continue";
  withoutAgent(task);
  delete task.parameters;
  delete task.retry;
  delete task.timeout;
  if (timeout?.run !== undefined && draw.chance(0.15)) task.timeout = { run: timeout.run };
  task.type = "map";
  task.forEach = draw.pick(lists);
  if (draw.chance(0.7)) task.maxConcurrency = 1 + draw.int(3);
  task.task = item;
  if (draw.chance(0.6)) give(task, "item", "${item}");
  if (draw.chance(0.4)) give(task, "index", "${index}");
};

/** Makes an agent's task one of another type, as far as there is something outside for it. */
export const drawType = (draw: Random, task: DrawnTask, outside: DrawnOutside): void => {
  const { signals, patience, lists } = outside;
  const changes: Change<DrawnTask>[] = [...itemChanges(draw, outside)];
  if (signals !== undefined) {
    changes.push((one) => {
      one.type = "signal";
      if (draw.chance(0.85)) one.signal = draw.pick(signals);
      toAsking(draw, one, patience ?? ["1m"], ["fail", "continue"]);
    });
  }
  if (patience !== undefined) {
    changes.push((one) => {
      one.type = "approval";
      toAsking(draw, one, patience, ["fail", "approve", "reject"]);
    });
  }
  if (lists !== undefined) {
    const one: Change<DrawnTask> = (map) => toMap(draw, map, outside, lists);
    changes.push(one, one);
  }
  if (changes.length > 0) draw.pick(changes)(task);
};

/** Gives the work of a task, or of each item of a map, one more thing to read; a wait reads nothing. */
export const give = (task: DrawnTask, name: string, template: string): void => {
  if (task.type === "wait") return;
  const work: DrawnItem = task.type === "map" ? { ...task.task } : task;
  if (work.type === "http") work.body = { ...(work.body as object | undefined), [name]: template };
  else work.parameters = { ...work.parameters, [name]: template };
  if (task.type === "map") task.task = work;
};
