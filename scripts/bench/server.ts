import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Pool } from "undici";

export const API_KEY = "bench-api-key-0123456789";

const START_MS = 30_000;
const CLOCK_TICKS = 100; // USER_HZ, the same on every Linux that Node runs on

export interface ServerFigures {
  /** From the start of the process until it listens. */
  readonly startMs: number;
  /** `null` where the system does not say. */
  readonly cpuMs: number | null;
  /** The peak until it listened, which is that of loading the program. */
  readonly startMemoryMiB: number;
  /** The peak since. */
  readonly peakMemoryMiB: number;
}

export interface BenchServer {
  /** A POST, or a GET without a body, on a kept-alive connection. */
  call(path: string, body?: object): Promise<{ readonly status: number; readonly body: string }>;
  figures(): ServerFigures;
  stop(): Promise<void>;
}

const linux = process.platform === "linux";

const cpuMsOf = (pid: number): number | null => {
  if (!linux) return null;
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / CLOCK_TICKS;
};

/** The peak; where only the present size can be asked for, that. */
const peakMemoryMiBOf = (pid: number): number => {
  const kib = linux
    ? /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
    : spawnSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" }).stdout;
  return Number(kib) / 1_024;
};

const forgetPeak = (pid: number): void => {
  if (linux) writeFileSync(`/proc/${pid}/clear_refs`, "5");
};

const linesOf = (file: string): readonly Readonly<Record<string, unknown>>[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/**
 * The real server in a process of its own, over an empty database, so that memory and CPU are its own. Its log goes
 * to a file, as it would in service.
 */
export const startServer = async (options: {
  readonly entry: string;
  readonly connections: number;
  readonly profiles: string | null;
}): Promise<BenchServer> => {
  const folder = mkdtempSync(join(tmpdir(), "opscore-bench-"));
  const logFile = join(folder, "log");
  const output = openSync(logFile, "w");
  const startedAt = performance.now();
  const profiling = options.profiles === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profiles}`];
  const child = spawn(process.execPath, [...profiling, options.entry], {
    stdio: ["ignore", output, "inherit"],
    env: {
      PATH: process.env["PATH"],
      PORT: "0",
      DATABASE_URL: `file:${join(folder, "bench.db")}`,
      OPSCORE_API_KEY: API_KEY,
      OPSCORE_ALLOW_UNSIGNED_WEBHOOKS: "true",
      OPSCORE_DISPATCH: "direct",
    },
  });
  closeSync(output);
  const ended = once(child, "exit");
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  let url: unknown;
  while (url === undefined) {
    if (child.exitCode !== null || performance.now() - startedAt > START_MS) {
      child.kill("SIGKILL");
      const text = readFileSync(logFile, "utf8");
      remove();
      throw new Error(`the server did not start: ${text}`);
    }
    await pause(5);
    url = linesOf(logFile).find((line) => line["message"] === "listening")?.["url"];
  }
  const startMs = performance.now() - startedAt;
  const pid = child.pid ?? 0;
  const startMemoryMiB = peakMemoryMiBOf(pid);
  forgetPeak(pid);
  const pool = new Pool(String(url), { connections: options.connections });
  const headers = { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" };
  return {
    call: async (path, body) => {
      const answer = await pool.request({
        path,
        method: body === undefined ? "GET" : "POST",
        headers,
        body: body === undefined ? null : JSON.stringify(body),
      });
      return { status: answer.statusCode, body: await answer.body.text() };
    },
    figures: () => ({ startMs, cpuMs: cpuMsOf(pid), startMemoryMiB, peakMemoryMiB: peakMemoryMiBOf(pid) }),
    stop: async () => {
      await pool.close();
      child.kill("SIGTERM");
      await ended;
      remove();
    },
  };
};

/** Registers an agent as AgentKit would. */
export const register = async (
  server: BenchServer,
  agentId: string,
  capabilities: readonly string[],
  contactEndpoint: string,
): Promise<void> => {
  const { status, body } = await server.call("/v1/opscore/internal/agent/notify", {
    event_type: "REGISTER",
    agent_details: { agentId, agentName: agentId, version: "1", capabilities, contactEndpoint, metadata: null },
  });
  if (status !== 200) throw new Error(`${agentId} was not registered: ${status} ${body}`);
};
