import { once } from "node:events";
import { createServer as createHttpServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { onTestFinished } from "vitest";

/** Servers on loopback that go wrong in one way each. All are closed when the test ends. */

const portOf = async (server: Server): Promise<number> => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
};

const closeAfterTest = (server: Server, sockets: Set<Socket>): void => {
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
};

/** Speaks TCP only: `onConnection` decides what happens. Returns `127.0.0.1:port`. */
export const tcpServer = async (onConnection: (socket: Socket) => void): Promise<string> => {
  const server = createServer(onConnection);
  closeAfterTest(server, new Set());
  return `127.0.0.1:${await portOf(server)}`;
};

export const httpServer = async (listener: RequestListener): Promise<string> => {
  const server = createHttpServer(listener);
  closeAfterTest(server, new Set());
  return `127.0.0.1:${await portOf(server)}`;
};

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers every request as told and keeps what it got. */
export const answering = async (
  status: number | (() => number),
  body = "",
  headers: Readonly<Record<string, string>> = {},
): Promise<{ host: string; url: string; seen: Seen[] }> => {
  const seen: Seen[] = [];
  const host = await httpServer(async (request, response) => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk as string;
    seen.push({ method: request.method ?? "", path: request.url ?? "", headers: request.headers, body: text });
    response.writeHead(typeof status === "number" ? status : status(), headers).end(body);
  });
  return { host, url: `http://${host}`, seen };
};

export const closedPort = async (): Promise<string> => {
  const server = createServer();
  const port = await portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
};

export const resetsAfterRequest = (): Promise<string> =>
  tcpServer((socket) => socket.once("data", () => socket.resetAndDestroy()));

export const closesAfterRequest = (): Promise<string> => tcpServer((socket) => socket.once("data", () => socket.end()));

export const neverAnswers = (): Promise<string> => tcpServer((socket) => socket.resume());

/** A listener that accepts nothing and whose backlog is full: the kernel drops further SYNs, as a black hole does. */
export const blackHole = async (): Promise<string> => {
  const gate = new SharedArrayBuffer(4);
  const worker = new Worker(
    `const { parentPort, workerData } = require("node:worker_threads");
     const server = require("node:net").createServer();
     server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
       parentPort.postMessage(server.address().port);
       setImmediate(() => Atomics.wait(new Int32Array(workerData), 0, 0));
     });`,
    { eval: true, workerData: gate },
  );
  const [port] = (await once(worker, "message")) as [number];
  const fillers = Array.from({ length: 4 }, () => connect(port, "127.0.0.1").on("error", () => undefined));
  // The backlog of 1 takes two connections; with those up it is full.
  let up = 0;
  await new Promise<void>((resolve) => {
    for (const filler of fillers)
      filler.on("connect", () => {
        up += 1;
        if (up === 2) resolve();
      });
  });
  onTestFinished(async () => {
    for (const filler of fillers) filler.destroy();
    Atomics.store(new Int32Array(gate), 0, 1);
    Atomics.notify(new Int32Array(gate), 0);
    await worker.terminate();
  });
  return `127.0.0.1:${port}`;
};
