import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { withoutCredentials } from "../../src/cli/text.ts";
import { createLocal } from "../../src/entry/local.ts";
import { openLibsql } from "../../src/store/libsql.ts";
import { migrateLibsql } from "../../src/store/migrate-libsql.ts";
import { statement } from "../../src/store/sql-port.ts";
import { oneTask, register, silentAgents, start } from "../support/api.ts";
import { emptyFolder, runCli, type Ran } from "../support/cli.ts";
import { createWorld } from "../support/world.ts";

const migrations = fileURLToPath(new URL("../../drizzle", import.meta.url));

/** On this machine, with the database of a folder. */
const here = (folder: string) => {
  const env = { DATABASE_URL: `file:${join(folder, "opscore.db")}`, PORT: "0" };
  const local = createLocal(env);
  return (...argv: readonly string[]): Promise<Ran> => runCli(argv, { folder, local, env });
};

/** A database with a session in flight. */
const used = async (folder: string): Promise<void> => {
  const url = `file:${join(folder, "opscore.db")}`;
  await migrateLibsql({ url }, migrations);
  const sql = await openLibsql({ url });
  const close = async (): Promise<void> => sql.close();
  const platform = { name: "libsql", openSql: async () => ({ sql, close }), call: silentAgents().call } as const;
  const world = await createWorld(platform, { call: silentAgents().call });
  await register(world, { agentId: "a" });
  await start(world, { workflowDefinition: oneTask("a") });
  await world.close();
};

test("migrate: a new database gets everything, --check says what is missing, once more changes nothing", async () => {
  const folder = emptyFolder();
  const cli = here(folder);
  const missing = await cli("migrate", "--check", "--json");
  const { pending } = JSON.parse(missing.out) as { pending: string[] };
  expect([missing.code, pending.at(0)]).toEqual([1, "0000_spine"]);
  expect(existsSync(join(folder, "opscore.db"))).toBe(false);
  const applied = await cli("migrate", "--json=applied,pending");
  expect([applied.code, JSON.parse(applied.out)]).toEqual([0, { applied: pending, pending: [] }]);
  expect((await cli("migrate")).out).toContain("nothing: it is up to date");
  expect((await cli("migrate", "--check")).code).toBe(0);
});

test("rebuild: a clean database, then a row that is not what its log says, then repaired", async () => {
  const folder = emptyFolder();
  const cli = here(folder);
  await used(folder);
  expect((await cli("rebuild")).code).toBe(2);
  expect((await cli("rebuild", "--check", "--remove-unknown")).code).toBe(2);
  expect(await cli("rebuild", "--check")).toMatchObject({
    code: 0,
    out: expect.stringContaining("0 differences") as string,
  });
  const sql = await openLibsql({ url: `file:${join(folder, "opscore.db")}` });
  await sql.batch([statement("UPDATE sessions SET status = 'failed'")], "write");
  sql.close();
  expect(await cli("rebuild", "--check")).toMatchObject({
    code: 1,
    out: expect.stringMatching(/status: the row has "failed", the log says "open"\n.*1 differences/) as string,
  });
  const document = await cli("rebuild", "--check", "--json");
  expect([document.code, JSON.parse(document.out)]).toEqual([
    1,
    expect.objectContaining({ clean: false, differences: 1, findings: [expect.objectContaining({ row: "failed" })] }),
  ]);
  expect((await cli("rebuild", "--write")).code).toBe(0);
  expect((await cli("rebuild", "--check")).code).toBe(0);
});

test("verify: nothing found, then a log row that was edited; a remembered audit hash that is gone", async () => {
  const folder = emptyFolder();
  const cli = here(folder);
  await used(folder);
  expect((await cli("verify", "--expect", "x")).code).toBe(2);
  expect(await cli("verify")).toMatchObject({ code: 0, out: expect.stringContaining("nothing found") as string });
  expect((await cli("verify", "--expect", "0".repeat(64))).code).toBe(1);
  const sql = await openLibsql({ url: `file:${join(folder, "opscore.db")}` });
  await sql.batch([statement("UPDATE log SET at = at + 1 WHERE seq = 1")], "write");
  sql.close();
  const edited = await cli("verify");
  expect([edited.code, edited.out]).toEqual([1, expect.stringMatching(/^TAMPERED .* at row 1: /)]);
  const document = await cli("verify", "--json");
  expect([document.code, JSON.parse(document.out)]).toEqual([
    1,
    expect.objectContaining({
      clean: false,
      findings: expect.arrayContaining([expect.objectContaining({ seq: 1 })]) as object,
    }),
  ]);
});

test("a database that is none is told, also as a document", async () => {
  const folder = emptyFolder();
  const cli = here(folder);
  const missing = await cli("rebuild", "--check", "--json");
  expect([missing.code, JSON.parse(missing.out)]).toEqual([
    1,
    {
      error: expect.objectContaining({
        code: "local_failure",
        detail: expect.stringContaining("no such file") as string,
      }) as object,
    },
  ]);
  expect((await cli("migrate", "--db", folder)).err).toContain("this is a folder");
});

test("a token in a database's URL is not printed", async () => {
  const url = "libsql://me:hunter2@127.0.0.1:1/db?authToken=a-secret-token";
  for (const argv of [["migrate", "--check"], ["verify"]]) {
    const { code, out, err } = await here(emptyFolder())(...argv, "--db", url, "--json");
    expect([code, `${out}${err}`]).toEqual([1, expect.not.stringMatching(/hunter2|a-secret-token/) as string]);
  }
  expect(withoutCredentials(url)).toBe("libsql://***@127.0.0.1:1/db?authToken=***");
  expect(withoutCredentials("file:///home/me@work/data?.db")).toBe("file:///home/me@work/data?.db");
});

test("dev: serves until it is interrupted; its sample session completes; the next start has the same data", async () => {
  const folder = emptyFolder();
  const env = { DATABASE_URL: `file:${join(folder, "data/opscore.db")}` };
  for (const count of [1, 2]) {
    const stop = new AbortController();
    const local = createLocal(env);
    let started: (url: string) => void = () => undefined;
    const listening = new Promise<string>((resolve) => {
      started = resolve;
    });
    const dev = runCli(["dev", "--port", "0", "--json"], {
      folder,
      env,
      signal: stop.signal,
      local: {
        dev: (options) =>
          local.dev({
            ...options,
            listening: (server) => {
              options.listening(server);
              started(server.url);
            },
          }),
      },
    });
    const url = await Promise.race([listening, dev.then(({ err }) => err)]);
    const cli = (...argv: readonly string[]) => runCli([...argv, "--url", url], { folder });
    const waited = await cli("sessions", "start", "hello", "--wait", "--json=status,tasks.output");
    expect([waited.code, JSON.parse(waited.out)]).toEqual([
      0,
      { status: "completed", "tasks.output": ["Hello, world!", "HELLO, WORLD!"] },
    ]);
    const { out } = await cli("sessions", "counts", "--json=total");
    expect(JSON.parse(out)).toEqual({ total: count });
    const second = await runCli(["dev", "--port", "0"], { folder, env, local });
    expect([second.code, second.err]).toEqual([
      1,
      expect.stringContaining("in use by another Ops-Core process") as string,
    ]);
    stop.abort();
    expect((await dev).code).toBe(0);
  }
}, 60_000);
