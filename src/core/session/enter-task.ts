import type { Json, JsonObject } from "../json.ts";
import { parseDuration } from "../workflow/duration.ts";
import { templateOf, type Graph, type GraphTask } from "../workflow/graph.ts";
import { parseInstant } from "../workflow/instant.ts";
import { render } from "../workflow/template.ts";
import { assignOrWait } from "./assign.ts";
import { contextOf } from "./context.ts";
import { DEFAULT_PRIORITY } from "./deadlines.ts";
import { failTask } from "./fail-task.ts";
import { endedTask, inputOf, nodeOf } from "./facts.ts";
import type { EndedTask, TaskError } from "./state.ts";
import { emit, type Turn } from "./turn.ts";

/** What became of a condition: it holds or not, or it could not be told. */
export type Condition = { readonly holds: boolean } | { readonly fault: TaskError };

/** Evaluates a CEL condition of a task; anything but true or false is a fault of the task. */
export const conditionOf = (turn: Turn, expression: string, reads: ReturnType<Graph["reads"]>): Condition => {
  const rendered = render(templateOf(expression) as Json, contextOf(turn, reads));
  if (!rendered.ok) return { fault: { code: rendered.code, message: rendered.message } };
  if (typeof rendered.value === "boolean") return { holds: rendered.value };
  return { fault: { code: "expression_error", message: `the condition gives ${typeof rendered.value}, not a bool` } };
};

/** A wait, from what the author wrote or rendered. */
const sleep = (turn: Turn, task: GraphTask, n: number, parameters: JsonObject): void => {
  const isFor = parameters["for"] !== undefined;
  const wish = isFor ? parameters["for"] : parameters["until"];
  const text = typeof wish === "string" ? wish : JSON.stringify(wish);
  const ms = isFor ? parseDuration(text) : parseInstant(text);
  if (ms === null) {
    const wanted = isFor ? "a duration such as 90s" : "an instant such as 2030-01-31T08:00:00Z";
    return failTask(turn, n, { code: "invalid_wait", message: `"${text.slice(0, 64)}" is not ${wanted}` });
  }
  // What has passed is due now: a timer in the past would go before what is really late.
  const until = isFor ? turn.now + ms : Math.max(ms, turn.now);
  emit(turn, { type: "TaskSlept", taskId: task.taskId, n, until, fixed: !isFor });
};

const begin = (turn: Turn, task: GraphTask, n: number, parameters: JsonObject): void => {
  if (task.type === "wait") return sleep(turn, task, n, parameters);
  assignOrWait(turn, n);
};

/** What the engine itself does stays what the author wrote: whoever starts a session must not turn a wait or a call. */
const isOpenToInput = ({ type }: GraphTask): boolean => type !== "wait" && type !== "http" && type !== "map";

/** Enters a task of the graph: renders its parameters once, then assigns it or lets it wait. */
const enterTask = (turn: Turn, taskId: string): void => {
  const node = nodeOf(turn.facts.graph, taskId);
  const reads = turn.facts.graph.reads(taskId);
  const n = turn.state.tasks + 1;
  const condition = node.when === null ? { holds: true } : conditionOf(turn, node.when, reads);
  if ("holds" in condition && !condition.holds) {
    return emit(turn, { type: "TaskSkipped", taskId, n, reason: "condition" });
  }
  const rendered = render(node.parameters, contextOf(turn, reads));
  const input = node.isStart && isOpenToInput(node) ? inputOf(turn.facts) : {};
  const parameters: JsonObject = rendered.ok ? { ...rendered.value, ...input } : {};
  const priority = node.priority === DEFAULT_PRIORITY ? {} : { priority: node.priority };
  emit(turn, { type: "TaskEntered", taskId, n, parameters, ...priority });
  if ("fault" in condition) return failTask(turn, n, condition.fault);
  if (!rendered.ok) return failTask(turn, n, { code: rendered.code, message: rendered.message });
  begin(turn, node, n, parameters);
};

type Way = "open" | "live" | "dead";

/** Whether the end of `from` leads to `to`: not known yet, yes, or never. */
const wayOf = (from: EndedTask | undefined, kind: string, to: string): Way => {
  if (from === undefined || from.pending === true) return "open";
  if (from.dead === true) return "dead";
  if (kind !== "choice") return "live";
  if (from.chose === undefined) return "open";
  return from.chose === to ? "live" : "dead";
};

/**
 * Enters a task if what it waits for has come: all its predecessors that were reached have ended, or with `join: any`
 * one of them. If none of them can be reached, neither can it.
 */
export const considerTask = (turn: Turn, taskId: string): void => {
  const { state } = turn;
  if (endedTask(state, taskId) !== undefined || state.open.some((task) => task.taskId === taskId)) return;
  const node = nodeOf(turn.facts.graph, taskId);
  const ways = node.predecessors.map(({ taskId: from, kind }) => wayOf(endedTask(state, from), kind, taskId));
  const isLive = ways.includes("live");
  if (node.join === "any" && isLive) return enterTask(turn, taskId);
  if (ways.includes("open")) return;
  if (isLive || ways.length === 0) return enterTask(turn, taskId);
  emit(turn, { type: "TaskSkipped", taskId, n: state.tasks + 1, reason: "not_reached" });
};

/** Enters a task that no order leads to: a fallback or a compensation. */
export const enterAside = (turn: Turn, taskId: string): void => enterTask(turn, taskId);
