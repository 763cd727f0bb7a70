import type { Agent } from "../agent/agent.ts";
import type { Json, JsonObject } from "../json.ts";
import type { Graph, GraphTask } from "../workflow/graph.ts";
import type { SessionEvent } from "./events.ts";
import type { Policy, Work } from "../workflow/definition.ts";
import type { EndedTask, OpenTask, SessionState } from "./state.ts";

/** What was heard about an attempt in flight since it was given to its agent. */
export interface Signs {
  /** Epoch ms at which a *working* report tied to it came in. */
  readonly workingAt: number | null;
  /** Any report of the agent was tied to it. */
  readonly reported: boolean;
  /** The newest progress a report brought; `null` without one. */
  readonly progress: Json;
  /** Epoch ms of the newest report tied to it; absent where it was not asked for. */
  readonly lastAt?: number;
}

/** Who can do what a capability names. */
export interface Capable {
  /** Whether any registered agent has the capability, free or not. */
  readonly registered: boolean;
  /** Ids of agents that may be free, the longest unused first. */
  readonly agentIds: readonly string[];
}

/** A child or the parent of a session. */
export interface Relative {
  readonly state: SessionState;
  /** What it hands to its parent. */
  readonly output: Json;
}

/** All a decision may know besides the session's head: loaded in the same batch, guarded at commit. */
export interface Facts {
  readonly graph: Graph;
  readonly agents: ReadonlyMap<string, Agent>;
  /** From an agent id as a definition or session names it to the newest successor's. */
  readonly newest: ReadonlyMap<string, string>;
  readonly capable: ReadonlyMap<string, Capable>;
  /** Log rows by `seq`: inputs, outputs and parameters that open tasks and their successors read. */
  readonly rows: ReadonlyMap<number, readonly SessionEvent[]>;
  /** Log rows of other sessions, by `<session id>.<seq>`. */
  readonly refs?: ReadonlyMap<string, readonly SessionEvent[]>;
  readonly signs: ReadonlyMap<string, Signs>;
  /** The queue order of the first task waiting for an agent, by agent id. */
  readonly ahead: ReadonlyMap<string, number>;
  /** Every logged event about the task a command names; `null` while not loaded. */
  readonly history: readonly SessionEvent[] | null;
  /** Items of maps, by `<log row>.<n of the map>.<index>`. */
  readonly items?: ReadonlyMap<string, Json>;
  /** Everything logged about those maps (their `n`), each from the row in which it was entered. */
  readonly span?: { readonly of: readonly number[]; readonly events: readonly SessionEvent[] } | null;
  /** Other sessions that this one hangs together with, by id; `null`: there is none of that id. */
  readonly relatives?: ReadonlyMap<string, Relative | null>;
  /** Which agents and capabilities were asked for; absent: all there are. What was not asked for is not known. */
  readonly known?: { readonly agents: ReadonlySet<string>; readonly caps: ReadonlySet<string> };
  /** The work that this decision may cost, in steps; one that would cost more throws `OutOfSteps`. Absent: any. */
  readonly maxSteps?: number;
}

/** A task of the definition. Throws for any other: a session is pinned to the definition its tasks came from. */
export const nodeOf = (graph: Graph, taskId: string): GraphTask => {
  const node = graph.tasks.get(taskId);
  if (node === undefined) throw new TypeError(`the session's definition has no task "${taskId}"`);
  return node;
};

/** What is to be done for an open task: by itself, or as an item of its map. */
export const workOf = (
  graph: Graph,
  task: Pick<OpenTask, "taskId" | "item">,
): Work & Policy & { readonly name: string } => {
  const node = nodeOf(graph, task.taskId);
  return task.item !== undefined && node.type === "map" ? node.item : node;
};

/** The session's input, from its first log row. */
export const inputOf = (facts: Facts): JsonObject => {
  for (const event of facts.rows.get(1) ?? []) {
    if (event.type === "SessionStarted") return event.input;
  }
  return {};
};

/** How a task ended; `undefined` if it has not. Own members only: a task may be called `constructor`. */
export const endedTask = (state: SessionState, taskId: string): EndedTask | undefined =>
  Object.hasOwn(state.ended, taskId) ? state.ended[taskId] : undefined;

/** The rendered parameters of an open task. */
export const parametersOf = (facts: Facts, paramsSeq: number, n: number): JsonObject | undefined => {
  for (const event of facts.rows.get(paramsSeq) ?? []) {
    if (event.type === "TaskEntered" && event.n === n) return event.parameters;
  }
  return undefined;
};
