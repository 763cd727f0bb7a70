import { attemptIdOf, taskIdOf } from "../ids.ts";
import type { Graph } from "../workflow/graph.ts";
import type { Json, JsonObject } from "../json.ts";
import type { AttemptOutcome, SessionEvent, Transport, Usage } from "./events.ts";
import { nodeOf, type Facts } from "./facts.ts";
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
        default:
      }
    }
  }
  return ended;
};

type Draft = { -readonly [K in keyof TaskView]: TaskView[K] } & { attempts: AttemptView[] };

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

/** An attempt ends soon after it began, so it is looked for from the end: a long history costs no more a step. */
const endAttemptView = (draft: Draft, attemptId: string, end: Partial<AttemptView>): void => {
  const at = draft.attempts.findLastIndex((attempt) => attempt.id === attemptId);
  draft.attempts[at] = { ...draft.attempts[at]!, ...end }; // an attempt is requested before anything ends it
};

const draftOf = (sessionId: string, { taskId, n }: { readonly taskId: string; readonly n: number }): Draft => ({
  taskId,
  id: taskIdOf(sessionId, n),
  name: taskId,
  status: "waiting",
  agentId: null,
  parameters: {},
  output: null,
  error: null,
  fallback: null,
  map: null,
  lateResults: 0,
  attempts: [],
});

/** The place of an item in its map. */
const placeOf = (sessionId: string, { taskId, of, index }: SessionEvent & { type: "TaskEntered" }): TaskView["map"] =>
  of === undefined || index === undefined ? null : { taskId, id: taskIdOf(sessionId, of), index };

const applyTo = (drafts: Map<number, Draft>, sessionId: string, event: SessionEvent, at: number): void => {
  if (event.type === "TaskEntered") {
    const map = placeOf(sessionId, event);
    drafts.set(event.n, { ...draftOf(sessionId, event), parameters: event.parameters, map });
    return;
  }
  if (event.type === "TaskSkipped") {
    drafts.set(event.n, { ...(drafts.get(event.n) ?? draftOf(sessionId, event)), status: "skipped" });
    return;
  }
  const draft = "n" in event ? drafts.get(event.n) : undefined;
  if (draft === undefined) return;
  switch (event.type) {
    case "DispatchRequested":
      draft.agentId = event.agentId;
      if (event.again) endAttemptView(draft, event.attemptId, { dispatchedAt: at });
      else
        draft.attempts.push({
          attempt: event.attempt,
          id: event.attemptId,
          agentId: event.agentId,
          status: "running",
          transport: null,
          dispatchedAt: at,
          startedAt: null,
          endedAt: null,
          error: null,
          counts: true,
          usage: null,
          notes: [],
          progress: null,
        });
      return;
    case "AttemptEnded":
    case "TaskCompleted": {
      const failed = event.type === "AttemptEnded";
      endAttemptView(draft, event.attemptId, {
        status: failed ? event.outcome : "completed",
        transport: event.trace.transport,
        startedAt: event.trace.startedAt,
        endedAt: at,
        usage: event.usage ?? null,
        notes: event.trace.notes ?? [],
        ...(failed ? { error: event.error, counts: event.counts } : {}),
      });
      if (failed) draft.error = event.error;
      else Object.assign(draft, { status: "completed", output: event.output, error: null });
      return;
    }
    case "CallFailed":
      draft.error = event.error;
      return;
    case "TaskResolved":
      Object.assign(draft, { status: "completed", output: event.output, error: null });
      return;
    case "TaskFailed":
      Object.assign(draft, { status: "failed", error: event.error });
      return;
    case "TaskCancelled":
      draft.status = "cancelled";
      return;
    case "LateResultRecorded":
      draft.lateResults += 1;
      return;
    default:
      return;
  }
};

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
  facts: Pick<Facts, "agents" | "signs" | "graph">,
): readonly TaskView[] => {
  const drafts = new Map<number, Draft>();
  for (const row of log) {
    for (const event of row.events) applyTo(drafts, state.id, event, row.at);
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
