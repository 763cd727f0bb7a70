import type { LoadedFacts } from "../app/store-port.ts";
import type { Agent } from "../core/agent/agent.ts";
import type { Json, JsonObject } from "../core/json.ts";
import { readJson } from "../core/read-json.ts";
import type { Moment, Pair } from "../core/report/interpret.ts";
import { refKey } from "../core/session/carried.ts";
import type { SessionEvent } from "../core/session/events.ts";
import type { Relative, Signs } from "../core/session/facts.ts";
import type { Needs } from "../core/session/needs.ts";
import type { SessionState } from "../core/session/state.ts";
import {
  AGENT_COLUMNS,
  FIRST_OF_QUEUES,
  FREE,
  FREE_OR_LOST,
  LAST_SENT,
  NAMES_NO_TASK,
  NEWEST_FIRST,
  WITH_NEWEST,
} from "./fragments.ts";
import { number, orNull, text, toAgent } from "./rows.ts";
import type { Row, SqlResult, SqlValue, Statement } from "./sql-port.ts";

/** An SQL expression with its arguments. */
export interface Expression {
  readonly sql: string;
  readonly args: readonly SqlValue[];
}

/** How many free agents of a capability are looked at, besides one for each time an agent rejected an open task. */
const CANDIDATES = 8;

/** The order of the first task that waits for agent `a`. */
const AHEAD = `(SELECT min(w.order_key) FROM ${FIRST_OF_QUEUES}) AS ahead`;

/** Agents that `needs` (a JSON expression) names, each with the newest one that replaced it. */
const namedAgents = (needs: Expression): Statement => ({
  sql: `SELECT g.value AS asked, ${AGENT_COLUMNS}, ${AHEAD} FROM json_each(${needs.sql}, '$.agents') g
    JOIN agents o ON o.id = g.value JOIN agents a ON a.id IN (o.id, o.superseded_by) ${WITH_NEWEST}`,
  args: needs.args,
});

/** Whether agent `o` is presumed lost; its newest report is looked up only where that matters. */
const LOST = `CASE WHEN o.missed_at IS NULL THEN 0 ELSE o.missed_at >= max(o.registered_at, coalesce(o.contact_at, 0),
  coalesce((SELECT m.received_at FROM agent_log m WHERE m.agent_id = o.id
    ${NEWEST_FIRST}), 0)) END`;

/**
 * Of the agents with capability `q`, the free ones that were unused longest, those presumed lost last. First all are
 * put in order by what is cheap, then looked at one by one until there are enough: so capabilities may have thousands.
 */
const longestUnused = (limit: string): string => `SELECT u.id FROM (
    SELECT o.id FROM agent_capabilities c CROSS JOIN agents o ON o.id = c.agent_id
    WHERE c.capability = q.value AND (o.tasks = '{}' OR o.capacity > 1) ORDER BY ${LOST}, o.claimed_at, o.id LIMIT -1) u
  CROSS JOIN agents a ON a.id = u.id ${WITH_NEWEST} WHERE ${FREE_OR_LOST} LIMIT ${limit}`;

/**
 * Each capability that `needs` names, with its free agents, the longest unused first, those presumed lost last; then
 * those that hold a task of this session, since the decision may free them. Without any, one row without an agent.
 */
const capableAgents = (needs: Expression, session: Expression | null): Statement => {
  const chosen =
    session === null
      ? longestUnused(`${CANDIDATES}`)
      : `SELECT * FROM (${longestUnused(`${CANDIDATES} + (
          SELECT count(*) FROM sessions s, json_each(s.head, '$.open') t, json_each(t.value, '$.rejectedBy')
          WHERE s.id = ${session.sql})`)})
        UNION SELECT h.id FROM json_each(${needs.sql}, '$.agents') g
        CROSS JOIN agent_capabilities c ON c.capability = q.value AND c.agent_id = g.value
        CROSS JOIN agents h ON h.id = g.value
        WHERE EXISTS (SELECT 1 FROM json_each(h.tasks) t WHERE json_extract(t.value, '$.sessionId') = ${session.sql})`;
  return {
    sql: `SELECT q.value AS cap, EXISTS (SELECT 1 FROM agent_capabilities c WHERE c.capability = q.value) AS known,
        ${AGENT_COLUMNS}, ${AHEAD} FROM json_each(${needs.sql}, '$.caps') q
      LEFT JOIN agents a ON a.id IN (${chosen}) ${WITH_NEWEST}
      ORDER BY ${FREE_OR_LOST} DESC, ${FREE} DESC, a.claimed_at, a.id`,
    args: [...needs.args, ...(session === null ? [] : [...session.args, ...needs.args, ...session.args])],
  };
};

/** Text that sorts as a time of an agent does; agents' clocks may stand before 1970. */
const sortable = (micros: string): string => `printf('%018d', ${micros} + 9007199254740992)`;

/** (agent's clock, receipt) as text in the order of moments: a key to sort by and the two numbers. */
const MOMENT = `${sortable("l.sent_us")} || printf('%015d|%d|%d', l.received_at, l.sent_us, l.received_at)`;

/**
 * What was heard about each attempt in flight of the agents that `needs` names. `since` bounds the scan; the tie
 * to the attempt is the row's own.
 * CROSS JOIN keeps the order, or the planner walks the agent's whole history for each report.
 */
const signs = (agentIds: Expression): Statement => ({
  sql: `SELECT t.key AS attempt,
      min(CASE WHEN l.meaning = 'working' THEN l.received_at END) AS working_at,
      min(CASE WHEN l.meaning = 'working' AND ${NAMES_NO_TASK} AND l.sent_us > ${LAST_SENT} THEN ${MOMENT} END) AS working,
      max(l.received_at) AS last_at,
      max(CASE WHEN l.meaning = 'free' THEN ${MOMENT} || '|' || coalesce(l.details, 'null') END) AS free,
      max(CASE WHEN l.details -> '$.progress' IS NOT NULL
        THEN ${sortable("l.at")} || '|' || (l.details -> '$.progress') END) AS progress
    FROM ${agentIds.sql} q CROSS JOIN agents a ON a.id = q.value CROSS JOIN json_each(a.tasks) t
    CROSS JOIN agent_log l ON l.agent_id = a.id AND l.at > json_extract(t.value, '$.since') AND l.attempt = t.key
    GROUP BY t.key`,
  args: agentIds.args,
});

/** Rows of other sessions, each under its session's id and `seq`. */
const otherRows = (needs: Expression): Expression => ({
  sql: `SELECT l.seq, l.events, r.value AS place, NULL AS item FROM json_each(${needs.sql}, '$.refs') r
    CROSS JOIN log l ON l.stream = r.value ->> 0 AND l.seq = r.value ->> 1`,
  args: needs.args,
});

/** In this order, or the planner walks the session's whole log. */
const neededRows = (needs: Expression, session: Expression): Statement => ({
  sql: `SELECT l.seq, l.events, NULL AS place, NULL AS item FROM json_each(${needs.sql}, '$.rows') q
    CROSS JOIN log l ON l.stream = ${session.sql} AND l.seq = q.value
    UNION ALL ${otherRows(needs).sql}
    UNION ALL SELECT l.seq, NULL, i.value, (SELECT e.value -> ('$.items[' || (i.value ->> 2) || ']')
      FROM json_each(l.events) e WHERE e.value ->> '$.type' = 'TaskEntered' AND e.value ->> '$.n' = i.value ->> 1)
    FROM json_each(${needs.sql}, '$.items') i CROSS JOIN log l ON l.stream = ${session.sql} AND l.seq = i.value ->> 0`,
  args: [...needs.args, ...session.args, ...needs.args, ...needs.args, ...session.args],
});

/** Ids as they stand in the log's JSON. */
const quotedIds = (spans: NonNullable<Needs["spans"]>): string =>
  JSON.stringify(spans.map(([, , taskId]) => JSON.stringify(taskId)));

/**
 * Which items of maps were entered and what they brought, from the row in which the first of those maps was entered; one
 * statement however many end at once. Without the parameters of the items: of those there may be far more than of
 * anything that is kept of a map.
 */
const spanRows = (session: Expression, spans: NonNullable<Needs["spans"]>): Statement => ({
  sql: `SELECT CASE e.value ->> '$.type' WHEN 'TaskEntered' THEN json_remove(e.value, '$.parameters', '$.items')
      ELSE e.value END AS event
    FROM log l CROSS JOIN json_each(l.events) e
    WHERE l.stream = ${session.sql} AND l.seq >= ?
      AND EXISTS (SELECT 1 FROM json_each(?) q WHERE instr(l.events, '"taskId":' || q.value) > 0)
      AND e.value -> '$.taskId' IN (SELECT q.value FROM json_each(?) q)
      AND e.value ->> '$.type' IN ('TaskEntered', 'TaskCompleted', 'TaskResolved')
    ORDER BY l.seq, e.key`,
  args: [...session.args, Math.min(...spans.map(([, from]) => from)), quotedIds(spans), quotedIds(spans)],
});

/** Other sessions, and of a completed one the row in which it ended: after that only late results are logged. */
const relatives = (ids: readonly string[]): Statement => ({
  sql: `SELECT s.id, s.head, CASE WHEN s.status = 'completed' THEN (SELECT l.events FROM log l WHERE l.stream = s.id
      AND instr(l.events, '"type":"SessionCompleted"') > 0 ORDER BY l.seq DESC LIMIT 1) END AS ended
    FROM json_each(?) q CROSS JOIN sessions s ON s.id = q.value`,
  args: [JSON.stringify(ids)],
});

const historyRows = (session: Expression, historyOf: string): Statement => ({
  sql: `SELECT l.events FROM log l WHERE l.stream = ${session.sql} AND instr(l.events, ?) > 0 ORDER BY l.seq`,
  args: [...session.args, `"${historyOf}:`],
});

/** The statements that load facts. `rows`: log rows `needs` names, of the session given by an expression. */
export const factStatements = (
  needs: Expression,
  session: Expression | null,
  historyOf: string | null,
  reporter: string | null = null,
  asked: Needs | null = null,
): readonly Statement[] => [
  namedAgents(needs),
  capableAgents(needs, session),
  signs(
    reporter === null
      ? { sql: `json_each(${needs.sql}, '$.agents')`, args: needs.args }
      : {
          sql: `(SELECT value FROM json_each(${needs.sql}, '$.agents') UNION SELECT ?)`,
          args: [...needs.args, reporter],
        },
  ),
  ...(session === null ? (asked?.refs === undefined ? [] : [otherRows(needs)]) : [neededRows(needs, session)]),
  ...(session === null || historyOf === null ? [] : [historyRows(session, historyOf)]),
  ...(session === null || asked?.spans === undefined ? [] : [spanRows(session, asked.spans)]),
  ...(asked?.relatives === undefined ? [] : [relatives(asked.relatives)]),
];

const momentOf = (value: SqlValue | undefined): Moment | null =>
  orNull(value, (joined) => {
    const [, sentMicros, receivedAt] = String(joined).split("|", 3).map(Number);
    return { sentMicros: sentMicros ?? 0, receivedAt: receivedAt ?? 0 };
  });

/** What stands after a moment. */
const detailsOf = (value: SqlValue | undefined): JsonObject | null =>
  orNull(value, (joined) => readJson(String(joined).split("|").slice(3).join("|")) as JsonObject | null);

const progressOf = (value: SqlValue | undefined): Json =>
  orNull(value, (joined) => readJson(String(joined).slice(19)) as Json);

const eventsIn = (rows: readonly Row[]): readonly SessionEvent[] =>
  rows.flatMap((row) => readJson(text(row, "events")) as SessionEvent[]);

/** An item of a map, by its place. */
const itemIn = (row: Row): readonly (readonly [string, Json])[] => {
  if (row["place"] === null || row["item"] === null) return [];
  const place = readJson(text(row, "place")) as readonly number[];
  return [[place.join("."), readJson(text(row, "item")) as Json]];
};

const eventIn = (row: Row): SessionEvent => readJson(text(row, "event")) as SessionEvent;

/** A row of another session, by its place. */
const refIn = (row: Row): readonly (readonly [string, readonly SessionEvent[]])[] =>
  row["place"] === null || row["events"] === null
    ? []
    : [[refKey(readJson(text(row, "place")) as [string, number]), eventsIn([row])]];

const outputIn = (ended: SqlValue | undefined): Json =>
  orNull(ended, (events) => {
    const last = (readJson(String(events)) as SessionEvent[]).find(({ type }) => type === "SessionCompleted");
    return last?.type === "SessionCompleted" ? (last.output ?? null) : null;
  });

const relativesIn = (rows: readonly Row[], ids: readonly string[]): ReadonlyMap<string, Relative | null> => {
  const found = new Map(
    rows.map((row) => [
      text(row, "id"),
      { state: readJson(text(row, "head")) as SessionState, output: outputIn(row["ended"]) },
    ]),
  );
  return new Map(ids.map((id) => [id, found.get(id) ?? null]));
};

/** The facts in the results of `factStatements`, in the same order. */
export const readFacts = (
  results: readonly SqlResult[],
  historyOf: string | null,
  asked: Needs | null = null,
): LoadedFacts => {
  const [named, capable, heard, rows, ...others] = results.map((result) => result.rows);
  const history = historyOf === null ? null : (others.shift() ?? []);
  const of = asked?.spans?.map(([n]) => n);
  const span = of === undefined ? null : { of, events: (others.shift() ?? []).map(eventIn) };
  const agents = new Map<string, Agent>();
  const newest = new Map<string, string>();
  const ahead = new Map<string, number>();
  const take = (row: Row): Agent => {
    const agent = toAgent(row);
    agents.set(agent.id, agent);
    if (row["ahead"] !== null) ahead.set(agent.id, number(row, "ahead"));
    return agent;
  };
  for (const row of named ?? []) {
    const agent = take(row);
    const asked = text(row, "asked");
    if (agent.id !== asked || agent.supersededBy === null) newest.set(asked, agent.id);
  }
  const byCapability = new Map<string, { readonly registered: boolean; readonly agentIds: string[] }>();
  for (const row of capable ?? []) {
    const cap = text(row, "cap");
    const entry = byCapability.get(cap) ?? { registered: row["known"] === 1, agentIds: [] };
    byCapability.set(cap, entry);
    if (row["id"] !== null) entry.agentIds.push(take(row).id);
  }
  const heardOf = new Map<string, Signs>(
    (heard ?? []).map((row) => [
      text(row, "attempt"),
      {
        workingAt: orNull(row["working_at"], Number),
        reported: true,
        progress: progressOf(row["progress"]),
        lastAt: number(row, "last_at"),
      },
    ]),
  );
  return {
    agents,
    newest,
    capable: byCapability,
    signs: heardOf,
    ahead,
    rows: new Map(
      (rows ?? []).flatMap((row) =>
        row["events"] === null || row["place"] !== null ? [] : [[number(row, "seq"), eventsIn([row])] as const],
      ),
    ),
    refs: new Map((rows ?? []).flatMap(refIn)),
    items: new Map((rows ?? []).flatMap(itemIn)),
    history: history && eventsIn(history),
    span,
    ...(asked?.relatives === undefined ? {} : { relatives: relativesIn(others.shift() ?? [], asked.relatives) }),
  };
};

/** The working/free pair of one attempt, from the results of `factStatements`. */
export const readPair = (results: readonly SqlResult[], attemptId: string | undefined): Pair => {
  const row = results[2]?.rows.find((heard) => heard["attempt"] === attemptId);
  const latestFree = momentOf(row?.["free"]);
  return {
    earliestWorking: momentOf(row?.["working"]),
    latestFree: latestFree && { ...latestFree, details: detailsOf(row?.["free"]) },
  };
};
