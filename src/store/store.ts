import { OpsError } from "../app/ops-error.ts";
import type { Store } from "../app/store-port.ts";
import { agentStore } from "./agents.ts";
import { auditStore } from "./audit.ts";
import { definitionStore } from "./definitions.ts";
import { keyStore } from "./keys.ts";
import { loads } from "./load.ts";
import { reader } from "./reader.ts";
import { replyStore } from "./replies.ts";
import { scheduleStore } from "./schedules.ts";
import { sessionLists } from "./session-lists.ts";
import { sessionStore } from "./sessions.ts";
import { statement, type Sql } from "./sql-port.ts";
import { storeFailure } from "./store-failure.ts";
import { taskLists } from "./task-lists.ts";
import { deliveryStore } from "./webhook-deliveries.ts";
import { webhookStore } from "./webhooks.ts";

/** Driver errors become failures here, at the edge; whatever else is thrown above is a bug and stays one. */
export const translating = (sql: Sql): Sql => ({
  batch: async (statements, mode, withinMs) => {
    try {
      return await sql.batch(statements, mode, withinMs);
    } catch (error) {
      throw storeFailure(error);
    }
  },
});

/** The query builder wraps what the driver threw. */
const unwrapped = (error: unknown): unknown =>
  error instanceof Error && error.cause instanceof OpsError && !(error instanceof OpsError) ? error.cause : error;

/** The Store port over any Sql port. Driver errors leave here as `OpsError`. */
export const createStore = (driver: Sql): Store => {
  const sql = translating(driver);
  const read = reader(sql);
  const store: Store = {
    ping: async () => {
      await sql.batch([statement("SELECT 1")], "read");
    },
    ...loads(sql),
    ...sessionStore(sql, read),
    ...sessionLists(sql),
    ...taskLists(sql),
    ...agentStore(sql),
    ...auditStore(sql),
    ...definitionStore(sql, read),
    ...scheduleStore(sql),
    ...replyStore(sql),
    ...keyStore(sql),
    ...webhookStore(sql),
    ...deliveryStore(sql),
  };
  const translated = Object.entries(store).map(([name, method]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await (method as (...args: unknown[]) => Promise<unknown>)(...args);
      } catch (error) {
        throw unwrapped(error);
      }
    },
  ]);
  return Object.fromEntries(translated) as Store;
};
