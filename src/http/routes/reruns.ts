import type { Hono } from "hono";
import { bulkSessions, filterFor, previewBulk } from "../../app/bulk-sessions.ts";
import type { Deps } from "../../app/deps.ts";
import { OpsError } from "../../app/ops-error.ts";
import { rerunSession } from "../../app/rerun-session.ts";
import type { SessionFilter } from "../../app/session-lists-port.ts";
import type { BulkAnswer, SessionRerunAnswer } from "../../contract/answers/session.ts";
import { bulkSchema, rerunSchema } from "../../contract/reruns.ts";
import { operatorCause, pathId } from "../cause.ts";
import { pageAnswer, sealOf } from "../cursor.ts";
import type { AppEnv } from "../env.ts";
import { idempotencyKeyOf, idempotencyOf, keyed, markReplayed } from "../idempotency.ts";
import { bodyLimits, decodeJson, readBody } from "../middleware/body.ts";
import { noQuery } from "../middleware/query.ts";
import { sessionFilter } from "../session-filter.ts";
import { jsonObject } from "../wire.ts";

/** The call itself stops after ten seconds, with one session under way. */
const BULK_CLAIM_MS = 30_000;

const fault = (pointer: string, code: string, message: string): OpsError =>
  new OpsError("validation_failed", message, { errors: [{ pointer, code, message }] });

/** What the action is for. Nobody means all sessions by leaving something out. */
const filterOf = (action: "cancel" | "rerun", filter: SessionFilter, all: boolean | undefined): SessionFilter => {
  if (all !== true && Object.values(filter).every((member) => member === null)) {
    throw fault("/filter", "required", "An empty filter means every session: say so with all, or name some.");
  }
  const narrowed = filterFor(action, filter);
  if (narrowed !== null) return narrowed;
  const which = action === "cancel" ? "Only open sessions can be cancelled" : "Only ended sessions can be run again";
  throw fault("/filter/status", "no_such_session", `${which}, and status names none of them.`);
};

export const rerunRoutes = (app: Hono<AppEnv>, deps: Deps): void => {
  app.post("/v1/opscore/sessions/bulk", noQuery, async (c) => {
    const bytes = await readBody(c, { maxBytes: bodyLimits.other });
    const { action, filter: asked = {}, all, dryRun, reason, cursor, limit } = decodeJson(bytes, bulkSchema);
    const filter = filterOf(action, sessionFilter(asked), all);
    if (dryRun === true) {
      await idempotencyOf(c, bytes); // asks for nothing, and uses up no key
      return c.json((await previewBulk(deps, filter)) satisfies BulkAnswer);
    }
    const seal = await sealOf([action, filter]);
    if (cursor !== undefined && cursor.seal !== seal) {
      throw fault("/cursor", "invalid_cursor", "Expected a cursor of a call with the same action and filter");
    }
    const after = cursor?.place ?? null;
    // One key is for all calls of the action: each has an answer of its own.
    const place = ` ${after ?? ""} ${limit}`;
    return keyed(c, { deps, bytes, place, claimMs: BULK_CLAIM_MS }, async () => {
      const key = idempotencyKeyOf(c);
      const wish = { action, filter, reason: reason ?? null, key, after, limit };
      const command = action === "cancel" ? "CancelSession" : "RerunSession";
      const { done, skipped, next } = await bulkSessions(deps, wish, operatorCause(c, command, "changeSessions"));
      const { nextCursor } = pageAnswer({ data: [], next: next === null ? null : `${next}#${seal}` }, String);
      return c.json({ done, skipped, nextCursor } satisfies BulkAnswer);
    });
  });

  app.post("/v1/opscore/sessions/:sessionId/rerun", noQuery, async (c) => {
    const bytes = await readBody(c, { maxBytes: bodyLimits.other });
    const body = decodeJson(bytes, rerunSchema, {});
    const { fromTaskId = null, initialPayload, parameters, reason } = body;
    const sessionId = pathId(c, "sessionId");
    const wish = {
      fromTaskId,
      input: jsonObject(initialPayload ?? null),
      parameters: jsonObject(parameters ?? null),
      reason: reason ?? null,
    };
    const started = await rerunSession(
      deps,
      sessionId,
      wish,
      await idempotencyOf(c, bytes),
      operatorCause(c, "RerunSession", "rerunSession"),
    );
    const from = fromTaskId === null ? "" : ` from "${fromTaskId}"`;
    c.header("Location", `/v1/opscore/sessions/${started.sessionId}`);
    markReplayed(c, started.replayed);
    const answer: SessionRerunAnswer = {
      sessionId: started.sessionId,
      workflowId: started.workflowId,
      message: `Session ${sessionId} is run again${from}.`,
    };
    return c.json(answer, 202);
  });
};
