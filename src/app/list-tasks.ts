import type { TaskStatusText } from "../contract/queries.ts";
import { parseTaskRef, taskIdOf } from "../core/ids.ts";
import { endedAtOf, openStatus, openSince, tasksView } from "../core/session/view.ts";
import type { OpenTask, SessionState, TaskError } from "../core/session/state.ts";
import { SINGLE_TASK, SINGLE_TASK_WAIT, SINGLE_TASK_WORK } from "../core/workflow/reserved-ids.ts";
import { nodeOf } from "../core/session/facts.ts";
import type { Deps } from "./deps.ts";
import { loadWithLog, type Page } from "./read-session.ts";
import type { TaskPlace } from "./session-lists-port.ts";

/** Which tasks are meant; every member that is not `null` must hold. */
export interface TaskFilter {
  readonly statuses: readonly TaskStatusText[] | null;
  /** The agent that works on it now; of an ended task the last one that did. */
  readonly agentId: string | null;
  readonly workflowId: string | null;
}

/** A task in a list: what it is and where it stands, without parameters and output. */
export interface TaskSummary {
  readonly taskId: string;
  readonly id: string;
  readonly name: string;
  readonly status: TaskStatusText;
  readonly sessionId: string;
  readonly workflowId: string;
  readonly agentId: string | null;
  /** How many attempts there were so far. */
  readonly attempts: number;
  /** Why its last attempt ended, or it failed; in short. */
  readonly error: TaskError | null;
  /** Epoch ms: when it was sent (running), began to wait, became ready (retrying), or ended. */
  readonly since: number;
}

interface TaskPage {
  readonly after: TaskPlace | null;
  readonly limit: number;
}

/** Whether it is the wait before a single task: it is shown as that task, whose id the caller was given. */
const isBefore = (workflowId: string, { taskId }: { readonly taskId: string }): boolean =>
  workflowId === SINGLE_TASK && taskId === SINGLE_TASK_WAIT;

const openSummary = (sessionId: string, workflowId: string, task: OpenTask, name: string | null): TaskSummary => ({
  ...(isBefore(workflowId, task)
    ? { taskId: SINGLE_TASK_WORK, id: taskIdOf(sessionId, task.n + 1), name: name ?? SINGLE_TASK_WORK }
    : { taskId: task.taskId, id: taskIdOf(sessionId, task.n), name: name ?? task.taskId }),
  status: openStatus[task.phase],
  sessionId,
  workflowId,
  agentId: task.phase === "dispatched" ? task.agentId : null,
  attempts: task.attempt,
  error: task.last,
  since: openSince(task),
});

const phasesOf = (statuses: readonly TaskStatusText[]): OpenTask["phase"][] =>
  (Object.keys(openStatus) as OpenTask["phase"][]).filter((phase) => statuses.includes(openStatus[phase]));

/**
 * Open tasks of all sessions, the newest session's first. A page looks at a bounded number of sessions: it may be short,
 * or empty, and still have a next one. A task that ends meanwhile may be missing; none comes twice.
 */
export const listOpenTasks = async (
  deps: Deps,
  filter: TaskFilter,
  page: TaskPage,
): Promise<Page<TaskSummary, TaskPlace>> => {
  const { statuses, agentId, workflowId } = filter;
  const phases = statuses && phasesOf(statuses);
  const { rows, next } = await deps.store.listOpenTasks({ phases, agentId, workflowId }, page);
  const data = rows.map((row) => openSummary(row.sessionId, row.workflowId, row.task, row.name));
  return { data, next };
};

const summariesOf = (
  state: SessionState,
  { facts, rows }: Pick<Awaited<ReturnType<typeof loadWithLog>>, "facts" | "rows">,
): readonly (TaskSummary & { readonly n: number })[] => {
  const open = new Map(state.open.map((task) => [task.n, task]));
  const ended = endedAtOf(rows);
  const { workflowId } = state.definition;
  const views = tasksView(state, rows, facts);
  // Once the task has been entered its wait is over.
  const seen = views.filter((view) => views.length === 1 || !isBefore(workflowId, view));
  return seen.map((view) => {
    const n = parseTaskRef(view.id)?.n ?? 0;
    const task = open.get(n);
    const shown = isBefore(workflowId, view)
      ? { taskId: SINGLE_TASK_WORK, id: taskIdOf(state.id, n + 1), name: nodeOf(facts.graph, SINGLE_TASK_WORK).name }
      : view;
    if (task !== undefined) return { ...openSummary(state.id, workflowId, task, shown.name), n };
    const { taskId, id, name } = shown;
    const { status, agentId, attempts, error } = view;
    const since = ended.get(n) ?? state.updatedAt;
    return {
      ...{ taskId, id, name, status, sessionId: state.id, workflowId, agentId },
      ...{ attempts: attempts.length, error, since, n },
    };
  });
};

/** Tasks of one session in the order in which they were created, the ended ones too. 404 if there is no such session. */
export const listSessionTasks = async (
  deps: Deps,
  sessionId: string,
  filter: TaskFilter,
  { after, limit }: TaskPage,
): Promise<Page<TaskSummary, TaskPlace>> => {
  const { state, ...loaded } = await loadWithLog(deps, sessionId);
  const { statuses, agentId, workflowId } = filter;
  const passing = summariesOf(state, loaded).filter(
    (task) =>
      task.n > (after?.n ?? 0) &&
      (statuses?.includes(task.status) ?? true) &&
      (agentId === null || task.agentId === agentId) &&
      (workflowId === null || task.workflowId === workflowId),
  );
  const data = passing.slice(0, limit);
  const last = data.at(-1);
  return { data, next: passing.length > limit && last !== undefined ? { sessionId, n: last.n } : null };
};
