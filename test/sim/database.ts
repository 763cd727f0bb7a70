import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import Database from "libsql";
import { preparedDatabase } from "../../src/store/prepared.ts";
import type { Row, SqlResult, SqlValue, Statement } from "../../src/store/sql-port.ts";
import { TABLES } from "../support/tables.ts";

const migrations = fileURLToPath(new URL("../../drizzle/", import.meta.url));

/** Real libSQL in memory, one for all schedules of a process, emptied in between. Synchronous: the simulator decides when. */
export interface SimDatabase {
  batch(statements: readonly Statement[], mode: "read" | "write"): readonly SqlResult[];
  query(sql: string, ...args: readonly SqlValue[]): readonly Row[];
  reset(): void;
}

/** The statements of all migrations, in order. */
export const schemaTexts = (): readonly string[] => {
  const journal = JSON.parse(readFileSync(`${migrations}meta/_journal.json`, "utf8")) as { entries: { tag: string }[] };
  return journal.entries.flatMap(({ tag }) =>
    readFileSync(`${migrations}${tag}.sql`, "utf8").split("--> statement-breakpoint"),
  );
};

export const openSimDatabase = (): SimDatabase => {
  const db = new Database(":memory:");
  for (const text of schemaTexts()) db.exec(text);
  const prepared = preparedDatabase(db);
  return {
    batch: (statements, mode) => prepared.batch(statements, mode),
    query: (sql, ...args) => prepared.rows(sql, args),
    reset: () => {
      for (const table of TABLES) db.exec(`DELETE FROM ${table}`);
    },
  };
};
