import type { Context, Hono } from "hono";
import type { Deps } from "../../app/deps.ts";
import { beatTask, settleTask } from "../../app/settle-task.ts";
import { beatSchema, completeSchema, failSchema } from "../../contract/requests.ts";
import { keyCause, pathId } from "../cause.ts";
import type { AppEnv } from "../env.ts";
import { bodyLimits, readJson } from "../middleware/body.ts";
import { noQuery } from "../middleware/query.ts";
import { jsonObject, jsonValue } from "../wire.ts";

const options = { maxBytes: bodyLimits.other, emptyAs: {} };

/** How an agent settles its work by call instead of by state report. */
export const taskRoutes = (app: Hono<AppEnv>, deps: Deps): void => {
  const speaksFor = (c: Context<AppEnv>) => c.get("speaksFor") ?? null;

  app.post("/v1/opscore/tasks/:attemptId/complete", noQuery, async (c) => {
    const { output, usage } = await readJson(c, completeSchema, options);
    const result = { kind: "completed", ...(output === undefined ? {} : { output: jsonValue(output) }) } as const;
    const cause = keyCause(c, "CompleteTask");
    const sent = usage && jsonObject(usage);
    return c.json(await settleTask(deps, pathId(c, "attemptId"), result, sent, cause, speaksFor(c)));
  });

  app.post("/v1/opscore/tasks/:attemptId/fail", noQuery, async (c) => {
    const { error, usage } = await readJson(c, failSchema, options);
    const { code, message, retryable, retryAfterMs } = error;
    const result = {
      kind: "failed",
      error: { code, message },
      ...(retryable === undefined ? {} : { retryable }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    } as const;
    const cause = keyCause(c, "FailTask");
    const sent = usage && jsonObject(usage);
    return c.json(await settleTask(deps, pathId(c, "attemptId"), result, sent, cause, speaksFor(c)));
  });

  app.post("/v1/opscore/tasks/:attemptId/heartbeat", noQuery, async (c) => {
    const { progress } = await readJson(c, beatSchema, options);
    const sent = progress === undefined ? undefined : jsonValue(progress);
    return c.json(await beatTask(deps, pathId(c, "attemptId"), sent, speaksFor(c)));
  });
};
