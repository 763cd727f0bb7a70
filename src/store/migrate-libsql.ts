import { createClient } from "@libsql/client";
import { drizzle } from "drizzle-orm/libsql";
import { migrate } from "drizzle-orm/libsql/migrator";
import type { LibsqlOptions } from "./libsql.ts";

/** Brings a libSQL database to the newest schema. `folder`: the generated migrations. Idempotent. */
export const migrateLibsql = async (options: LibsqlOptions, folder: string): Promise<void> => {
  const client = createClient({ ...options, concurrency: 1, timeout: 5_000 });
  try {
    await migrate(drizzle(client), { migrationsFolder: folder });
  } finally {
    client.close();
  }
};
