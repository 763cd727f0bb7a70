import { env, exports } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import "../support/workerd-env.ts";

// What the commit path relies on. A change here in the platform must be noticed here, not in production.
describe("D1 as the commit path needs it", () => {
  beforeEach(async () => {
    await env.DB.exec("DROP TABLE IF EXISTS smoke");
    await env.DB.exec("CREATE TABLE smoke (id TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID");
  });

  const insert = (id: string) => env.DB.prepare("INSERT INTO smoke (id, n) VALUES (?, 0)").bind(id);
  const ids = async () => (await env.DB.prepare("SELECT id FROM smoke ORDER BY id").all<{ id: string }>()).results;

  test("an UPDATE of no rows does not stop a batch", async () => {
    const [update] = await env.DB.batch([
      env.DB.prepare("UPDATE smoke SET n = 1 WHERE id = 'nobody' RETURNING n"),
      insert("a"),
    ]);

    expect(update?.results).toEqual([]);
    expect(await ids()).toEqual([{ id: "a" }]);
  });

  test("a duplicate primary key rolls back the whole batch", async () => {
    await insert("a").run();

    await expect(env.DB.batch([insert("b"), insert("a")])).rejects.toThrow(/UNIQUE constraint failed/);
    expect(await ids()).toEqual([{ id: "a" }]);
  });

  test("rows written are counted, one for an insert into a table WITHOUT ROWID", async () => {
    const [first, second] = await env.DB.batch([insert("a"), insert("b")]);

    expect(first?.meta.rows_written).toBe(1);
    expect(second?.meta.rows_written).toBe(1);
  });
});

test("the worker answers its health check", async () => {
  const response = await exports.default.fetch("https://ops-core.test/health");

  expect(response.status).toBe(200);
});
