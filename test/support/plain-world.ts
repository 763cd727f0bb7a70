import { afterEach, expect, vi } from "vitest";
import type { JsonObject } from "../../src/core/json.ts";
import { createWorld, type Platform, type World, type WorldOptions } from "./world.ts";

/** A world whose agents answer every delivery at once and are played by the test: for races, many of them. */
export interface PlainWorld extends World {
  /** Deliveries in the order in which they were made. */
  readonly sent: readonly { readonly endpoint: string; readonly sessionId: string; readonly attemptId: string }[];
  register(agentId: string, capabilities: readonly string[], capacity?: number): Promise<void>;
  start(definition: JsonObject): Promise<string>;
  /** A report made now, a microsecond after the last. */
  body(agentId: string, state: string, details?: JsonObject): string;
  post(agentId: string, body: string): Promise<Response>;
  say(agentId: string, state: string, details?: JsonObject): Promise<Response>;
  status(sessionId: string): Promise<string>;
}

/** One task for a capability, in a definition of its own. */
export const taskFor = (capability: string, nextTask?: JsonObject): JsonObject => ({
  id: `for_${capability}`,
  name: "For",
  tasks: [
    { taskId: "one", agentCapability: capability, parameters: {}, nextTaskId: nextTask === undefined ? null : "two" },
    ...(nextTask === undefined ? [] : [{ taskId: "two", parameters: {}, nextTaskId: null, ...nextTask }]),
  ],
});

/** Opens plain worlds and closes them after each test. */
export const plainWorlds = (platform: Platform): ((options?: WorldOptions) => Promise<PlainWorld>) => {
  const opened: World[] = [];
  // Hundreds of requests, on whatever machine.
  vi.setConfig({ testTimeout: 60_000 });
  afterEach(async () => {
    for (const world of opened.splice(0)) await world.close();
  });
  return async (options = {}) => {
    const sent: { endpoint: string; sessionId: string; attemptId: string }[] = [];
    const world = await createWorld(platform, {
      call: ({ url, body }) => {
        const task = JSON.parse(body) as { opscore_session_id: string; opscore_task_id: string };
        sent.push({ endpoint: url, sessionId: task.opscore_session_id, attemptId: task.opscore_task_id });
        const headers = { get: () => null };
        return Promise.resolve({ kind: "answer", status: 200, headers, body: "{}", truncated: false });
      },
      ...options,
    });
    opened.push(world);
    let micros = 0;
    const plain: PlainWorld = {
      ...world,
      sent,
      register: async (agentId, capabilities, capacity = 1) => {
        const answer = await world.request("PUT", `/v1/opscore/agents/${agentId}`, {
          agentName: `name of ${agentId}`,
          version: "1",
          capabilities,
          contactEndpoint: `http://${agentId}.test/`,
          metadata: { config: { maxConcurrentTasks: capacity } },
        });
        expect(answer.status).toBe(201);
      },
      start: async (definition) => {
        const answer = await world.request("POST", "/v1/opscore/sessions", { workflowDefinition: definition });
        expect(answer.status).toBe(202);
        return ((await answer.json()) as { sessionId: string }).sessionId;
      },
      body: (agentId, state, details = {}) => {
        micros = Math.max(micros + 1, world.clock.now() * 1_000);
        const at = new Date(Math.floor(micros / 1_000)).toISOString().slice(0, -1);
        const timestamp = `${at}${String(micros % 1_000).padStart(3, "0")}+00:00`;
        return JSON.stringify({ agentId, timestamp, state, details });
      },
      post: (agentId, body) => world.request("POST", `/v1/opscore/agent/${agentId}/state`, body),
      say: async (agentId, state, details = {}) => {
        const answer = await plain.post(agentId, plain.body(agentId, state, details));
        expect(answer.status).toBe(202);
        return answer;
      },
      status: async (sessionId) => {
        const answer = await world.request("GET", `/v1/opscore/sessions/${sessionId}`);
        return ((await answer.json()) as { status: string }).status;
      },
    };
    return plain;
  };
};
