import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

interface PostOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** One POST on a connection of its own, redirects not followed. Rejects if there is no answer in time. */
export const post = (url: string, options: PostOptions): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const signals = [AbortSignal.timeout(options.timeoutMs), ...(options.signal ? [options.signal] : [])];
    const request = (url.startsWith("https:") ? requestHttps : requestHttp)(url, {
      method: "POST",
      agent: false,
      signal: AbortSignal.any(signals),
      headers: {
        Accept: "*/*",
        "User-Agent": "python-httpx/0.28.1",
        "Content-Type": "application/json",
        ...options.headers,
        "Content-Length": Buffer.byteLength(options.body),
      },
    });
    request.on("error", reject);
    request.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    request.end(options.body);
  });
