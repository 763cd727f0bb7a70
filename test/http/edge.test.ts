import { describe, expect, it } from "vitest";
import { authorized, edgeApp, KEY } from "./edge-app.ts";

const get = async (path: string, init: RequestInit = {}, options?: Parameters<typeof edgeApp>[0]) => {
  const { app, lines } = edgeApp(options);
  const response = await app.request(path, { ...init, headers: { ...authorized, ...(init.headers as object) } });
  const text = await response.text();
  const body = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body, lines };
};

describe("request id", () => {
  it("keeps a sane one and echoes it on every answer", async () => {
    for (const path of ["/health", "/nowhere", "/v1/throw/bug", "/v1/throw/string", "/v1/list?x=1"]) {
      const { headers } = await get(path, { headers: { "X-Request-Id": "abc-1:2" } });
      expect(headers.get("X-Request-Id")).toBe("abc-1:2");
    }
  });

  it.each(["", "a b", "a,b", "x".repeat(65), "{}", "é"])("makes one instead of %j", async (id) => {
    expect((await get("/health", { headers: { "X-Request-Id": id } })).headers.get("X-Request-Id")).toBe("generated");
  });
});

describe("problems", () => {
  it("tells a bug as nothing but 500, and logs it without the statement's parameters", async () => {
    const { status, headers, body, lines } = await get("/v1/throw/bug");
    expect(status).toBe(500);
    expect(headers.get("Content-Type")).toBe("application/problem+json");
    expect(body).toEqual({
      type: "https://ops-core.dev/problems/internal_error",
      title: "Internal error",
      status: 500,
      detail: "The server met an unexpected fault",
      code: "internal_error",
      requestId: "generated",
      retryable: false,
    });
    const line = lines.find(({ level }) => level === "error");
    expect(line).toMatchObject({
      message: "unexpected error",
      requestId: "generated",
      error: "Error: Failed query: select",
    });
    expect(line?.["stack"]).toMatch(/^at /);
    expect(JSON.stringify(lines)).not.toContain("secret");
  });

  it("answers 500 also to a thrown thing that is no Error, and still logs the request", async () => {
    const { status, body, lines } = await get("/v1/throw/string");
    expect([status, body["code"]]).toEqual([500, "internal_error"]);
    expect(lines.map(({ message }) => message)).toEqual(["unexpected error", "request"]);
  });

  it("maps exceptions of the framework without repeating their text", async () => {
    expect((await get("/v1/throw/http")).body).toMatchObject({ status: 413, code: "payload_too_large" });
    const broken = await get("/v1/throw/http500");
    expect(broken.body).toMatchObject({ status: 500, code: "internal_error" });
    expect(JSON.stringify(broken.body)).not.toContain("secret");
  });

  it("rounds Retry-After up and marks the answer retryable", async () => {
    const limited = await get("/v1/throw/limited");
    expect([limited.status, limited.headers.get("Retry-After"), limited.body["retryable"]]).toEqual([429, "3", true]);
    const store = await get("/v1/throw/store");
    expect([store.status, store.headers.get("Retry-After"), store.body["retryable"]]).toEqual([503, "1", true]);
    expect(store.lines[0]).toMatchObject({ level: "warn", code: "store_unavailable", cause: "Error: Failed query: x" });
  });
});

describe("paths and methods", () => {
  it.each(["/nowhere", "/v1/nowhere", "/v1/missing", "/v1/agent//state", "/health/", "//", "/%", "/%ff%00"])(
    "answers 404 at %s",
    async (path) => {
      expect((await get(path)).body).toMatchObject({
        status: 404,
        code: "not_found",
        detail: expect.any(String) as string,
      });
    },
  );

  it("answers 405 with Allow to another method on a known path", async () => {
    const state = await get("/v1/agent/a/state", { method: "DELETE" });
    expect(state.body).toMatchObject({ status: 405, code: "method_not_allowed" });
    expect(state.headers.get("Allow")).toBe("GET, HEAD, OPTIONS, POST, PUT");
    expect((await get("/health", { method: "POST" })).headers.get("Allow")).toBe("GET, HEAD, OPTIONS");
    expect((await get("/v1/echo")).headers.get("Allow")).toBe("OPTIONS, POST");
    expect((await get("/v1/echo", { method: "HEAD" })).status).toBe(405);
    expect((await get("/health", { method: "PROPFIND" })).status).toBe(405);
  });

  it("answers OPTIONS with 204 and Allow on a known path only", async () => {
    const { status, headers } = await get("/health", { method: "OPTIONS" });
    expect([status, headers.get("Allow"), headers.get("X-Request-Id")]).toEqual([
      204,
      "GET, HEAD, OPTIONS",
      "generated",
    ]);
    expect((await get("/nowhere", { method: "OPTIONS" })).status).toBe(404);
  });

  it("answers HEAD like GET, without a body", async () => {
    const { status, body } = await get("/health", { method: "HEAD" });
    expect([status, body]).toEqual([200, {}]);
  });
});

describe("auth", () => {
  it.each([`Bearer ${KEY}`, `bearer ${KEY}`, `BEARER   ${KEY}  `])("accepts %j", async (Authorization) => {
    expect((await get("/v1/list", { headers: { Authorization } })).status).toBe(200);
  });

  it.each([
    "",
    "Bearer",
    "Bearer ",
    `Bearer${KEY}`,
    KEY,
    `Basic ${KEY}`,
    `Bearer ${KEY}x`,
    `Bearer ${KEY.slice(1)}`,
    `Bearer ${KEY} ${KEY}`,
    `Bearer ${KEY}, Bearer ${KEY}`,
    `Bearer ${KEY.toUpperCase()}`,
    `Bearer ${"x".repeat(5000)}`,
    "Bearer é",
  ])("refuses %.60j", async (Authorization) => {
    const { status, headers, body } = await get("/v1/list", { headers: { Authorization } });
    expect([status, headers.get("WWW-Authenticate"), body["detail"]]).toEqual([
      401,
      "Bearer",
      "Invalid authentication credentials",
    ]);
  });

  it("says when the header is missing, before it looks at path or body", async () => {
    const { app } = edgeApp();
    for (const path of ["/v1/echo", "/v1/nowhere"]) {
      const response = await app.request(path, { method: "POST", body: "{" });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ code: "unauthorized", detail: "Authorization header missing" });
    }
  });

  it("cannot be passed by by another spelling of the path", async () => {
    const { app } = edgeApp();
    for (const path of [
      "/v1/list",
      "/%76%31/list",
      "//v1/list",
      "/v1//list",
      "/V1/list",
      "/v1/%6cist",
      "/health/../v1/list",
      "/v1%2flist",
    ]) {
      expect([401, 404]).toContain((await app.request(`http://localhost${path}`)).status);
    }
  });

  it("answers 503 and names the remedy while no key is configured", async () => {
    const { status, body, headers } = await get(
      "/v1/list",
      {},
      { apiKey: null, setup: "wrangler secret put OPSCORE_API_KEY" },
    );
    expect(status).toBe(503);
    expect(headers.get("Retry-After")).toBe("1");
    expect(body).toMatchObject({ code: "not_configured", hint: "wrangler secret put OPSCORE_API_KEY" });
    expect((await get("/health", {}, { apiKey: null, setup: "" })).status).toBe(200);
  });
});

describe("query", () => {
  it("hands over what the schema yields", async () => {
    expect((await get("/v1/list?limit=5&cursor=a%20b+c")).body).toEqual({ limit: "5", cursor: "a b c" });
  });

  it.each([
    ["?x=1", "/x unknown_parameter"],
    ["?LIMIT=1", "/LIMIT unknown_parameter"],
    ["?__proto__=1", "/__proto__ unknown_parameter"],
    ["?toString=1&toString=2", "/toString unknown_parameter"],
    ["?limit=1&limit=2", "/limit repeated"],
    ["?limit=1&%6cimit=2", "/limit repeated"],
    ["?limit=x", "/limit invalid_format"],
    ["?limit", "/limit invalid_format"],
    ["?limit=%", "/limit invalid_format"],
    [`?cursor=${"c".repeat(65)}`, "/cursor too_big"],
    [`?${"k".repeat(9000)}=1`, `/${"k".repeat(61)}... unknown_parameter`],
  ])("refuses %.40s", async (search, expected) => {
    const { status, body } = await get(`/v1/list${search}`);
    expect([status, body["code"]]).toEqual([400, "invalid_query"]);
    const [fault] = body["errors"] as { pointer: string; code: string }[];
    expect(`${fault?.pointer} ${fault?.code}`).toBe(expected);
    expect(JSON.stringify(body).length).toBeLessThan(600);
  });
});

describe("request log", () => {
  it("has one line with the pattern, not the path, and no query", async () => {
    const body = JSON.stringify({ agentId: "a", state: "idle", details: { secret: 1 } });
    const { lines } = await get("/v1/agent/secret-agent/state?token=secret", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    });
    expect(lines).toEqual([
      {
        level: "info",
        message: "request",
        method: "POST",
        route: "/v1/agent/:agentId/state",
        status: 202,
        durationMs: 7,
        requestId: "generated",
        bytes: body.length,
      },
    ]);
  });

  it("names the route that answered, where a later one fits as well", async () => {
    const lines = [await get("/v1/agent/a/state"), await get("/v1/agent/a/other")].flatMap((one) => one.lines);
    expect(lines.map(({ route }) => route)).toEqual(["/v1/agent/:agentId/state", "/v1/agent/:agentId/:what"]);
  });

  it("names the problem, and no route where there is none", async () => {
    expect((await get("/v1/secret")).lines).toMatchObject([{ route: "none", status: 404, code: "not_found" }]);
  });
});
