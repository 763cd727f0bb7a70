import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { HttpCall } from "../../src/agentkit/http-call.ts";
import { d1Sql, type D1 } from "../../src/store/d1.ts";
import { nodePlatform } from "../../test/support/node-platform.ts";
import { counted, createWorld, type Counts, type Platform, type World } from "../../test/support/world.ts";
import { figure } from "./figures.ts";
import type { Variant } from "./stub-agents.ts";
import { chain } from "./workflow.ts";

/** Counts, which no machine changes: round trips to the database, and rows written as D1 bills them. */
export interface Costs {
  /** Rows of a whole step: dispatch, delivery, reports. `null`: there is no D1 here to count them. */
  readonly rowsPerStep: number | null;
  readonly roundTripsPerStep: number;
  /** Of the report or call that completes a step and starts the next one. */
  readonly roundTripsBeforeAnswer: number;
}

const MIGRATIONS = fileURLToPath(new URL("../../drizzle", import.meta.url));
const STEPS = 6;

/** D1 as Cloudflare's simulator has it; it says how many rows it wrote. */
const miniflarePlatform: Platform = {
  name: "d1",
  openSql: async () => {
    const simulator = new Miniflare(
      convertV4MiniflareOptions({ modules: true, script: "export default {}", d1Databases: ["DB"] }),
    );
    const db = await simulator.getD1Database("DB");
    for (const file of readdirSync(MIGRATIONS)
      .filter((name) => name.endsWith(".sql"))
      .toSorted()) {
      const statements = readFileSync(`${MIGRATIONS}/${file}`, "utf8").split("--> statement-breakpoint");
      for (const statement of statements) await db.prepare(statement).run();
    }
    return { sql: d1Sql(db as unknown as D1), close: () => simulator.dispose() };
  },
  call: nodePlatform.call,
};

interface Calls {
  readonly call: HttpCall;
  /** Lets the agent answer the task it got last, and tells its id. */
  release(): string;
}

const heldCalls = (): Calls => {
  let attemptId = "";
  let answer: () => void = () => undefined;
  return {
    call: ({ body }) => {
      attemptId = (JSON.parse(body) as { opscore_task_id: string }).opscore_task_id;
      return new Promise((resolve) => {
        answer = () =>
          resolve({
            kind: "answer",
            status: 200,
            headers: { get: () => null },
            body: '{"status":"accepted"}',
            truncated: false,
          });
      });
    },
    release: () => {
      answer();
      return attemptId;
    },
  };
};

const post = async (world: World, path: string, body: object): Promise<void> => {
  world.clock.advance(1_000);
  const response = await world.request("POST", path, body);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
};

const report = (world: World, state: string, attemptId: string): Promise<void> =>
  post(world, "/v1/opscore/agent/a1/state", {
    agentId: "a1",
    timestamp: new Date(world.clock.now() + 1_000).toISOString(),
    state,
    details: { opscore_task_id: attemptId, ...(state === "idle" ? { result: { text: "done" } } : {}) },
  });

/** One step: the agent answers the task, which is noted, and settles it. The counts of the completing call apart. */
const step = async (world: World, calls: Calls, variant: Variant): Promise<Counts> => {
  const attemptId = calls.release();
  await world.flush();
  if (variant === "settle") {
    const settle = (): Promise<void> =>
      post(world, `/v1/opscore/tasks/${attemptId}/complete`, { output: { text: "done" } });
    return counted(world, settle);
  }
  await report(world, "active", attemptId);
  return counted(world, () => report(world, "idle", attemptId));
};

const count = async (platform: Platform, variant: Variant): Promise<Costs> => {
  const calls = heldCalls();
  const world = await createWorld(platform, { call: calls.call, mode: "direct" });
  try {
    const definition = chain(STEPS, "home");
    await post(world, "/v1/opscore/internal/agent/notify", {
      event_type: "REGISTER",
      agent_details: { agentId: "a1", agentName: "a1", version: "1", contactEndpoint: "http://agent.test/" },
    });
    await post(world, "/v1/opscore/workflows", definition);
    await post(world, "/v1/opscore/agent/a1/workflow", { workflowDefinitionId: definition.id });
    // The first step may write more: the agent's first report, the first deadline.
    await step(world, calls, variant);
    const between = STEPS - 2;
    let beforeAnswer = 0;
    const all = await counted(world, async () => {
      for (let at = 0; at < between; at += 1) {
        const completing = await step(world, calls, variant);
        beforeAnswer = Math.max(beforeAnswer, completing.roundTrips);
      }
    });
    calls.release();
    return {
      rowsPerStep: platform.name === "d1" ? figure(all.rowsWritten / between, 2) : null,
      roundTripsPerStep: figure(all.roundTrips / between, 2),
      roundTripsBeforeAnswer: beforeAnswer,
    };
  } finally {
    await world.close();
  }
};

/** What a step costs the database, measured in this process: on D1, or on libSQL where no simulator runs. */
export const stepCosts = async (variant: Variant): Promise<Costs> => {
  try {
    return await count(miniflarePlatform, variant);
  } catch (error) {
    process.stderr.write(`D1 cannot be simulated here, rows are not counted: ${String(error)}\n`);
    return count(nodePlatform, variant);
  }
};
