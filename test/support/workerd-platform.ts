import { env } from "cloudflare:workers";
import { createFetchCall } from "../../src/agentkit/fetch-call.ts";
import { reachable } from "../../src/entry/worker-probe.ts";
import { d1Sql } from "../../src/store/d1.ts";
import "./workerd-env.ts";
import type { Platform } from "./world.ts";
import { TABLES } from "./tables.ts";

/** workerd and D1; the one database of a test file is emptied for each world. */
export const workerdPlatform: Platform = {
  name: "d1",
  openSql: async () => {
    await env.DB.batch(TABLES.map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
    return { sql: d1Sql(env.DB), close: () => Promise.resolve() };
  },
  call: createFetchCall((...args) => fetch(...args), reachable),
};
