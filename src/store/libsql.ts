import { databaseFile, isInMemory } from "../contract/database-file.ts";
import { boundedSql } from "./bounded-sql.ts";
import { preparedDatabase } from "./prepared.ts";
import type { Row, Sql, SqlResult } from "./sql-port.ts";

export interface LibsqlOptions {
  readonly url: string;
  readonly authToken?: string;
  /** A server's batch without an answer for so long (ms) is rejected and its connection given up; default: never. */
  readonly answerMs?: number;
}

export type OpenedSql = Sql & { close(): void };

/** How long a write waits for another process's lock (ms). */
const BUSY_MS = 5_000;

/**
 * An embedded libSQL file (or `:memory:`). The driver is used directly: the client prepares every statement anew,
 * which made a load batch some twenty times slower. One connection, one writer. FULL, because NORMAL may lose
 * acknowledged commits on power loss.
 */
const openFile = async (path: string): Promise<OpenedSql> => {
  const { default: Database } = await import("libsql");
  const db = new Database(path, { timeout: BUSY_MS });
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  const prepared = preparedDatabase(db);
  let closed = false;
  return {
    // The driver is synchronous; its throws become rejections.
    batch: async (statements, mode) => prepared.batch(statements, mode),
    close: () => {
      if (closed) return;
      closed = true;
      prepared.forget();
      try {
        // Whoever copies a stopped server's file has all of it; the driver may keep the connection, and the WAL, alive.
        db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      } finally {
        db.close();
      }
    },
  };
};

/** A libSQL server. The batch is one transaction there, in "write" mode: DEFERRED collapses under contention. */
const openRemote = async ({ answerMs, ...options }: LibsqlOptions): Promise<OpenedSql> => {
  const { createClient } = await import("@libsql/client");
  // The client sends 20 batches at a time: those that hang would keep the others waiting after the server is back.
  const giveUp = answerMs !== undefined && {
    fetch: (request: Request) => fetch(request, { signal: AbortSignal.timeout(answerMs) }),
  };
  const client = createClient({ ...options, ...giveUp });
  const sql: Sql = {
    batch: async (statements, mode) => {
      const results = await client.batch(
        statements.map(({ sql, args }) => ({ sql, args: [...args] })),
        mode,
      );
      return results.map((result): SqlResult => ({
        rows: result.rows as unknown as readonly Row[],
        rowsWritten: null,
      }));
    },
  };
  const bounded = answerMs === undefined ? sql : boundedSql(sql, answerMs);
  return { ...bounded, close: () => client.close() };
};

/** libSQL as the Sql port: `file:` and `:memory:` embedded, anything else a server. */
export const openLibsql = (options: LibsqlOptions): Promise<OpenedSql> => {
  const file = databaseFile(options.url);
  if (file !== null) return openFile(file);
  return isInMemory(options.url) ? openFile(":memory:") : openRemote(options);
};
