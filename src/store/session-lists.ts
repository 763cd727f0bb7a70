import type { SessionCounts, SessionFilter, SessionLists, SessionListRow } from "../app/session-lists-port.ts";
import { readJson } from "../core/read-json.ts";
import type { SessionState } from "../core/session/state.ts";
import type { Expression } from "./load-facts.ts";
import { mergeLanes, type LaneRows, type Place } from "./merge-lanes.ts";
import { number, orNull, text } from "./rows.ts";
import { lanesOf, OPEN_STATUS, rangeOf, walkOf, type Lane, type Walk } from "./session-filter.ts";
import { statement, type Row, type Sql, type SqlResult, type SqlValue, type Statement } from "./sql-port.ts";

/** Sessions that one page looks at, whatever it finds: a head may be 64 KiB of JSON to be searched. */
export const EXAMINED_A_PAGE = 1_000;

/** Sessions of a status that are counted from the index alone. */
export const COUNTED_BY_INDEX = 20_000;

/** Sessions of a status that are counted by looking into each. */
export const COUNTED_BY_ROW = 4_000;

/** The stretch of a lane below a place. `low` is one bound: of two the planner would walk by the wrong one. */
const stretch = (lane: Lane, walk: Pick<Walk, "from" | "below">, alias: string, low: Expression): Expression => ({
  sql: `${lane.status === null ? "" : `${alias}.status = ? AND `}${alias}.id >= ${low.sql} AND ${alias}.id < ?`,
  args: [...(lane.status === null ? [] : [lane.status]), ...low.args, walk.below],
});

/** The id of the last session that may be looked at; no row if there are fewer. */
export const floorOf = (lane: Lane, walk: Pick<Walk, "from" | "below">, most: number): Statement => {
  const { sql, args } = stretch(lane, walk, "f", { sql: "?", args: [walk.from] });
  return {
    sql: `SELECT f.id FROM sessions f WHERE ${sql} ORDER BY f.id DESC LIMIT 1 OFFSET ?`,
    args: [...args, most - 1],
  };
};

/** The stretch of a lane in which at most so many sessions `s` are looked at. */
export const boundedStretch = (lane: Lane, walk: Pick<Walk, "from" | "below">, most: number): Expression => {
  const floor = floorOf(lane, walk, most);
  return stretch(lane, walk, "s", {
    sql: `max(?, coalesce((${floor.sql}), ''))`,
    args: [walk.from, ...floor.args],
  });
};

/** Where each row passes, as many are looked at as are given back; else the walk has a floor, which is asked for too. */
const laneStatements = (lane: Lane, walk: Walk, columns: string, limit: number, most: number): readonly Statement[] => {
  const { where } = lane;
  const select = (part: Expression, more: Expression): Statement => ({
    sql: `SELECT ${columns} FROM sessions s WHERE ${part.sql}${more.sql} ORDER BY s.id DESC LIMIT ?`,
    args: [...part.args, ...more.args, limit + 1],
  });
  if (where === null) {
    return [select(stretch(lane, walk, "s", { sql: "?", args: [walk.from] }), { sql: "", args: [] })];
  }
  const passes = { sql: ` AND ${where.sql}`, args: where.args };
  return [select(boundedStretch(lane, walk, most), passes), floorOf(lane, walk, most)];
};

/** What one lane gave, from the results of a batch: its rows, and the floor where one was asked for. */
export const takeLane = <T>(
  results: SqlResult[],
  hasFloor: boolean,
  toRow: (row: Row) => T,
  n: number,
): LaneRows<T> => {
  const rows = (results.shift()?.rows ?? []).map(toRow);
  const floor = hasFloor ? results.shift()?.rows[0] : undefined;
  return { rows, floor: floor === undefined ? null : { id: text(floor, "id"), n } };
};

const page =
  <T>(sql: Sql, columns: string, toRow: (row: Row) => T, idOf: (row: T) => string) =>
  async (filter: SessionFilter, { after, limit }: { readonly after: string | null; readonly limit: number }) => {
    const all = walkOf(filter);
    const walk: Walk = { ...all, below: after !== null && after < all.below ? after : all.below };
    if (walk.lanes.length === 0) return { rows: [], next: null };
    const most = Math.floor(EXAMINED_A_PAGE / walk.lanes.length);
    const batch = walk.lanes.flatMap((lane) => laneStatements(lane, walk, columns, limit, most));
    const results = [...(await sql.batch(batch, "read"))];
    const lanes = walk.lanes.map((lane) => takeLane(results, lane.where !== null, toRow, 0));
    const { rows, next } = mergeLanes(lanes, limit, (row): Place => ({ id: idOf(row), n: 0 }));
    return { rows, next: next?.id ?? null };
  };

type Status = keyof SessionCounts["counts"];

/** By status as people read it: how many were looked at, and how many of them pass. */
const countStatement = (
  lane: Lane,
  filter: SessionFilter,
): { readonly most: number; readonly statement: Statement } => {
  const { where, status } = lane;
  const most = where === null && status !== "open" ? COUNTED_BY_INDEX : COUNTED_BY_ROW;
  const { sql, args } = stretch(lane, rangeOf(filter), "s", { sql: "?", args: [rangeOf(filter).from] });
  const passes = where ?? { sql: "1", args: [] as readonly SqlValue[] };
  return {
    most,
    statement: statement(
      `SELECT status, count(*) AS examined, sum(passes) AS n FROM (
        SELECT ${status === "open" ? OPEN_STATUS : "s.status"} AS status, ${passes.sql} AS passes FROM sessions s
        WHERE ${sql} ORDER BY s.id DESC LIMIT ?) GROUP BY status`,
      ...passes.args,
      ...args,
      most + 1,
    ),
  };
};

/** Lists of sessions, walked in the order of their ids; see `SessionLists`. */
export const sessionLists = (sql: Sql): Pick<SessionLists, "listSessions" | "findSessions" | "countSessions"> => ({
  listSessions: page(
    sql,
    "s.id, s.head, s.due_at",
    (row): SessionListRow => ({
      state: readJson(text(row, "head")) as SessionState,
      dueAt: orNull(row["due_at"], Number),
    }),
    ({ state }) => state.id,
  ),

  findSessions: page(
    sql,
    "s.id",
    (row) => text(row, "id"),
    (id) => id,
  ),

  countSessions: async (filter) => {
    const asked = lanesOf(filter).map((lane) => countStatement(lane, filter));
    if (asked.length === 0) return { counts: {}, exact: true };
    const results = await sql.batch(
      asked.map((one) => one.statement),
      "read",
    );
    const counts: { [S in Status]?: number } = {};
    let exact = true;
    for (const [at, { rows }] of results.entries()) {
      const examined = rows.reduce((sum, row) => sum + number(row, "examined"), 0);
      if (examined > (asked[at]?.most ?? 0)) exact = false;
      for (const row of rows) counts[text(row, "status") as Status] = number(row, "n");
    }
    return { counts, exact };
  },
});
