import { openLibsql } from "../../../src/store/libsql.ts";
import { statement, type Row, type Sql, type SqlValue } from "../../../src/store/sql-port.ts";
import { TABLES } from "../../support/tables.ts";
import { schemaTexts } from "../database.ts";

/** Real libSQL in memory, one for all worlds of a test file; each world starts with it empty. */
export interface CrashDatabase {
  readonly sql: Sql;
  query(sql: string, ...args: readonly SqlValue[]): Promise<readonly Row[]>;
  reset(): Promise<void>;
}

export const openCrashDatabase = async (): Promise<CrashDatabase> => {
  const sql = await openLibsql({ url: ":memory:" });
  for (const text of schemaTexts()) await sql.batch([statement(text)], "write");
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
