/** What is needed of a request of `node:http`; its types are not, as they are Node's alone. */
interface NodeRequest extends AsyncIterable<Uint8Array> {
  readonly method?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

interface NodeResponse {
  writeHead(status: number, headers: Readonly<Record<string, string>>): unknown;
  end(body: string): unknown;
}

/** The same handler for `createServer` of `node:http`. */
export type NodeListener = (request: NodeRequest, response: NodeResponse) => void;

/** Bridges a fetch handler to `node:http`. `maxBytes` bounds what is read of a body; more is 413. */
export const nodeListener =
  (handle: (request: Request) => Promise<Response>, maxBytes: number): NodeListener =>
  (request, response) => {
    const answer = async (): Promise<Response> => {
      const chunks: Uint8Array<ArrayBuffer>[] = [];
      let size = 0;
      for await (const chunk of request) {
        size += chunk.byteLength;
        if (size > maxBytes) return Response.json({ detail: "The body is too large" }, { status: 413 });
        chunks.push(Uint8Array.from(chunk));
      }
      const { method = "GET" } = request;
      const hasBody = method !== "GET" && method !== "HEAD";
      return handle(
        new Request("http://agent/", {
          method,
          headers: { "Content-Type": "application/json" },
          ...(hasBody ? { body: new Blob(chunks) } : {}),
        }),
      );
    };
    const send = async (): Promise<void> => {
      const said = await answer();
      response.writeHead(said.status, {
        "Content-Type": "application/json",
        Connection: said.ok ? "keep-alive" : "close",
      });
      response.end(await said.text());
    };
    // What was cut off has nobody to answer.
    send().catch(() => response.end(""));
  };
