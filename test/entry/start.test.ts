import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, type TestContext, test } from "vitest";

const script = fileURLToPath(new URL("../../scripts/start.ts", import.meta.url));
const LIMIT_MS = 120_000;

interface Options {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** `npm start` as a process, its data in `folder`. */
const start = (context: TestContext, folder: string, { args = [], env = {} }: Options = {}) => {
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH: process.env["PATH"] ?? "", PORT: "0", DATABASE_URL: `file:${join(folder, "opscore.db")}`, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text.out += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (text.err += chunk));
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, ...text }));
  context.onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return {
    ended,
    /** What it has printed, once that contains `wanted`. */
    printed: async (wanted: string): Promise<string> => {
      while (!text.out.includes(wanted)) {
        const more = await Promise.race([once(child.stdout, "data"), ended]);
        if (!Array.isArray(more)) throw new Error(`ended without "${wanted}":\n${text.out}${text.err}`);
      }
      return text.out;
    },
    kill: async (signal: NodeJS.Signals) => {
      child.kill(signal);
      return ended;
    },
  };
};

const newFolder = (context: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), "opscore-start-"));
  context.onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const KEEPS_SERVING = "keeps serving";

describe.concurrent("npm start", () => {
  test(
    "runs a sample session with a failing attempt to its end within 30 s, tells what to do next, and stops on SIGTERM",
    async (context) => {
      const { expect } = context;
      const folder = newFolder(context);
      const server = start(context, folder);
      await server.printed("Ops-Core listens on");
      // Loading, about 2 s, is not counted: on a busy machine it is all that varies.
      const since = performance.now();
      const out = await server.printed(KEEPS_SERVING);
      expect(performance.now() - since).toBeLessThan(25_000);
      const rows = out.split("\n").map((line) => line.trim().split(/\s{2,}/));
      const inAll = (...cells: readonly string[]) => rows.filter((row) => cells.every((cell) => row.includes(cell)));
      const failed = inAll("1/4 search", "1", "sample-researcher", "direct");
      expect(failed.at(-1)?.at(-1)).toBe("failed: Task 'Search for sources' failed on purpose.");
      const waits = rows.filter((row) => row[1] === "1/4 search").map((row) => row[2] ?? "");
      expect(waits.filter((what) => /^wait(s|ed) before it (is|was) tried again: /.test(what))).toHaveLength(1);
      for (const [step, attempt, agent] of [
        ["1/4 search", "2", "sample-researcher"],
        ["2/4 analyse", "1", "sample-analyst"],
        ["3/4 write", "1", "sample-writer"],
        ["4/4 check", "1", "sample-researcher"],
      ] as const) {
        expect(inAll(step, attempt, agent, "direct").at(-1)?.at(-1)).toMatch(/^completed after/);
      }
      expect(out).toContain("Session completed: 4 steps, 5 attempts");
      expect(out).toContain("A report on ocean tides: 3 sources agree");
      // A pipe gets no colour, and the server's own log is elsewhere.
      expect(out).not.toContain("\u001b");
      expect(out).not.toContain('"level"');
      expect(readFileSync(join(folder, "opscore.log"), "utf8")).toContain('"message":"request"');

      const key = readFileSync(join(folder, "api-key"), "utf8").trim();
      expect(out.split(key)).toHaveLength(2);
      const [, sessionUrl = ""] = /^ {2}curl .* (http:\S+\/sessions\/ses_\S+)$/m.exec(out) ?? [];
      const answer = await fetch(sessionUrl, { headers: { Authorization: `Bearer ${key}` } });
      expect(await answer.json()).toMatchObject({ status: "completed", workflowId: "sample-report" });

      const stopSince = performance.now();
      expect((await server.kill("SIGTERM")).code).toBe(0);
      expect(performance.now() - stopSince).toBeLessThan(5_000);
    },
    LIMIT_MS,
  );

  test(
    "killed in the middle, it goes on with the session at the next start and starts no other",
    async (context) => {
      const { expect } = context;
      const folder = newFolder(context);
      const env = { OPSCORE_API_KEY: "a key of the test's own".replaceAll(" ", "-") };
      const first = start(context, folder, { env });
      const [, sessionId = ""] = /^Session (ses_\w+)/m.exec(await first.printed("2/4 analyse")) ?? [];
      await first.kill("SIGKILL");

      const second = start(context, folder, { env });
      const out = await second.printed(KEEPS_SERVING);
      expect(out).toContain(`Session ${sessionId} was left open and goes on; so no new one is started.`);
      expect(out).toContain("each replaces the agent that had its name before");
      expect(out).toMatch(/1\/4 search .*failed on purpose/);
      expect(out).toContain("-- since this start --");
      expect(out).toContain("Session completed: 4 steps");
      expect(out).toContain('-H "Authorization: Bearer $OPSCORE_API_KEY"');
      expect(existsSync(join(folder, "api-key"))).toBe(false);
      expect((await second.kill("SIGINT")).code).toBe(0);

      // Now none is open.
      const third = start(context, folder, { env });
      const last = await third.printed("1/4 search");
      expect(last).toContain("a new one: none was open");
      expect(last).not.toContain(sessionId);
      const { code, out: all } = await third.kill("SIGTERM");
      expect(code).toBe(0);
      expect(all).toContain("is not finished: the next start goes on with it");
    },
    LIMIT_MS,
  );

  test(
    "refuses in plain words: a taken port, a bad value, an unknown option",
    async (context) => {
      const { expect } = context;
      const folder = newFolder(context);
      const other = createServer().listen(0, "127.0.0.1");
      await once(other, "listening");
      context.onTestFinished(() => void other.close());
      const { port } = other.address() as AddressInfo;
      const taken = await start(context, folder, { env: { PORT: String(port) } }).ended;
      expect(taken).toMatchObject({ code: 1, err: `Port ${port} is in use. Choose another: PORT=8080 npm start\n` });
      const bad = await start(context, folder, { env: { LOG_LEVEL: "loud" } }).ended;
      expect(bad).toMatchObject({ code: 2, err: 'LOG_LEVEL: "loud" is not one of: debug, info, warn, error\n' });
      const unknown = await start(context, folder, { args: ["--sampel"] }).ended;
      expect(unknown).toMatchObject({ code: 2, err: "Unknown option '--sampel'\nOptions: --no-sample, --help\n" });
    },
    LIMIT_MS,
  );

  test(
    "the server alone with --no-sample, or when there is an AgentKit",
    async (context) => {
      const { expect } = context;
      const folder = newFolder(context);
      for (const options of [{ args: ["--no-sample"] }, { env: { AGENTKIT_API_URL: "http://127.0.0.1:9" } }]) {
        const server = start(context, folder, options);
        const out = await server.printed('"listening"');
        const line = JSON.parse(out.split("\n")[0] ?? "") as { readonly url: string };
        expect(await (await fetch(`${line.url}/health`)).json()).toEqual({ status: "ok" });
        const { code, out: all, err } = await server.kill("SIGTERM");
        expect(code).toBe(0);
        expect(all).not.toContain("Sample fleet");
        expect(err.includes("No sample fleet: AGENTKIT_API_URL is set.")).toBe("env" in options);
      }
    },
    LIMIT_MS,
  );
});
