import { closeSync, mkdirSync, openSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import Database from "libsql";
import { databaseFile } from "../contract/database-file.ts";

/** Who has the lock, as told to people; never asked whether the lock is held. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly since: string;
}

/** The right of this process to write to a database. */
export interface WriterLock {
  /**
   * Calls `onLost` once, with what to tell the operator, if `<file>.lock` is deleted or replaced: we go on holding a
   * lock that the next start cannot see. Looks every `everyMs` until `release`, and keeps no process alive. Up to then,
   * a second writer may be at work as well.
   */
  watch(onLost: (lines: readonly string[]) => void, everyMs?: number): void;
  /** Gives it up, once. Only after the database is closed; the end of the process does the same. */
  release(): void;
}

/** The database may not be written to by this process: what to tell the operator, one line each. */
export class WriterLockRefused extends Error {
  override readonly name = "WriterLockRefused";
  readonly lines: readonly string[];
  constructor(lines: readonly string[], options?: ErrorOptions) {
    super(lines.join("\n"), options);
    this.lines = lines;
  }
}

/** A holder that was killed just now is gone by then; whoever is alive keeps it for good (ms). */
const WAIT_MS = 1_000;

/** Deleting the lock's file takes somebody's hand, so seldom is enough (ms). */
const WATCH_MS = 10_000;

/** The file itself, whatever links lead to it: two names of a file must not have two locks. Creates it if need be. */
const canonicalPath = (path: string): string => {
  mkdirSync(dirname(path), { recursive: true });
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  // Only where nothing is: closing a file that this process has open through SQLite would drop SQLite's locks.
  closeSync(openSync(path, "a"));
  return realpathSync(path);
};

const readHolder = (file: string): Holder | null => {
  try {
    const { pid, host, since } = JSON.parse(readFileSync(file, "utf8")) as Partial<Holder>;
    return typeof pid === "number" && typeof host === "string" && typeof since === "string"
      ? { pid, host, since }
      : null;
  } catch {
    return null; // It has the lock and has not written its name yet.
  }
};

const heldLines = (path: string, holder: Holder | null): readonly string[] => {
  const here = holder?.host === hostname();
  const who = holder === null ? "" : ` (pid ${holder.pid} on ${holder.host}, since ${holder.since})`;
  const stop = holder === null || !here ? "Stop it there" : `Stop it (kill ${holder.pid})`;
  return [
    `DATABASE_URL: ${path} is in use by another Ops-Core process${who}, and a database file has one writer.`,
    `${stop}, or give this one a database of its own: DATABASE_URL=file:data/other.db`,
  ];
};

/** What to say when the lock could not even be tried. */
export const lockFaultLines = (lockFile: string, reason: string): readonly string[] => [
  `DATABASE_URL: ${lockFile} could not be locked (${reason}).`,
  "The folder must be writable, and on a file system that can lock: network file systems (NFS, SMB) often cannot. " +
    "Put the database on a local disk, or use a libSQL server.",
];

const lostLines = (path: string, lockFile: string): readonly string[] => [
  `DATABASE_URL: ${lockFile} was deleted or replaced while this process held it, so another may write to ${path} too. ` +
    "This one stops.",
  "Nothing may remove or restore that file while a server runs. See that no other process has the database, then start again.",
];

/** Which file has this name now; `null`: none. Opens nothing: closing it again would drop SQLite's locks on it. */
const identity = (file: string): string | null => {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? null : `${stats.dev}:${stats.ino}`;
};

/** A fault of the file system says nothing about the file: the next look tells. */
const isStill = (file: string, expected: string | null): boolean => {
  try {
    return identity(file) === expected;
  } catch {
    return true;
  }
};

/**
 * Makes this process the one writer of an embedded database file, for migrations as well: take it before anything is
 * written. Beside the file, `<file>.lock` is kept locked through SQLite, so that the lock is the operating system's and
 * dies with the process, however that ends: no stale lock ever stops a start. Of several starts at once exactly one
 * gets it. `<file>.pid` names the holder for the others' message and decides nothing.
 * Whoever deletes `<file>.lock` lets a second writer in; `watch` tells the first.
 * Readers need no lock. `null`: the database needs none, being in memory or a server's.
 * Throws `WriterLockRefused` within a second or so if another process, or this one, has the lock, or if the file system cannot
 * lock. Not covered: hard links to one file, and hosts that share a file system whose locks do not reach the other.
 */
export const acquireWriterLock = (url: string): WriterLock | null => {
  const file = databaseFile(url);
  if (file === null) return null;
  const path = canonicalPath(file);
  const [lockFile, holderFile] = [`${path}.lock`, `${path}.pid`];
  let db: Database.Database;
  let ours: string | null;
  try {
    db = new Database(lockFile, { timeout: WAIT_MS });
  } catch (cause) {
    throw new WriterLockRefused(lockFaultLines(lockFile, String(cause)), { cause });
  }
  try {
    // No journal file: one left by a kill would have to be rolled back, and two starts could get in each other's way.
    db.exec("PRAGMA journal_mode = MEMORY");
    db.exec("BEGIN IMMEDIATE");
    // We keep this file open, so that no later one can have the same number, even if it is deleted.
    ours = identity(lockFile);
  } catch (cause) {
    db.close();
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const held = code.startsWith("SQLITE_BUSY");
    const lines = held ? heldLines(path, readHolder(holderFile)) : lockFaultLines(lockFile, code);
    throw new WriterLockRefused(lines, { cause });
  }
  const holder: Holder = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
  const holderText = `${JSON.stringify(holder)}\n`;
  try {
    writeFileSync(holderFile, holderText);
  } catch {
    // The lock is held; only its message is poorer.
  }
  let released = false;
  let timer: NodeJS.Timeout | undefined;
  const watch: WriterLock["watch"] = (onLost, everyMs = WATCH_MS) => {
    clearInterval(timer);
    timer = setInterval(() => {
      if (isStill(lockFile, ours)) return;
      clearInterval(timer);
      onLost(lostLines(path, lockFile));
    }, everyMs).unref();
  };
  const release = (): void => {
    if (released) return;
    released = true;
    process.off("exit", release);
    clearInterval(timer);
    try {
      // Another's, if our lock was lost.
      if (readFileSync(holderFile, "utf8") === holderText) rmSync(holderFile, { force: true });
    } catch {
      // It decides nothing.
    }
    try {
      db.exec("ROLLBACK");
    } finally {
      db.close();
    }
  };
  // Besides clearing away, this keeps the connection from the garbage collector, which would end the lock.
  process.on("exit", release);
  return { watch, release };
};
