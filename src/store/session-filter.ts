import type { SessionFilter } from "../app/session-lists-port.ts";
import { sessionIdFloor } from "../core/ids.ts";
import type { Expression } from "./load-facts.ts";
import type { SqlValue } from "./sql-port.ts";

/** A `SessionFilter` as SQL: which stretches of which index are walked, and what each row there must pass. */

/** What the column `status` can hold. */
const STORED = ["open", "paused", "completed", "failed", "cancelled"] as const;
export type Stored = (typeof STORED)[number];

/** Status by status, newest first: (status, id) is an index; without a status the primary key. */
export interface Lane {
  readonly status: Stored | null;
  /** What rows `s` of the lane must pass; `null`: each does. */
  readonly where: Expression | null;
}

/** Ids from `from` on and below `below`, in each lane. */
export interface Walk {
  readonly from: string;
  readonly below: string;
  readonly lanes: readonly Lane[];
}

/** After every id. */
const LAST = "~";

const PHASE = "json_extract(t.value, '$.phase')";

const inFlight = (phases: string): string =>
  `EXISTS (SELECT 1 FROM json_each(s.head, '$.open') t WHERE ${PHASE} ${phases})`;

/** `readStatus` in SQL, of an open session `s`; a test holds the two against each other. */
export const OPEN_STATUS = `CASE WHEN ${inFlight("IN ('dispatched', 'calling', 'child')")} THEN 'running'
  WHEN json_extract(s.head, '$.dispatched') THEN 'waiting' ELSE 'started' END`;

/** The code of `waitingFor` in SQL, without facts, of an open session `s`; a test holds the two against each other. */
const WAITING_FOR = `(SELECT CASE ${PHASE} WHEN 'dispatched' THEN 'agent' WHEN 'backoff' THEN 'retry' WHEN 'sleeping' THEN 'timer'
    WHEN 'calling' THEN 'call' WHEN 'child' THEN 'child' WHEN 'mapping' THEN 'items'
    WHEN 'awaiting' THEN json_extract(t.value, '$.what') ELSE json_extract(t.value, '$.why.code') END
  FROM json_each(s.head, '$.open') t
  ORDER BY CASE ${PHASE} WHEN 'waiting' THEN 0 WHEN 'awaiting' THEN 1 WHEN 'backoff' THEN 2 WHEN 'sleeping' THEN 3
    WHEN 'calling' THEN 4 WHEN 'child' THEN 5 WHEN 'dispatched' THEN 6 ELSE 7 END, json_extract(t.value, '$.n') LIMIT 1)`;

const prefixOf = (text: string): string | null =>
  /^ses_/i.test(text) ? `ses_${text.slice("ses_".length).toUpperCase()}` : null;

/** What holds in every lane. The cheap ones first: a head may be 64 KiB of JSON. */
const everywhere = (filter: SessionFilter): readonly Expression[] => {
  const all: Expression[] = [];
  const add = (sql: string, ...args: readonly SqlValue[]): void => void all.push({ sql, args });
  const { workflowId, parent, roots, text, agentId } = filter;
  if (workflowId !== null) add("s.workflow_id = ?", workflowId);
  if (parent !== null) add("json_extract(s.head, '$.parent.sessionId') = ?", parent);
  if (roots !== null) add("json_extract(s.head, '$.parent.sessionId') IS NULL");
  if (text !== null && prefixOf(text) === null) {
    const has = (value: string): string => `instr(lower(${value}), lower(?)) > 0`;
    const message = "coalesce(json_extract(s.head, '$.reason.message'), '')";
    add(`(${has("s.id")} OR ${has("s.workflow_id")} OR ${has(message)})`, text, text, text);
  }
  if (agentId !== null) {
    const now = inFlight("= 'dispatched' AND json_extract(t.value, '$.agentId') = ?");
    add(`(json_extract(s.head, '$.home') = ? OR ${now})`, agentId, agentId);
  }
  return all;
};

/** What holds in the lane of one status; `null`: nothing there can pass. */
const inLane = (filter: SessionFilter, status: Stored): readonly Expression[] | null => {
  const all: Expression[] = [];
  const { statuses, waitingFor, errorCode, endedFrom, endedBefore } = filter;
  if (status === "open") {
    const open = (["started", "running", "waiting"] as const).filter((one) => statuses?.includes(one) ?? true);
    if (open.length === 0) return null;
    if (open.length < 3) all.push({ sql: `${OPEN_STATUS} IN (${open.map(() => "?").join(", ")})`, args: open });
    if (waitingFor !== null) all.push({ sql: `${WAITING_FOR} = ?`, args: [waitingFor] });
  } else if (statuses !== null && !statuses.includes(status)) return null;
  else if (waitingFor !== null && !(status === "paused" && waitingFor === "paused")) return null;
  if (errorCode !== null) {
    if (status !== "failed") return null;
    all.push({ sql: "json_extract(s.head, '$.reason.code') = ?", args: [errorCode] });
  }
  if (endedFrom !== null || endedBefore !== null) {
    if (status === "open" || status === "paused") return null;
    const ended = "json_extract(s.head, '$.endedAt')";
    if (endedFrom !== null) all.push({ sql: `${ended} >= ?`, args: [endedFrom] });
    if (endedBefore !== null) all.push({ sql: `${ended} < ?`, args: [endedBefore] });
  }
  return all;
};

const both = (expressions: readonly Expression[]): Expression | null =>
  expressions.length === 0
    ? null
    : {
        sql: expressions.map(({ sql }) => sql).join(" AND "),
        args: expressions.flatMap(({ args }) => args),
      };

/** The lanes of a filter by stored status, for counting: without those where nothing can pass. */
export const lanesOf = (filter: SessionFilter): readonly Lane[] =>
  STORED.flatMap((status): Lane[] => {
    const own = inLane(filter, status);
    return own === null ? [] : [{ status, where: both([...everywhere(filter), ...own]) }];
  });

const picksNoStatus = ({ statuses, waitingFor, errorCode, endedFrom, endedBefore }: SessionFilter): boolean =>
  statuses === null && waitingFor === null && errorCode === null && endedFrom === null && endedBefore === null;

/** The stretch of ids a filter leaves: a session's id begins with the time of its start, and it ends no earlier. */
export const rangeOf = (filter: SessionFilter): Pick<Walk, "from" | "below"> => {
  const prefix = filter.text === null ? null : prefixOf(filter.text);
  const floors = [filter.startedBefore, filter.endedBefore].flatMap((at) => (at === null ? [] : [sessionIdFloor(at)]));
  const from = [filter.startedFrom === null ? "" : sessionIdFloor(filter.startedFrom), prefix ?? ""];
  const below = [...floors, prefix === null ? LAST : `${prefix}${LAST}`];
  return { from: from.toSorted().at(-1) ?? "", below: below.toSorted()[0] ?? LAST };
};

/** How a page is read: by the primary key where any status will do, else status by status, to be merged. */
export const walkOf = (filter: SessionFilter): Walk => ({
  ...rangeOf(filter),
  lanes: picksNoStatus(filter) ? [{ status: null, where: both(everywhere(filter)) }] : lanesOf(filter),
});
