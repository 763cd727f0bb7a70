import { Hono } from "hono";
import { describe, expect, test } from "vitest";
import { OpsError } from "../../src/app/ops-error.ts";
import type { AppEnv } from "../../src/http/env.ts";
import { describeAnswers } from "../../src/http/middleware/operation.ts";
import { problemHandler } from "../../src/http/middleware/problem.ts";

const since = new Date("2026-11-01T00:00:00Z");
const sunset = new Date("2027-05-01T00:00:00Z");
const link = "https://ops-core.dev/changes#things";

/** An app with one operation that is on its way out, one that is polled, and one that is neither. */
const app = new Hono<AppEnv>();
describeAnswers(app, {
  "GET /things/{thingId}": { headers: [], deprecated: { since, sunset, link } },
  "GET /polled": { headers: ["ETag"] },
  "GET /plain": { headers: [] },
});
app.onError(problemHandler({ log: { log: () => undefined } }));
app.get("/things/:thingId", (c) => {
  if (c.req.param("thingId") === "none") throw new OpsError("not_found", "none");
  return c.json({});
});
app.get("/polled", (c) => c.json({ at: c.req.query("at") ?? "" }, c.req.query("at") === "made" ? 201 : 200));
app.get("/plain", (c) => c.json({}));

describe("a deprecated operation", () => {
  test.each([
    ["one", 200],
    ["none", 404],
  ])("says so in every answer (%s: %d)", async (id, status) => {
    const answer = await app.request(`/things/${id}`);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("Deprecation")).toBe("@1793491200");
    expect(answer.headers.get("Sunset")).toBe("Sat, 01 May 2027 00:00:00 GMT");
    expect(answer.headers.get("Link")).toBe(`<${link}>; rel="deprecation"`);
  });

  test("is the only one that does", async () => {
    expect((await app.request("/plain")).headers.get("Deprecation")).toBeNull();
    expect((await app.request("/nowhere")).headers.get("Deprecation")).toBeNull();
  });
});

describe("a polled read", () => {
  test("has a tag that changes with its content, and only there", async () => {
    const [one, same, other] = await Promise.all(["1", "1", "2"].map(async (at) => app.request(`/polled?at=${at}`)));
    expect(one?.headers.get("ETag")).toMatch(/^W\/"[0-9a-f]{32}"$/);
    expect(same?.headers.get("ETag")).toBe(one?.headers.get("ETag"));
    expect(other?.headers.get("ETag")).not.toBe(one?.headers.get("ETag"));
    expect((await app.request("/polled?at=made")).headers.get("ETag")).toBeNull();
    expect((await app.request("/plain")).headers.get("ETag")).toBeNull();
  });

  test("HEAD has the tag of GET, and 304 as well", async () => {
    const tag = (await app.request("/polled")).headers.get("ETag") ?? "";
    const head = await app.request("/polled", { method: "HEAD" });
    expect([head.status, head.headers.get("ETag"), await head.text()]).toEqual([200, tag, ""]);
    const known = await app.request("/polled", { method: "HEAD", headers: { "If-None-Match": tag } });
    expect(known.status).toBe(304);
  });
});
