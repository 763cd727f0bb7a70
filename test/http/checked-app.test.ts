import { Hono } from "hono";
import { describe, expect, test } from "vitest";
import { answersByOperation } from "../../src/contract/answers/by-operation.ts";
import type { Deps } from "../../src/app/deps.ts";
import { OpsError } from "../../src/app/ops-error.ts";
import type { ErrorCode } from "../../src/contract/problem.ts";
import { createApp } from "../../src/http/app.ts";
import type { AppEnv } from "../../src/http/env.ts";
import { unknownRoute } from "../../src/http/middleware/method-guard.ts";
import { problemResponse } from "../../src/http/middleware/problem.ts";
import { checkedRequest, operationName } from "../support/checked-app.ts";

const TABLE = "src/contract/answers/by-operation.ts";

const PROBLEM = { "Content-Type": "application/problem+json" };

const fits = { status: "ok" };

/** An app that answers `GET /health` like this. */
const answering = (answer: () => Response): Hono<AppEnv> => {
  const app = new Hono<AppEnv>();
  app.notFound(unknownRoute(app));
  app.get("/health", answer);
  app.delete("/v1/opscore/schedules/:scheduleId", answer);
  return app;
};

const ask = (answer: () => Response, method = "GET", path = "/health"): Promise<Response> =>
  checkedRequest(answering(answer), path, { method });

const problem = (code: ErrorCode): Hono<AppEnv> => {
  const app = new Hono<AppEnv>();
  app.get("/ready", (c) => problemResponse(c, new OpsError(code, "words")));
  return app;
};

describe("the check of every answer in every suite", () => {
  test("what is described passes, and can still be read", async () => {
    expect(await (await ask(() => Response.json(fits))).json()).toEqual(fits);
    expect((await ask(() => Response.json(fits), "HEAD")).status).toBe(200);
    expect((await ask(() => new Response(null, { status: 204 }), "DELETE", "/v1/opscore/schedules/s")).status).toBe(
      204,
    );
    expect((await checkedRequest(problem("store_unavailable"), "/ready", {})).status).toBe(503);
  });

  test("where nothing is served: 404, 405, and 204 to OPTIONS", async () => {
    expect((await ask(() => Response.json(fits), "GET", "/nowhere")).status).toBe(404);
    expect((await ask(() => Response.json(fits), "POST")).status).toBe(405);
    expect((await ask(() => Response.json(fits), "OPTIONS")).status).toBe(204);
  });

  test.each<[string, () => Response, string]>([
    ["a member too many", () => Response.json({ ...fits, more: 1 }), "200 of GET /health /: Unrecognized key"],
    ["a member too few", () => Response.json({}), "/status: Invalid input"],
    ["another value", () => Response.json({ status: "fine" }), "/status: Invalid input"],
    ["another status", () => Response.json(fits, { status: 201 }), "201 of GET /health has a status"],
    ["another type", () => new Response(JSON.stringify(fits)), "has the type text/plain"],
    ["no JSON", () => new Response("{", { headers: { "Content-Type": "application/json" } }), "it is no JSON"],
    ["an error that is no problem", () => Response.json(fits, { status: 400 }), "has the type application/json"],
  ])("%s is found out", async (_, answer, words) => {
    await expect(ask(answer)).rejects.toThrow(words);
    await expect(ask(answer)).rejects.toThrow(TABLE);
  });

  test("a body where there is none is found out", async () => {
    const deleted = ask(() => Response.json(fits, { status: 200 }), "DELETE", "/v1/opscore/schedules/s");
    await expect(deleted).rejects.toThrow("has a status that is not among its answers");
  });

  test("a problem with a code that the operation does not name, and a bug, are found out", async () => {
    const words = "503 of GET /ready has the code contention, which is not among its problems";
    await expect(checkedRequest(problem("contention"), "/ready", {})).rejects.toThrow(words);
    await expect(checkedRequest(problem("internal_error"), "/ready", {})).rejects.toThrow("internal_error");
  });

  test("a 500 passes where the test itself has damaged the store, and nothing else does", async () => {
    expect((await checkedRequest(problem("internal_error"), "/ready", {}, { torn: true })).status).toBe(500);
    await expect(checkedRequest(problem("contention"), "/ready", {}, { torn: true })).rejects.toThrow("contention");
  });

  test("a problem with the status of another code is found out", async () => {
    const app = problem("store_unavailable");
    const other = new Hono<AppEnv>();
    other.get(
      "/ready",
      async () => new Response((await app.request("/ready")).body, { status: 500, headers: PROBLEM }),
    );
    await expect(checkedRequest(other, "/ready", {})).rejects.toThrow("store_unavailable, which is of 503");
  });

  test("a route that is not in the table is found out, by the file that it belongs into", async () => {
    const app = new Hono<AppEnv>();
    app.get("/v1/opscore/things/:thingId", () => Response.json(fits));
    const asked = checkedRequest(app, "/v1/opscore/things/1", {});
    await expect(asked).rejects.toThrow("200 of GET /v1/opscore/things/{thingId} is in no entry");
    await expect(asked).rejects.toThrow(TABLE);
  });
});

test(`every route of the app is in ${TABLE}, and nothing else is`, () => {
  const { routes } = createApp({} as Deps, {
    auth: { apiKey: "", setup: "" },
    webhook: { secrets: [], allowUnsigned: false },
    accepting: () => true,
  });
  const served = new Set(routes.filter(({ method }) => method !== "ALL").map(operationName));
  expect(served.size).toBeGreaterThan(40);
  expect([...served].toSorted()).toEqual(Object.keys(answersByOperation).toSorted());
});
