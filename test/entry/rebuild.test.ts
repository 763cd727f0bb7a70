import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { acquireWriterLock } from "../../src/entry/writer-lock.ts";
import { openLibsql } from "../../src/store/libsql.ts";
import { migrateLibsql } from "../../src/store/migrate-libsql.ts";
import { statement } from "../../src/store/sql-port.ts";
import { oneTask, register, silentAgents, start } from "../support/api.ts";
import { runScript, type ScriptEnd } from "../support/run-script.ts";
import { dataFolder } from "../support/server-process.ts";
import { createWorld, type World } from "../support/world.ts";

const SLOW = { timeout: 60_000 };

const migrations = fileURLToPath(new URL("../../drizzle", import.meta.url));

const rebuild = (...args: readonly string[]): Promise<ScriptEnd> => runScript("rebuild.ts", args);

/** A database file in use by an engine, with a session in flight. */
const used = async (): Promise<{ readonly world: World; readonly file: string; readonly id: string }> => {
  const file = join(dataFolder(), "used.db");
  const url = `file:${file}`;
  await migrateLibsql({ url }, migrations);
  const sql = await openLibsql({ url });
  const world = await createWorld(
    { name: "libsql", openSql: async () => ({ sql, close: async () => sql.close() }), call: silentAgents().call },
    { call: silentAgents().call, now: Date.now() },
  );
  await register(world, { agentId: "a" });
  return { world, file, id: await start(world, { workflowDefinition: oneTask("a") }) };
};

describe("npm run rebuild", () => {
  test("P4: --check beside a running engine finds nothing, then every difference", SLOW, async () => {
    const { world, file, id } = await used();
    const lock = acquireWriterLock(`file:${file}`);
    const clean = await rebuild("--check", "--db", file);
    expect(clean).toMatchObject({ code: 0, stderr: "" });
    expect(clean.stdout).toBe(
      "1 sessions, 1 agents, 0 waiting tasks and 1 definitions compared with 2 log rows (4 events): " +
        "0 differences, 0 repaired, 0 damaged\n",
    );
    await world.sql.batch([statement("UPDATE sessions SET status = 'failed'")], "write");
    const lines = await rebuild("--check", "--db", `file:${file}`);
    expect(lines.code).toBe(1);
    expect(lines.stdout).toContain(`sessions ${id} status: the row has "failed", the log says "open"\n`);
    const json = await rebuild("--check", "--json", "--db", file);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      mode: "check",
      clean: false,
      differences: 1,
      repaired: 0,
      counts: { sessions: 1, logRows: 2 },
      findings: [{ table: "sessions", key: id, column: "status", row: "failed", folded: "open", repaired: false }],
    });
    const held = await rebuild("--write", "--db", file);
    expect(held.code).toBe(2);
    expect(held.stderr).toContain("in use by another Ops-Core process");
    lock?.release();
    await world.close();
    const written = await rebuild("--write", "--db", file);
    expect(written.code).toBe(0);
    expect(written.stdout).toContain(`the log says "open" (repaired)\n`);
    expect((await rebuild("--check", "--db", file)).code).toBe(0);
  });

  test("P14: damage is no success, whatever is repaired, and a newer log is refused", SLOW, async () => {
    const { world, file, id } = await used();
    await world.sql.batch([statement("UPDATE log SET at = at + 1 WHERE stream = ?", id)], "write");
    await world.close();
    const damaged = await rebuild("--write", "--db", file);
    expect(damaged.code).toBe(1);
    expect(damaged.stdout).toContain(`DAMAGE ${id} from row 1: its hash does not follow`);
    const sql = await openLibsql({ url: `file:${file}` });
    await sql.batch([statement("UPDATE log SET v = 7")], "write");
    sql.close();
    const newer = await rebuild("--check", "--json", "--db", file);
    expect(newer.code).toBe(2);
    expect((JSON.parse(newer.stdout) as { error: string }).error).toContain("is of version 7");
  });

  test("what is asked for must be clear, and no database is made", SLOW, async () => {
    const missing = join(dataFolder(), "none.db");
    const [none, both, unknown, unwritten, file, help] = await Promise.all([
      rebuild(),
      rebuild("--check", "--write"),
      rebuild("--repair"),
      rebuild("--check", "--remove-unknown", "--db", missing),
      rebuild("--check", "--db", missing),
      rebuild("--help"),
    ]);
    for (const wrong of [none, both])
      expect(wrong).toMatchObject({ code: 2, stderr: "Say either --check or --write.\n" });
    expect(unknown.code).toBe(2);
    expect(unwritten).toMatchObject({ code: 2, stderr: "--remove-unknown goes with --write.\n" });
    expect(file).toMatchObject({ code: 2, stderr: `file:${missing}: there is no such file.\n` });
    expect(help.code).toBe(0);
    expect(help.stdout).toContain("npm run rebuild -- --check");
  });

  test("what is no database, or no Ops-Core database, is told as that and left as it is", SLOW, async () => {
    const folder = dataFolder();
    const [empty, text, older] = ["empty.db", "text.db", "older.db"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(empty, "");
    writeFileSync(text, "This is a text of more than a few words, and not a database.");
    await migrateLibsql({ url: `file:${older}` }, migrations);
    const sql = await openLibsql({ url: `file:${older}` });
    await sql.batch([statement("ALTER TABLE agents DROP COLUMN capacity")], "write");
    sql.close();
    const before = readFileSync(older);
    const cases = [
      ["--check", folder, "this is a folder, not a file."],
      ["--write", text, "this is not a database: it has another format."],
      ["--check", `${older}?mode=ro`, 'has a "?"'],
      ["--check", empty, "this is not an Ops-Core database of this release, it has no table "],
      ["--write", empty, "this is not an Ops-Core database of this release, it has no table "],
      [
        "--write",
        older,
        "this is not an Ops-Core database of this release, it has no column capacity in table agents.",
      ],
    ] as const;
    const all = await Promise.all(cases.map(([mode, db]) => rebuild(mode, "--db", db)));
    for (const [at, [, db, why]] of cases.entries()) {
      expect(all[at]).toMatchObject({ code: 2, stdout: "" });
      expect(all[at]?.stderr).toContain(`file:${db}: ${why}`);
    }
    expect(readFileSync(empty)).toHaveLength(0);
    expect(readFileSync(older)).toEqual(before);
  });

  test("what the database says is printed, not that the store did not answer", SLOW, async () => {
    const { world, file } = await used();
    await world.sql.batch(
      [
        statement("UPDATE sessions SET status = 'x'"),
        statement("CREATE TRIGGER no BEFORE UPDATE ON sessions BEGIN SELECT raise(ABORT, 'not this one'); END"),
      ],
      "write",
    );
    await world.close();
    const told = await rebuild("--write", "--db", file);
    expect(told.code).toBe(2);
    expect(told.stderr).toMatch(/^The database failed: .*not this one/);
  });

  test("P14: a row without a log is damage; it goes when that is asked for", SLOW, async () => {
    const { world, file, id } = await used();
    await world.sql.batch([statement("DELETE FROM log WHERE stream = ?", id)], "write");
    await world.close();
    const kept = await rebuild("--write", "--db", file);
    expect(kept.code).toBe(1);
    expect(kept.stdout).toContain(`DAMAGE ${id} from row 1: its log is missing, and the session had got to row 1\n`);
    const removed = await rebuild("--write", "--remove-unknown", "--db", file);
    expect(removed.code).toBe(0);
    expect(removed.stdout).toMatch(/ that the log does not know \(repaired\)\n/);
    expect((await rebuild("--check", "--db", file)).code).toBe(0);
  });
});
