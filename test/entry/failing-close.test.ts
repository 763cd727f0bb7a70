import { existsSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { expect, onTestFinished, test, vi } from "vitest";
import { parseConfig } from "../../src/contract/config.ts";
import { startServer } from "../../src/entry/node-server.ts";
import { acquireWriterLock } from "../../src/entry/writer-lock.ts";
import { dataFolder, KEY } from "../support/server-process.ts";

/** The driver as it is on a disk that fails, for the statements that match. */
const failing = (sql: RegExp): void => {
  const exec = Reflect.get(Database.prototype, "exec") as (this: Database.Database, text: string) => Database.Database;
  const spy = vi.spyOn(Database.prototype, "exec").mockImplementation(function (this: Database.Database, text: string) {
    if (sql.test(text)) throw new Error("disk I/O error");
    return exec.call(this, text);
  });
  onTestFinished(() => spy.mockRestore());
};

/** The lock can be had again, which is so only if the connection that held it is gone. */
const expectFree = (url: string): void => {
  const next = acquireWriterLock(url);
  expect(next).not.toBeNull();
  next?.release();
};

test("a server whose last checkpoint fails has still closed the database and given up the lock, and says so", async () => {
  const url = `file:${join(dataFolder(), "x.db")}`;
  const parsed = parseConfig({ DATABASE_URL: url, PORT: "0", OPSCORE_API_KEY: KEY }, "node");
  if (!parsed.ok) throw new Error(parsed.problems.join("\n"));
  const lock = acquireWriterLock(url);
  onTestFinished(() => lock?.release());
  const server = await startServer(parsed.config, { apiKey: KEY, lock, log: { log: () => undefined } });
  failing(/wal_checkpoint/);
  const stopped = server.stop();
  await expect(stopped).rejects.toThrow("disk I/O error");
  await expect(server.deps.store.nextDue()).rejects.toThrow("did not answer");
  expectFree(url);
  // Once: a second wish has the first one's end.
  expect(server.stop()).toBe(stopped);
});

test("a lock whose transaction cannot be ended is given up with its connection", () => {
  const file = join(dataFolder(), "x.db");
  const lock = acquireWriterLock(`file:${file}`);
  failing(/^ROLLBACK$/);
  expect(() => lock?.release()).toThrow("disk I/O error");
  expect(existsSync(`${file}.pid`)).toBe(false);
  vi.restoreAllMocks();
  expectFree(`file:${file}`);
  expect(() => lock?.release()).not.toThrow();
});
