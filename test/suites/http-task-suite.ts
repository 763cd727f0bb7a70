import { describe, expect, inject, test, vi } from "vitest";
import type { HttpTaskRequest } from "../../src/app/call-port.ts";
import type { Echo } from "../support/odd-protocol.ts";
import { answering, answerOf, callerOf, httpTask, NOW, outputOf } from "../support/task-calls.ts";
import type { Platform } from "../support/world.ts";

const KIB = 1024;
const json = { "content-type": "application/json" };

/** What `http` tasks send and get, over real HTTP. */
export const httpTaskSuite = (platform: Platform): void => {
  const caller = callerOf(platform);
  const call = (path: string, options: Partial<HttpTaskRequest> = {}) => caller.http(httpTask(path, options));
  const echoed = async (options: Partial<HttpTaskRequest>, path = "/echo") =>
    (outputOf(await call(path, options)) as { body: Echo }).body;

  describe(`what an http task sends on ${platform.name}`, () => {
    test.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("%s without a body", async (method) => {
      const { headers, ...sent } = await echoed({ method: method.toLowerCase() }, "/echo?a=%20b&c");
      expect(sent).toEqual({ method, path: "/echo?a=%20b&c", body: "" });
      expect(headers).toMatchObject({
        "idempotency-key": "tsk_1.1",
        traceparent: "00-11111111111111111111111111111111-2222222222222222-01",
        "user-agent": "ops-core",
        "accept-encoding": "identity",
      });
      expect(headers).not.toHaveProperty("content-type");
    });

    test("HEAD has a status and headers", async () => {
      const output = outputOf(await call(answering({ headers: { etag: '"1"' } }), { method: "HEAD" }));
      expect(output).toEqual({ status: 200, headers: { etag: '"1"' }, body: null });
    });

    test.each([
      ["a text as it is", "grüß dich", "text/plain; charset=utf-8", "grüß dich"],
      ["an object", { a: ["ü", null] }, "application/json", '{"a":["ü",null]}'],
      ["a list", [1], "application/json", "[1]"],
      ["a number", 0, "application/json", "0"],
      ["false", false, "application/json", "false"],
      ["null", null, "application/json", "null"],
    ] as const)("%s", async (_, body, type, text) => {
      const sent = await echoed({ method: "POST", body });
      expect([sent.headers["content-type"], sent.body]).toEqual([type, text]);
    });

    test("the author's headers win over ours, in any case", async () => {
      const { headers } = await echoed({
        method: "POST",
        body: "a=1",
        headers: {
          "Content-Type": "application/x-www-form-urlencoded",
          "IDEMPOTENCY-KEY": "mine",
          TraceParent: "own",
          "user-agent": "me",
          Authorization: "  Bearer x ",
          "X-Empty": "",
        },
      });
      expect(headers).toMatchObject({
        "content-type": "application/x-www-form-urlencoded",
        "idempotency-key": "mine",
        traceparent: "own",
        "user-agent": "me",
        authorization: "Bearer x",
        "x-empty": "",
      });
    });
  });

  describe(`what an http task gets on ${platform.name}`, () => {
    test.each([
      ["JSON", json, '{"a":[1,"ü"]}', { a: [1, "ü"] }],
      ["JSON of another media type", { "content-type": "Application/problem+JSON; charset=utf-8" }, "[1]", [1]],
      ["text", { "content-type": "text/html" }, "<p>1", "<p>1"],
      ["JSON that calls itself text", { "content-type": "text/plain" }, '{"a":1}', '{"a":1}'],
      ["no type", {}, '{"a":1}', '{"a":1}'],
      ["nothing", json, "", null],
      ["no JSON", json, '{"a":', '{"a":'],
      ["JSON that the store cannot hold", json, '{"id":9007199254740993}', '{"id":9007199254740993}'],
      ["JSON with a NUL", json, '"a\\u0000b"', '"a\\u0000b"'],
      ["JSON that is too deep", json, "[".repeat(40) + "]".repeat(40), "[".repeat(40) + "]".repeat(40)],
    ])("%s", async (_, headers, body, expected) => {
      const output = outputOf(await call(answering({ headers, body })));
      expect(output).toMatchObject({ status: 200, body: expected });
    });

    test("chunks", async () => {
      const output = outputOf(await call(answering({ body: "abc", times: 1_000 })));
      expect(output).toMatchObject({ body: "abc".repeat(1_000) });
    });

    test("a safe choice of headers, none of them long", async () => {
      const headers = {
        "Content-Type": "text/plain",
        ETag: 'W/"1"',
        Location: "/made/1",
        "X-Request-Id": "r1",
        Link: "x".repeat(2_000),
        "Set-Cookie": "session=1",
        "X-Powered-By": "magic",
        "Content-Length": "0",
      };
      expect(outputOf(await call(answering({ status: 201, headers })))).toEqual({
        status: 201,
        headers: { "content-type": "text/plain", etag: 'W/"1"', location: "/made/1", "x-request-id": "r1" },
        body: null,
      });
    });

    test("exactly 256 KiB, and not what is more as JSON, nor a byte more", async () => {
      const piece = "a".repeat(KIB);
      const room = JSON.stringify({ status: 200, headers: {}, body: "" }).length;
      const whole = outputOf(await call(answering({ body: piece, times: 255, end: "a".repeat(KIB - room) })));
      expect(JSON.stringify(whole)).toHaveLength(256 * KIB);
      const refused = { kind: "failed", code: "too_large", retryable: false, sent: true };
      expect(await call(answering({ body: piece, times: 255, end: "a".repeat(KIB - room + 1) }))).toMatchObject({
        ...refused,
        message: `${inject("oddUrl")} answered what is more than 256 KiB as JSON`,
      });
      expect(await call(answering({ body: piece, times: 256, end: "a" }))).toMatchObject({
        ...refused,
        message: `${inject("oddUrl")} answered 200 with more than 256 KiB`,
      });
      expect(await call("/endless")).toMatchObject(refused);
    });

    test("bytes that are no text are refused, and said to be", async () => {
      const path = answering({ headers: { "content-type": "image/png" }, body: "iVBORw0KGgo=", base64: true });
      expect(await call(path)).toMatchObject({
        code: "not_text",
        message: `${inject("oddUrl")} answered 200 with bytes that are no text (image/png)`,
        retryable: false,
      });
      expect(await call(answering({ body: "a\0b" }))).toMatchObject({ code: "not_text" });
    });

    test("a packed answer that nobody asked for is unpacked or refused, never garbage", async () => {
      const outcome = await call("/gzip");
      expect(outcome).toMatchObject(
        platform.name === "d1"
          ? { kind: "answered", output: { body: { packed: true } } }
          : { code: "not_text", message: expect.stringContaining("(application/json, gzip)") as string },
      );
    });

    test("a connection that dies after each answer costs nothing, or a retry", async () => {
      for (const _ of [1, 2, 3]) {
        const outcome = await call("/dies");
        // workerd keeps connections, cannot be told not to, and may send on one that has just died.
        const isLost = platform.name === "d1" && outcome.kind === "failed";
        if (isLost) expect(outcome).toMatchObject({ code: "no_answer", retryable: true, sent: true });
        else expect(outputOf(outcome)).toMatchObject({ body: 1 });
      }
      // Nor does it leave a dead one to who comes next.
      await vi.waitUntil(async () => (await call(answering({ body: "1" }))).kind === "answered");
    });
  });

  describe(`when an http task fails on ${platform.name}`, () => {
    test.each([
      [400, false],
      [401, false],
      [404, false],
      [408, true],
      [409, false],
      [410, false],
      [422, false],
      [425, true],
      [429, true],
      [500, true],
      [501, true],
      [502, true],
      [503, true],
      [504, true],
    ])("%i: retryable is %s", async (status, retryable) => {
      const answer = { status, headers: { ...json, "retry-after": "7" }, body: '{"detail":"no luck"}' };
      expect(await call(answering(answer))).toEqual({
        kind: "failed",
        code: "http_status",
        message: `${inject("oddUrl")} answered ${status} (no luck)`,
        retryable,
        retryAfterMs: retryable ? 7_000 : null,
        sent: true,
        answer: {
          status,
          headers: { "content-type": "application/json", "retry-after": "7" },
          body: { detail: "no luck" },
        },
      });
    });

    test.each([
      [new Date(NOW + 90_000).toUTCString(), 90_000],
      [new Date(NOW - 90_000).toUTCString(), null],
      ["86400", 3_600_000],
      ["soon", null],
      ["0", null],
    ])("Retry-After: %s", async (value, retryAfterMs) => {
      const path = answering({ status: 429, headers: { "retry-after": value } });
      expect(await call(path)).toMatchObject({ retryable: true, retryAfterMs });
    });

    test.each([301, 302, 303, 307, 308])("%i is not followed, and its target named by its origin", async (status) => {
      const to = (location: string) => call(answering({ status, headers: { location } }));
      const message = (target: string) =>
        `${inject("oddUrl")} answered ${status} and points to ${target}; redirects are not followed`;
      expect(await to("https://other.example/path?token=1")).toMatchObject({
        code: "redirect",
        message: message("https://other.example"),
        retryable: false,
        sent: true,
      });
      expect(await to("/there")).toMatchObject({ message: message(inject("oddUrl")) });
      expect(await to("javascript:alert(1)")).toMatchObject({ message: message("javascript:") });
      expect(await to("http://[")).toMatchObject({ message: message("no valid URL") });
    });

    test("a 3xx that points nowhere is a status like others", async () => {
      expect(await call(answering({ status: 304 }))).toMatchObject({ code: "http_status", retryable: false });
    });

    test("the author says what a success is", async () => {
      const status = ["200-204", 302, "404"];
      const tell = async (given: number, headers = {}) =>
        (await call(answering({ status: given, headers }), { success: { status } })).kind;
      expect(await tell(204)).toBe("answered");
      expect(await tell(302, { location: "/x" })).toBe("answered");
      expect(await tell(404)).toBe("answered");
      expect(await tell(205)).toBe("failed");
      expect(await tell(500)).toBe("failed");
    });

    test("what it says is kept to 4 KiB, as text if it is longer", async () => {
      const said = async (body: string) =>
        (answerOf(await call(answering({ status: 500, headers: json, body }))) as { body: unknown }).body;
      expect(await said(`["${"a".repeat(4_092)}"]`)).toEqual(["a".repeat(4_092)]);
      const long = (await said(`["${"a".repeat(4_093)}"]`)) as string;
      expect([long.slice(0, 4), [...long].length]).toEqual(['["aa', 1_000]);
      expect(await call(answering({ status: 500, body: "/w==", base64: true }))).toMatchObject({
        code: "http_status",
        answer: { status: 500, body: null },
      });
    });

    test("no answer in time, whether silent or half", async () => {
      for (const path of ["/silent", "/half"]) {
        const outcome = await call(path, { timeoutMs: 500 });
        expect(outcome, path).toMatchObject({ code: "timeout", retryable: true, sent: true });
      }
    });

    test("an answer that breaks off, and none at all", async () => {
      for (const path of ["/reset", "/broken"]) {
        const outcome = await call(path);
        expect(outcome, path).toMatchObject({ code: "no_answer", retryable: true, sent: true });
      }
    });

    test("nobody there", async () => {
      expect(await call("http://127.0.0.1:1/")).toMatchObject({
        code: "unreachable",
        message: "http://127.0.0.1:1 refused the connection",
        retryable: true,
        sent: false,
      });
    });
  });
};
