import { Hono } from "hono";
import type { Deps } from "../app/deps.ts";
import { randomHex } from "../app/deps.ts";
import { createKeyCache } from "../app/keys/key-cache.ts";
import { OpsError } from "../app/ops-error.ts";
import type { HealthAnswer, ReadyAnswer } from "../contract/answers/legacy.ts";
import { operations } from "../contract/operations/table.ts";
import type { AppEnv } from "./env.ts";
import { bearerAuth, type AuthOptions } from "./middleware/auth.ts";
import { unknownRoute } from "./middleware/method-guard.ts";
import { describeAnswers } from "./middleware/operation.ts";
import { problemHandler } from "./middleware/problem.ts";
import { requestId } from "./middleware/request-id.ts";
import { requestLog } from "./middleware/request-log.ts";
import { requireScope } from "./middleware/scope.ts";
import { agentRoutes } from "./routes/agents.ts";
import { auditRoutes } from "./routes/audit.ts";
import { keyRoutes } from "./routes/keys.ts";
import { legacyRoutes, type WebhookSettings } from "./routes/legacy.ts";
import { referenceRoutes } from "./routes/reference.ts";
import { rerunRoutes } from "./routes/reruns.ts";
import { scheduleRoutes } from "./routes/schedules.ts";
import { sessionListRoutes } from "./routes/session-lists.ts";
import { schemaRoutes } from "./routes/schemas.ts";
import { sessionControlRoutes } from "./routes/session-control.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { singleTaskRoutes } from "./routes/single-tasks.ts";
import { taskRoutes } from "./routes/tasks.ts";
import { webhookRoutes } from "./routes/webhooks.ts";
import { workflowRoutes } from "./routes/workflows.ts";

export interface AppSettings {
  readonly auth: AuthOptions;
  readonly webhook: WebhookSettings;
  /** False while the process is draining: `/ready` is 503. */
  readonly accepting: () => boolean;
}

const NOTIFY = "/v1/opscore/internal/agent/notify";

/** The API. The webhook proves itself by its signature; everything else under /v1 needs a key, and its scope. */
export const createApp = (deps: Deps, settings: AppSettings): Hono<AppEnv> => {
  const app = new Hono<AppEnv>();
  app.use(requestLog(deps));
  app.use(requestId(() => `req_${randomHex(deps.entropy, 12)}`));
  describeAnswers(app, operations);
  app.onError(problemHandler(deps));
  app.notFound(unknownRoute(app));

  app.get("/health", (c) => c.json({ status: "ok" } satisfies HealthAnswer));
  app.get("/ready", async (c) => {
    if (!settings.accepting()) throw new OpsError("store_unavailable", "The server is shutting down.");
    await deps.store.ping();
    return c.json({ status: "ready" } satisfies ReadyAnswer);
  });

  schemaRoutes(app);
  referenceRoutes(app);

  // Without a pepper keys are there to be looked at and revoked; none is made or taken.
  const { keys = { peppers: [], environment: "live", setup: settings.auth.setup, cache: createKeyCache() } } =
    settings.auth;
  const requireKey = bearerAuth({ ...settings.auth, keys }, deps);
  const mayDo = requireScope(operations);
  for (const one of [requireKey, mayDo]) {
    app.use("/v1/*", (c, next) => (c.req.path === NOTIFY ? next() : one(c, next)));
  }

  legacyRoutes(app, deps, settings.webhook);
  agentRoutes(app, deps);
  workflowRoutes(app, deps);
  sessionListRoutes(app, deps); // before `/sessions/:sessionId`, which would take `counts` for an id
  sessionRoutes(app, deps);
  sessionControlRoutes(app, deps);
  rerunRoutes(app, deps);
  singleTaskRoutes(app, deps);
  taskRoutes(app, deps);
  scheduleRoutes(app, deps);
  keyRoutes(app, deps, keys);
  webhookRoutes(app, deps);
  auditRoutes(app, deps);
  return app;
};
