import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Log } from "../app/ports.ts";
import { parseConfig, type Config } from "../contract/config.ts";
import { createJsonLog } from "../telemetry/json-log.ts";
import { loadApiKey, loadKeyPeppers, type ApiKey } from "./api-key.ts";
import type { RunningServer, ServerOptions } from "./node-server.ts";
import { systemClock } from "./system.ts";
import type { WriterLock } from "./writer-lock.ts";

const COMPILE_CACHE = fileURLToPath(new URL("../../node_modules/.cache/ops-core", import.meta.url));

/** A process that cannot start for a reason its operator can mend: what to print, one line each, and the exit code. */
export class StartRefused extends Error {
  override readonly name = "StartRefused";
  readonly lines: readonly string[];
  readonly exitCode: 1 | 2;
  constructor(lines: readonly string[], exitCode: 1 | 2, options?: ErrorOptions) {
    super(lines.join("\n"), options);
    this.lines = lines;
    this.exitCode = exitCode;
  }
}

/** The configuration, or one line for each thing wrong with it. */
export const readConfig = (env: Readonly<Record<string, string | undefined>>): Config => {
  const parsed = parseConfig(env, "node");
  if (parsed.ok) return parsed.config;
  throw new StartRefused(parsed.problems, 2);
};

/** What is really wrong: drivers wrap it in the text of the query. */
const rootMessage = (error: unknown): string => {
  let root = error;
  while (root instanceof Error && root.cause !== undefined) root = root.cause;
  return (root instanceof Error ? root.message : String(root)).split("\n")[0] ?? "";
};

/** How to start it once more on another port. */
type Again = (port: number) => string;

const npmStart: Again = (port) => `PORT=${port} npm start`;

const explain = (error: unknown, { host, port }: Config, again: Again): string => {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const another = port === 8080 ? 8081 : 8080;
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} is in use. Choose another: ${again(another)}`;
    case "EACCES":
      return port < 1024 && port > 0
        ? `Port ${port} needs more rights than this user has. Choose another: ${again(another)}`
        : `DATABASE_URL: no permission to write there (${rootMessage(error)}).`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `HOST: "${host}" is not an address of this machine.`;
    default:
      return `Ops-Core could not start; if it is about a file or a database, see DATABASE_URL: ${rootMessage(error)}`;
  }
};

/**
 * Loading leaves 150 MB of garbage in a heap that V8 hands back only under pressure, which an idle server never
 * feels. Once, before it serves, that is given back.
 */
const releaseMemory = (): void => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as (options: object) => void;
  gc({ type: "major", execution: "sync", flavor: "last-resort" });
};

/** What `runServer` is told. */
interface RunOptions extends Omit<ServerOptions, "apiKey" | "lock"> {
  /** How often to see whether the lock is still ours (ms). */
  readonly lockCheckMs?: number;
  /** For the words of a port that is taken. Default: `npm start`. */
  readonly again?: Again;
}

/** The database may have another writer: what is begun is finished, nothing new is, and the process ends with 1. */
const endLost = async (lines: readonly string[], server: RunningServer, log: Log): Promise<void> => {
  for (const line of lines) process.stderr.write(`${line}\n`);
  log.log("error", "the lock on the database was lost, stopping", { reason: lines.join(" ") });
  try {
    await server.stop();
  } catch (error) {
    process.stderr.write(`stopping failed: ${rootMessage(error)}\n`);
  }
  process.exit(1);
};

/**
 * Takes the writer's lock, then `loadApiKey` and `startServer`, with every failure in words for the operator. A second
 * process on the same database file is refused before it has written anything. If the lock's file is deleted or
 * replaced later, the server is stopped and the process ends with 1.
 */
export const runServer = async (
  config: Config,
  { lockCheckMs, again = npmStart, ...options }: RunOptions,
): Promise<RunningServer & { readonly key: ApiKey }> => {
  // Only now, so that a refused start is quick, and cached, so that the next one is.
  (nodeModule as Partial<typeof nodeModule>).enableCompileCache?.(COMPILE_CACHE); // Node 20 has none
  const { acquireWriterLock, WriterLockRefused } = await import("./writer-lock.ts");
  let lock: WriterLock | null = null;
  try {
    lock = acquireWriterLock(config.databaseUrl);
    const key = loadApiKey(config);
    const { startServer } = await import("./node-server.ts");
    const server = await startServer(
      { ...config, keyPeppers: loadKeyPeppers(config) },
      { ...options, apiKey: key.key, lock },
    );
    lock?.watch((lines) => void endLost(lines, server, options.log), lockCheckMs);
    releaseMemory();
    return { ...server, key };
  } catch (error) {
    lock?.release();
    const lines = error instanceof WriterLockRefused ? error.lines : [explain(error, config, again)];
    throw new StartRefused(lines, 1, { cause: error });
  }
};

/** Runs `main`; a refused start is printed and ends the process, anything else is a bug and shows its stack. */
export const runMain = async (main: () => Promise<void>): Promise<void> => {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof StartRefused)) throw error;
    for (const line of error.lines) process.stderr.write(`${line}\n`);
    process.exit(error.exitCode);
  }
};

/** npm hands on a signal that the terminal has sent to us as well: two so close together are one wish. */
const ONE_WISH_MS = 500;

/** On SIGTERM or SIGINT runs `stop` once and exits with 0; a second wish exits at once with 1. */
export const stopOnSignals = (stop: () => Promise<void>): void => {
  let since: number | null = null;
  const onSignal = (): void => {
    const now = performance.now();
    if (since !== null) {
      if (now - since > ONE_WISH_MS) process.exit(1);
      return;
    }
    since = now;
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`stopping failed: ${error instanceof Error ? error.message : String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
};

/** The server alone: logs to stdout, one JSON object a line, until a signal ends it. */
export const serveAlone = async (config: Config, options: Pick<RunOptions, "lockCheckMs"> = {}): Promise<void> => {
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  const log = createJsonLog({ write, clock: systemClock, level: config.logLevel });
  const server = await runServer(config, { ...options, log });
  const { key, isNew, file } = server.key;
  if (isNew) process.stderr.write(`A root key was generated and is kept in ${file ?? "memory"}: ${key}\n`);
  log.log("info", "listening", { url: server.url, keyFile: file });
  stopOnSignals(async () => {
    log.log("info", "stopping");
    await server.stop();
  });
};
