import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const entry = fileURLToPath(new URL("../../src/entry/node.ts", import.meta.url));

export const KEY = "test-api-key";

/** Registers what a test leaves behind. Concurrent tests must hand in their own: the global one cannot tell them apart. */
export type AtEnd = (clear: () => void | Promise<void>) => void;

/** A folder for one test, gone when it ends. */
export const dataFolder = (atEnd: AtEnd = onTestFinished): string => {
  const folder = mkdtempSync(join(tmpdir(), "opscore-process-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ServerProcess {
  readonly url: string;
  readonly child: ChildProcess;
  readonly stderr: () => string;
  /** Resolves when a log line with this message has been written. */
  logged(message: string): Promise<void>;
  readonly ended: Promise<Ended>;
  /** Kills it as a power cut would, and waits until it is gone. */
  kill(): Promise<void>;
  call<T>(method: string, path: string, body?: unknown): Promise<T>;
}

const spawnEntry = (env: Readonly<Record<string, string>>, atEnd: AtEnd, nodeArgs: readonly string[] = []) => {
  const child = spawn(process.execPath, [...nodeArgs, entry], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text.stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (text.stderr += chunk));
  const ended = once(child, "close").then(([code, signal]): Ended => ({ code, signal, ...text }));
  atEnd(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, text, ended };
};

/** Runs the real entry to its end: for starts that are refused. */
export const runToEnd = (env: Readonly<Record<string, string>>): Promise<Ended> =>
  spawnEntry(env, onTestFinished).ended;

export interface SpawnOptions {
  /** Options of Node itself. */
  readonly nodeArgs?: readonly string[];
  /** Called before it listens: for those that do not let it come so far. */
  readonly spawned?: (child: ChildProcess) => void;
}

/** The real server as a process of its own, on a free port. An end before it listens is an error with `Ended` as cause. */
export const startProcess = async (
  folder: string,
  env: Readonly<Record<string, string>> = {},
  atEnd: AtEnd = onTestFinished,
  { nodeArgs = [], spawned }: SpawnOptions = {},
): Promise<ServerProcess> => {
  const { child, text, ended } = spawnEntry(
    {
      PORT: "0",
      DATABASE_URL: `file:${join(folder, "opscore.db")}`,
      OPSCORE_API_KEY: KEY,
      OPSCORE_DISPATCH: "direct",
      ...env,
    },
    atEnd,
    nodeArgs,
  );
  spawned?.(child);
  const lines = (): { message?: string; msg?: string; url?: string }[] =>
    text.stdout
      .split("\n")
      .filter((line) => line.endsWith("}"))
      .map((line) => JSON.parse(line) as { message?: string });
  const logged = async (message: string): Promise<{ url?: string }> => {
    for (;;) {
      const line = lines().find((candidate) => (candidate.message ?? candidate.msg) === message);
      if (line !== undefined) return line;
      const more = await Promise.race([once(child.stdout, "data"), ended]);
      if (!Array.isArray(more)) {
        throw new Error(`ended without "${message}": ${text.stderr}${text.stdout}`, { cause: more });
      }
    }
  };
  const { url = "" } = await logged("listening");
  return {
    url,
    child,
    ended,
    stderr: () => text.stderr,
    logged: async (message) => void (await logged(message)),
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
    call: async <T>(method: string, path: string, body?: unknown): Promise<T> => {
      const answer = await fetch(`${url}/v1/opscore${path}`, {
        method,
        headers: { Authorization: `Bearer ${KEY}`, "Content-Type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
      return (await answer.json()) as T;
    },
  };
};
