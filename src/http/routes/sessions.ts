import type { Hono } from "hono";
import type * as z from "zod";
import { cancelSession } from "../../app/cancel-session.ts";
import type { Deps } from "../../app/deps.ts";
import { OpsError } from "../../app/ops-error.ts";
import { readSession, readSessionLog } from "../../app/read-session.ts";
import { startSession } from "../../app/start-session.ts";
import type { SessionCancelledAnswer } from "../../contract/answers/control.ts";
import type { SessionStartedAnswer } from "../../contract/answers/session.ts";
import { pageQuery } from "../../contract/pages.ts";
import { cancelSchema, startSchema } from "../../contract/requests.ts";
import { keyCause, operatorCause, pathId } from "../cause.ts";
import { pageAnswer, pageRequest } from "../cursor.ts";
import type { AppEnv } from "../env.ts";
import { idempotencyOf, keyed, markReplayed } from "../idempotency.ts";
import { bodyLimits, decodeJson, readBody } from "../middleware/body.ts";
import { noQuery, query } from "../middleware/query.ts";
import { requireDefining } from "../middleware/scope.ts";
import { jsonObject, logRowToWire, sessionDetailToWire } from "../wire.ts";

type StartBody = z.output<typeof startSchema>;

const definitionOf = (body: StartBody): Parameters<typeof startSession>[1]["definition"] => {
  const { workflowDefinitionId: id, workflowDefinition: document, revision } = body;
  if ((id === undefined) === (document === undefined)) {
    throw new OpsError("validation_failed", "Provide either workflowDefinitionId or workflowDefinition, and not both");
  }
  if (id !== undefined) return { kind: "saved", workflowId: id, revision: revision ?? null };
  if (revision === undefined) return { kind: "inline", document };
  throw new OpsError("validation_failed", "revision goes with workflowDefinitionId", {
    errors: [{ pointer: "/revision", code: "not_allowed", message: "revision goes with workflowDefinitionId" }],
  });
};

export const sessionRoutes = (app: Hono<AppEnv>, deps: Deps): void => {
  app.post("/v1/opscore/sessions", noQuery, async (c) => {
    const bytes = await readBody(c, { maxBytes: bodyLimits.other });
    const body = decodeJson(bytes, startSchema);
    const definition = definitionOf(body);
    if (definition.kind === "inline") requireDefining(c);
    const started = await startSession(
      deps,
      {
        definition,
        agentId: body.agentId ?? null,
        input: jsonObject(body.initialPayload),
        idempotency: await idempotencyOf(c, bytes),
      },
      keyCause(c, "StartSession"),
    );
    c.header("Location", `/v1/opscore/sessions/${started.sessionId}`);
    const { sessionId, workflowId, replayed } = started;
    markReplayed(c, replayed);
    return c.json({ sessionId, workflowId } satisfies SessionStartedAnswer, 202);
  });

  app.get("/v1/opscore/sessions/:sessionId", noQuery, async (c) =>
    c.json(sessionDetailToWire(await readSession(deps, pathId(c, "sessionId")))),
  );

  app.get("/v1/opscore/sessions/:sessionId/log", query(pageQuery), async (c) => {
    const { after, limit } = pageRequest(c.req.valid("query"), /^[0-9]{1,9}$/);
    const page = await readSessionLog(deps, pathId(c, "sessionId"), { after: Number(after ?? 0), limit });
    return c.json(pageAnswer(page, logRowToWire));
  });

  app.post("/v1/opscore/sessions/:sessionId/cancel", noQuery, async (c) => {
    const bytes = await readBody(c, { maxBytes: bodyLimits.other });
    const { reason } = decodeJson(bytes, cancelSchema, {});
    const sessionId = pathId(c, "sessionId");
    return keyed(c, { deps, bytes }, async () => {
      const { already } = await cancelSession(
        deps,
        sessionId,
        reason ?? null,
        operatorCause(c, "CancelSession", "cancelSession"),
      );
      return c.json({ sessionId, status: "cancelled" } satisfies SessionCancelledAnswer, already ? 200 : 202);
    });
  });
};
