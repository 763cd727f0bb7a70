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

/** The root key: from the environment, else, for a loopback listener, generated once and kept beside the data. */
export const loadApiKey = (config: Config): ApiKey => {
  if (config.apiKey !== null) return { key: config.apiKey, isNew: false, file: null };
  const database = databaseFile(config.databaseUrl);
  const folder = database === null ? "data" : dirname(database);
  const file = join(folder, "api-key");
  try {
    const key = readFileSync(file, "utf8").trim();
    if (key !== "") return { key, isNew: false, file };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  mkdirSync(folder, { recursive: true });
  const key = `opscore_${randomBytes(24).toString("base64url")}`;
  writeFileSync(file, `${key}\n`, { mode: 0o600 });
  return { key, isNew: true, file };
};
