import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Incoming {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  /** Runs once the answer is on its way: what a web framework calls a background task. */
  readonly after?: () => void;
}

export type Handler = (incoming: Incoming) => Reply | Promise<Reply>;

export interface Listener {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Cuts open connections: the port is free when it resolves. */
  close(): Promise<void>;
}

/** Serves JSON on loopback. Port 0 takes a free one. */
export const startListener = async (port: number, handle: Handler): Promise<Listener> => {
  const server = createServer(async (request, response) => {
    try {
      let body = "";
      for await (const chunk of request.setEncoding("utf8")) body += chunk as string;
      const { method = "", url = "", headers } = request;
      send(response, await handle({ method, path: url.split("?")[0] ?? "", headers, body }));
    } catch {
      send(response, { status: 500, body: { detail: "Internal Server Error" } });
    }
  });
  server.listen(port, "127.0.0.1");
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

const send = (response: ServerResponse, { status, body, after }: Reply): void => {
  // Whoever asked may be gone, now or while it is answered: what was begun goes on, as in a web framework.
  if (response.destroyed || response.headersSent) return after?.();
  if (after !== undefined) response.once("close", after);
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text, () => {
    if (after === undefined) return;
    response.off("close", after);
    after();
  });
};
