import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join, parse } from "node:path";
import { usageError } from "./exit-codes.ts";
import type { Io } from "./io.ts";

/** Where a value comes from; the first of these that has one wins. */
export type Source = "flag" | "environment" | "project file" | "user file" | "default";

/** One thing that commands need to know. */
export interface Setting {
  readonly name: SettingName;
  /** `null`: nobody says. */
  readonly value: string | null;
  /** `null` with a `value` of `null`. */
  readonly source: Source | null;
  /** The flag, the variable or the file. */
  readonly origin: string | null;
  /** Its value is never printed. */
  readonly secret: boolean;
}

export type SettingName = "url" | "apiKey" | "webhookSecret" | "requestTimeout";

/** All settings. */
export type Settings = Readonly<Record<SettingName, Setting>>;

interface Known {
  readonly flag: string | null;
  readonly variables: readonly string[];
  readonly secret: boolean;
  readonly fallback: string | null;
}

const known: Readonly<Record<SettingName, Known>> = {
  url: {
    flag: "--url",
    variables: ["OPSCORE_URL", "OPSCORE_API_URL"],
    secret: false,
    fallback: "http://127.0.0.1:8000",
  },
  apiKey: { flag: "--api-key", variables: ["OPSCORE_API_KEY"], secret: true, fallback: null },
  webhookSecret: { flag: null, variables: ["OPSCORE_WEBHOOK_SECRET"], secret: true, fallback: null },
  requestTimeout: {
    flag: "--request-timeout",
    variables: ["OPSCORE_REQUEST_TIMEOUT"],
    secret: false,
    fallback: "30s",
  },
};

/** Every setting, in the order in which they are listed. */
export const SETTING_NAMES = Object.keys(known) as readonly SettingName[];

/** What flags say, by setting. */
export type Flags = Readonly<Partial<Record<SettingName, string | undefined>>>;

type Values = Readonly<Record<string, string>>;

interface File {
  readonly path: string;
  /** By setting. */
  readonly values: Values;
}

const PROJECT_FILE = "opscore.json";

const textOf = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
    if (["ENOENT", "ENOTDIR", "EISDIR"].includes(code)) return null;
    throw usageError(`${path} cannot be read (${code}).`);
  }
};

const jsonFile = (path: string): File | null => {
  const text = textOf(path);
  if (text === null) return null;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw usageError(`${path} is no JSON.`, 'It holds an object, such as {"url": "https://ops.example.com"}.');
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw usageError(`${path} is no JSON object.`);
  }
  for (const [name, value] of Object.entries(parsed)) {
    if (!SETTING_NAMES.includes(name as SettingName)) {
      throw usageError(`${path} names "${name.slice(0, 40)}"; there are: ${SETTING_NAMES.join(", ")}.`);
    }
    if (typeof value !== "string" || value === "") throw usageError(`${path}: ${name} is no text.`);
  }
  return { path, values: parsed as Values };
};

/** The nearest one, from the working folder up. */
const projectFile = (folder: string): File | null => {
  for (let at = folder; ; at = dirname(at)) {
    const found = jsonFile(join(at, PROJECT_FILE));
    if (found !== null || at === parse(at).root) return found;
  }
};

/** `NAME=value` a line; what else a `.env` holds is other programs' business. */
const envFile = (folder: string): File | null => {
  const path = join(folder, ".env");
  const text = textOf(path);
  if (text === null) return null;
  const said = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, name = "", , quoted, bare = ""] =
      /^\s*(?:export\s+)?([A-Z_]+)\s*=\s*(?:(["'])(.*)\2|([^#]*?))\s*(?:#.*)?$/.exec(line) ?? [];
    const value = quoted ?? bare;
    if (name !== "" && value !== "") said.set(name, value);
  }
  const values = Object.fromEntries(
    SETTING_NAMES.flatMap((setting) => {
      const name = known[setting].variables.find((one) => said.has(one));
      return name === undefined ? [] : [[setting, said.get(name) ?? ""] as const];
    }),
  );
  return { path, values };
};

const userFile = ({ env }: Io): File | null => {
  // A relative one, and so an empty one, would be looked for in the working folder, which may be another's.
  const own = (folder: string | undefined): folder is string => folder !== undefined && isAbsolute(folder);
  const home = [env["HOME"], env["USERPROFILE"]].find(own);
  const folder = [env["XDG_CONFIG_HOME"], home === undefined ? undefined : join(home, ".config")].find(own);
  return folder === undefined ? null : jsonFile(join(folder, "opscore", "config.json"));
};

const isLoopback = (url: string | null): boolean => {
  if (url === null || !URL.canParse(url)) return false;
  return /^(?:localhost|127\.[0-9.]+|\[::1\])$/.test(new URL(url).hostname);
};

/** The key that a server on this machine has made for itself. */
const ownKey = (folder: string): { readonly path: string; readonly key: string } | null => {
  const path = join(folder, "data", "api-key");
  try {
    const key = readFileSync(path, "utf8").trim();
    return key === "" ? null : { path, key };
  } catch {
    return null; // it may be another's, and not for us to read
  }
};

/** Every setting and where it comes from. A file that cannot be meant is a usage error, which shows none of its values. */
export const readSettings = (io: Io, flags: Flags): Settings => {
  const files = [
    { file: projectFile(io.folder), source: "project file" },
    { file: envFile(io.folder), source: "project file" },
    { file: userFile(io), source: "user file" },
  ] as const;
  const find = (name: SettingName): Omit<Setting, "name" | "secret"> => {
    const { flag, variables, fallback } = known[name];
    const said = flags[name];
    if (said !== undefined) return { value: said, source: "flag", origin: flag };
    const variable = variables.find((one) => (io.env[one]?.trim() ?? "") !== "");
    if (variable !== undefined) {
      return { value: io.env[variable]?.trim() ?? "", source: "environment", origin: variable };
    }
    for (const { file, source } of files) {
      const value = file?.values[name];
      if (file !== null && value !== undefined) return { value, source, origin: file.path };
    }
    return { value: fallback, source: fallback === null ? null : "default", origin: null };
  };
  const setting = (name: SettingName): Setting => ({ name, secret: known[name].secret, ...find(name) });
  const url = setting("url");
  const apiKey = setting("apiKey");
  const own = apiKey.value === null && isLoopback(url.value) ? ownKey(io.folder) : null;
  return {
    url,
    apiKey: own === null ? apiKey : { ...apiKey, value: own.key, source: "default", origin: own.path },
    webhookSecret: setting("webhookSecret"),
    requestTimeout: setting("requestTimeout"),
  };
};
