import { accessSync, constants, existsSync, statfsSync, statSync } from "node:fs";
import { connect } from "node:net";
import { dirname, resolve } from "node:path";
import type { DatabaseInspection, Inspection } from "../cli/local.ts";
import { parseConfig } from "../contract/config.ts";
import { databaseFile, databaseFileFault } from "../contract/database-file.ts";
import { fileFault } from "./database-target.ts";
import { migrationState } from "./migrations.ts";
import { acquireWriterLock, WriterLockRefused } from "./writer-lock.ts";

type Env = Readonly<Record<string, string | undefined>>;

const CONNECT_MS = 1_000;

const isWritable = (path: string): boolean => {
  try {
    accessSync(path, constants.W_OK);
    // The superuser passes every check but that of a file system which takes no files.
    return !/^\/(?:proc|sys)(?:\/|$)/.test(path);
  } catch {
    return false;
  }
};

/** The nearest folder that is there: the ones below it are made at the first start. */
const nearestFolder = (path: string): string => {
  let folder = dirname(resolve(path));
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
};

const freeMbOf = (folder: string): number | null => {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return Math.floor((bavail * bsize) / 1_048_576);
  } catch {
    return null;
  }
};

/** Nobody may write, whoever we are: the superuser is let through where a server's user is not. */
const isReadOnly = (file: string): boolean => (statSync(file).mode & 0o222) === 0 || !isWritable(file);

const inspectDatabase = async (url: string): Promise<DatabaseInspection | null> => {
  const file = databaseFile(url);
  if (file === null) return null;
  const folder = nearestFolder(file);
  const isThere = existsSync(file);
  const base = { file, folder, folderWritable: isWritable(folder), freeMb: freeMbOf(folder), isThere };
  const wrong = isThere ? fileFault(file) : null;
  const readOnly = isThere && wrong === null && isReadOnly(file);
  const nothing = { fileFault: wrong, readOnly, unreadable: null, pending: [], unknown: 0 };
  if (!isThere || wrong !== null) return { ...base, ...nothing };
  try {
    const { pending, unknown } = await migrationState({ url });
    return { ...base, ...nothing, pending, unknown };
  } catch (error) {
    return { ...base, ...nothing, unreadable: error instanceof Error ? error.message : String(error) };
  }
};

/** Takes the lock of a file that is there for a moment, as a start would; who has it is told. */
const lockHolder = (url: string): string | null => {
  const file = databaseFile(url);
  if (file === null || !existsSync(file) || !existsSync(`${file}.lock`)) return null;
  try {
    acquireWriterLock(url)?.release();
    return null;
  } catch (error) {
    if (error instanceof WriterLockRefused) return error.lines[0] ?? "it is locked";
    throw error;
  }
};

const isListening = (port: number, host: string): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect({ port, host: host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host });
    const end = (result: boolean) => (): void => {
      socket.destroy();
      done(result);
    };
    socket.setTimeout(CONNECT_MS, end(false)).once("connect", end(true)).once("error", end(false));
  });

/** What a server that is started here with this environment would find. Changes nothing. */
export const inspect = async (env: Env, nodeVersion: string): Promise<Inspection> => {
  const parsed = parseConfig(env, "node");
  const text = (name: string): string => env[name]?.trim() ?? "";
  const wanted = text("DATABASE_URL") || "file:data/opscore.db";
  // A bad one is among the problems.
  const url = databaseFileFault(wanted) === null ? wanted : "libsql://none";
  const port = parsed.ok ? parsed.config.port : Number(text("PORT") || 8_000);
  const host = parsed.ok ? parsed.config.host : "127.0.0.1";
  return {
    nodeVersion,
    problems: parsed.ok ? [] : parsed.problems,
    port,
    agentKit: parsed.ok && text("AGENTKIT_API_URL") !== "" ? parsed.config.agentkitApiUrl : null,
    database: await inspectDatabase(url),
    lockHolder: () => Promise.resolve(lockHolder(url)),
    portTaken: () => (port > 0 && port < 65_536 ? isListening(port, host) : Promise.resolve(false)),
  };
};
