import type { TaskEnqueuedAnswer } from "../contract/answers/task.ts";
import { parseTaskRef, taskIdOf } from "../core/ids.ts";
import type { JsonObject } from "../core/json.ts";
import { nodeOf } from "../core/session/facts.ts";
import { SINGLE_TASK, SINGLE_TASK_WAIT, SINGLE_TASK_WORK } from "../core/workflow/reserved-ids.ts";
import type { TaskView } from "../core/session/view.ts";
import { hideSecrets } from "../core/workflow/secret-marker.ts";
import { cancelSession } from "./cancel-session.ts";
import type { Started, StartRequest } from "./commit-start.ts";
import type { Deps } from "./deps.ts";
import type { Cause } from "./log-row.ts";
import { OpsError } from "./ops-error.ts";
import { loadWithLog, readSession } from "./read-session.ts";
import { startSession } from "./start-session.ts";

/** What is asked for, as the author of a definition would write it. */
export interface SingleTask {
  /** Members of a task of a definition: whom it goes to, its name, `retry`, `timeout`, `priority`. */
  readonly task: JsonObject;
  readonly parameters: JsonObject;
  /** A `wait` before it; `null`: at once. */
  readonly wait: { readonly for: string } | { readonly until: string } | null;
}

/** Rendered as it is: what callers send is data, never a template. */
const reference = (key: string): string => `\${input[${JSON.stringify(key)}]}`;

const definitionOf = ({ task, parameters, wait }: SingleTask): JsonObject => {
  const keys = Object.keys(parameters);
  const passed = Object.fromEntries(keys.map((key) => [key, reference(key)]));
  const work = { ...task, taskId: SINGLE_TASK_WORK, ...(wait === null ? {} : { parameters: passed }) };
  const tasks = wait === null ? [work] : [{ taskId: SINGLE_TASK_WAIT, type: "wait", ...wait }, work];
  return { id: SINGLE_TASK, name: "Single task", tasks };
};

/** Enqueues one task. With an Idempotency-Key the same request again gets the same task. */
export const enqueueTask = async (
  deps: Deps,
  wish: SingleTask,
  idempotency: StartRequest["idempotency"],
  cause: Cause,
): Promise<TaskEnqueuedAnswer & Pick<Started, "replayed">> => {
  const started = await startSession(
    deps,
    {
      definition: { kind: "own", document: definitionOf(wish) },
      agentId: null,
      input: wish.parameters,
      idempotency,
    },
    cause,
  );
  const { sessionId, replayed } = started;
  return { id: taskIdOf(sessionId, wish.wait === null ? 1 : 2), sessionId, replayed };
};

const notFound = (): OpsError => new OpsError("task_not_found", "There is no such task.");

/** One task, of a workflow or single, with its attempts. A single task that waits for its time is `waiting`. */
export const readTask = async (
  deps: Deps,
  id: string,
): Promise<{ readonly task: TaskView; readonly sessionId: string; readonly workflowId: string }> => {
  const ref = parseTaskRef(id);
  if (ref === null || ref.attempt !== null) throw notFound();
  const { state, tasks } = await readSession(deps, ref.sessionId).catch((error: unknown) => {
    throw error instanceof OpsError && error.code === "session_not_found" ? notFound() : error;
  });
  const [first] = tasks;
  const { workflowId } = state.definition;
  const task = tasks.find((one) => one.id === id);
  if (task !== undefined) return { task, sessionId: state.id, workflowId };
  if (workflowId !== SINGLE_TASK || ref.n !== 2 || first === undefined) throw notFound();
  // Not entered yet, or never: it stands where the wait before it stands.
  const { status } = first;
  const { facts, rows } = await loadWithLog(deps, ref.sessionId);
  const input = rows[0]?.events.flatMap((event) => (event.type === "SessionStarted" ? [event.input] : []))[0];
  return {
    task: {
      ...{ ...first, id, taskId: SINGLE_TASK_WORK, name: nodeOf(facts.graph, SINGLE_TASK_WORK).name },
      ...{ parameters: hideSecrets(input ?? {}) as JsonObject, status: status === "cancelled" ? status : "waiting" },
    },
    sessionId: state.id,
    workflowId,
  };
};

/**
 * Cancels a single task; again: the same. A task of a workflow is 409: there one fails or skips it. One that has ended
 * otherwise is 409.
 */
export const cancelTask = async (
  deps: Deps,
  id: string,
  reason: string | null,
  cause: Cause,
): Promise<{ readonly already: boolean }> => {
  const { sessionId, workflowId } = await readTask(deps, id);
  if (workflowId !== SINGLE_TASK) {
    throw new OpsError("conflict", "The task belongs to a workflow: fail or skip it, or cancel its session.");
  }
  const { already } = await cancelSession(deps, sessionId, reason, cause);
  return { already };
};
