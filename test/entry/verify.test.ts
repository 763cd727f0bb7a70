import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { acquireWriterLock } from "../../src/entry/writer-lock.ts";
import { openLibsql } from "../../src/store/libsql.ts";
import { migrateLibsql } from "../../src/store/migrate-libsql.ts";
import { call, oneTask } from "../support/api.ts";
import { unreachableCall, createWorld } from "../support/world.ts";
import { runScript, type ScriptEnd } from "../support/run-script.ts";
import { dataFolder } from "../support/server-process.ts";
import { rows } from "../support/rebuild-run.ts";

const migrations = fileURLToPath(new URL("../../drizzle", import.meta.url));

const verify = (...args: readonly string[]): Promise<ScriptEnd> => runScript("verify.ts", args);

test(
  "P14: npm run verify beside a running engine: its words, its document, its exit codes",
  { timeout: 60_000 },
  async () => {
    const file = join(dataFolder(), "used.db");
    const url = `file:${file}`;
    await migrateLibsql({ url }, migrations);
    const sql = await openLibsql({ url });
    const opened = { sql, close: async () => sql.close() };
    const world = await createWorld({ name: "libsql", openSql: async () => opened, call: unreachableCall });
    const lock = acquireWriterLock(url);
    for (const n of [1, 2]) await call(world, "POST", "/v1/opscore/workflows", oneTask("a", `w${n}`));

    const clean = await verify("--db", file);
    expect(clean).toMatchObject({ code: 0, stderr: "" });
    const [, head = ""] =
      /^2 log rows of 0 sessions and 0 agents, and of them 2 audit rows, verified: nothing found; audit head 2 ([0-9a-f]{64})\n$/.exec(
        clean.stdout,
      ) ?? [];
    expect(head, clean.stdout).not.toBe("");
    expect(await verify("--db", url, "--expect", head)).toMatchObject({ code: 0 });
    const forgotten = await verify("--db", file, "--expect", "0".repeat(64));
    expect([forgotten.code, forgotten.stdout]).toEqual([
      1,
      expect.stringContaining("TAMPERED audit: no row has the expected hash"),
    ]);

    await rows(world, "UPDATE log SET cause = replace(cause, 'root', 'rood') WHERE seq = 2");
    const lines = await verify("--db", file);
    expect([lines.code, lines.stdout]).toEqual([1, expect.stringMatching(/^TAMPERED audit at row 2: .*\n.*1 found/)]);
    const document = await verify("--json", "--db", file);
    expect(document.code).toBe(1);
    expect(JSON.parse(document.stdout)).toEqual({
      database: url,
      clean: false,
      found: 1,
      counts: { logRows: 2, sessions: 0, agents: 0, auditRows: 2 },
      audit: { seq: 2, hash: head },
      findings: [{ where: "audit", seq: 2, message: expect.stringMatching(/./) as string }],
    });
    lock?.release();
    await world.close();

    for (const wrong of [["--db", `${file}.not`], ["--expect", "abc"], ["--what"]]) {
      const refused = await verify(...wrong);
      expect([refused.code, refused.stdout, refused.stderr]).toEqual([2, "", expect.stringMatching(/./)]);
    }
    expect((await verify("--json", "--db", `${file}.not`)).stdout).toMatch(/^\{"error":".+"\}\n$/);
    expect((await verify("--help")).code).toBe(0);
  },
);
