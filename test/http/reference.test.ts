import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Deps } from "../../src/app/deps.ts";
import { operations } from "../../src/contract/operations/table.ts";
import { createApp } from "../../src/http/app.ts";
import { openApiDocument } from "../../src/http/openapi/document.ts";
import { escapeHtml, proseHtml } from "../../src/http/reference/html.ts";
import { checkedRequest } from "../support/checked-app.ts";

const deps = {
  clock: { now: () => 0 },
  entropy: { bytes: (length: number) => new Uint8Array(length) },
  log: { log: () => undefined },
} as unknown as Deps;

const app = createApp(deps, {
  auth: { apiKey: null, setup: "" },
  webhook: { secrets: [], allowUnsigned: false },
  accepting: () => true,
});

const get = (path: string, headers: Record<string, string> = {}) => checkedRequest(app, path, { headers });

describe.each([
  ["/openapi.json", "application/json"],
  ["/docs", "text/html; charset=utf-8"],
  ["/llms.txt", "text/plain; charset=utf-8"],
])("%s", (path, type) => {
  test("is there without a key, with an ETag, and 304 for whoever has it", async () => {
    const first = await get(path);
    expect([first.status, first.headers.get("Content-Type")]).toEqual([200, type]);
    const tag = first.headers.get("ETag") ?? "";
    expect(tag).toMatch(/^W\/"[0-9a-f]{32}"$/);
    for (const known of [tag, tag.slice(2), `"other", ${tag}`, "*"]) {
      const again = await get(path, { "If-None-Match": known });
      expect([again.status, await again.text(), again.headers.get("ETag")]).toEqual([304, "", tag]);
      expect(again.headers.get("X-Request-Id")).not.toBeNull();
    }
    expect((await get(path, { "If-None-Match": 'W/"other"' })).status).toBe(200);
  });

  test("takes no query", async () => {
    expect((await get(`${path}?x=1`)).status).toBe(400);
  });
});

test("what is served is the document", async () => {
  expect(await (await get("/openapi.json")).json()).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
});

describe("the page", () => {
  test("has a place for each operation and each schema, and every link in it leads somewhere", async () => {
    const page = await (await get("/docs")).text();
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    for (const { operationId } of Object.values(operations)) expect(ids).toContain(operationId);
    for (const name of Object.keys(openApiDocument().components.schemas)) expect(ids).toContain(`schema-${name}`);
    const links = [...page.matchAll(/ href="([^"]+)"/g)].map(([, link]) => link ?? "");
    expect(links.filter((link) => link.startsWith("#") && !ids.has(link.slice(1)))).toEqual([]);
    expect(links.filter((link) => !/^(#|\/openapi\.json$|\/llms\.txt$)/.test(link))).toEqual([]);
  });

  test("needs no script and loads nothing; its policy allows no more than its own style", async () => {
    const answer = await get("/docs");
    const page = await answer.text();
    expect(page).not.toMatch(/<script|<link|<img|<iframe| src=| on\w+="|@import|url\(/i);
    const style = /<style>([^]*)<\/style>/.exec(page)?.[1] ?? "";
    const digest = createHash("sha256").update(style).digest("base64");
    expect(answer.headers.get("Content-Security-Policy")).toBe(
      `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(page).not.toMatch(/ style="/);
    expect(style).toContain("color-scheme:light dark");
  });

  test("shows each example as a call for the shell", async () => {
    const page = await (await get("/docs")).text();
    expect(page).toContain("curl &quot;$OPSCORE/v1/opscore/sessions&quot;");
    expect(page).toContain("curl -X DELETE &quot;$OPSCORE/v1/opscore/schedules/nightly&quot;");
    expect(page.match(/<pre>curl /g)).toHaveLength(Object.keys(operations).length);
  });

  test("text stays text", () => {
    expect(escapeHtml(`<a href="x">&`)).toBe("&lt;a href=&quot;x&quot;&gt;&amp;");
    expect(proseHtml("`<b>` is\n\nbold")).toBe("<code>&lt;b&gt;</code> is</p><p>bold");
  });
});

test("the short text names ten calls, the key, and where there is more", async () => {
  const text = await (await get("/llms.txt")).text();
  expect(text.match(/^- `[A-Z]+ \/v1\//gm)).toHaveLength(10);
  for (const word of ["Authorization: Bearer", "(/openapi.json)", "(/docs)"]) expect(text).toContain(word);
  expect(text.length).toBeLessThan(6_000);
});
