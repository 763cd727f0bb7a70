import { Hono } from "hono";
import * as z from "zod";
import { HTTPException } from "hono/http-exception";
import type { Deps } from "../../src/app/deps.ts";
import { OpsError } from "../../src/app/ops-error.ts";
import type { LogLevel } from "../../src/app/ports.ts";
import { idSchema } from "../../src/contract/ids.ts";
import type { AppEnv } from "../../src/http/env.ts";
import { bearerAuth, type AuthOptions } from "../../src/http/middleware/auth.ts";
import { readBody, readJson } from "../../src/http/middleware/body.ts";
import { unknownRoute } from "../../src/http/middleware/method-guard.ts";
import { problemHandler } from "../../src/http/middleware/problem.ts";
import { query } from "../../src/http/middleware/query.ts";
import { requestId } from "../../src/http/middleware/request-id.ts";
import { requestLog } from "../../src/http/middleware/request-log.ts";

export const KEY = "test-api-key-0123456789";

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly [field: string]: unknown;
}

const reportSchema = z.object({
  agentId: idSchema,
  state: z.string().min(1),
  details: z.record(z.string(), z.unknown()).nullish(),
});

/** A small app with every middleware of the edge, in the order of the real one. */
export const edgeApp = (
  auth: AuthOptions = { apiKey: KEY, setup: "set the key" },
  deps: Deps = { clock: { now: () => 0 } } as unknown as Deps,
) => {
  const lines: LogLine[] = [];
  const log = {
    log: (level: LogLevel, message: string, fields: object = {}) => void lines.push({ ...fields, level, message }),
  };
  let now = 1000;
  const app = new Hono<AppEnv>();
  app.use(requestLog({ log, clock: { now: () => (now += 7) } }));
  app.use(requestId(() => "generated"));
  app.onError(problemHandler({ log }));
  app.notFound(unknownRoute(app));
  app.get("/health", (c) => c.json({ status: "ok" }));
  app.use("/v1/*", bearerAuth(auth, deps));
  app.post("/v1/echo", async (c) => c.json(await readJson(c, z.unknown(), { maxBytes: 64 * 1024 })));
  app.post("/v1/agent/:agentId/state", async (c) => {
    const report = await readJson(c, reportSchema, { maxBytes: 64 * 1024 });
    return c.json({ status: "success", state: report.state }, 202);
  });
  app.get("/v1/agent/:agentId/state", (c) => c.json({ agentId: c.req.param("agentId") }));
  app.get("/v1/agent/:agentId/:what", (c) => c.json({}));
  app.put("/v1/agent/:agentId/state", (c) => c.json({}));
  app.post("/v1/cancel", async (c) => c.json(await readJson(c, z.strictObject({}), { maxBytes: 1024, emptyAs: {} })));
  app.post("/v1/raw", async (c) => {
    const types = ["application/json", "application/yaml"];
    return c.json({ length: (await readBody(c, { maxBytes: 1024, types })).length });
  });
  app.get(
    "/v1/list",
    query(
      z.strictObject({
        limit: z
          .string()
          .regex(/^[0-9]{1,3}$/)
          .optional(),
        cursor: z.string().max(64).optional(),
      }),
    ),
    (c) => c.json(c.req.valid("query")),
  );
  app.get("/v1/missing", (c) => c.notFound());
  app.get("/v1/throw/:kind", (c) => {
    const kind = c.req.param("kind");
    if (kind === "string") throw "a string";
    if (kind === "http") throw new HTTPException(413, { message: "secret detail" });
    if (kind === "http500") throw new HTTPException(500, { message: "secret detail" });
    if (kind === "limited") throw new OpsError("rate_limited", "Slow down", { retryAfterSeconds: 2.5 });
    if (kind === "store")
      throw new OpsError("store_unavailable", "Store", { cause: new Error("Failed query: x\nparams: secret") });
    throw new Error("Failed query: select\nparams: secret detail");
  });
  return { app, lines };
};

export const authorized = { Authorization: `Bearer ${KEY}` };
