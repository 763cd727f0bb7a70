import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { createGraphCache } from "../../src/app/graph-cache.ts";
import { preparedDatabase } from "../../src/store/prepared.ts";
import type { SimDatabase } from "../sim/database.ts";
import { createChecker } from "../sim/checker.ts";

export interface FileFindings {
  /** What the simulator's checker holds against the file: gaps in a log, a row that is not the fold of its log … */
  readonly violations: readonly string[];
  readonly sessionIds: readonly string[];
}

/**
 * Looks into the database as a killed process has left it. A copy is looked into, so that the next process finds its
 * file and its WAL as they were.
 */
export const checkFile = (folder: string, spoken: (attemptId: string) => boolean): FileFindings => {
  const copy = join(folder, "copy");
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy);
  for (const suffix of ["", "-wal"]) {
    const name = `opscore.db${suffix}`;
    if (existsSync(join(folder, name))) copyFileSync(join(folder, name), join(copy, name));
  }
  const db = new Database(join(copy, "opscore.db"));
  const prepared = preparedDatabase(db);
  const query: SimDatabase["query"] = (sql, ...args) => prepared.rows(sql, args);
  try {
    const checker = createChecker({ query } as SimDatabase, createGraphCache(), { spoken, skewMs: 1_000 });
    checker.afterWrite();
    const [integrity] = query("PRAGMA integrity_check");
    const found = checker.violations.map(({ promise, message }) => `${promise} ${message}`);
    if (integrity?.["integrity_check"] !== "ok") found.push(`integrity_check: ${JSON.stringify(integrity)}`);
    return { violations: found, sessionIds: [...checker.sessions.keys()] };
  } finally {
    prepared.forget();
    db.close();
  }
};
