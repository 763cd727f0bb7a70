import type { Store } from "../app/store-port.ts";
import { agentStore } from "./agents.ts";
import { definitionStore } from "./definitions.ts";
import { loads } from "./load.ts";
import { reader } from "./reader.ts";
import { sessionStore } from "./sessions.ts";
import { statement, type Sql } from "./sql-port.ts";
import { storeFailure } from "./store-failure.ts";

/** The Store port over any Sql port. Driver errors leave here as `OpsError`. */
export const createStore = (sql: Sql): Store => {
  const read = reader(sql);
  const store: Store = {
    ping: async () => {
      await sql.batch([statement("SELECT 1")], "read");
    },
    ...loads(sql),
    ...sessionStore(sql, read),
    ...agentStore(sql),
    ...definitionStore(sql, read),
  };
  const translated = Object.entries(store).map(([name, method]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await (method as (...args: unknown[]) => Promise<unknown>)(...args);
      } catch (error) {
        throw storeFailure(error);
      }
    },
  ]);
  return Object.fromEntries(translated) as Store;
};
