import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Config } from "../contract/config.ts";
import { databaseFile } from "../contract/database-file.ts";

export interface ApiKey {
  readonly key: string;
  /** It was made just now: tell the operator once. */
  readonly isNew: boolean;
  /** Where it is kept; `null` if it came from the environment. */
  readonly file: string | null;
}

/**
 * A secret from its file beside the data; where there is none, for a loopback listener only, it is made once and kept
 * there, readable by this user alone.
 */
const keptBesideTheData = (config: Config, name: string, make: () => string) => {
  const database = databaseFile(config.databaseUrl);
  const folder = database === null ? "data" : dirname(database);
  const file = join(folder, name);
  try {
    const secret = readFileSync(file, "utf8").trim();
    if (secret !== "") return { secret, isNew: false, file };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  mkdirSync(folder, { recursive: true });
  const secret = make();
  writeFileSync(file, `${secret}\n`, { mode: 0o600 });
  return { secret, isNew: true, file };
};

/** The root key: from the environment, else, for a loopback listener, generated once and kept beside the data. */
export const loadApiKey = (config: Config): ApiKey => {
  if (config.apiKey !== null) return { key: config.apiKey, isNew: false, file: null };
  const kept = keptBesideTheData(config, "api-key", () => `opscore_${randomBytes(24).toString("base64url")}`);
  return { key: kept.secret, isNew: kept.isNew, file: kept.file };
};

/**
 * What the HMACs of keys are made with: from the environment, else, for a loopback listener, generated once and kept
 * beside the data. Empty: keys are neither made nor taken.
 */
export const loadKeyPeppers = (config: Config): readonly string[] => {
  if (config.keyPeppers.length > 0 || !config.loopback) return config.keyPeppers;
  return [keptBesideTheData(config, "key-pepper", () => randomBytes(32).toString("base64url")).secret];
};
