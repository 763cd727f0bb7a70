import type { SettledAnswer } from "../contract/answers/settle.ts";
import type {
  TaskCancelledAnswer,
  TaskDetailAnswer,
  TaskEnqueuedAnswer,
  TaskSummaryAnswer,
} from "../contract/answers/task.ts";
import type { JsonObject, SingleTask, TaskFailure, TaskQuery } from "./inputs.ts";
import type { CallOptions, KeyedOptions } from "./options.ts";
import { pagedBy, type Paged } from "./pages.ts";
import type { Transport } from "./transport.ts";

/** Tasks, and what agents say of their attempts. */
export interface Tasks {
  /** Open tasks, or with `sessionId` all of a session. */
  list(query?: TaskQuery, options?: CallOptions): Paged<TaskSummaryAnswer>;
  get(id: string, options?: CallOptions): Promise<TaskDetailAnswer>;
  /** One task without a workflow. */
  enqueue(task: SingleTask, options?: KeyedOptions): Promise<TaskEnqueuedAnswer>;
  /** Cancels a task that was enqueued. */
  cancel(id: string, body?: { readonly reason?: string }, options?: KeyedOptions): Promise<TaskCancelledAnswer>;
  /** An attempt is done. The same again is answered the same; another outcome is `result_conflict`. */
  complete(
    attemptId: string,
    result?: { readonly output?: unknown; readonly usage?: JsonObject },
    options?: CallOptions,
  ): Promise<SettledAnswer>;
  /** An attempt has failed. The same again is answered the same; another outcome is `result_conflict`. */
  fail(
    attemptId: string,
    result: { readonly error: TaskFailure; readonly usage?: JsonObject },
    options?: CallOptions,
  ): Promise<SettledAnswer>;
  /** An attempt is worked on. `stale_attempt`: it was cancelled, superseded or is out of time, so stop. */
  heartbeat(attemptId: string, body?: { readonly progress?: unknown }, options?: CallOptions): Promise<SettledAnswer>;
}

/** @internal */
export const tasksOf = ({ send }: Transport): Tasks => ({
  list: (filter = {}, options) =>
    pagedBy(
      (query, callOptions) => send("GET /v1/opscore/tasks", { repeat: "read", query, options: callOptions }),
      filter,
      options,
    ),
  get: (id, options) => send("GET /v1/opscore/tasks/{id}", { repeat: "read", path: { id }, options }),
  enqueue: (body, options) => send("POST /v1/opscore/tasks", { repeat: "keyed", body, options }),
  cancel: (id, body = {}, options) =>
    send("POST /v1/opscore/tasks/{id}/cancel", { repeat: "keyed", path: { id }, body, options }),
  complete: (attemptId, body = {}, options) =>
    send("POST /v1/opscore/tasks/{attemptId}/complete", { repeat: "content", path: { attemptId }, body, options }),
  fail: (attemptId, body, options) =>
    send("POST /v1/opscore/tasks/{attemptId}/fail", { repeat: "content", path: { attemptId }, body, options }),
  heartbeat: (attemptId, body = {}, options) =>
    send("POST /v1/opscore/tasks/{attemptId}/heartbeat", { repeat: "content", path: { attemptId }, body, options }),
});
