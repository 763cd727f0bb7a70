import { Hono } from "hono";
import { expect, test } from "vitest";
import { grantsOf } from "../../src/app/keys/grants.ts";
import { ROOT, type Principal } from "../../src/app/keys/principal.ts";
import type { Deps } from "../../src/app/deps.ts";
import { scopesOfRole } from "../../src/contract/grants.ts";
import { SCOPES } from "../../src/contract/operations/operation.ts";
import { operations } from "../../src/contract/operations/table.ts";
import { createApp } from "../../src/http/app.ts";
import type { AppEnv } from "../../src/http/env.ts";
import { problemHandler } from "../../src/http/middleware/problem.ts";
import { requireScope } from "../../src/http/middleware/scope.ts";
import { operationName } from "../support/checked-app.ts";

const keyWith = (...scopes: readonly string[]): Principal => ({
  kind: "key",
  id: "key_1",
  name: "n",
  grants: grantsOf(null, scopes),
  expiresAt: null,
});

/** An app with a route of the table and one that somebody forgot to enter. */
const appFor = (principal: Principal | null): Hono<AppEnv> => {
  const app = new Hono<AppEnv>();
  app.onError(problemHandler({ log: { log: () => undefined } }));
  app.use("/v1/*", (c, next) => {
    if (principal !== null) c.set("principal", principal);
    return next();
  });
  app.use("/v1/*", requireScope({ "GET /v1/known/{agentId}": { scope: "agents:read" } }));
  app.get("/v1/known/:agentId", (c) => c.json({ speaksFor: c.get("speaksFor") ?? null }));
  app.get("/v1/forgotten", (c) => c.json({}));
  return app;
};

test("a route that is not in the table is the root key's alone", async () => {
  expect((await appFor(ROOT).request("/v1/forgotten")).status).toBe(200);
  const all = keyWith(...SCOPES);
  expect((await appFor(all).request("/v1/forgotten")).status).toBe(403);
  expect((await appFor(all).request("/v1/known/a")).status).toBe(200);
});

test("where nobody is known to ask, nothing is answered", async () => {
  expect((await appFor(null).request("/v1/known/a")).status).toBe(500);
});

test("a handler is told for whom the key speaks, if not for all", async () => {
  expect(await (await appFor(keyWith("agents:read")).request("/v1/known/a")).json()).toEqual({ speaksFor: null });
  const two = keyWith("agents:read:a", "agents:read:b");
  expect(await (await appFor(two).request("/v1/known/b")).json()).toEqual({ speaksFor: ["a", "b"] });
  expect((await appFor(two).request("/v1/known/%ff")).status).toBe(403);
});

test("every route of the app under /v1 has a scope in the table, but for the signed webhook", () => {
  const { routes } = createApp({} as Deps, {
    auth: { apiKey: "", setup: "" },
    webhook: { secrets: [], allowUnsigned: false },
    accepting: () => true,
  });
  const served = routes.filter(({ method, path }) => method !== "ALL" && path.startsWith("/v1/")).map(operationName);
  expect(served.length).toBeGreaterThan(40);
  const without = served.filter((name) => (operations[name as keyof typeof operations]?.scope ?? null) === null);
  expect(without).toEqual(["POST /v1/opscore/internal/agent/notify"]);
});

test("each role has what the one before it has; admin has everything", () => {
  const [viewer, operator, admin] = [scopesOfRole("viewer"), scopesOfRole("operator"), scopesOfRole("admin")];
  expect(admin).toEqual(SCOPES);
  expect(viewer.filter((scope) => !operator.includes(scope))).toEqual([]);
  expect(viewer.filter((scope) => !scope.endsWith(":read") || /^(keys|audit):/.test(scope))).toEqual([]);
  expect(operator.filter((scope) => /^(keys|state|tasks):/.test(scope))).toEqual([]);
});
