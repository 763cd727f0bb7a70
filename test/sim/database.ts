import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import Database from "libsql";
import type { Row, SqlResult, SqlValue, Statement } from "../../src/store/sql-port.ts";

const migrations = fileURLToPath(new URL("../../drizzle/", import.meta.url));

interface Prepared {
  all(...args: readonly SqlValue[]): unknown[];
}

/** Real libSQL in memory, one for all schedules of a process, emptied in between. Synchronous: the simulator decides when. */
export interface SimDatabase {
  batch(statements: readonly Statement[], mode: "read" | "write"): readonly SqlResult[];
  query(sql: string, ...args: readonly SqlValue[]): readonly Row[];
  reset(): void;
}

const TABLES = ["sessions", "log", "agents", "agent_capabilities", "agent_log", "waiting_tasks", "workflows"];

export const openSimDatabase = (): SimDatabase => {
  const db = new Database(":memory:");
  const journal = JSON.parse(readFileSync(`${migrations}meta/_journal.json`, "utf8")) as { entries: { tag: string }[] };
  for (const { tag } of journal.entries) {
    for (const text of readFileSync(`${migrations}${tag}.sql`, "utf8").split("--> statement-breakpoint")) db.exec(text);
  }
  const prepared = new Map<string, Prepared>();
  const prepare = (sql: string): Prepared => {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    const made: Prepared = db.prepare<unknown[]>(sql);
    prepared.set(sql, made);
    return made;
  };
  const run = ({ sql, args }: Statement): SqlResult => ({
    rows: prepare(sql).all(...args) as Row[],
    rowsWritten: null,
  });
  return {
    batch: (statements, mode) => {
      db.exec(mode === "write" ? "BEGIN IMMEDIATE" : "BEGIN");
      try {
        const results = statements.map(run);
        db.exec("COMMIT");
        return results;
      } catch (error) {
        if (db.inTransaction) db.exec("ROLLBACK");
        throw error;
      }
    },
    query: (sql, ...args) => prepare(sql).all(...args) as Row[],
    reset: () => {
      for (const table of TABLES) db.exec(`DELETE FROM ${table}`);
    },
  };
};
