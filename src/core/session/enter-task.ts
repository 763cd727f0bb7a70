import type { Json, JsonObject } from "../json.ts";
import { evaluateExpression } from "../workflow/expression.ts";
import type { Graph, GraphTask } from "../workflow/graph.ts";
import { beginWork } from "./begin-work.ts";
import { contextOf, renderParameters } from "./context.ts";
import { DEFAULT_PRIORITY } from "./deadlines.ts";
import { failSession, failTask } from "./fail-task.ts";
import { endedTask, inputOf, nodeOf } from "./facts.ts";
import { jsonBytes } from "../workflow/json-size.ts";
import { fillMap, MAX_TASKS, tooManyTasks } from "./map-items.ts";
import type { EndedTask, TaskError } from "./state.ts";
import { emit, evaluate, MAX_EVALUATED, MAX_STEP_BYTES, tooManySteps, type Turn } from "./turn.ts";

/** A map goes over so many items. */
const MAX_ITEMS = 1_000;

/** What became of a condition: it holds or not, or it could not be told. */
export type Condition = { readonly holds: boolean } | { readonly fault: TaskError };

/** Evaluates a CEL condition of a task; anything but true or false is a fault of the task. */
export const conditionOf = (turn: Turn, expression: string, reads: ReturnType<Graph["reads"]>): Condition => {
  const parsed = turn.facts.graph.condition(expression);
  if (!parsed.ok) return { fault: { code: "expression_error", message: `the condition ${parsed.message}` } };
  if (turn.evaluated > MAX_EVALUATED) return { fault: tooManySteps };
  const found = evaluateExpression(parsed.expression, contextOf(turn, reads));
  evaluate(turn, found.steps);
  if (!found.ok) return { fault: { code: found.code, message: `the condition: ${found.message}` } };
  if (typeof found.value === "boolean") return { holds: found.value };
  return { fault: { code: "expression_error", message: "the condition gives neither true nor false" } };
};

/** Why something is nothing that a map can go over. */
const notItems = (list: Json | undefined): TaskError =>
  Array.isArray(list)
    ? { code: "limit_items", message: `forEach gives ${list.length} items; a map takes at most ${MAX_ITEMS}` }
    : { code: "not_a_list", message: "forEach does not give a list" };

const tooMuchAtOnce: TaskError = {
  code: "limit_step",
  message: `the tasks that one step enters have more than ${MAX_STEP_BYTES / 1_024} KiB of parameters together`,
};

/** What the engine itself does stays what the author wrote: whoever starts a session must not turn a wait or a call. */
const isOpenToInput = ({ type }: GraphTask): boolean => type !== "wait" && type !== "http" && type !== "map";

/**
 * Enters a task of the graph, whatever leads to it: renders its parameters once, then assigns it or lets it wait.
 * Fallbacks and compensations, which no order leads to, are entered so.
 */
export const enterTask = (turn: Turn, taskId: string): void => {
  const node = nodeOf(turn.facts.graph, taskId);
  const reads = turn.facts.graph.reads(taskId);
  const n = turn.state.tasks + 1;
  const condition = node.when === null ? { holds: true } : conditionOf(turn, node.when, reads);
  if ("holds" in condition && !condition.holds) {
    return emit(turn, { type: "TaskSkipped", taskId, n, reason: "condition" });
  }
  const rendered = renderParameters(turn, taskId, "task", contextOf(turn, reads));
  const input = node.isStart && isOpenToInput(node) ? inputOf(turn.facts) : {};
  const edited = turn.edited?.taskId === taskId ? turn.edited.parameters : {};
  const parameters: JsonObject = rendered.ok ? { ...rendered.value, ...input, ...edited } : {};
  const priority = node.priority === DEFAULT_PRIORITY ? {} : { priority: node.priority };
  const list = node.type === "map" ? parameters["forEach"] : undefined;
  const fits = Array.isArray(list) && list.length <= MAX_ITEMS;
  // What undoes a session is begun whatever the number: it has an end, since each of it is begun once.
  if (n > MAX_TASKS && turn.state.failing === undefined) return failSession(turn, taskId, tooManyTasks);
  const entered = node.type === "map" ? { parameters: {}, ...(fits ? { items: list } : {}) } : { parameters };
  const isTooMuch = turn.bytes + jsonBytes(entered, MAX_STEP_BYTES) > MAX_STEP_BYTES;
  emit(turn, { type: "TaskEntered", taskId, n, ...(isTooMuch ? { parameters: {} } : entered), ...priority });
  if ("fault" in condition) return failTask(turn, n, condition.fault);
  if (!rendered.ok) return failTask(turn, n, { code: rendered.code, message: rendered.message });
  if (isTooMuch) return failTask(turn, n, tooMuchAtOnce);
  if (node.type !== "map") return beginWork(turn, n, parameters);
  if (fits) return fillMap(turn, n);
  failTask(turn, n, notItems(list));
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
