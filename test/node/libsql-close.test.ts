import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
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
