import { createClient, type Client } from "@libsql/client";
import type { Row, Sql, SqlResult, Statement } from "./sql-port.ts";

export interface LibsqlOptions {
  readonly url: string;
  readonly authToken?: string;
}

/**
 * libSQL as the Sql port. One connection and one writer: the pool would not share PRAGMAs, and one BUSY
 * poisons a connection. FULL, because NORMAL may lose acknowledged commits on power loss.
 */
export const openLibsql = async (options: LibsqlOptions): Promise<Sql & { close(): void }> => {
  const client: Client = createClient({ ...options, concurrency: 1, timeout: 5_000 });
  if (options.url.startsWith("file:")) {
    await client.execute("PRAGMA journal_mode = WAL");
    await client.execute("PRAGMA synchronous = FULL");
  }
  return {
    batch: async (statements: readonly Statement[], mode) => {
      const results = await client.batch(
        statements.map(({ sql, args }) => ({ sql, args: [...args] })),
        mode,
      );
      return results.map((result): SqlResult => ({
        rows: result.rows as unknown as readonly Row[],
        rowsWritten: null,
      }));
    },
    close: () => client.close(),
  };
};
