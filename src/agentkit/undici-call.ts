import { Client } from "undici";
import { readCapped, seconds, type HttpCall } from "./http-call.ts";
import { publicLookup, RefusedAddress, type Resolve } from "./public-lookup.ts";

interface UndiciCallOptions {
  /** Well under the overall limit, so that a black hole is told apart from an agent that thinks. */
  readonly connectTimeoutMs?: number;
  /** The system's resolver, asked for names whose addresses must be public. */
  readonly resolve: Resolve;
}

/**
 * Calls out from Node. Every call has a connection of its own: on a kept-alive socket that the other side has
 * just closed, "not delivered" and "delivered, then died" look the same.
 */
export const createUndiciCall = ({ connectTimeoutMs = 4_000, resolve }: UndiciCallOptions): HttpCall => {
  const lookup = publicLookup(resolve);
  return async ({ url, method, headers, body, timeoutMs, maxBytes, publicOnly = false }) => {
    const { origin, pathname, search } = new URL(url);
    const client = new Client(origin, {
      connect: { timeout: connectTimeoutMs, ...(publicOnly ? { lookup } : {}) },
      pipelining: 0, // Connection: close
      headersTimeout: 0, // ours is `timer`
      bodyTimeout: 0,
    });
    // Emitted after TCP and TLS are up and before the first byte of the request: without it nothing was sent.
    let connected = false;
    client.on("connect", () => {
      connected = true;
    });
    let timedOut = false;
    const end = (): void => void client.destroy(new TimeUp()).catch(() => undefined);
    // Not an AbortSignal: undici looks at one only once the connection is up.
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, timeoutMs);
    try {
      const sent = body === "" ? null : body;
      const answer = await client.request({ method, path: pathname + search, headers, body: sent });
      const get = (name: string): string | null => firstOf(answer.headers[name.toLowerCase()]);
      const read = await readCapped(answer.body, get("content-type"), maxBytes);
      const late = timedOut && read.fault === "broken" ? { fault: "timed_out" as const } : {};
      return { kind: "answer", status: answer.statusCode, headers: { get }, ...read, ...late };
    } catch (error) {
      const why = timedOut ? { timedOut } : {};
      if (connected) return { kind: "silence", reason: silenceReason(error, timeoutMs), ...why };
      return { kind: "unreachable", reason: unreachableReason(error, connectTimeoutMs, timeoutMs), ...why };
    } finally {
      clearTimeout(timer);
      end();
    }
  };
};

class TimeUp extends Error {}

const firstOf = (value: string | string[] | undefined): string | null =>
  (Array.isArray(value) ? value[0] : value) ?? null;

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

const unreachableReason = (error: unknown, connectTimeoutMs: number, timeoutMs: number): string => {
  if (error instanceof RefusedAddress) return `${error.message}, which the egress policy refuses`;
  const code = codeOf(error);
  if (code === "ECONNREFUSED") return "refused the connection";
  if (code === "ECONNRESET") return "reset the connection before it was up";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "has a host name that does not resolve";
  if (code === "UND_ERR_CONNECT_TIMEOUT") return `let no connection come up within ${seconds(connectTimeoutMs)}`;
  if (error instanceof TimeUp) return `let no connection come up within ${seconds(timeoutMs)}`;
  if (/SSL|TLS|CERT|SIGNATURE/.test(code)) return `failed the TLS handshake (${code})`;
  return `cannot be reached (${code || "unknown cause"})`;
};

const silenceReason = (error: unknown, timeoutMs: number): string => {
  if (error instanceof TimeUp) return `did not answer within ${seconds(timeoutMs)}`;
  const code = codeOf(error);
  if (code === "UND_ERR_HEADERS_OVERFLOW") return "answered with headers that are too long";
  if (error instanceof Error && error.name === "HTTPParserError") return "answered something that is not HTTP";
  return `closed the connection without an answer${code ? ` (${code})` : ""}`;
};
