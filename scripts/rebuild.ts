import { closeSync, openSync, readSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Counts, Finding } from "../src/app/rebuild/findings.ts";
import { OpsError } from "../src/app/ops-error.ts";
import { rebuild } from "../src/app/rebuild/rebuild.ts";
import { databaseFile, databaseFileFault } from "../src/contract/database-file.ts";
import { systemClock } from "../src/entry/system.ts";
import { acquireWriterLock } from "../src/entry/writer-lock.ts";
import { openLibsqlReadOnly } from "../src/store/libsql-read-only.ts";
import { openLibsql, type LibsqlOptions, type OpenedSql } from "../src/store/libsql.ts";
import { missingInSchema } from "../src/store/rebuild-schema.ts";
import { createRebuildStore } from "../src/store/rebuild-store.ts";

const HELP = `npm run rebuild -- --check | --write [options]

Folds every log of a database anew and compares the rows, which are a cache of it.

  --check      only compares; may run beside a server. Exit code 1 if there is any difference or damage, else 0
  --write      repairs what differs, from the log. The server must be stopped. Exit code 1 if anything is left
  --remove-unknown
               with --write: also removes sessions and agents that have a row and no log at all
  --db <db>    a file, or a file:, libsql: or https: URL; default DATABASE_URL, else file:data/opscore.db
  --json       one JSON document instead of lines
  --help       this text

A log that was changed, cannot be read, misses a row or is gone as a whole is reported as damage with the row at which
it breaks; nothing is written from it, nor what hangs on it. A log that a newer release has written to is refused before
anything is written. Exit code 2: nothing, or not everything, could be compared; the reason is told. DATABASE_AUTH_TOKEN
is used for servers.
`;

interface Asked {
  readonly write: boolean;
  readonly removeUnknown: boolean;
  readonly json: boolean;
  readonly database: LibsqlOptions;
}

/** What every database file begins with. */
const MAGIC = "SQLite format 3\0";

/** Why a path cannot be a database, or `null`. A file that was never written to passes: it has no tables. */
const fileFault = (path: string): string | null => {
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

/** What is asked for; `null`: the help. Throws with a text for people. */
const read = (args: readonly string[]): Asked | null => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      check: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      "remove-unknown": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      db: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return null;
  if (values.check === values.write) throw new Error("Say either --check or --write.");
  const named = values.db ?? process.env["DATABASE_URL"] ?? "file:data/opscore.db";
  const url = /^[a-z]+:/.test(named) ? named : `file:${named}`;
  const removeUnknown = values["remove-unknown"];
  if (removeUnknown && !values.write) throw new Error("--remove-unknown goes with --write.");
  const file = databaseFile(url);
  const fault = databaseFileFault(url) ?? (file === null ? null : fileFault(file));
  if (fault !== null) throw new Error(`${url}: ${fault}`);
  const authToken = process.env["DATABASE_AUTH_TOKEN"];
  const database = authToken === undefined || authToken === "" ? { url } : { url, authToken };
  return { write: values.write, removeUnknown, json: values.json, database };
};

/** Values may be whole documents. */
const shown = (value: string | number | null): string => {
  const text = JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
};

const line = (finding: Finding): string => {
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

const summary = (counts: Counts, differences: number, repaired: number, damages: number): string => {
  const { sessions, agents, waitingTasks, definitions, logRows, events, moving } = counts;
  const compared =
    `${sessions} sessions, ${agents} agents, ${waitingTasks} waiting tasks and ${definitions} definitions ` +
    `compared with ${logRows} log rows (${events} events)`;
  const skipped = moving === 0 ? "" : `; ${moving} sessions did not stand still`;
  return `${compared}${skipped}: ${differences} differences, ${repaired} repaired, ${damages} damaged`;
};

/** A database without our tables is told as that, and not written to, which would make one of an empty file. */
const requireSchema = async (database: LibsqlOptions): Promise<void> => {
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

const run = async ({ write, removeUnknown, json, database }: Asked, sql: OpenedSql): Promise<number> => {
  const findings: Finding[] = [];
  const tallies = { differences: 0, repaired: 0, damages: 0 };
  const tell = (finding: Finding): void => {
    if (finding.kind === "damage") tallies.damages += 1;
    else {
      tallies.differences += 1;
      if (finding.repaired) tallies.repaired += 1;
    }
    // Only a document needs them all at once.
    if (json) findings.push(finding);
    else process.stdout.write(`${line(finding)}\n`);
  };
  const counts = await rebuild({ store: createRebuildStore(sql), clock: systemClock, write, removeUnknown, tell });
  const { differences, repaired, damages } = tallies;
  const clean = damages === 0 && repaired === differences;
  process.stdout.write(
    json
      ? `${JSON.stringify({ database: database.url, mode: write ? "write" : "check", clean, ...tallies, counts, findings })}\n`
      : `${summary(counts, differences, repaired, damages)}\n`,
  );
  return clean ? 0 : 1;
};

const main = async (args: readonly string[]): Promise<number> => {
  const asked = read(args);
  if (asked === null) {
    process.stdout.write(HELP);
    return 0;
  }
  const { write, database } = asked;
  await requireSchema(database);
  // Two writers of one file would not see each other's caches: a running server refuses us, and we a starting one.
  const lock = write ? acquireWriterLock(database.url) : null;
  try {
    const sql = await (write ? openLibsql(database) : openLibsqlReadOnly(database));
    try {
      return await run(asked, sql);
    } finally {
      sql.close();
    }
  } finally {
    lock?.release();
  }
};

/** What is really wrong: the store wraps what the driver says. */
const messageOf = (error: unknown): string => {
  if (!(error instanceof OpsError)) return error instanceof Error ? error.message : String(error);
  let root: unknown = error;
  while (root instanceof Error && root.cause !== undefined) root = root.cause;
  return `The database failed: ${root instanceof Error ? root.message : String(root)}`;
};

// Whoever reads may have seen enough.
process.stdout.on("error", () => process.exit(1));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const message = messageOf(error);
  if (process.argv.includes("--json")) process.stdout.write(`${JSON.stringify({ error: message })}\n`);
  else process.stderr.write(`${message}\n`);
  process.exitCode = 2;
}
