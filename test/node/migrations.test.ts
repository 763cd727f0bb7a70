import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { openLibsql } from "../../src/store/libsql.ts";
import { migrateLibsql } from "../../src/store/migrate-libsql.ts";
import { statement } from "../../src/store/sql-port.ts";

const migrations = fileURLToPath(new URL("../../drizzle", import.meta.url));
const files = readdirSync(migrations).filter((name) => name.endsWith(".sql"));

const folder = mkdtempSync(join(tmpdir(), "opscore-migrations-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shapeOf = async (url: string): Promise<unknown> => {
  const sql = await openLibsql({ url });
  const results = await sql.batch(
    [
      statement("SELECT type, name, sql FROM sqlite_master ORDER BY type, name"),
      statement("SELECT count(*) AS applied FROM __drizzle_migrations"),
      statement("SELECT count(*) AS kept FROM workflows"),
    ],
    "read",
  );
  sql.close();
  return results.map(({ rows }) => rows);
};

describe("migrations", () => {
  test("applied twice they change nothing and lose nothing", async () => {
    const url = `file:${join(folder, "twice.db")}`;
    await migrateLibsql({ url }, migrations);
    const sql = await openLibsql({ url });
    await sql.batch([statement("INSERT INTO workflows VALUES ('w', 1, 'h', '{}', '{}', 0)")], "write");
    sql.close();
    const before = await shapeOf(url);
    expect(before).toMatchObject([expect.any(Array), [{ applied: files.length }], [{ kept: 1 }]]);
    await migrateLibsql({ url }, migrations);
    expect(await shapeOf(url)).toEqual(before);
  });

  test("are applied to the file that is opened, whatever its name means in a URL", async () => {
    const name = "50%20 #1.db?tls=0";
    const url = `file:${join(folder, name)}`;
    await migrateLibsql({ url }, migrations);
    expect(await shapeOf(url)).toMatchObject([expect.any(Array), [{ applied: files.length }], [{ kept: 0 }]]);
    expect(readdirSync(folder)).toContain(name);
  });

  test("of all ways to write a path each leads to the one file that is opened", async () => {
    for (const [at, slashes] of ["", "/", "//"].entries()) {
      const path = join(folder, `slashes-${at}.db`);
      const url = `file:${slashes}${path}`;
      await migrateLibsql({ url }, migrations);
      expect(await shapeOf(url)).toMatchObject([expect.any(Array), [{ applied: files.length }], [{ kept: 0 }]]);
      expect(existsSync(path)).toBe(true);
    }
  });

  // Without the mark between them only the first of two statements would run.
  test.each(files)("each statement of %s stands between breakpoints", (file) => {
    const chunks = readFileSync(join(migrations, file), "utf8").split("--> statement-breakpoint");
    for (const chunk of chunks) expect(chunk.trim()).toMatch(/^[^;]+;$/);
  });

  test("the journal names every file, oldest first", () => {
    const { entries } = JSON.parse(readFileSync(join(migrations, "meta/_journal.json"), "utf8")) as {
      entries: { tag: string; when: number }[];
    };
    expect(entries.map(({ tag }) => `${tag}.sql`)).toEqual(files);
    // An entry older than the one before it would be skipped without a word.
    expect(entries.map(({ when }) => when)).toEqual(entries.map(({ when }) => when).toSorted((a, b) => a - b));
  });
});
