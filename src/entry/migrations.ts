import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { databaseFile } from "../contract/database-file.ts";
import { openLibsqlReadOnly } from "../store/libsql-read-only.ts";
import type { LibsqlOptions } from "../store/libsql.ts";
import { migrateLibsql } from "../store/migrate-libsql.ts";
import { statement } from "../store/sql-port.ts";
import { acquireWriterLock } from "./writer-lock.ts";

/** The generated migrations of this release. */
export const MIGRATIONS = fileURLToPath(new URL("../../drizzle", import.meta.url));

/** How far a database is. */
export interface MigrationState {
  readonly applied: readonly string[];
  /** Of this release, and not there yet. */
  readonly pending: readonly string[];
  /** How many are there that this release does not know: a newer one has been at work. */
  readonly unknown: number;
}

interface Journal {
  readonly entries: readonly { readonly when: number; readonly tag: string }[];
}

/** When each migration was made, of those that are there. */
const appliedTimes = async (database: LibsqlOptions): Promise<readonly number[]> => {
  const file = databaseFile(database.url);
  // An absent or empty file is a database without anything in it.
  if (file !== null && (statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0) return [];
  const sql = await openLibsqlReadOnly(database);
  try {
    const named = statement("SELECT name FROM sqlite_master WHERE type = 'table' AND name = '__drizzle_migrations'");
    const [found] = await sql.batch([named], "read");
    if ((found?.rows ?? []).length === 0) return [];
    const [rows] = await sql.batch([statement("SELECT created_at AS at FROM __drizzle_migrations")], "read");
    return (rows?.rows ?? []).map(({ at }) => Number(at));
  } finally {
    sql.close();
  }
};

/** How far a database is. Only reads; throws what the driver throws. */
export const migrationState = async (database: LibsqlOptions): Promise<MigrationState> => {
  const { entries } = JSON.parse(readFileSync(join(MIGRATIONS, "meta/_journal.json"), "utf8")) as Journal;
  const times = new Set(await appliedTimes(database));
  const names = (isThere: boolean) => entries.filter(({ when }) => times.has(when) === isThere).map(({ tag }) => tag);
  return {
    applied: names(true),
    pending: names(false),
    unknown: times.size - entries.filter(({ when }) => times.has(when)).length,
  };
};

/**
 * Brings a database to the newest schema, as the start of a server does. A file that a server is using is refused with
 * `WriterLockRefused`.
 */
export const migrateDatabase = async (database: LibsqlOptions): Promise<MigrationState> => {
  const lock = acquireWriterLock(database.url);
  try {
    const before = await migrationState(database);
    await migrateLibsql(database, MIGRATIONS);
    return before;
  } finally {
    lock?.release();
  }
};
