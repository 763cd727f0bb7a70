import { compile, type Graph } from "./graph.ts";
import type { Policy, RetryPolicy } from "./definition.ts";
import { defaultRetry, normalise, retryOver, type AuthoredDefinition } from "./normalise.ts";
import { pointerTo, taskFault, type DefinitionFault } from "./pointer.ts";

type Authored = AuthoredDefinition["tasks"][number];
type AuthoredItem = NonNullable<Authored["task"]>;
type Path = readonly (string | number)[];

const warning = (path: Path, code: string, message: string): DefinitionFault => taskFault(path, code, message);

const noEffect = (path: Path, message: string): DefinitionFault => warning(path, "no_effect", message);

const insteadOfRun: Readonly<Record<string, string>> = {
  map: " Give its `task` one, or the definition a `timeout`.",
  workflow: " Give the definition that it starts a `timeout`.",
};

/** An interval that is written below `at` and never waited, as the longest is shorter. */
const intervalWarnings = (
  written: AuthoredItem["retry"],
  { initialIntervalMs, maximumIntervalMs }: RetryPolicy,
  at: Path,
): readonly DefinitionFault[] => {
  if (written?.initialInterval === undefined || initialIntervalMs <= maximumIntervalMs) return [];
  const message = `It is cut to the \`maximumInterval\` of ${maximumIntervalMs / 1_000} s.`;
  return [{ pointer: pointerTo([...at, "retry", "initialInterval"]), code: "no_effect", message }];
};

/** Of a task or of a map's item. */
const workWarnings = (work: AuthoredItem, policy: Policy, path: Path): readonly DefinitionFault[] => {
  const type = work.type ?? "agent";
  const isGiven = type === "agent" || type === "tool";
  const found = [...intervalWarnings(work.retry, policy.retry, ["tasks", ...path])];
  if (isGiven && typeof work.agentId !== "string" && typeof work.agentCapability !== "string") {
    const message = "Names no agent and no capability: sessions can be started only through an agent, who does it.";
    found.push(warning(path, "no_target", message));
  }
  if (typeof work.agentId === "string" && typeof work.agentCapability === "string") {
    found.push(noEffect([...path, "agentCapability"], "`agentId` wins over it."));
  }
  const run = type !== "wait" && type !== "map" && type !== "workflow";
  const used = { queue: isGiven, start: type === "agent", run, heartbeat: type === "agent" };
  for (const key of ["queue", "start", "run", "heartbeat"] as const) {
    if (work.timeout?.[key] === undefined || used[key]) continue;
    const instead = key === "run" ? (insteadOfRun[type] ?? "") : "";
    found.push(noEffect([...path, "timeout", key], `A task of the type \`${type}\` has no such deadline.${instead}`));
  }
  return found;
};

const taskWarnings = (task: Authored, at: number, graph: Graph): readonly DefinitionFault[] => {
  const node = graph.tasks.get(task.taskId)!;
  const found = [...workWarnings(task, node, [at])];
  if (task.task !== undefined && node.type === "map") found.push(...workWarnings(task.task, node.item, [at, "task"]));
  if (typeof task.fallbackTaskId === "string" && task.onFailure === "continue") {
    found.push(noEffect([at, "onFailure"], "The fallback is entered first; this counts only where that fails too."));
  }
  if (task.onTimeout !== undefined && task.timeout?.run === undefined) {
    found.push(noEffect([at, "onTimeout"], "Without `timeout.run` it waits for ever."));
  }
  if (task.join !== undefined && node.predecessors.length < 2) {
    found.push(noEffect([at, "join"], "Fewer than two tasks lead here."));
  }
  return found;
};

/** What an author of a definition without faults probably did not mean, its defaults first, then in the order of the tasks. Linear. */
export const warningsOf = (document: AuthoredDefinition): readonly DefinitionFault[] => {
  const graph = compile(normalise(document));
  const retry = document.defaults?.retry;
  return [
    ...intervalWarnings(retry, retryOver(defaultRetry, retry), ["defaults"]),
    ...document.tasks.flatMap((task, at) => taskWarnings(task, at, graph)),
  ];
};
