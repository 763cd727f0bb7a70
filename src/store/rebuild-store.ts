import type { Cells, RawLogRow, RebuildStore } from "../app/rebuild-port.ts";
import { rebuildRepairs } from "./rebuild-repairs.ts";
import { NEWEST_FIRST } from "./fragments.ts";
import { number, orNull, text } from "./rows.ts";
import { statement, type Row, type Sql } from "./sql-port.ts";
import { translating } from "./store.ts";

export const toLogRow = (row: Row): RawLogRow => ({
  pos: number(row, "pos"),
  stream: text(row, "stream"),
  seq: number(row, "seq"),
  tx: text(row, "tx"),
  at: number(row, "at"),
  v: number(row, "v"),
  cause: text(row, "cause"),
  events: text(row, "events"),
  hash: text(row, "hash"),
});

/** Session streams are those between these two texts. */
const [SESSIONS_FROM, SESSIONS_TO] = ["ses_", "ses`"];

const NO_OWNER = `NOT EXISTS (SELECT 1 FROM agents a WHERE a.id = c.agent_id)
  AND NOT EXISTS (SELECT 1 FROM log l WHERE l.stream = 'agent:' || c.agent_id)`;

/** The RebuildStore port over any Sql port. Each method is one batch. Driver errors leave here as `OpsError`. */
export const createRebuildStore = (driver: Sql): RebuildStore => {
  const sql = translating(driver);
  const all = async (query: string, ...args: readonly (string | number | null)[]): Promise<readonly Row[]> => {
    const [result] = await sql.batch([statement(query, ...args)], "read");
    return result?.rows ?? [];
  };
  return {
    hashBefore: async (stream, seq) => {
      if (seq === 1) return "";
      const [row] = await all("SELECT hash FROM log WHERE stream = ? AND seq = ?", stream, seq - 1);
      return row === undefined ? null : text(row, "hash");
    },

    sessionIds: async (after, limit) => {
      const rows = await all(
        `SELECT id FROM (SELECT id FROM sessions WHERE id > ? ORDER BY id LIMIT ?) UNION
          SELECT stream FROM (SELECT stream FROM log WHERE stream > ? AND stream >= ? AND stream < ?
            GROUP BY stream ORDER BY stream LIMIT ?) ORDER BY 1 LIMIT ?`,
        after,
        limit,
        after,
        SESSIONS_FROM ?? "",
        SESSIONS_TO ?? "",
        limit,
        limit,
      );
      return rows.map((row) => text(row, "id"));
    },

    readSessions: async (asked, limit) => {
      const results = await sql.batch(
        asked.flatMap(({ id, seq }) => [
          statement("SELECT * FROM sessions WHERE id = ?", id),
          statement("SELECT * FROM log WHERE stream = ? AND seq > ? ORDER BY seq LIMIT ?", id, seq, limit),
        ]),
        "read",
      );
      return asked.map((_, at) => ({
        row: results[2 * at]?.rows[0] ?? null,
        log: (results[2 * at + 1]?.rows ?? []).map(toLogRow),
      }));
    },

    readWaits: async (sessionId, keys) => {
      const [length, rows] = await sql.batch(
        [
          statement("SELECT max(seq) AS seq FROM log WHERE stream = ?", sessionId),
          statement(
            `SELECT w.* FROM json_each(?) k CROSS JOIN waiting_tasks w ON w.queue = json_extract(k.value, '$[0]')
              AND w.order_key = json_extract(k.value, '$[1]') AND w.task_id = json_extract(k.value, '$[2]')`,
            JSON.stringify(keys.map(({ queue, order, taskId }) => [queue, order, taskId])),
          ),
        ],
        "read",
      );
      return { logSeq: orNull(length?.rows[0]?.["seq"], Number) ?? 0, rows: rows?.rows ?? [] };
    },

    listWaits: (after, limit) =>
      all(
        `SELECT * FROM waiting_tasks ${after === null ? "" : "WHERE (queue, order_key, task_id) > (?, ?, ?)"}
          ORDER BY queue, order_key, task_id LIMIT ?`,
        ...(after === null ? [] : [after.queue, after.order, after.taskId]),
        limit,
      ),

    readLogAfter: async (pos, limit) =>
      (await all("SELECT * FROM log WHERE pos > ? ORDER BY pos LIMIT ?", pos, limit)).map(toLogRow),

    readAgents: async (pos, limit, page) => {
      const [log, agents, capabilities] = await sql.batch(
        [
          statement("SELECT * FROM log WHERE pos > ? ORDER BY pos LIMIT ?", pos, limit),
          statement(
            `SELECT a.*, (SELECT m.attempt FROM agent_log m WHERE m.agent_id = a.id
                ${NEWEST_FIRST}) AS r_attempt
              FROM agents a WHERE a.id > ? ORDER BY a.id LIMIT ?`,
            page.after,
            page.limit,
          ),
          statement(
            `SELECT c.* FROM agent_capabilities c WHERE c.agent_id IN (SELECT value FROM json_each(?) UNION
              SELECT id FROM (SELECT id FROM agents WHERE id > ? ORDER BY id LIMIT ?))`,
            JSON.stringify(page.besides),
            page.after,
            page.limit,
          ),
        ],
        "read",
      );
      return {
        log: (log?.rows ?? []).map(toLogRow),
        agents: agents?.rows ?? [],
        capabilities: (capabilities?.rows ?? []).map((row) => ({
          agentId: text(row, "agent_id"),
          capability: text(row, "capability"),
        })),
      };
    },

    strayCapabilities: (limit) => all(`SELECT * FROM agent_capabilities c WHERE ${NO_OWNER} LIMIT ?`, limit),

    definition: async (workflowId, revision, hash) => {
      const query = "SELECT body FROM workflows WHERE workflow_id = ? AND revision = ? AND hash = ?";
      return orNull((await all(query, workflowId, revision, hash))[0]?.["body"], String);
    },

    listDefinitions: (after: Cells | null, limit) =>
      all(
        `SELECT * FROM workflows ${after === null ? "" : "WHERE (workflow_id, revision, hash) > (?, ?, ?)"}
          ORDER BY workflow_id, revision, hash LIMIT ?`,
        ...(after === null ? [] : [after["workflow_id"] ?? "", after["revision"] ?? 0, after["hash"] ?? ""]),
        limit,
      ),

    removeStrayCapabilities: async () => {
      await sql.batch([statement(`DELETE FROM agent_capabilities AS c WHERE ${NO_OWNER}`)], "write");
    },

    ...rebuildRepairs(sql),
  };
};
