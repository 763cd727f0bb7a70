import type { SessionCountsAnswer } from "../contract/answers/session.ts";
import { SESSION_STATUSES } from "../contract/queries.ts";
import { waitingFor } from "../core/session/waiting-for.ts";
import type { Deps } from "./deps.ts";
import { summaryOf, type Page, type SessionSummary } from "./read-session.ts";
import type { SessionFilter } from "./session-lists-port.ts";

/**
 * Sessions that a filter leaves, newest first, without payloads. A page looks at a bounded number of sessions: it may
 * be short, or empty, and still have a next one.
 */
export const listSessions = async (
  deps: Deps,
  filter: SessionFilter,
  page: { readonly after: string | null; readonly limit: number },
): Promise<Page<SessionSummary>> => {
  const { rows, next } = await deps.store.listSessions(filter, page);
  return { data: rows.map(({ state, dueAt }) => summaryOf(state, waitingFor(state, null), dueAt)), next };
};

/** How many sessions a filter leaves, by the status that people read; after bounded work, see `exact`. */
export const countSessions = async (deps: Deps, filter: SessionFilter): Promise<SessionCountsAnswer> => {
  const { counts, exact } = await deps.store.countSessions(filter);
  const data = Object.fromEntries(SESSION_STATUSES.map((status) => [status, counts[status] ?? 0]));
  const total = Object.values(data).reduce((sum, count) => sum + count, 0);
  return { data: data as SessionCountsAnswer["data"], total, exact };
};
