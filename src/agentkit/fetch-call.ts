import { readCapped, seconds, type HttpCall, type HttpOutcome } from "./http-call.ts";

/** Statuses that Cloudflare makes itself when it did not get through to the origin. */
const notConnected: Readonly<Record<number, string>> = {
  521: "refused the connection",
  522: "let no connection come up in time",
  523: "cannot be reached (no route)",
  525: "failed the TLS handshake",
  526: "has a TLS certificate that is not valid",
  530: "has a host name that does not resolve",
};

/** Connected and sent, but the origin gave nothing usable back. */
const connectedButSilent: Readonly<Record<number, string>> = {
  520: "closed the connection without an answer",
  524: "did not answer in time",
};

/**
 * Calls out from Workers, where nobody tells when a connection is up. Deployed, a failed connection is a status
 * of 52x. In a local workerd a refused port and a reset after sending are the same "Network connection lost.":
 * only then `isListening` is asked whether anybody is there at all. Without it both are silence: a task too late
 * is better than a task twice. For the same reason a timeout is.
 */
export const createFetchCall = (
  fetchOutside: typeof fetch = fetch,
  isListening: (url: string) => Promise<boolean> = () => Promise.resolve(true),
): HttpCall => {
  return async ({ url, method, headers, body, timeoutMs, maxBytes }) => {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    try {
      const init = { method, headers, redirect: "manual", signal: abort.signal } as const;
      const answer = await fetchOutside(url, body === "" ? init : { ...init, body });
      const outcome = madeByCloudflare(answer.status);
      if (outcome !== null) {
        void answer.body?.cancel().catch(() => undefined);
        return outcome;
      }
      const read = await readCapped(answer.body, answer.headers.get("content-type"), maxBytes);
      const late = abort.signal.aborted && read.fault === "broken" ? { fault: "timed_out" as const } : {};
      return { kind: "answer", status: answer.status, headers: answer.headers, ...read, ...late };
    } catch (error) {
      if (abort.signal.aborted) {
        return { kind: "silence", reason: `did not answer within ${seconds(timeoutMs)}`, timedOut: true };
      }
      const outcome = thrown(error);
      if (outcome.kind === "silence" && !(await isListening(url))) {
        return { kind: "unreachable", reason: "refused the connection" };
      }
      return outcome;
    } finally {
      clearTimeout(timer);
    }
  };
};

const madeByCloudflare = (status: number): HttpOutcome | null => {
  const unreachable = notConnected[status];
  if (unreachable !== undefined) return { kind: "unreachable", reason: `${unreachable} (${status})` };
  const silent = connectedButSilent[status];
  if (silent !== undefined) return { kind: "silence", reason: `${silent} (${status})` };
  return null;
};

const lostAfterSending =
  /connection (was )?(lost|closed|reset)|other side closed|ECONNRESET|EPIPE|UND_ERR_SOCKET|HTTPParser|socket hang up/i;

const thrown = (error: unknown): HttpOutcome => {
  const cause = error instanceof Error ? error.cause : undefined;
  const text = [error, cause].map(textOf).join(" ");
  if (lostAfterSending.test(text)) return { kind: "silence", reason: "lost the connection before it answered" };
  if (text.includes("ECONNREFUSED")) return { kind: "unreachable", reason: "refused the connection" };
  return { kind: "unreachable", reason: "cannot be reached (address, connection or TLS failed)" };
};

const textOf = (error: unknown): string =>
  error instanceof Error ? `${error.name} ${"code" in error ? String(error.code) : ""} ${error.message}` : "";
