import { lookup } from "node:dns";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createUndiciCall } from "../../src/agentkit/undici-call.ts";
import { openLibsql } from "../../src/store/libsql.ts";
import { migrateLibsql } from "../../src/store/migrate-libsql.ts";
import type { Platform } from "./world.ts";

const migrations = fileURLToPath(new URL("../../drizzle", import.meta.url));

/** Node and an embedded libSQL file, a new one for each world. */
export const nodePlatform: Platform = {
  name: "libsql",
  openSql: async () => {
    const folder = mkdtempSync(join(tmpdir(), "opscore-"));
    const url = `file:${join(folder, "test.db")}`;
    await migrateLibsql({ url }, migrations);
    const sql = await openLibsql({ url });
    return {
      sql,
      close: () => {
        sql.close();
        rmSync(folder, { recursive: true, force: true });
        return Promise.resolve();
      },
    };
  },
  call: createUndiciCall({ resolve: lookup }),
};
