import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KEY, startProcess, type AtEnd, type Ended, type ServerProcess } from "./server-process.ts";

/** Longer than a dispatch is leased: what an earlier process had requested is due when the next one starts (ms). */
const AWAY_MS = 31_000;

/** How often one request may go unanswered while the process lives. */
const MAX_FAULTS = 50;

/** An answer that has come is the client's to keep; how often it was asked for is told. */
export interface Answer {
  readonly status: number;
  readonly value: Readonly<Record<string, unknown>>;
  readonly tries: number;
}

/** A server that is killed and started again on one file, and clients that repeat what was not answered. */
export interface KillableServer {
  /** The clock of the server and of its world: real time, and what it has been put forward (ms). */
  now(): number;
  /** Called at each step of the world outside; a kill is aimed at one of them. */
  stepped: () => void;
  /** Repeats the same request until it is answered, by whichever process; 503 is no answer. */
  request(method: string, path: string, body?: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Starts it; its clock has moved on by more than a lease. Resolves when it listens. */
  start(): Promise<void>;
  /** Starts it and kills it `afterMs` later, whether or not it listens by then. */
  startAndKill(afterMs: number): Promise<void>;
  /** SIGKILL to the process that holds the writer's lock. Resolves when no such process is left. */
  kill(): Promise<void>;
}

const isGone = (pid: number | undefined): boolean => {
  try {
    process.kill(pid ?? 0, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
};

const expectKilled = (child: ChildProcess, { code, signal, stderr }: Ended): void => {
  if (signal !== "SIGKILL" || code !== null) throw new Error(`ended by itself (${code ?? signal}): ${stderr}`);
  if (!isGone(child.pid)) throw new Error(`process ${child.pid} is still there`);
};

/** What waits until the next process listens, and the way to tell it. */
const gate = () => {
  let open: (url: string) => void = () => undefined;
  const promise = new Promise<string>((resolve) => {
    open = resolve;
  });
  return { promise, open };
};

export const createKillableServer = (folder: string, atEnd: AtEnd): KillableServer => {
  let aheadMs = 0;
  let server: ServerProcess | null = null;
  let up = gate();
  let listening = false;
  const isUp = (url: string): void => {
    listening = true;
    up.open(url);
  };
  /** Who waits for a process that never came to listen goes on waiting for the next. */
  const isDown = (): void => {
    if (listening) up = gate();
    listening = false;
  };

  const spawn = (spawned?: (child: ChildProcess) => void): Promise<ServerProcess> => {
    aheadMs += AWAY_MS;
    // The clock is all of the real entry that is not real.
    const clock = `const now = Date.now; Date.now = () => now() + ${aheadMs};`;
    return startProcess(folder, { LOG_LEVEL: "info" }, atEnd, {
      nodeArgs: ["--import", `data:text/javascript,${encodeURIComponent(clock)}`],
      ...(spawned === undefined ? {} : { spawned }),
    });
  };

  const ask = async (url: string, method: string, path: string, headers: object, body?: string) => {
    const init = {
      method,
      headers: { Authorization: `Bearer ${KEY}`, "Content-Type": "application/json", ...headers },
    };
    const response = await fetch(`${url}/v1/opscore${path}`, body === undefined ? init : { ...init, body });
    return { status: response.status, value: (await response.json()) as Answer["value"] };
  };

  const self: KillableServer = {
    now: () => Date.now() + aheadMs,
    stepped: () => undefined,
    request: async (method, path, body, headers = {}) => {
      for (let tries = 1, faults = 0; ; tries += 1) {
        const asked = up;
        const url = await asked.promise;
        self.stepped();
        let fault: unknown = "503";
        try {
          const answer = await ask(url, method, path, headers, body);
          self.stepped();
          if (answer.status !== 503) return { ...answer, tries };
        } catch (error) {
          fault = error;
        }
        // Its process was killed meanwhile: the next one is asked. A process that lives has no excuse for long.
        if (asked !== up) continue;
        if ((faults += 1) > MAX_FAULTS) throw new Error(`${method} ${path}: no answer`, { cause: fault });
        await sleep(20);
      }
    },
    start: async () => {
      server = await spawn();
      const { pid } = JSON.parse(readFileSync(join(folder, "opscore.db.pid"), "utf8")) as { readonly pid: number };
      if (pid !== server.child.pid) throw new Error(`process ${pid} writes, not ${server.child.pid}`);
      isUp(server.url);
    },
    startAndKill: async (afterMs) => {
      let child: ChildProcess | undefined;
      const starting = spawn((spawned) => {
        child = spawned;
        setTimeout(() => {
          isDown();
          spawned.kill("SIGKILL");
        }, afterMs);
      });
      const ended = await starting.then(
        (started) => {
          if (!started.child.killed) isUp(started.url);
          return started.ended;
        },
        (error: Error) => error.cause as Ended,
      );
      if (child !== undefined) expectKilled(child, ended);
    },
    kill: async () => {
      if (server === null) throw new Error("it does not run");
      isDown();
      const { child, ended } = server;
      child.kill("SIGKILL");
      expectKilled(child, await ended);
      server = null;
    },
  };
  return self;
};
