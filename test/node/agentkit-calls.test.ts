import { lookup } from "node:dns";
import { describe, expect, test } from "vitest";
import { createFetchCall } from "../../src/agentkit/fetch-call.ts";
import { MAX_ANSWER_BYTES, type HttpCall, type HttpOutcome } from "../../src/agentkit/http-call.ts";
import { createUndiciCall } from "../../src/agentkit/undici-call.ts";
import {
  answering,
  blackHole,
  closedPort,
  closesAfterRequest,
  httpServer,
  neverAnswers,
  resetsAfterRequest,
  tcpServer,
} from "../support/faulty-servers.ts";

const undiciCall = createUndiciCall({ connectTimeoutMs: 300, resolve: lookup });

const post = (call: HttpCall, url: string, timeoutMs = 2_000): Promise<HttpOutcome> =>
  call({ url, method: "POST", headers: { "content-type": "application/json" }, body: '{"a":"ü"}', timeoutMs });

describe.each([
  ["undici", undiciCall],
  ["fetch", createFetchCall()],
])("a call over %s", (name, call) => {
  test("sends the body, and reads status, headers and text", async () => {
    const seen: unknown[] = [];
    const host = await httpServer(async (request, response) => {
      let body = "";
      for await (const chunk of request.setEncoding("utf8")) body += chunk as string;
      seen.push(request.method, request.url, request.headers["content-type"], body);
      response.writeHead(429, { "Retry-After": "7" }).end('{"ü":1}');
    });
    const outcome = await post(call, `http://${host}/task?x=1`);
    expect(seen).toEqual(["POST", "/task?x=1", "application/json", '{"a":"ü"}']);
    expect(outcome).toMatchObject({ kind: "answer", status: 429, body: '{"ü":1}', truncated: false });
    expect(outcome.kind === "answer" && outcome.headers.get("Retry-After")).toBe("7");
    expect(outcome.kind === "answer" && outcome.headers.get("x-none")).toBeNull();
  });

  test.each([301, 302, 307, 308])("does not follow a %i", async (status) => {
    const seen: unknown[] = [];
    const host = await httpServer((request, response) => {
      seen.push(request.url);
      response.writeHead(status, { location: "/elsewhere" }).end();
    });
    expect(await post(call, `http://${host}/`)).toMatchObject({ kind: "answer", status, body: "" });
    expect(seen).toEqual(["/"]);
  });

  test("an empty 204 is an answer", async () => {
    const host = await httpServer((_, response) => response.writeHead(204).end());
    expect(await post(call, `http://${host}/`)).toMatchObject({
      kind: "answer",
      status: 204,
      body: "",
      truncated: false,
    });
  });

  test.each(["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"] as const)("%s goes without a body", async (method) => {
    const { url, seen } = await answering(200, "hi");
    const outcome = await call({ url, method, headers: {}, body: "", timeoutMs: 2_000 });
    expect(outcome).toMatchObject({ kind: "answer", status: 200, body: method === "HEAD" ? "" : "hi" });
    expect(seen).toMatchObject([{ method, body: "" }]);
  });

  test.each([
    ["UTF-8", Buffer.from("é\uFFFD🤖"), "text/plain", "é\uFFFD🤖", undefined],
    ["a byte order mark", Buffer.from("\uFEFFa"), "text/plain", "a", undefined],
    ["a declared charset", Buffer.from([0xe9, 0x80]), 'text/plain; Charset="windows-1252"', "é€", undefined],
    ["a charset that nobody knows", Buffer.from("é"), "text/plain; charset=x-none", "é", undefined],
    ["bytes that are no text", Buffer.from([0x61, 0xff, 0x62]), "text/plain", "a\uFFFDb", "not_text"],
    ["a character that is not finished", Buffer.from([0x61, 0xc3]), "text/plain", "a", "not_text"],
    ["a NUL", Buffer.from("a\0b"), "text/plain", "a\0b", "not_text"],
  ])("reads %s", async (_, bytes, type, body, fault) => {
    const host = await httpServer((_request, response) => response.writeHead(200, { "content-type": type }).end(bytes));
    const outcome = await post(call, `http://${host}/`);
    expect(outcome).toMatchObject({ kind: "answer", body, truncated: false });
    expect(outcome.kind === "answer" && outcome.fault).toBe(fault);
  });

  test("another limit than usual is told with the request", async () => {
    const { url } = await answering(200, "é".repeat(10));
    const read = (maxBytes: number) => call({ url, method: "GET", headers: {}, body: "", timeoutMs: 2_000, maxBytes });
    expect(await read(20)).toMatchObject({ body: "é".repeat(10), truncated: false });
    expect(await read(19)).toMatchObject({ body: "é".repeat(9), truncated: true, fault: "too_large" });
  });

  test("a body of exactly the limit is whole", async () => {
    const host = await httpServer((_, response) => response.end("a".repeat(MAX_ANSWER_BYTES)));
    const outcome = await post(call, `http://${host}/`);
    expect(outcome).toMatchObject({ kind: "answer", truncated: false });
    expect(outcome.kind === "answer" && outcome.body.length).toBe(MAX_ANSWER_BYTES);
  });

  test("an endless body is cut at the limit", async () => {
    const host = await httpServer((_, response) => {
      const more = (): void => {
        while (response.write("a".repeat(65_536)));
        response.once("drain", more);
      };
      response.on("error", () => undefined);
      more();
    });
    const outcome = await post(call, `http://${host}/`);
    expect(outcome).toMatchObject({ kind: "answer", status: 200, truncated: true, fault: "too_large" });
    expect(outcome.kind === "answer" && outcome.body.length).toBe(MAX_ANSWER_BYTES);
  });

  test("a body that never ends in time keeps the status and what came", async () => {
    const host = await httpServer((_, response) => response.write("abc"));
    const outcome = await post(call, `http://${host}/`, 200);
    expect(outcome).toMatchObject({ kind: "answer", status: 200, body: "abc", truncated: true, fault: "timed_out" });
  });

  test("a body that breaks off keeps the status", async () => {
    const host = await httpServer((request, response) => {
      response.write("abc");
      setTimeout(() => request.socket.resetAndDestroy(), 50);
    });
    expect(await post(call, `http://${host}/`)).toMatchObject({ status: 200, truncated: true, fault: "broken" });
  });

  test("a refused port is unreachable", async () => {
    const outcome = await post(call, `http://${await closedPort()}/`);
    expect(outcome).toEqual({ kind: "unreachable", reason: "refused the connection" });
  });

  test("a name that does not resolve is unreachable", async () => {
    const outcome = await post(call, "http://no-such-host.invalid/");
    expect(outcome.kind).toBe("unreachable");
  });

  test("TLS to a plain port is unreachable", async () => {
    const host = await httpServer((_, response) => response.end("hi"));
    expect((await post(call, `https://${host}/`)).kind).toBe("unreachable");
  });

  test("no answer in time is silence", async () => {
    const outcome = await post(call, `http://${await neverAnswers()}/`, 200);
    expect(outcome).toEqual({ kind: "silence", reason: "did not answer within 0.2 s", timedOut: true });
  });

  test("a reset after the request is silence", async () => {
    expect((await post(call, `http://${await resetsAfterRequest()}/`)).kind).toBe("silence");
  });

  test("a close after the request is silence", async () => {
    expect((await post(call, `http://${await closesAfterRequest()}/`)).kind).toBe("silence");
  });

  test("an answer that is not HTTP is silence", async () => {
    const host = await tcpServer((socket) => socket.once("data", () => socket.end("220 mail.example.com ESMTP\r\n")));
    expect((await post(call, `http://${host}/`)).kind).toBe("silence");
  });

  if (name === "undici") {
    test("every call has a connection of its own", async () => {
      let connections = 0;
      const counting = await tcpServer((socket) => {
        connections += 1;
        socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"));
      });
      for (const _ of [1, 2, 3]) await post(call, `http://${counting}/`);
      expect(connections).toBe(3);
    });
  }
});

describe("a connection that does not come up", () => {
  test("a black hole is unreachable long before the overall limit", async () => {
    const outcome = await post(undiciCall, `http://${await blackHole()}/`, 9_000);
    expect(outcome).toEqual({ kind: "unreachable", reason: "let no connection come up within 0.3 s" });
  });

  test("a TLS handshake that hangs is unreachable", async () => {
    const outcome = await post(undiciCall, `https://${await neverAnswers()}/`, 9_000);
    expect(outcome).toEqual({ kind: "unreachable", reason: "let no connection come up within 0.3 s" });
  });

  test("it is unreachable too if the overall limit comes first", async () => {
    const outcome = await post(createUndiciCall({ resolve: lookup }), `http://${await blackHole()}/`, 200);
    expect(outcome).toEqual({
      kind: "unreachable",
      reason: "let no connection come up within 0.2 s",
      timedOut: true,
    });
  });

  test("fetch cannot tell a black hole from an agent at work, so it is silence", async () => {
    expect((await post(createFetchCall(), `http://${await blackHole()}/`, 200)).kind).toBe("silence");
  });
});

describe("what Cloudflare says about the origin", () => {
  const answering = (status: number): HttpCall => createFetchCall(async () => new Response("error page", { status }));
  const throwing = (message: string): HttpCall =>
    createFetchCall(async () => {
      throw new Error(message);
    });

  test.each([521, 522, 523, 525, 526, 530])("%i is unreachable", async (status) => {
    expect((await post(answering(status), "https://agent.example.com/")).kind).toBe("unreachable");
  });

  test.each([520, 524])("%i is silence", async (status) => {
    expect((await post(answering(status), "https://agent.example.com/")).kind).toBe("silence");
  });

  test("a lost connection may have carried the request", async () => {
    expect((await post(throwing("Network connection lost."), "https://agent.example.com/")).kind).toBe("silence");
  });

  test("any other failure did not (workerd: no address, no TLS)", async () => {
    const outcome = await post(throwing("internal error; reference = abc"), "https://agent.example.com/");
    expect(outcome.kind).toBe("unreachable");
  });
});
