import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi, type Mock } from "vitest";
import { acquireWriterLock, lockFaultLines, WriterLockRefused } from "../../src/entry/writer-lock.ts";
import { openLibsqlReadOnly } from "../../src/store/libsql-read-only.ts";
import { statement } from "../../src/store/sql-port.ts";
import { dataFolder, KEY, runToEnd, startProcess, type Ended } from "../support/server-process.ts";

interface Held {
  readonly file: string;
  readonly lock: ReturnType<typeof acquireWriterLock>;
  readonly onLost: Mock<(lines: readonly string[]) => void>;
}

const SLOW_MS = 60_000;
const OWN_KEY = { OPSCORE_API_KEY: "" };

const refusal = (path: string, pid: number | undefined): RegExp =>
  new RegExp(
    `^DATABASE_URL: ${path.replaceAll(".", "\\.")} is in use by another Ops-Core process ` +
      `\\(pid ${pid} on ${hostname()}, since \\d{4}-.*Z\\), and a database file has one writer\\.\n` +
      `Stop it \\(kill ${pid}\\), or give this one a database of its own: DATABASE_URL=file:data/other\\.db\n$`,
  );

describe("one writer process a database file", () => {
  test(
    "a second process is refused at its start: which file, who has it, what to do, and exit code 1",
    async () => {
      const folder = dataFolder();
      const file = join(folder, "opscore.db");
      const first = await startProcess(folder, OWN_KEY);
      const before = { key: readFileSync(join(folder, "api-key"), "utf8"), files: readdirSync(folder).toSorted() };

      const since = performance.now();
      const second = await runToEnd({ PORT: "0", DATABASE_URL: `file:${file}` });
      expect(performance.now() - since).toBeLessThan(20_000); // 2 s if it has a processor to itself
      expect(second.code).toBe(1);
      expect(second.stderr).toMatch(refusal(file, first.child.pid));
      expect(second.stdout).toBe("");

      // By another name it is the same file.
      const link = join(folder, "link.db");
      symlinkSync(file, link);
      const third = await runToEnd({ PORT: "0", DATABASE_URL: `file:${link}`, OPSCORE_API_KEY: KEY });
      expect([third.code, third.stderr]).toEqual([1, expect.stringMatching(refusal(file, first.child.pid))]);

      // They have left nothing behind and done nothing to the first.
      expect(readdirSync(folder).toSorted()).toEqual([...before.files, "link.db"].toSorted());
      expect(readFileSync(join(folder, "api-key"), "utf8")).toBe(before.key);
      expect((await fetch(`${first.url}/ready`)).status).toBe(200);
      await startProcess(dataFolder());
    },
    SLOW_MS,
  );

  test(
    "of several starts at once on a new file exactly one wins, and it alone migrates and makes the key",
    async () => {
      const folder = dataFolder();
      const starts = await Promise.allSettled([1, 2, 3, 4].map(() => startProcess(folder, OWN_KEY)));
      const [winner, ...others] = starts.filter((start) => start.status === "fulfilled").map(({ value }) => value);
      expect(others).toEqual([]);
      const losers = starts.filter((start) => start.status === "rejected");
      const ends = losers.map(({ reason }) => (reason as Error).cause as Ended);
      expect(ends.map(({ code }) => code)).toEqual([1, 1, 1]);
      for (const { stderr } of ends) expect(stderr).toMatch(refusal(join(folder, "opscore.db"), winner?.child.pid));
      const key = readFileSync(join(folder, "api-key"), "utf8").trim();
      const answer = await fetch(`${winner?.url}/v1/opscore/agents`, { headers: { Authorization: `Bearer ${key}` } });
      expect(answer.status).toBe(200);
    },
    SLOW_MS,
  );

  test(
    "kill -9 of the holder leaves nothing that stops the next start, even if its pid is in use again",
    async () => {
      const folder = dataFolder();
      const holderFile = join(folder, "opscore.db.pid");
      const first = await startProcess(folder);
      expect(JSON.parse(readFileSync(holderFile, "utf8"))).toMatchObject({ pid: first.child.pid, host: hostname() });
      await first.kill();
      // The pid of a process that lives: this one.
      writeFileSync(holderFile, readFileSync(holderFile, "utf8").replace(/"pid":\d+/, `"pid":${process.pid}`));
      const second = await startProcess(folder);
      expect((await fetch(`${second.url}/ready`)).status).toBe(200);

      second.child.kill("SIGTERM");
      expect(await second.ended).toMatchObject({ code: 0 });
      expect(existsSync(holderFile)).toBe(false);
      await startProcess(folder);
    },
    SLOW_MS,
  );

  test(
    "who only reads needs no lock: while the server runs, and after it was killed",
    async () => {
      const folder = dataFolder();
      const url = `file:${join(folder, "opscore.db")}`;
      const server = await startProcess(folder);
      const agent = { agentName: "a", version: "1", capabilities: [], contactEndpoint: "http://127.0.0.1:9/" };
      const names = async () => {
        const reader = await openLibsqlReadOnly({ url });
        const [result] = await reader.batch([statement("SELECT id FROM agents ORDER BY id")], "read");
        reader.close();
        return result?.rows.map(({ id }) => id);
      };
      await server.call("PUT", "/agents/one", agent);
      expect(await names()).toEqual(["one"]);
      await server.call("PUT", "/agents/two", { ...agent, agentName: "b" });
      expect(await names()).toEqual(["one", "two"]);
      await server.kill();
      expect(await names()).toEqual(["one", "two"]);
    },
    SLOW_MS,
  );
});

/** The real entry, but for how often it looks. */
const LOOKS_OFTEN = `
  const { readConfig, runMain, serveAlone } =
    await import(${JSON.stringify(new URL("../../src/entry/run-server.ts", import.meta.url).href)});
  await runMain(() => serveAlone(readConfig(process.env), { lockCheckMs: Number(process.env.LOCK_CHECK_MS) }));
`;
const nodeArgs = ["--input-type=module", "--eval", LOOKS_OFTEN];

describe("a lock file that was deleted", () => {
  test(
    "is seen by its holder, which says so and stops with exit code 1",
    async () => {
      const folder = dataFolder();
      const file = join(folder, "opscore.db");
      const first = await startProcess(folder, { LOCK_CHECK_MS: "25" }, undefined, { nodeArgs });
      rmSync(`${file}.lock`);
      const ended = await first.ended;
      expect(ended).toMatchObject({ code: 1, signal: null });
      expect(ended.stderr).toBe(
        `DATABASE_URL: ${file}.lock was deleted or replaced while this process held it, so another may write to ${file} too. ` +
          "This one stops.\nNothing may remove or restore that file while a server runs. " +
          "See that no other process has the database, then start again.\n",
      );
      expect(ended.stdout).toContain("the lock on the database was lost, stopping");
      // In order: nothing is left of it that the next one could stumble over.
      expect(existsSync(`${file}.pid`)).toBe(false);
      const second = await startProcess(folder);
      expect((await fetch(`${second.url}/ready`)).status).toBe(200);
    },
    SLOW_MS,
  );

  test("is told once, within 10 seconds, whether it is gone or another's; and never after the lock was given up", () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const [gone, replaced, released] = ["gone", "replaced", "released"].map((name) => {
      const file = join(dataFolder(), `${name}.db`);
      const lock = acquireWriterLock(`file:${file}`);
      onTestFinished(() => lock?.release());
      const onLost = vi.fn<(lines: readonly string[]) => void>();
      lock?.watch(onLost);
      return { file, lock, onLost };
    }) as [Held, Held, Held];
    vi.advanceTimersByTime(60_000);
    for (const { onLost } of [gone, replaced, released]) expect(onLost).not.toHaveBeenCalled();

    released.lock?.release();
    for (const { file } of [gone, replaced, released]) rmSync(`${file}.lock`);
    const other = acquireWriterLock(`file:${replaced.file}`);
    onTestFinished(() => other?.release());
    vi.advanceTimersByTime(10_000);
    for (const { file, onLost } of [gone, replaced])
      expect(onLost.mock.calls).toEqual([
        [[expect.stringContaining(`${file}.lock was deleted or replaced`), expect.any(String)]],
      ]);
    vi.advanceTimersByTime(60_000);
    expect([gone, replaced, released].map(({ onLost }) => onLost.mock.calls.length)).toEqual([1, 1, 0]);
  });

  test("does not make the first take away the second's name", () => {
    const file = join(dataFolder(), "x.db");
    const first = acquireWriterLock(`file:${file}`);
    rmSync(`${file}.lock`);
    const name = JSON.stringify({ pid: process.pid + 1, host: hostname(), since: new Date().toISOString() });
    writeFileSync(`${file}.pid`, `${name}\n`);
    first?.release();
    expect(readFileSync(`${file}.pid`, "utf8")).toBe(`${name}\n`);
  });
});

describe("the writer's lock", () => {
  test("is this process's alone until it is released", () => {
    const url = `file:${join(dataFolder(), "new", "x.db")}`;
    const first = acquireWriterLock(url);
    expect(() => acquireWriterLock(url)).toThrow(WriterLockRefused);
    expect(() => acquireWriterLock(url)).toThrow(`(pid ${process.pid} on ${hostname()}`);
    first?.release();
    const second = acquireWriterLock(url);
    expect(second).not.toBeNull();
    second?.release();
  });

  test("is not needed for memory and for servers", () => {
    for (const url of [":memory:", "file::memory:", "libsql://db.example", "https://db.example"]) {
      expect(acquireWriterLock(url)).toBeNull();
    }
  });

  test("where nothing can be locked the refusal says what the file system must be able to do", () => {
    const file = join(dataFolder(), "x.db");
    mkdirSync(`${file}.lock`);
    expect(() => acquireWriterLock(`file:${file}`)).toThrow(
      /x\.db\.lock could not be locked .*\n.*NFS, SMB.*local disk/,
    );
    expect(lockFaultLines("/mnt/x.db.lock", "SQLITE_IOERR_LOCK")[0]).toBe(
      "DATABASE_URL: /mnt/x.db.lock could not be locked (SQLITE_IOERR_LOCK).",
    );
  });
});
