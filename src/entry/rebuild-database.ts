import { OpsError } from "../app/ops-error.ts";
import type { Counts, Finding } from "../app/rebuild/findings.ts";
import { rebuild } from "../app/rebuild/rebuild.ts";
import { openLibsqlReadOnly } from "../store/libsql-read-only.ts";
import { openLibsql, type LibsqlOptions } from "../store/libsql.ts";
import { missingInSchema } from "../store/rebuild-schema.ts";
import { createRebuildStore } from "../store/rebuild-store.ts";
import { systemClock } from "./system.ts";
import { acquireWriterLock } from "./writer-lock.ts";

/** What is to be done with a database. */
export interface RebuildWish {
  /** Repairs what differs; else only compares. */
  readonly write: boolean;
  /** Also removes sessions and agents that have a row and no log at all. */
  readonly removeUnknown: boolean;
  readonly database: LibsqlOptions;
}

/** What was found. */
export interface RebuildReport {
  readonly database: string;
  readonly mode: "write" | "check";
  /** Nothing is damaged, and nothing differs any more. */
  readonly clean: boolean;
  readonly differences: number;
  readonly repaired: number;
  readonly damages: number;
  readonly counts: Counts;
}

/** Values may be whole documents. */
const shown = (value: string | number | null): string => {
  const text = JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
};

/** A finding on one line. */
export const findingLine = (finding: Finding): string => {
  if (finding.kind === "damage") {
    return `DAMAGE ${finding.where}${finding.seq === null ? "" : ` from row ${finding.seq}`}: ${finding.message}`;
  }
  const { table, key, column, row, folded, repaired } = finding;
  const done = repaired ? " (repaired)" : "";
  if (column !== null)
    return `${table} ${key} ${column}: the row has ${shown(row)}, the log says ${shown(folded)}${done}`;
  return row === null
    ? `${table} ${key}: there is no row, the log says ${shown(folded)}${done}`
    : `${table} ${key}: there is a row, ${shown(row)}, that the log does not know${done}`;
};

/** A report on one line. */
export const reportLine = ({ counts, differences, repaired, damages }: RebuildReport): string => {
  const { sessions, agents, waitingTasks, definitions, logRows, events, moving } = counts;
  const compared =
    `${sessions} sessions, ${agents} agents, ${waitingTasks} waiting tasks and ${definitions} definitions ` +
    `compared with ${logRows} log rows (${events} events)`;
  const skipped = moving === 0 ? "" : `; ${moving} sessions did not stand still`;
  return `${compared}${skipped}: ${differences} differences, ${repaired} repaired, ${damages} damaged`;
};

/** A database without our tables is told as that, and not written to, which would make one of an empty file. */
export const requireSchema = async (database: LibsqlOptions): Promise<void> => {
  const sql = await openLibsqlReadOnly(database);
  try {
    const missing = await missingInSchema(sql);
    if (missing === null) return;
    throw new Error(
      `${database.url}: this is not an Ops-Core database of this release, it has ${missing}. A database of an older ` +
        "release gets what is new when the server starts.",
    );
  } finally {
    sql.close();
  }
};

/**
 * Folds every log of a database anew and compares the rows, or repairs them. Each finding is told as it is made. Throws
 * if nothing, or not everything, could be compared: `failureText` says why.
 */
export const rebuildDatabase = async (
  { write, removeUnknown, database }: RebuildWish,
  tell: (finding: Finding) => void,
): Promise<RebuildReport> => {
  await requireSchema(database);
  // Two writers of one file would not see each other's caches: a running server refuses us, and we a starting one.
  const lock = write ? acquireWriterLock(database.url) : null;
  try {
    const sql = await (write ? openLibsql(database) : openLibsqlReadOnly(database));
    try {
      const tallies = { differences: 0, repaired: 0, damages: 0 };
      const counted = (finding: Finding): void => {
        if (finding.kind === "damage") tallies.damages += 1;
        else {
          tallies.differences += 1;
          if (finding.repaired) tallies.repaired += 1;
        }
        tell(finding);
      };
      const store = createRebuildStore(sql);
      const counts = await rebuild({ store, clock: systemClock, write, removeUnknown, tell: counted });
      const clean = tallies.damages === 0 && tallies.repaired === tallies.differences;
      return { database: database.url, mode: write ? "write" : "check", clean, ...tallies, counts };
    } finally {
      sql.close();
    }
  } finally {
    lock?.release();
  }
};

/** What is really wrong: the store wraps what the driver says. */
export const failureText = (error: unknown): string => {
  if (!(error instanceof OpsError)) return error instanceof Error ? error.message : String(error);
  let root: unknown = error;
  while (root instanceof Error && root.cause !== undefined) root = root.cause;
  return `The database failed: ${root instanceof Error ? root.message : String(root)}`;
};
