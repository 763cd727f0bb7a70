import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openLibsql } from "../../../src/store/libsql.ts";
import { statement, type Row, type Sql, type SqlValue } from "../../../src/store/sql-port.ts";

const migrations = fileURLToPath(new URL("../../../drizzle/", import.meta.url));

const TABLES = ["sessions", "log", "agents", "agent_capabilities", "agent_log", "waiting_tasks", "workflows"];

/** Real libSQL in memory, one for all worlds of a test file; each world starts with it empty. */
export interface CrashDatabase {
  readonly sql: Sql;
  query(sql: string, ...args: readonly SqlValue[]): Promise<readonly Row[]>;
  reset(): Promise<void>;
}

export const openCrashDatabase = async (): Promise<CrashDatabase> => {
  const sql = await openLibsql({ url: ":memory:" });
  const journal = JSON.parse(readFileSync(`${migrations}meta/_journal.json`, "utf8")) as { entries: { tag: string }[] };
  const texts = journal.entries.flatMap(({ tag }) =>
    readFileSync(`${migrations}${tag}.sql`, "utf8").split("--> statement-breakpoint"),
  );
  for (const text of texts) await sql.batch([statement(text)], "write");
  return {
    sql,
    query: async (text, ...args) => (await sql.batch([statement(text, ...args)], "read"))[0]?.rows ?? [],
    reset: async () => {
      await sql.batch(
        TABLES.map((table) => statement(`DELETE FROM ${table}`)),
        "write",
      );
    },
  };
};
