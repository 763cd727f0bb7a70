import type { Row, Sql, SqlResult, Statement } from "./sql-port.ts";

export interface LibsqlOptions {
  readonly url: string;
  readonly authToken?: string;
}

export type OpenedSql = Sql & { close(): void };

/** Prepared statements are kept by text; our texts are few, but lists and patches vary. */
const MAX_PREPARED = 500;

/** How long a write waits for another process's lock (ms). */
const BUSY_MS = 5_000;

interface Prepared {
  all(...args: readonly unknown[]): unknown[];
}

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
  const prepared = new Map<string, Prepared>();
  const prepare = (sql: string): Prepared => {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    if (prepared.size >= MAX_PREPARED) prepared.delete(prepared.keys().next().value ?? "");
    const made: Prepared = db.prepare<unknown[]>(sql);
    prepared.set(sql, made);
    return made;
  };
  const run = (statements: readonly Statement[], mode: "read" | "write"): SqlResult[] => {
    db.exec(mode === "write" ? "BEGIN IMMEDIATE" : "BEGIN");
    try {
      const results = statements.map(({ sql, args }): SqlResult => ({
        rows: prepare(sql).all(...args) as Row[],
        rowsWritten: null,
      }));
      db.exec("COMMIT");
      return results;
    } catch (error) {
      if (db.inTransaction) db.exec("ROLLBACK");
      throw error;
    }
  };
  return {
    // The driver is synchronous; its throws become rejections.
    batch: async (statements, mode) => run(statements, mode),
    close: () => {
      prepared.clear();
      db.close();
    },
  };
};

/** A libSQL server. The batch is one transaction there, in "write" mode: DEFERRED collapses under contention. */
const openRemote = async (options: LibsqlOptions): Promise<OpenedSql> => {
  const { createClient } = await import("@libsql/client");
  const client = createClient({ ...options });
  return {
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
    close: () => client.close(),
  };
};

/** libSQL as the Sql port: `file:` and `:memory:` embedded, anything else a server. */
export const openLibsql = (options: LibsqlOptions): Promise<OpenedSql> => {
  if (options.url === ":memory:") return openFile(":memory:");
  return options.url.startsWith("file:") ? openFile(options.url.slice("file:".length)) : openRemote(options);
};
