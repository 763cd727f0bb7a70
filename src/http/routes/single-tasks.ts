import type { Hono } from "hono";
import type * as z from "zod";
import type { Deps } from "../../app/deps.ts";
import { cancelTask, enqueueTask, readTask, type SingleTask } from "../../app/single-task.ts";
import type { TaskCancelledAnswer, TaskDetailAnswer, TaskEnqueuedAnswer } from "../../contract/answers/task.ts";
import { cancelTaskSchema, singleTaskSchema } from "../../contract/single-task.ts";
import { keyCause, operatorCause, pathId } from "../cause.ts";
import type { AppEnv } from "../env.ts";
import { idempotencyOf, keyed, markReplayed } from "../idempotency.ts";
import { bodyLimits, decodeJson, readBody } from "../middleware/body.ts";
import { noQuery } from "../middleware/query.ts";
import { jsonObject, taskToWire } from "../wire.ts";

const wishOf = ({ parameters, delay, at, ...task }: z.output<typeof singleTaskSchema>): SingleTask => ({
  task: jsonObject(task),
  parameters: jsonObject(parameters ?? {}),
  wait: delay !== undefined ? { for: delay } : at === undefined ? null : { until: at },
});

/** One task without a workflow: enqueue, look, cancel. They are listed with all others. */
export const singleTaskRoutes = (app: Hono<AppEnv>, deps: Deps): void => {
  app.post("/v1/opscore/tasks", noQuery, async (c) => {
    const bytes = await readBody(c, { maxBytes: bodyLimits.other });
    const body = decodeJson(bytes, singleTaskSchema);
    const cause = keyCause(c, "StartSession");
    const { id, sessionId, replayed } = await enqueueTask(deps, wishOf(body), await idempotencyOf(c, bytes), cause);
    markReplayed(c, replayed);
    c.header("Location", `/v1/opscore/tasks/${id}`);
    return c.json({ id, sessionId } satisfies TaskEnqueuedAnswer, 202);
  });

  app.get("/v1/opscore/tasks/:id", noQuery, async (c) => {
    const { task, sessionId, workflowId } = await readTask(deps, pathId(c, "id"));
    return c.json({ ...taskToWire(task), sessionId, workflowId } satisfies TaskDetailAnswer);
  });

  app.post("/v1/opscore/tasks/:id/cancel", noQuery, async (c) => {
    const bytes = await readBody(c, { maxBytes: bodyLimits.other });
    const { reason } = decodeJson(bytes, cancelTaskSchema, {});
    const id = pathId(c, "id");
    return keyed(c, { deps, bytes }, async () => {
      const { already } = await cancelTask(deps, id, reason ?? null, operatorCause(c, "CancelSession", "cancelTask"));
      return c.json({ id, status: "cancelled" } satisfies TaskCancelledAnswer, already ? 200 : 202);
    });
  });
};
