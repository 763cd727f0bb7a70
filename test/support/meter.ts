import { expect } from "vitest";
import type { HttpOutcome } from "../../src/agentkit/http-call.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { createQueueHints } from "../../src/queue/queue-hints.ts";
import { counted, createWorld, type Counts, type Platform, type World } from "./world.ts";

export interface Metered extends Counts {
  readonly body: JsonObject;
}

/** A world whose background work stands still until it is let go, so that it is counted apart from the answers. */
export interface Meter {
  readonly world: World;
  /** What agents and AgentKit answer from now on; at first the agent answers 200 without JSON. */
  answer(outcome: HttpOutcome): void;
  /** Attempt ids in the order in which they were sent. */
  readonly sent: readonly string[];
  agent(id: string, capabilities?: readonly string[]): Promise<void>;
  save(definition: JsonObject): Promise<void>;
  /** One request with an answer of that status, a second after the one before; its cost up to the answer. */
  ask(status: number, method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Metered>;
  /** A state report. The same `at` (µs) again makes it a repeat. */
  say(agentId: string, state: string, details?: JsonObject, at?: number): Promise<Metered>;
  start(body: JsonObject, headers?: Record<string, string>): Promise<Metered & { readonly sessionId: string }>;
  /** The cost of all background work that is pending, and of what follows from it. */
  background(): Promise<Counts>;
  /** The cost of one sweep with all that follows from it. */
  sweep(): Promise<Counts>;
  /** How many queue messages the hints given so far are. */
  messages(): Promise<number>;
}

export const answered = (status: number, body = ""): HttpOutcome => ({
  kind: "answer",
  status,
  headers: { get: () => null },
  body,
  truncated: false,
});

export const openMeter = async (platform: Platform): Promise<Meter> => {
  let outcome = answered(200);
  const sent: string[] = [];
  const pending: (() => Promise<void>)[] = [];
  const world = await createWorld(platform, {
    mode: "direct",
    call: ({ body }) => {
      sent.push((JSON.parse(body) as { opscore_task_id: string }).opscore_task_id);
      return Promise.resolve(outcome);
    },
  });
  Object.assign(world.deps.defer, { defer: (work: () => Promise<void>) => void pending.push(work) });
  let micros = 0;
  const settle = async (): Promise<void> => {
    for (let work = pending.shift(); work !== undefined; work = pending.shift()) await work();
  };
  const ask: Meter["ask"] = async (status, method, path, body, headers = {}) => {
    world.clock.advance(1_000);
    const { result, roundTrips, rowsWritten } = await counted(world, () => world.request(method, path, body, headers));
    const text = await result.text();
    expect([result.status, text]).toEqual([status, expect.any(String)]);
    return { roundTrips, rowsWritten, body: JSON.parse(text) as JsonObject };
  };
  return {
    world,
    answer: (next) => {
      outcome = next;
    },
    sent,
    agent: async (id, capabilities = []) => {
      const body = { agentName: id, version: "1", capabilities, contactEndpoint: `http://${id}.test/task` };
      await ask(201, "PUT", `/v1/opscore/agents/${id}`, body);
      await settle();
    },
    save: async (definition) => {
      await ask(201, "POST", "/v1/opscore/workflows", definition);
    },
    ask,
    say: (agentId, state, details = {}, at) => {
      micros = Math.max(micros + 1, (world.clock.now() + 1_000) * 1_000);
      const time = at ?? micros;
      const seconds = new Date(Math.floor(time / 1_000_000) * 1_000).toISOString().slice(0, 19);
      const timestamp = `${seconds}.${String(time % 1_000_000).padStart(6, "0")}+00:00`;
      return ask(202, "POST", `/v1/opscore/agent/${agentId}/state`, { agentId, timestamp, state, details });
    },
    start: async (body, headers) => {
      const started = await ask(202, "POST", "/v1/opscore/sessions", body, headers);
      return { ...started, sessionId: String(started.body["sessionId"]) };
    },
    background: async () => (await counted(world, settle)) satisfies Counts,
    sweep: async () => {
      const before = { ...world.counts };
      const swept = world.sweep();
      await swept;
      await settle();
      return {
        roundTrips: world.counts.roundTrips - before.roundTrips,
        rowsWritten: world.counts.rowsWritten - before.rowsWritten,
      };
    },
    messages: async () => {
      let count = 0;
      const queue = {
        sendBatch: (batch: readonly unknown[]) => {
          count += batch.length;
          return Promise.resolve();
        },
      };
      await createQueueHints(queue, world.clock, world.deps.log).send(world.hints);
      return count;
    },
  };
};
