import type { Hono } from "hono";
import { controlTask, pauseSession, resumeSession, signalSession, type MaybeKey } from "../../app/control-session.ts";
import type { Deps } from "../../app/deps.ts";
import type { SessionStandingAnswer, SignalSentAnswer, TaskControlledAnswer } from "../../contract/answers/control.ts";
import type { AuditAction } from "../../contract/audit.ts";
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
import { operatorCause, pathId } from "../cause.ts";
import type { AppEnv } from "../env.ts";
import { idempotencyOf, markReplayed } from "../idempotency.ts";
import { bodyLimits, decodeJson, readBody } from "../middleware/body.ts";
import { noQuery } from "../middleware/query.ts";
import { jsonValue } from "../wire.ts";
import type { Context } from "hono";

type TaskAction = Parameters<typeof controlTask>[3];

const SESSION = "/v1/opscore/sessions/:sessionId";
const limits = { maxBytes: bodyLimits.other };

type Bytes = Parameters<typeof decodeJson>[0];

/** The body, and what makes the request safe to repeat. */
const readWord = async (c: Context<AppEnv>): Promise<{ readonly body: Bytes; readonly key: MaybeKey }> => {
  const body = await readBody(c, limits);
  const found = await idempotencyOf(c, body);
  return { body, key: found === null ? null : { key: found.key, request: found.bodyHash.slice(0, 16) } };
};

/** What a person asks for, by the last word of the path. */
const actions = {
  retry: (body: Bytes): TaskAction => {
    decodeJson(body, retryNowSchema, {});
    return { kind: "retry" };
  },
  skip: (body: Bytes): TaskAction => {
    decodeJson(body, skipSchema, {});
    return { kind: "skip" };
  },
  complete: (body: Bytes): TaskAction => {
    const { output } = decodeJson(body, completeByHandSchema, {});
    return { kind: "complete", output: jsonValue(output ?? null) };
  },
  fail: (body: Bytes): TaskAction => {
    const { error } = decodeJson(body, failByHandSchema, {});
    const message = error?.message ?? "an operator let the task fail";
    return { kind: "fail", error: { code: error?.code ?? "operator", message } };
  },
  approve: (body: Bytes): TaskAction => {
    const { by, comment } = decodeJson(body, decideSchema, {});
    return { kind: "approve", by: by ?? null, comment: comment ?? null };
  },
  reject: (body: Bytes): TaskAction => {
    const { by, comment } = decodeJson(body, decideSchema, {});
    return { kind: "reject", by: by ?? null, comment: comment ?? null };
  },
} satisfies Readonly<Record<string, (body: Bytes) => TaskAction>>;

type Verb = keyof typeof actions;

/** How it is recorded. */
const recorded: Readonly<Record<Verb, AuditAction>> = {
  retry: "retryTask",
  skip: "skipTask",
  complete: "completeTaskByHand",
  fail: "failTaskByHand",
  approve: "approveTask",
  reject: "rejectTask",
};

export const sessionControlRoutes = (app: Hono<AppEnv>, deps: Deps): void => {
  app.post(`${SESSION}/pause`, noQuery, async (c) => {
    const { body, key } = await readWord(c);
    const { reason } = decodeJson(body, pauseSchema, {});
    const sessionId = pathId(c, "sessionId");
    const cause = operatorCause(c, "PauseSession", "pauseSession");
    const { status, already, replayed } = await pauseSession(deps, sessionId, reason ?? null, key, cause);
    markReplayed(c, replayed);
    return c.json({ sessionId, status } satisfies SessionStandingAnswer, already ? 200 : 202);
  });

  app.post(`${SESSION}/resume`, noQuery, async (c) => {
    const { body, key } = await readWord(c);
    decodeJson(body, resumeSchema, {});
    const sessionId = pathId(c, "sessionId");
    const { status, already, replayed } = await resumeSession(
      deps,
      sessionId,
      key,
      operatorCause(c, "ResumeSession", "resumeSession"),
    );
    markReplayed(c, replayed);
    return c.json({ sessionId, status } satisfies SessionStandingAnswer, already ? 200 : 202);
  });

  app.post(`${SESSION}/signals/:name`, noQuery, async (c) => {
    const { body, key } = await readWord(c);
    const { payload } = decodeJson(body, signalSchema, {});
    const sessionId = pathId(c, "sessionId");
    const name = pathId(c, "name");
    const signal = { name, payload: jsonValue(payload ?? null) };
    const cause = operatorCause(c, "SignalSession", "signalSession");
    const { status, already, replayed } = await signalSession(deps, sessionId, signal, key, cause);
    markReplayed(c, replayed);
    return c.json({ sessionId, signal: name, status } satisfies SignalSentAnswer, already ? 200 : 202);
  });

  for (const verb of Object.keys(actions) as Verb[]) {
    app.post(`${SESSION}/tasks/:task/${verb}`, noQuery, async (c) => {
      const { body, key } = await readWord(c);
      const action = actions[verb](body);
      const sessionId = pathId(c, "sessionId");
      const cause = operatorCause(c, "ControlTask", recorded[verb]);
      const task = pathId(c, "task");
      const { taskId, id, status, already, replayed } = await controlTask(deps, sessionId, task, action, key, cause);
      markReplayed(c, replayed);
      const answer: TaskControlledAnswer = { sessionId, taskId, id, status };
      return c.json(answer, already ? 200 : 202);
    });
  }
};
