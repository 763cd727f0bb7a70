import { and, asc, eq, gt } from "drizzle-orm";
import type { Store, StoredLogRow } from "../app/store-port.ts";
import { LOST_MS } from "../core/agent/availability.ts";
import { taskIdOf } from "../core/ids.ts";
import type { AgentEvent } from "../core/agent/events.ts";
import type { JsonObject } from "../core/json.ts";
import { readJson } from "../core/read-json.ts";
import type { SessionEvent } from "../core/session/events.ts";
import { LOOK_UP_MS } from "./bounded-sql.ts";
import { planSessionCommit } from "./commit-session.ts";
import { FIRST_WAITING, FREE_OR_LOST_BEFORE, WITH_NEWEST } from "./fragments.ts";
import type { Reader } from "./reader.ts";
import { number, text } from "./rows.ts";
import { expiredReplies } from "./replies.ts";
import { expiredDeliveries } from "./webhook-deliveries.ts";
import { dueWebhooks } from "./webhooks.ts";
import { dueSchedules, freedSchedules, NEXT_DUE } from "./schedules.ts";
import { log } from "./schema.ts";
import { statement, type Sql } from "./sql-port.ts";
import { isUniqueViolation } from "./store-failure.ts";

/** Sessions: commits, timers and logs. */
export const sessionStore = (
  sql: Sql,
  read: Reader,
): Pick<
  Store,
  "keepBulkKey" | "commitSession" | "rearm" | "postpone" | "readTaskEvents" | "readLog" | "nextDue" | "toSweep"
> => ({
  keepBulkKey: async (key, request) => {
    const [, found] = await sql.batch(
      [
        statement("INSERT INTO bulk_keys (key, request) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", key, request),
        statement("SELECT request FROM bulk_keys WHERE key = ?", key),
      ],
      "write",
    );
    return found?.rows[0]?.["request"] === request;
  },

  commitSession: async (commit) => {
    const plan = planSessionCommit(commit);
    try {
      return plan.read(await sql.batch(plan.statements, "write"));
    } catch (error) {
      // The log's unique key is the last line of defence: somebody else wrote this row.
      if (isUniqueViolation(error)) return { kind: "stale" };
      // The answer may be lost and the commit done: no blind repeat, ask the log for the nonce.
      const [found] = await sql.batch(
        [statement("SELECT tx FROM log WHERE stream = ? AND seq = ?", commit.log.stream, commit.log.seq)],
        "read",
        LOOK_UP_MS,
      );
      if (found?.rows[0]?.["tx"] !== commit.nonce) throw error;
      return { kind: "committed", wake: [] };
    }
  },

  rearm: async ({ state, seq, dueAt: loaded }, dueAt) => {
    await sql.batch(
      [
        statement(
          "UPDATE sessions SET due_at = ? WHERE id = ? AND seq = ? AND due_at IS ?",
          dueAt,
          state.id,
          seq,
          loaded,
        ),
      ],
      "write",
    );
  },

  postpone: async (sessionId, now, dueAt) => {
    await sql.batch(
      [statement("UPDATE sessions SET due_at = ? WHERE id = ? AND due_at <= ?", dueAt, sessionId, now)],
      "write",
    );
  },

  readTaskEvents: async (tasks) => {
    const places = JSON.stringify(tasks);
    // Streams first, or the planner walks all logs.
    const [result] = await sql.batch(
      [
        statement(
          `SELECT l.stream, e.value ->> '$.n' AS n, json_remove(e.value, '$.items') AS event
            FROM (SELECT DISTINCT value ->> 0 AS stream FROM json_each(?)) q
            CROSS JOIN log l ON l.stream = q.stream CROSS JOIN json_each(l.events) e
            WHERE e.value ->> '$.type' IN ('TaskEntered', 'TaskFailed', 'TaskCompleted', 'TaskResolved')
              AND (l.stream, e.value ->> '$.n') IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))
            ORDER BY l.stream, l.seq, e.key`,
          places,
          places,
        ),
      ],
      "read",
    );
    const found = new Map<string, SessionEvent[]>();
    for (const row of result?.rows ?? []) {
      const id = taskIdOf(text(row, "stream"), number(row, "n"));
      found.set(id, [...(found.get(id) ?? []), readJson(text(row, "event")) as SessionEvent]);
    }
    return found;
  },

  readLog: async (stream, { after, limit }) => {
    const rows = await read
      .select()
      .from(log)
      .where(and(eq(log.stream, stream), gt(log.seq, after)))
      .orderBy(asc(log.seq))
      .limit(limit);
    return rows.map((row): StoredLogRow => ({
      ...row,
      cause: readJson(row.cause) as JsonObject,
      parsed: readJson(row.events) as (SessionEvent | AgentEvent)[],
    }));
  },

  toSweep: async (now, limits) => {
    const [due, matched, fires, freed, webhooks, keys, sent] = await sql.batch(
      [
        statement("SELECT id FROM sessions WHERE due_at <= ? ORDER BY due_at LIMIT ?", now, limits.due),
        statement(
          `SELECT DISTINCT session_id FROM (SELECT (${FIRST_WAITING}) AS session_id FROM agents a ${WITH_NEWEST}
            WHERE EXISTS (SELECT 1 FROM waiting_tasks) AND ${FREE_OR_LOST_BEFORE}) WHERE session_id IS NOT NULL LIMIT ?`,
          now - LOST_MS,
          limits.matched,
        ),
        dueSchedules(now, limits.schedules),
        freedSchedules(limits.schedules),
        dueWebhooks(now, limits.schedules),
        expiredReplies(now),
        expiredDeliveries(now),
      ],
      "read",
    );
    return {
      due: (due?.rows ?? []).map((row) => text(row, "id")),
      matched: (matched?.rows ?? []).map((row) => text(row, "session_id")),
      schedules: [...new Set([...(fires?.rows ?? []), ...(freed?.rows ?? [])].map((row) => text(row, "id")))].slice(
        0,
        limits.schedules,
      ),
      webhooks: (webhooks?.rows ?? []).map((row) => text(row, "id")),
      expired: (keys?.rows ?? []).length + (sent?.rows ?? []).length > 0,
    };
  },

  nextDue: async () => {
    const [result] = await sql.batch([statement(NEXT_DUE)], "read");
    const due = result?.rows[0]?.["due"];
    return typeof due === "number" ? due : null;
  },
});
