import { databaseFile, isInMemory } from "../contract/database-file.ts";
import { openLibsql, type LibsqlOptions, type OpenedSql } from "./libsql.ts";
import { preparedDatabase } from "./prepared.ts";

/** Writers do not block readers in WAL; only recovery after a crash holds the lock for a moment (ms). */
const BUSY_MS = 5_000;

/** SQLite's URI of a file that exists and may not be changed. */
const readOnlyUri = (path: string): string => `file:${path.split("/").map(encodeURIComponent).join("/")}?mode=ro`;

/** The database was opened to be read, and somebody wrote through it: a mistake in the caller. Nothing was changed. */
export class OpenedReadOnly extends Error {
  override readonly name = "OpenedReadOnly";
}

const refuse = (url: string, cause?: unknown): OpenedReadOnly =>
  new OpenedReadOnly(`${url} was opened for reading only; nothing was written.`, { cause });

const isReadOnlyError = (error: unknown): boolean =>
  error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_READONLY");

const openFile = async (url: string, path: string): Promise<OpenedSql> => {
  const { default: Database } = await import("libsql");
  const open = () => {
    try {
      const db = new Database(readOnlyUri(path), { timeout: BUSY_MS });
      // The file is opened at the first read, not before.
      db.exec("SELECT 1 FROM sqlite_master LIMIT 1");
      return db;
    } catch (cause) {
      const what = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${url} cannot be read: there is no such database, or its folder cannot be used (${what})`, {
        cause,
      });
    }
  };
  const db = open();
  const prepared = preparedDatabase(db);
  return {
    batch: async (statements, mode) => {
      if (mode === "write") throw refuse(url);
      try {
        return prepared.batch(statements, "read");
      } catch (error) {
        throw isReadOnlyError(error) ? refuse(url, error) : error;
      }
    },
    close: () => {
      prepared.forget();
      db.close();
    },
  };
};

/**
 * A libSQL database for commands that only read: the Sql port over a file that SQLite itself has opened read-only.
 * A batch sees one moment of the database. It takes no writer's lock and may run while a server writes to the file, or
 * while none runs, also after a crash (what is in the `-wal` file is read). Nothing creates or migrates the database:
 * a missing file is an error, and a table that a newer version brings may be absent. The folder must be writable if
 * there is no `-shm` file, since WAL readers share one.
 * Writing throws `OpenedReadOnly` and changes nothing. A server is asked for reading transactions.
 */
export const openLibsqlReadOnly = async (options: LibsqlOptions): Promise<OpenedSql> => {
  const { url } = options;
  const file = databaseFile(url);
  if (file !== null) return openFile(url, file);
  if (isInMemory(url)) throw new Error("An in-memory database is empty when it is opened: there is nothing to read.");
  const server = await openLibsql(options);
  return {
    batch: async (statements, mode) => {
      if (mode === "write") throw refuse(url);
      return server.batch(statements, "read");
    },
    close: () => server.close(),
  };
};
