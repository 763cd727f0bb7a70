import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { expect, onTestFinished, test, vi } from "vitest";
import { openLibsqlReadOnly } from "../../src/store/libsql-read-only.ts";
import { openLibsql } from "../../src/store/libsql.ts";
import { statement } from "../../src/store/sql-port.ts";

test("a copy of the file alone has everything once the database was closed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "opscore-close-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [path, copy] = [join(folder, "a.db"), join(folder, "copy.db")];
  const writer = await openLibsql({ url: `file:${path}` });
  const fill = ["CREATE TABLE numbers (n INTEGER)", "INSERT INTO numbers VALUES (1), (2)"];
  await writer.batch(
    fill.map((sql) => statement(sql)),
    "write",
  );
  writer.close();
  writer.close();
  copyFileSync(path, copy);
  const reader = await openLibsqlReadOnly({ url: `file:${copy}` });
  onTestFinished(() => reader.close());
  expect(await reader.batch([statement("SELECT count(*) AS n FROM numbers")], "read")).toMatchObject([
    { rows: [{ n: 2 }] },
  ]);
});

test("is closed even if its checkpoint fails, and the failure is told", async () => {
  const sql = await openLibsql({ url: ":memory:" });
  const exec = vi.spyOn(Database.prototype, "exec").mockImplementationOnce(() => {
    throw new Error("disk I/O error");
  });
  onTestFinished(() => exec.mockRestore());
  expect(() => sql.close()).toThrow("disk I/O error");
  expect(exec).toHaveBeenCalledWith("PRAGMA wal_checkpoint(TRUNCATE)");
  await expect(sql.batch([statement("SELECT 1")], "read")).rejects.toThrow("not open");
});
