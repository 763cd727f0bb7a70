import type { Sql } from "../../src/store/sql-port.ts";
import { openCrashDatabase } from "../sim/crash-points/database.ts";
import { unreachableCall, type Platform } from "./world.ts";

/** libSQL in memory, for worlds of thousands of batches; `around` stands between the store and the database. */
export const memoryPlatform = (around: (sql: Sql) => Sql = (sql) => sql): Platform => ({
  name: "libsql",
  openSql: async () => {
    const { sql } = await openCrashDatabase();
    return { sql: around(sql), close: () => Promise.resolve() };
  },
  call: unreachableCall,
});
