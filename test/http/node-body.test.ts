import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, describe, it } from "vitest";
import { authorized, edgeApp } from "./edge-app.ts";

/** The edge behind a real Node listener, spoken to over raw sockets: here Content-Length can lie. */
const { app, lines } = edgeApp();
let server: Server;

beforeAll(async () => {
  server = createServer((request, response) => {
    void (async () => {
      const init = {
        method: request.method ?? "GET",
        headers: request.headers as Record<string, string>,
        ...(request.method === "POST" ? { body: Readable.toWeb(request), duplex: "half" } : {}),
      };
      const answer = await app.fetch(new Request(`http://localhost${request.url ?? "/"}`, init as RequestInit));
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(await answer.text());
    })();
  });
  server.on("clientError", (_error, socket) => {
    socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Sends `parts`, ends its side if told to, and yields everything the server said until it closed or said `until`. */
const speak = async (headers: readonly string[], parts: readonly string[], end: boolean): Promise<string> => {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.on("error", () => undefined);
  const head = [
    "POST /v1/echo HTTP/1.1",
    "Host: x",
    `Authorization: ${authorized.Authorization}`,
    "Connection: close",
    ...headers,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  for (const part of parts) socket.write(part);
  if (end) socket.end();
  return await text(socket);
};

const statusOf = (answer: string): string => answer.slice(9, 12);
const chunk = (data: string): string => `${data.length.toString(16)}\r\n${data}\r\n`;

describe("bodies over a real listener", () => {
  it("answers an honest body", async () => {
    expect(statusOf(await speak(["Content-Length: 7"], ['{"a":1}'], false))).toBe("200");
    expect(
      statusOf(await speak(["Transfer-Encoding: chunked"], [chunk('{"a"'), chunk(":1}"), "0\r\n\r\n"], false)),
    ).toBe("200");
  });

  it("answers 413 to a chunked body that never ends, while it is being sent", async () => {
    const answer = await speak(
      ["Transfer-Encoding: chunked"],
      Array.from({ length: 20 }, () => chunk("x".repeat(16_384))),
      false,
    );
    expect(statusOf(answer)).toBe("413");
    expect(answer).toContain('"code":"payload_too_large"');
  });

  it("answers 413 to a large Content-Length before the body comes", async () => {
    expect(statusOf(await speak(["Content-Length: 10000000"], [], false))).toBe("413");
  });

  it("answers 400 where Content-Length is too small", async () => {
    expect(statusOf(await speak(["Content-Length: 3"], ['{"a":1}'], false))).toBe("400");
  });

  it("counts a body that breaks off as a 400, and goes on serving", async () => {
    const before = lines.length;
    await speak(["Content-Length: 100"], ['{"a":1}'], true);
    await expect.poll(() => lines[before]).toMatchObject({ status: 400, code: "malformed_json" });
    expect(statusOf(await speak(["Content-Length: 2"], ["{}"], false))).toBe("200");
  });

  it("has met no bug in all this", () => {
    expect(lines.filter(({ level }) => level !== "info")).toEqual([]);
  });
});
