import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openLibsqlReadOnly, OpenedReadOnly } from "../../src/store/libsql-read-only.ts";
import { openLibsql } from "../../src/store/libsql.ts";
import { statement, type SqlResult } from "../../src/store/sql-port.ts";

const ALL = statement("SELECT n FROM numbers ORDER BY n");
const insert = (n: number) => statement("INSERT INTO numbers VALUES (?)", n);
const numbers = (results: readonly SqlResult[]) => results.map(({ rows }) => rows.map(({ n }) => n));

/** A file with the numbers 1 and 2. Its name has everything that means something else in a URI. */
const written = async () => {
  const folder = mkdtempSync(join(tmpdir(), "opscore-read-only-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "100%25 sure? #1.db");
  const url = `file:${path}`;
  const writer = await openLibsql({ url });
  onTestFinished(() => writer.close());
  await writer.batch([statement("CREATE TABLE numbers (n INTEGER PRIMARY KEY)"), insert(1), insert(2)], "write");
  return { folder, path, url, writer };
};

const opened = async (url: string) => {
  const reader = await openLibsqlReadOnly({ url });
  onTestFinished(() => reader.close());
  return reader;
};

describe("a database opened read-only", () => {
  test("reads what is committed while another connection writes", async () => {
    const { url, writer } = await written();
    const reader = await opened(url);
    expect(numbers(await reader.batch([ALL], "read"))).toEqual([[1, 2]]);
    await writer.batch([insert(3)], "write");
    expect(numbers(await reader.batch([ALL, ALL], "read"))).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  test("refuses to write, however it is asked, and goes on reading", async () => {
    const { url, writer } = await written();
    const reader = await opened(url);
    const refused = [
      reader.batch([insert(3)], "write"),
      reader.batch([insert(3)], "read"),
      reader.batch([statement("CREATE TABLE others (n)")], "read"),
      reader.batch([statement("DELETE FROM numbers")], "read"),
      reader.batch([ALL], "write"),
    ];
    for (const one of refused) await expect(one).rejects.toThrow(OpenedReadOnly);
    await expect(reader.batch([insert(3)], "write")).rejects.toThrow(
      `${url} was opened for reading only; nothing was written.`,
    );
    expect(numbers(await reader.batch([ALL], "read"))).toEqual([[1, 2]]);
    await writer.batch([insert(3)], "write");
    expect(numbers(await writer.batch([ALL], "read"))).toEqual([[1, 2, 3]]);
  });

  test("needs neither a server nor its -wal and -shm files, and leaves the file as it is", async () => {
    const { path, url, writer } = await written();
    await writer.batch([statement("SELECT 1")], "read");
    writer.close();
    const { default: Database } = await import("libsql");
    const closing = new Database(path);
    closing.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    closing.close();
    for (const suffix of ["-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
    const before = readFileSync(path);
    const reader = await opened(url);
    expect(numbers(await reader.batch([ALL], "read"))).toEqual([[1, 2]]);
    await expect(reader.batch([insert(3)], "read")).rejects.toThrow(OpenedReadOnly);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("does not make a database that is missing", async () => {
    const { folder } = await written();
    const path = join(folder, "missing.db");
    await expect(openLibsqlReadOnly({ url: `file:${path}` })).rejects.toThrow(
      /^file:.*missing\.db cannot be read: there is no such database/,
    );
    expect(existsSync(path)).toBe(false);
    await expect(openLibsqlReadOnly({ url: ":memory:" })).rejects.toThrow("nothing to read");
  });
});
