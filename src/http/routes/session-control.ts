import type { Hono } from "hono";
import { controlTask, pauseSession, resumeSession, signalSession } from "../../app/control-session.ts";
import type { Deps } from "../../app/deps.ts";
import type { SessionStandingAnswer, SignalSentAnswer, TaskControlledAnswer } from "../../contract/answers/control.ts";
import {
  completeByHandSchema,
  decideSchema,
  failByHandSchema,
  pauseSchema,
  resumeSchema,
  retryNowSchema,
  signalSchema,
  skipSchema,
} from "../../contract/control.ts";
import { keyCause, pathId } from "../cause.ts";
import type { AppEnv } from "../env.ts";
import { idempotencyOf } from "../idempotency.ts";
import { bodyLimits, decodeJson, readBody, readJson } from "../middleware/body.ts";
import { noQuery } from "../middleware/query.ts";
import { jsonValue } from "../wire.ts";
import type { Context } from "hono";

type TaskAction = Parameters<typeof controlTask>[3];

const SESSION = "/v1/opscore/sessions/:sessionId";
const limits = { maxBytes: bodyLimits.other, emptyAs: {} };

/** What a person asks for, by the last word of the path. */
const actions: Readonly<Record<string, (c: Context<AppEnv>) => Promise<TaskAction>>> = {
  retry: async (c) => {
    await readJson(c, retryNowSchema, limits);
    return { kind: "retry" };
  },
  skip: async (c) => {
    await readJson(c, skipSchema, limits);
    return { kind: "skip" };
  },
  complete: async (c) => {
    const { output } = await readJson(c, completeByHandSchema, limits);
    return { kind: "complete", output: jsonValue(output ?? null) };
  },
  fail: async (c) => {
    const { error } = await readJson(c, failByHandSchema, limits);
    const message = error?.message ?? "an operator let the task fail";
    return { kind: "fail", error: { code: error?.code ?? "operator", message } };
  },
  approve: async (c) => {
    const { by, comment } = await readJson(c, decideSchema, limits);
    return { kind: "approve", by: by ?? null, comment: comment ?? null };
  },
  reject: async (c) => {
    const { by, comment } = await readJson(c, decideSchema, limits);
    return { kind: "reject", by: by ?? null, comment: comment ?? null };
  },
};

export const sessionControlRoutes = (app: Hono<AppEnv>, deps: Deps): void => {
  app.post(`${SESSION}/pause`, noQuery, async (c) => {
    const { reason } = await readJson(c, pauseSchema, limits);
    const sessionId = pathId(c, "sessionId");
    const { status, already } = await pauseSession(deps, sessionId, reason ?? null, keyCause(c, "PauseSession"));
    return c.json({ sessionId, status } satisfies SessionStandingAnswer, already ? 200 : 202);
  });

  app.post(`${SESSION}/resume`, noQuery, async (c) => {
    await readJson(c, resumeSchema, limits);
    const sessionId = pathId(c, "sessionId");
    const { status, already } = await resumeSession(deps, sessionId, keyCause(c, "ResumeSession"));
    return c.json({ sessionId, status } satisfies SessionStandingAnswer, already ? 200 : 202);
  });

  app.post(`${SESSION}/signals/:name`, noQuery, async (c) => {
    const bytes = await readBody(c, limits);
    const { payload } = bytes.length === 0 ? {} : decodeJson(bytes, signalSchema);
    const sessionId = pathId(c, "sessionId");
    const name = pathId(c, "name");
    const key = (await idempotencyOf(c, bytes))?.key ?? null;
    const signal = { name, payload: jsonValue(payload ?? null), key };
    const { status, already } = await signalSession(deps, sessionId, signal, keyCause(c, "SignalSession"));
    return c.json({ sessionId, signal: name, status } satisfies SignalSentAnswer, already ? 200 : 202);
  });

  for (const [verb, read] of Object.entries(actions)) {
    app.post(`${SESSION}/tasks/:task/${verb}`, noQuery, async (c) => {
      const action = await read(c);
      const sessionId = pathId(c, "sessionId");
      const cause = keyCause(c, "ControlTask");
      const { taskId, id, status, already } = await controlTask(deps, sessionId, pathId(c, "task"), action, cause);
      const answer: TaskControlledAnswer = { sessionId, taskId, id, status };
      return c.json(answer, already ? 200 : 202);
    });
  }
};
