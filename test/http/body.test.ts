import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { authorized, edgeApp } from "./edge-app.ts";

type Sent = { readonly body?: RequestInit["body"]; readonly headers?: Record<string, string>; readonly path?: string };

const post = async ({ body, headers, path = "/v1/echo" }: Sent) => {
  const response = await edgeApp().app.request(path, {
    method: "POST",
    headers: { ...authorized, "Content-Type": "application/json", ...headers },
    ...(body === undefined ? {} : { body, duplex: "half" }),
  } as RequestInit);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: JSON.parse(text) as Record<string, unknown>,
  };
};

const streamOf = (chunks: readonly Uint8Array[], end: "close" | "error" = "close"): ReadableStream<Uint8Array> => {
  let next = 0;
  return new ReadableStream({
    pull: (controller) => {
      const chunk = chunks[next];
      next += 1;
      if (chunk !== undefined) controller.enqueue(chunk);
      else if (end === "close") controller.close();
      else controller.error(new Error("aborted"));
    },
  });
};

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const STATE = "/v1/agent/a/state";
const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;

const abuse: readonly (readonly [name: string, sent: Sent, status: number, code: string])[] = [
  ["no body", {}, 400, "malformed_json"],
  ["an empty body", { body: "" }, 400, "malformed_json"],
  ["broken JSON", { body: '{"a":' }, 400, "malformed_json"],
  ["two values", { body: "{}{}" }, 400, "malformed_json"],
  ["a byte order mark", { body: new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0x7d]) }, 400, "malformed_json"],
  ["ill-formed UTF-8", { body: new Uint8Array([0x22, 0xff, 0x22]) }, 400, "malformed_json"],
  ["UTF-16", { body: new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0]) }, 400, "malformed_json"],
  ["an escaped NUL", { body: '{"a":"\\u0000"}' }, 400, "malformed_json"],
  ["a lone surrogate", { body: '{"a":"\\ud800"}' }, 400, "malformed_json"],
  ["an unsafe integer", { body: '{"a":9007199254740993}' }, 400, "malformed_json"],
  ["a number beyond a double", { body: '{"a":1e999}' }, 400, "malformed_json"],
  ["__proto__", { body: '{"__proto__":{"x":1}}' }, 400, "malformed_json"],
  ["a duplicate key", { body: '{"a":1,"a":2}' }, 400, "malformed_json"],
  ["depth 33", { body: nested(33) }, 400, "malformed_json"],
  ["depth 30,000", { body: nested(30_000) }, 400, "malformed_json"],
  [
    "1,001 keys",
    { body: JSON.stringify(Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [n, n]))) },
    400,
    "malformed_json",
  ],
  ["gzip", { body: "{}", headers: { "Content-Encoding": "gzip" } }, 415, "unsupported_encoding"],
  ["two codings", { body: "{}", headers: { "Content-Encoding": "identity, br" } }, 415, "unsupported_encoding"],
  [
    "a form",
    { body: "a=1", headers: { "Content-Type": "application/x-www-form-urlencoded" } },
    415,
    "unsupported_media_type",
  ],
  ["text/plain", { body: "{}", headers: { "Content-Type": "text/plain" } }, 415, "unsupported_media_type"],
  ["text/json", { body: "{}", headers: { "Content-Type": "text/json" } }, 415, "unsupported_media_type"],
  [
    "two types",
    { body: "{}", headers: { "Content-Type": "application/json, text/html" } },
    415,
    "unsupported_media_type",
  ],
  ["a made-up type", { body: "{}", headers: { "Content-Type": "nonsense" } }, 415, "unsupported_media_type"],
  [
    "another charset",
    { body: "{}", headers: { "Content-Type": "application/json; charset=latin1" } },
    415,
    "unsupported_media_type",
  ],
  [
    "a quoted charset",
    { body: "{}", headers: { "Content-Type": 'application/json;charset="utf-16"' } },
    415,
    "unsupported_media_type",
  ],
  ["a large body", { body: `"${"x".repeat(65_536)}"` }, 413, "payload_too_large"],
  ["a large Content-Length", { body: "{}", headers: { "Content-Length": "65537" } }, 413, "payload_too_large"],
  ["a huge Content-Length", { body: "{}", headers: { "Content-Length": "9".repeat(400) } }, 413, "payload_too_large"],
  ["a body that breaks off", { body: streamOf([text('{"a":')], "error") }, 400, "malformed_json"],
  ["a body that breaks off when complete", { body: streamOf([text("{}")], "error") }, 400, "malformed_json"],
  ["a number for an object", { body: "5", path: STATE }, 422, "validation_failed"],
  ["null", { body: "null", path: STATE }, 422, "validation_failed"],
  ["an array", { body: "[]", path: STATE }, 422, "validation_failed"],
  ["a missing field", { body: '{"agentId":"a"}', path: STATE }, 422, "validation_failed"],
  ["a field of the wrong type", { body: '{"agentId":"a","state":{}}', path: STATE }, 422, "validation_failed"],
  ["an empty id", { body: '{"agentId":"","state":"idle"}', path: STATE }, 422, "validation_failed"],
  ["an id outside the pattern", { body: '{"agentId":"../a","state":"idle"}', path: STATE }, 400, "invalid_id"],
  ["an unknown field where none may be", { body: '{"x":1}', path: "/v1/cancel" }, 422, "validation_failed"],
];

describe("request bodies", () => {
  it.each(abuse)("answers %s as it deserves", async (_name, sent, status, code) => {
    const answer = await post(sent);
    expect([answer.status, answer.body["code"]]).toEqual([status, code]);
    expect(typeof answer.body["detail"]).toBe("string");
    expect(answer.text.length).toBeLessThan(1500);
  });

  it("has a case of abuse for every way that a body is refused", () => {
    expect([...new Set(abuse.map(([, , , code]) => code))].toSorted()).toEqual([
      "invalid_id",
      "malformed_json",
      "payload_too_large",
      "unsupported_encoding",
      "unsupported_media_type",
      "validation_failed",
    ]);
  });

  it.each([
    "application/json",
    "Application/JSON; charset=UTF-8",
    'application/json; charset="utf-8"',
    "application/vnd.x+json",
    "",
    "application/json; v=1",
  ])("takes %j", async (type) => {
    expect((await post({ body: '{"a":1}', headers: { "Content-Type": type } })).body).toEqual({ a: 1 });
  });

  it("takes other types only where they are named", async () => {
    const yaml = { body: "a: 1", headers: { "Content-Type": "application/yaml" } };
    expect((await post({ ...yaml, path: "/v1/raw" })).body).toEqual({ length: 4 });
    expect((await post(yaml)).status).toBe(415);
  });

  it("reads an empty body as the route says, whatever its type", async () => {
    const form = { "Content-Type": "application/x-www-form-urlencoded" };
    expect((await post({ path: "/v1/cancel" })).status).toBe(200);
    expect((await post({ path: "/v1/cancel", body: "" })).status).toBe(200);
    expect((await post({ path: "/v1/cancel", body: "", headers: { ...form, "Content-Length": "0" } })).status).toBe(
      200,
    );
    expect((await post({ path: "/v1/cancel", headers: form })).status).toBe(200);
  });

  it("counts what arrives, whatever Content-Length says", async () => {
    const large = `"${"x".repeat(65_536)}"`;
    expect((await post({ body: large, headers: { "Content-Length": "2" } })).status).toBe(413);
    expect((await post({ body: large, headers: { "Content-Length": "0" } })).status).toBe(413);
    expect((await post({ body: "{}", headers: { "Content-Length": "-1" } })).status).toBe(200);
    expect((await post({ body: `"${"x".repeat(65_534)}"` })).status).toBe(200);
  });

  it("stops reading one chunk past the limit", async () => {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(16 * 1024).fill(0x20));
      },
    });
    expect((await post({ body: endless })).status).toBe(413);
    expect(pulled).toBeLessThan(10);
  });

  it("joins chunks of any size, also inside a character", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 7 }), async (value, size) => {
        const bytes = text(JSON.stringify({ value: value.replaceAll("\u0000", "") }));
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
          bytes.slice(n * size, (n + 1) * size),
        );
        const answer = await post({ body: streamOf(chunks) });
        expect([answer.status, answer.body]).toEqual([200, JSON.parse(new TextDecoder().decode(bytes))]);
      }),
      { numRuns: 50 },
    );
  });

  it("never answers a 5xx, whatever the bytes and headers", async () => {
    const headerText = fc.stringMatching(/^[\x21-\x7e][\x20-\x7e]{0,40}$/);
    const sent = fc.record({
      body: fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.json().map(text)),
      path: fc.constantFrom("/v1/echo", STATE, "/v1/cancel", "/v1/raw"),
      headers: fc.dictionary(
        fc.constantFrom("Content-Type", "Content-Encoding", "Content-Length", "X-Request-Id"),
        headerText,
      ),
    });
    await fc.assert(
      fc.asyncProperty(sent, async ({ body, ...rest }) => {
        expect((await post({ ...rest, body: body as Uint8Array<ArrayBuffer> })).status).toBeLessThan(500);
      }),
      { numRuns: 500 },
    );
  });

  it("points at the fault and caps the faults at fifty", async () => {
    const missing = await post({ body: '{"agentId":"a","details":5}', path: STATE });
    expect(missing.body["errors"]).toMatchObject([
      { pointer: "/state", code: "required" },
      { pointer: "/details", code: "invalid_type" },
    ]);
    const many = await post({
      body: JSON.stringify(Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`k${n}`, n]))),
      path: "/v1/cancel",
    });
    expect(many.body["errors"]).toHaveLength(50);
  });

  it("echoes at most 64 characters", async () => {
    const key = "k".repeat(500);
    for (const body of [`{"${key}":1}`, `{"${key}":1,"${key}":1}`, `{"${"😀".repeat(100)}":1}`]) {
      const { text: answer } = await post({ body, path: "/v1/cancel" });
      expect(answer).not.toContain("k".repeat(65));
      expect(answer).not.toMatch(/\\ud[89ab]/i);
    }
  });
});
