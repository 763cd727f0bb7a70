import { hideSecrets } from "../core/workflow/secret-marker.ts";
import type { Json, JsonObject } from "../core/json.ts";
import { numberOf, placeOf } from "../core/session/carried.ts";
import { dueAt } from "../core/session/deadlines.ts";
import type { SessionEvent } from "../core/session/events.ts";
import type { Facts } from "../core/session/facts.ts";
import type { SessionState } from "../core/session/state.ts";
import type { CarriedEvents } from "../core/session/task-draft.ts";
import { readStatus, tasksView, type ReadStatus, type TaskView } from "../core/session/view.ts";
import { waitingFor, type WaitingFor } from "../core/session/waiting-for.ts";
import { isSessionId } from "../core/ids.ts";
import { factsOf } from "./advance-session.ts";
import { sessionNotFound } from "./cancel-session.ts";
import type { Deps } from "./deps.ts";
import type { Cause } from "./log-row.ts";
import type { StoredLogRow } from "./store-port.ts";

/** Log rows that one session may have; a detail view reads them all. */
const MAX_LOG_ROWS = 25_000;

export interface SessionSummary {
  readonly state: SessionState;
  readonly status: ReadStatus;
  readonly waitingFor: WaitingFor | null;
  /** Why it stands where it stands, in one sentence; `null` once completed. */
  readonly reason: string | null;
  /** Epoch ms of the next thing the engine does by itself. */
  readonly nextAt: number | null;
}

export interface SessionDetail extends SessionSummary {
  readonly tasks: readonly TaskView[];
}

/** A session as lists and its own page show it. */
export const summaryOf = (state: SessionState, waiting: WaitingFor | null, nextAt: number | null): SessionSummary => ({
  state,
  status: readStatus(state),
  waitingFor: waiting,
  reason: waiting?.message ?? state.reason?.message ?? null,
  nextAt,
});

/** What the logs of earlier sessions say of the tasks which a rerun has carried over. Only a rerun costs a round trip. */
const carriedEvents = async (deps: Deps, state: SessionState): Promise<CarriedEvents> => {
  const places = Object.values(state.ended).flatMap((ended) => {
    const place = ended.status === "skipped" ? null : placeOf(state, ended);
    return place === null ? [] : [[place[0], numberOf(ended)] as const];
  });
  return places.length === 0 ? new Map() : await deps.store.readTaskEvents(places);
};

/** A session's head, what its tasks are seen by, and its log as far as the head knows it. 404 if there is none. */
export const loadWithLog = async (
  deps: Deps,
  sessionId: string,
): Promise<{
  readonly state: SessionState;
  readonly facts: Facts & { readonly carried: CarriedEvents };
  readonly rows: readonly { readonly at: number; readonly events: readonly SessionEvent[] }[];
}> => {
  if (!isSessionId(sessionId)) throw sessionNotFound(sessionId);
  const loaded = await deps.store.loadSession({ sessionId, historyOf: null });
  const facts = factsOf(deps, loaded);
  if (facts === null || loaded.session === null) throw sessionNotFound(sessionId);
  const { state } = loaded.session;
  const log = await deps.store.readLog(sessionId, { after: 0, limit: MAX_LOG_ROWS });
  // The log may have grown since the head was read.
  const rows = log
    .slice(0, loaded.session.seq)
    .map(({ at, parsed }) => ({ at, events: parsed as readonly SessionEvent[] }));
  return { state, facts: { ...facts, carried: await carriedEvents(deps, state) }, rows };
};

/** One session with its tasks and attempts, and what it waits for as of now. */
export const readSession = async (deps: Deps, sessionId: string): Promise<SessionDetail> => {
  const { state, facts, rows } = await loadWithLog(deps, sessionId);
  return {
    ...summaryOf(state, waitingFor(state, facts, deps.clock.now()), dueAt(state, facts)),
    tasks: tasksView(state, rows, facts).map((task) => ({
      ...task,
      parameters: hideSecrets(task.parameters) as JsonObject,
    })),
  };
};

export interface Page<T, P = string> {
  readonly data: readonly T[];
  /** The place to go on from; `null` at the end. */
  readonly next: P | null;
}

/** Cuts a list that was read with one row more than asked for. */
export const pageOf = <T>(rows: readonly T[], limit: number, keyOf: (row: T) => string): Page<T> => {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  return { data, next: rows.length > limit && last !== undefined ? keyOf(last) : null };
};

/** A row of a session's log, read. */
export interface SessionLogRow extends Omit<StoredLogRow, "cause" | "parsed"> {
  readonly cause: Cause;
  readonly parsed: readonly SessionEvent[];
}

/** The log of a session in order, after a row. */
export const readSessionLog = async (
  deps: Deps,
  sessionId: string,
  page: { readonly after: number; readonly limit: number },
): Promise<Page<SessionLogRow>> => {
  const rows = isSessionId(sessionId) ? await deps.store.readLog(sessionId, { ...page, limit: page.limit + 1 }) : [];
  if (
    rows.length === 0 &&
    (page.after === 0 || (await deps.store.readLog(sessionId, { after: 0, limit: 1 })).length === 0)
  ) {
    throw sessionNotFound(sessionId);
  }
  return pageOf(rows.map(withoutSecrets), page.limit, (row) => String(row.seq));
};

/** A row as people may see it: what stands for a secret is shown as its author wrote it. */
const withoutSecrets = (row: StoredLogRow): SessionLogRow => ({
  ...row,
  cause: row.cause as unknown as Cause,
  parsed: hideSecrets(row.parsed as unknown as Json) as unknown as SessionLogRow["parsed"],
});
