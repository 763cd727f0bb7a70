import type { OpenTaskFilter, OpenTaskRow, SessionLists } from "../app/session-lists-port.ts";
import { readJson } from "../core/read-json.ts";
import { SINGLE_TASK, SINGLE_TASK_WORK } from "../core/workflow/reserved-ids.ts";
import type { OpenTask } from "../core/session/state.ts";
import type { Expression } from "./load-facts.ts";
import { mergeLanes } from "./merge-lanes.ts";
import { orNull, text } from "./rows.ts";
import { boundedStretch, floorOf, takeLane } from "./session-lists.ts";
import type { Lane } from "./session-filter.ts";
import type { Row, Sql, SqlValue, Statement } from "./sql-port.ts";

/** Sessions that one page looks at in each lane; each may have many open tasks, all in a head of at most 64 KiB. */
export const SESSIONS_A_PAGE = 500;

/** Sessions with open tasks. */
const LANES: readonly Lane[] = [
  { status: "open", where: null },
  { status: "paused", where: null },
];

/** More than any task's number: the whole session was looked at. */
const ALL = 999_999;

/** The task's name, from the definition the session is pinned to; of the wait before a single task that task's. */
const NAME = `(SELECT json_extract(d.value, '$.name') FROM workflows w, json_each(w.body, '$.tasks') d
  WHERE w.workflow_id = s.workflow_id AND w.revision = s.revision AND w.hash = s.definition_hash
  AND json_extract(d.value, '$.taskId') = CASE s.workflow_id WHEN '${SINGLE_TASK}' THEN '${SINGLE_TASK_WORK}'
    ELSE json_extract(t.value, '$.taskId') END)`;

const NUMBER = "json_extract(t.value, '$.n')";
const PHASE = "json_extract(t.value, '$.phase')";

const passing = ({ phases, agentId, workflowId }: OpenTaskFilter): Expression => {
  const sql: string[] = [];
  const args: SqlValue[] = [];
  if (workflowId !== null) {
    sql.push(" AND s.workflow_id = ?");
    args.push(workflowId);
  }
  if (phases !== null) {
    sql.push(` AND ${PHASE} IN (SELECT value FROM json_each(?))`);
    args.push(JSON.stringify(phases));
  }
  if (agentId !== null) {
    sql.push(` AND ${PHASE} = 'dispatched' AND json_extract(t.value, '$.agentId') = ?`);
    args.push(agentId);
  }
  return { sql: sql.join(""), args };
};

const toRow = (row: Row): OpenTaskRow => ({
  sessionId: text(row, "id"),
  workflowId: text(row, "workflow_id"),
  task: readJson(text(row, "task")) as OpenTask,
  name: orNull(row["name"], String),
});

/** Lists of open tasks, out of the heads; see `SessionLists`. */
export const taskLists = (sql: Sql): Pick<SessionLists, "listOpenTasks"> => ({
  listOpenTasks: async (filter, { after, limit }) => {
    // Down from the session where it ended, whose later tasks are still to come.
    const walk = { from: "", below: after === null ? "~" : `${after.sessionId}~` };
    const where = passing(filter);
    const rest: Expression =
      after === null
        ? { sql: "", args: [] }
        : { sql: ` AND (s.id < ? OR ${NUMBER} > ?)`, args: [after.sessionId, after.n] };
    const batch = LANES.flatMap((lane): readonly Statement[] => {
      const part = boundedStretch(lane, walk, SESSIONS_A_PAGE);
      return [
        {
          sql: `SELECT s.id, s.workflow_id, t.value AS task, ${NAME} AS name
            FROM sessions s CROSS JOIN json_each(s.head, '$.open') t
            WHERE ${part.sql}${rest.sql}${where.sql} ORDER BY s.id DESC, ${NUMBER} LIMIT ?`,
          args: [...part.args, ...rest.args, ...where.args, limit + 1],
        },
        floorOf(lane, walk, SESSIONS_A_PAGE),
      ];
    });
    const results = [...(await sql.batch(batch, "read"))];
    const lanes = LANES.map(() => takeLane(results, true, toRow, ALL));
    const { rows, next } = mergeLanes(lanes, limit, ({ sessionId, task }) => ({ id: sessionId, n: task.n }));
    return { rows, next: next && { sessionId: next.id, n: next.n } };
  },
});
