import { attemptIdOf } from "../ids.ts";
import type { Graph } from "../workflow/graph.ts";
import type { Json, JsonObject } from "../json.ts";
import type { AttemptOutcome, SessionEvent, Transport, Usage } from "./events.ts";
import { nodeOf, type Facts } from "./facts.ts";
import { applyTo, endAttemptView, type CarriedEvents, type Draft } from "./task-draft.ts";
import type { OpenTask, SessionState, TaskError } from "./state.ts";

/** One attempt as an operator sees it. Times are epoch ms. */
export interface AttemptView {
  readonly attempt: number;
  readonly id: string;
  readonly agentId: string;
  readonly status: "running" | "completed" | AttemptOutcome;
  readonly transport: Transport | null;
  readonly dispatchedAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly error: TaskError | null;
  readonly counts: boolean;
  readonly usage: Usage | null;
  /** Why a transport was not used or did not deliver. */
  readonly notes: readonly string[];
  readonly progress: Json;
}

export interface TaskView {
  readonly taskId: string;
  readonly id: string;
  readonly name: string;
  readonly status: "waiting" | "running" | "retrying" | "completed" | "failed" | "cancelled" | "skipped";
  readonly agentId: string | null;
  readonly parameters: JsonObject;
  readonly output: Json;
  readonly error: TaskError | null;
  /**
   * What stands in for a failed task, and how that stands: once completed, later tasks see its output as this one's.
   * `status` null: it has not begun. `null`: nothing stands in.
   */
  readonly fallback: { readonly taskId: string; readonly status: TaskView["status"] | null } | null;
  /** Which item of which map it is; `null`: none. */
  readonly map: { readonly taskId: string; readonly id: string; readonly index: number } | null;
  readonly lateResults: number;
  readonly attempts: readonly AttemptView[];
  /** A task of an earlier session, of which this one, run again from a later task, took the result. */
  readonly carriedFrom?: string;
}

/** Since when an open task stands where it stands: sent, began to wait, became ready. Epoch ms. */
export const openSince = (task: OpenTask): number => {
  switch (task.phase) {
    case "dispatched":
    case "calling":
      return task.sentAt;
    case "waiting":
      return task.since;
    default:
      return task.readyAt;
  }
};

/** When the tasks of a log have ended (epoch ms), by their number. */
export const endedAtOf = (
  log: readonly { readonly at: number; readonly events: readonly SessionEvent[] }[],
): ReadonlyMap<number, number> => {
  const ended = new Map<number, number>();
  for (const { at, events } of log) {
    for (const event of events) {
      switch (event.type) {
        case "TaskCompleted":
        case "TaskResolved":
        case "TaskFailed":
        case "TaskSkipped":
        case "TaskCancelled":
          ended.set(event.n, at);
          break;
        case "TasksCarried":
          for (const { n } of event.tasks) ended.set(n, at);
          break;
        default:
      }
    }
  }
  return ended;
};

/** How the phases of an open task are called. */
export const openStatus = {
  waiting: "waiting",
  backoff: "retrying",
  dispatched: "running",
  sleeping: "waiting",
  calling: "running",
  awaiting: "waiting",
  mapping: "running",
  child: "running",
} as const;

/** What stands in for a task, if it has failed; what stands in for that counts as well. */
const fallbackOf = (
  { taskId, status }: TaskView,
  own: ReadonlyMap<string, TaskView>,
  graph: Graph,
): TaskView["fallback"] => {
  const { fallbackTaskId } = nodeOf(graph, taskId);
  if (status !== "failed" || fallbackTaskId === null) return null;
  const fallback = own.get(fallbackTaskId);
  if (fallback === undefined) return { taskId: fallbackTaskId, status: null };
  return { taskId: fallbackTaskId, status: fallbackOf(fallback, own, graph)?.status ?? fallback.status };
};

/** The tasks of a session with their attempts, folded from its log; what is in flight is completed from the facts. */
export const tasksView = (
  state: SessionState,
  log: readonly { readonly at: number; readonly events: readonly SessionEvent[] }[],
  facts: Pick<Facts, "agents" | "signs" | "graph"> & { readonly carried?: CarriedEvents },
): readonly TaskView[] => {
  const drafts = new Map<number, Draft>();
  for (const row of log) {
    for (const event of row.events) applyTo(drafts, state.id, event, row.at, facts.carried);
  }
  for (const task of state.open) {
    const draft = drafts.get(task.n);
    if (draft === undefined) continue;
    draft.status = openStatus[task.phase];
    if (task.phase !== "dispatched") {
      draft.agentId = null;
      continue;
    }
    const attemptId = attemptIdOf(state.id, task.n, task.attempt);
    const entry = facts.agents.get(task.agentId)?.tasks[attemptId];
    endAttemptView(draft, attemptId, {
      transport: entry?.transport ?? null,
      startedAt: facts.signs.get(attemptId)?.workingAt ?? null,
      notes: entry?.refused ?? [],
      progress: entry?.progress ?? facts.signs.get(attemptId)?.progress ?? null,
    });
  }
  const own = new Map([...drafts.values()].filter(({ map }) => map === null).map((draft) => [draft.taskId, draft]));
  for (const draft of drafts.values()) {
    draft.name = nodeOf(facts.graph, draft.taskId).name;
    if (draft.map === null) draft.fallback = fallbackOf(draft, own, facts.graph);
  }
  return [...drafts.values()];
};

/** What the row of a session says, so that a step rewrites no index: open, paused, or how it ended. */
export const storedStatus = (state: SessionState): SessionState["status"] | "paused" =>
  state.status === "open" && state.paused !== undefined ? "paused" : state.status;

export type ReadStatus = "started" | "running" | "waiting" | "paused" | "completed" | "failed" | "cancelled";

/** The status people read: an attempt in flight = running, nothing dispatched yet = started, else waiting. */
export const readStatus = (state: SessionState): ReadStatus => {
  if (state.status !== "open") return state.status;
  if (state.paused !== undefined) return "paused";
  if (state.open.some(({ phase }) => phase === "dispatched" || phase === "calling" || phase === "child")) {
    return "running";
  }
  return state.dispatched ? "waiting" : "started";
};
