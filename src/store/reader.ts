import { drizzle } from "drizzle-orm/sqlite-proxy";
import type { Sql, SqlValue } from "./sql-port.ts";

/** drizzle over the Sql port, for typed reads: one query, one round trip, on every database alike. */
export const reader = (sql: Sql) =>
  drizzle(async (text, params, method) => {
    const [result] = await sql.batch([{ sql: text, args: params as SqlValue[] }], "read");
    // Column names of a query are distinct here, so the order of the values is that of the columns.
    const rows = (result?.rows ?? []).map((row) => Object.values(row));
    return { rows: method === "get" ? (rows[0] ?? []) : rows };
  });

export type Reader = ReturnType<typeof reader>;
