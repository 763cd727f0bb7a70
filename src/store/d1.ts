import type { Row, Sql, SqlResult } from "./sql-port.ts";

interface D1Statement {
  bind(...values: unknown[]): D1Statement;
}

/** The part of a D1 binding that the store uses. */
export interface D1 {
  prepare(sql: string): D1Statement;
  batch(
    statements: D1Statement[],
  ): Promise<{ results?: unknown[]; meta?: { rows_written?: number; rows_read?: number } }[]>;
}

/** D1 as the Sql port. A batch is one implicit transaction. */
export const d1Sql = (db: D1): Sql => ({
  batch: async (statements) => {
    const results = await db.batch(statements.map(({ sql, args }) => db.prepare(sql).bind(...args)));
    return results.map((result): SqlResult => ({
      rows: (result.results ?? []) as readonly Row[],
      rowsWritten: result.meta?.rows_written ?? null,
      rowsRead: result.meta?.rows_read ?? null,
    }));
  },
});
