import { createClient } from "@libsql/client";
import { drizzle } from "drizzle-orm/libsql";
import { migrate } from "drizzle-orm/libsql/migrator";
import { databaseFile } from "../contract/database-file.ts";
import type { LibsqlOptions } from "./libsql.ts";

/** Brings a libSQL database to the newest schema. `folder`: the generated migrations. Idempotent. */
export const migrateLibsql = async (options: LibsqlOptions, folder: string): Promise<void> => {
  // The client decodes a file's path, which is opened as it is everywhere else: without this it would be another file.
  const file = databaseFile(options.url);
  const url = file === null ? options.url : `file:${file.replace(/[%#?]/g, encodeURIComponent)}`;
  const client = createClient({ ...options, url, concurrency: 1, timeout: 5_000 });
  try {
    await migrate(drizzle(client), { migrationsFolder: folder });
  } finally {
    client.close();
  }
};
