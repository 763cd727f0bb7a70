import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import type { OddAnswer } from "./odd-protocol.ts";

const echo = async (request: IncomingMessage): Promise<string> => {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk as string;
  return JSON.stringify({ method: request.method, path: request.url, headers: request.headers, body });
};

const answer = (
  response: ServerResponse,
  { status = 200, headers = {}, body = "", base64, times, end = "" }: OddAnswer,
): void => {
  const bytes = Buffer.from(body, base64 === true ? "base64" : "utf8");
  response.writeHead(status, headers);
  for (let n = 1; n < (times ?? 1); n += 1) response.write(bytes);
  response.write(bytes);
  response.end(end);
};

const json = { "content-type": "application/json" };

const ways: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<void> | void>> = {
  "/echo": async (request, response) => void response.writeHead(200, json).end(await echo(request)),
  "/echo-400": async (request, response) => {
    const text = await echo(request);
    response.writeHead(400, json).end(JSON.stringify({ detail: `refused: ${text}`, got: text }));
  },
  "/echo-text": async (request, response) => void response.writeHead(200).end(await echo(request)),
  "/answer": (request, response) => {
    answer(response, JSON.parse(decodeURIComponent((request.url ?? "").split("?")[1] ?? "{}")) as OddAnswer);
  },
  "/silent": () => undefined,
  "/half": (_, response) => void response.writeHead(200, json).write('{"a":'),
  "/reset": (request) => void request.socket.resetAndDestroy(),
  "/broken": (request, response) => {
    response
      .writeHead(200, { ...json, "content-length": "100" })
      .write('{"a":', () => request.socket.resetAndDestroy());
  },
  "/endless": (_, response) => {
    response.on("error", () => undefined);
    const more = (): void => {
      while (response.write("a".repeat(65_536)));
      response.once("drain", more);
    };
    more();
  },
  "/gzip": (_, response) => {
    response.writeHead(200, { ...json, "content-encoding": "gzip" }).end(gzipSync('{"packed":true}'));
  },
  // Says that the connection stays, and cuts it.
  "/dies": (request, response) => {
    response.writeHead(200, { ...json, connection: "keep-alive" }).end("1", () => request.socket.destroySoon());
  },
};

/** Goes wrong on loopback in the way that the path names, the same for a test on Node and one inside workerd. */
export const startOddServer = async (): Promise<{ readonly url: string; close(): Promise<void> }> => {
  const server = createServer((request, response) => {
    request.socket.on("error", () => undefined);
    const way = ways[(request.url ?? "").split("?")[0] ?? ""];
    if (way === undefined) response.writeHead(404).end();
    else void way(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
