import type { SessionCancelledAnswer, SessionStandingAnswer, SignalSentAnswer } from "../contract/answers/control.ts";
import type { LogRowAnswer } from "../contract/answers/session-log.ts";
import type {
  BulkAnswer,
  SessionAnswer,
  SessionCountsAnswer,
  SessionDetailAnswer,
  SessionRerunAnswer,
  SessionStartedAnswer,
} from "../contract/answers/session.ts";
import type { Bulk, Rerun, SessionCountsFilter, SessionFilter, SessionQuery, SessionStart } from "./inputs.ts";
import type { CallOptions, KeyedOptions } from "./options.ts";
import { pagedBy, type Paged, type PageQuery } from "./pages.ts";
import { sessionTasksOf, type SessionTasks } from "./session-tasks.ts";
import type { Transport } from "./transport.ts";
import { followLog, waitForSession, type FollowOptions, type WaitOptions } from "./wait.ts";

/** Runs of workflows. */
export interface Sessions extends SessionTasks {
  /** Starts a session. A repeat after a lost answer gets the same one. */
  start(start: SessionStart, options?: KeyedOptions): Promise<SessionStartedAnswer>;
  /** Starts a session and waits for its end. Under an `idempotencyKey` of yours it may be called again to go on waiting. */
  startAndWait(
    start: SessionStart,
    options?: WaitOptions & { readonly idempotencyKey?: string },
  ): Promise<SessionDetailAnswer>;
  /** Waits for the end of a session. */
  wait(sessionId: string, options?: WaitOptions): Promise<SessionDetailAnswer>;
  /** The sessions that pass the filter, the newest first. */
  list(query?: SessionQuery, options?: CallOptions): Paged<SessionAnswer>;
  /** How many there are, by status. */
  counts(filter?: SessionCountsFilter, options?: CallOptions): Promise<SessionCountsAnswer>;
  /** A session with its tasks. */
  get(sessionId: string, options?: CallOptions): Promise<SessionDetailAnswer>;
  /** What happened in it so far, from the beginning. */
  log(sessionId: string, query?: PageQuery, options?: CallOptions): Paged<LogRowAnswer>;
  /** What happened and happens in it, each row once, until it ends. Looks every 0.25 to 5 s. */
  follow(sessionId: string, options?: FollowOptions): AsyncIterable<LogRowAnswer>;
  cancel(
    sessionId: string,
    body?: { readonly reason?: string },
    options?: KeyedOptions,
  ): Promise<SessionCancelledAnswer>;
  /** Nothing new begins until `resume`. */
  pause(sessionId: string, body?: { readonly reason?: string }, options?: KeyedOptions): Promise<SessionStandingAnswer>;
  resume(sessionId: string, options?: KeyedOptions): Promise<SessionStandingAnswer>;
  /** A signal for the task that waits for it, or will. */
  signal(
    sessionId: string,
    name: string,
    body?: { readonly payload?: unknown },
    options?: KeyedOptions,
  ): Promise<SignalSentAnswer>;
  /** Runs a session that has ended again, as a new one. */
  rerun(sessionId: string, body?: Rerun, options?: KeyedOptions): Promise<SessionRerunAnswer>;
  /** Cancels or runs again the sessions that pass a filter, some at a time: go on until `nextCursor` is `null`. */
  bulk(body: Bulk, options?: KeyedOptions): Promise<BulkAnswer>;
}

const pick = (options: WaitOptions & { readonly idempotencyKey?: string }): KeyedOptions => ({
  ...(options.signal === undefined ? {} : { signal: options.signal }),
  ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
});

/** A filter in a body says its values as it would in a query. */
const asTexts = (filter: SessionFilter): object =>
  Object.fromEntries(
    Object.entries(filter)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, value instanceof Date ? value.toISOString() : String(value)]),
  );

/** @internal */
export const sessionsOf = (transport: Transport): Sessions => {
  const { send, seams } = transport;
  const start: Sessions["start"] = (body, options) =>
    send("POST /v1/opscore/sessions", { repeat: "keyed", body, options });
  const get: Sessions["get"] = (sessionId, options) =>
    send("GET /v1/opscore/sessions/{sessionId}", { repeat: "read", path: { sessionId }, options });
  const readLog = (sessionId: string) => (query: PageQuery, options: CallOptions | undefined) =>
    send("GET /v1/opscore/sessions/{sessionId}/log", { repeat: "read", path: { sessionId }, query, options });
  const wait: Sessions["wait"] = (sessionId, options = {}) => waitForSession(seams, get, sessionId, options);

  return {
    ...sessionTasksOf(transport),
    start,
    startAndWait: async (body, options = {}) => wait((await start(body, pick(options))).sessionId, options),
    wait,
    list: (filter = {}, options) =>
      pagedBy(
        (query, callOptions) => send("GET /v1/opscore/sessions", { repeat: "read", query, options: callOptions }),
        filter,
        options,
      ),
    counts: (query = {}, options) => send("GET /v1/opscore/sessions/counts", { repeat: "read", query, options }),
    get,
    log: (sessionId, page = {}, options) => pagedBy(readLog(sessionId), page, options),
    follow: (sessionId, options = {}) => followLog(seams, readLog(sessionId), options),
    cancel: (sessionId, body = {}, options) =>
      send("POST /v1/opscore/sessions/{sessionId}/cancel", { repeat: "keyed", path: { sessionId }, body, options }),
    pause: (sessionId, body = {}, options) =>
      send("POST /v1/opscore/sessions/{sessionId}/pause", { repeat: "keyed", path: { sessionId }, body, options }),
    resume: (sessionId, options) =>
      send("POST /v1/opscore/sessions/{sessionId}/resume", { repeat: "keyed", path: { sessionId }, options }),
    signal: (sessionId, name, body = {}, options) =>
      send("POST /v1/opscore/sessions/{sessionId}/signals/{name}", {
        repeat: "keyed",
        path: { sessionId, name },
        body,
        options,
      }),
    rerun: (sessionId, body = {}, options) =>
      send("POST /v1/opscore/sessions/{sessionId}/rerun", { repeat: "keyed", path: { sessionId }, body, options }),
    bulk: ({ filter, ...body }, options) =>
      send("POST /v1/opscore/sessions/bulk", {
        repeat: "keyed",
        body: filter === undefined ? body : { ...body, filter: asTexts(filter) },
        options,
      }),
  };
};
