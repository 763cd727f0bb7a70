import { closeSync, openSync, readSync, statSync } from "node:fs";
import { databaseFile, databaseFileFault } from "../contract/database-file.ts";
import type { LibsqlOptions } from "../store/libsql.ts";

/** What every database file begins with. */
const MAGIC = "SQLite format 3\0";

/** Why a path cannot be a database, or `null`. A file that was never written to passes: it has no tables. */
export const fileFault = (path: string): string | null => {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return "there is no such file.";
  if (!found.isFile()) return found.isDirectory() ? "this is a folder, not a file." : "this is no plain file.";
  const start = Buffer.alloc(Math.min(MAGIC.length, found.size));
  const file = openSync(path, "r");
  try {
    readSync(file, start);
  } finally {
    closeSync(file);
  }
  return MAGIC.startsWith(start.toString("latin1")) ? null : "this is not a database: it has another format.";
};

/**
 * The database that a command is for: a file, or a `file:`, `libsql:` or `https:` URL; default `DATABASE_URL`, else the
 * file of a server that is started here. Throws with a text for people; one that must exist and does not is told too.
 */
export const databaseTarget = (
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  { mustExist }: { readonly mustExist: boolean },
): LibsqlOptions => {
  const wanted = named ?? (env["DATABASE_URL"]?.trim() || "file:data/opscore.db");
  const url = /^[a-z]+:/.test(wanted) ? wanted : `file:${wanted}`;
  const file = databaseFile(url);
  const isThere = file !== null && (mustExist || statSync(file, { throwIfNoEntry: false }) !== undefined);
  const fault = databaseFileFault(url) ?? (isThere ? fileFault(file) : null);
  if (fault !== null) throw new Error(`${url}: ${fault}`);
  const authToken = env["DATABASE_AUTH_TOKEN"];
  return authToken === undefined || authToken === "" ? { url } : { url, authToken };
};
