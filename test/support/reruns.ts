import { expect } from "vitest";
import { call, read, register, silentAgents, worldsOf, type Json, type Reply, type TaskBody } from "./api.ts";
import type { Platform, World } from "./world.ts";

export const SESSIONS = "/v1/opscore/sessions";

/** A task of agent `a` that is tried once. */
export const on = (taskId: string, more: Json = {}): Json => ({
  taskId,
  agentId: "a",
  retry: { maxAttempts: 1 },
  ...more,
});

export const keyed = (key: string) => ({ "Idempotency-Key": key });

export interface Shown extends Json {
  readonly status: string;
  readonly rerunOf: unknown;
  readonly tasks: readonly (TaskBody & { readonly carriedFrom?: string })[];
}

/** A world with an agent `a` that takes many tasks at a time, and what sessions are run again with. */
export const opener = (platform: Platform) => {
  const worlds = worldsOf(platform);
  return async (on?: Platform): Promise<World> => {
    const world = await worlds({ call: silentAgents().call }, on);
    await register(world, { agentId: "a", metadata: { config: { maxConcurrentTasks: 50 } } });
    return world;
  };
};

export const begin = async (
  world: World,
  tasks: readonly Json[],
  more: Json = {},
  body: Json = {},
): Promise<string> => {
  const workflowDefinition = { id: "w", name: "W", tasks, ...more };
  const reply = await call(world, "POST", SESSIONS, { workflowDefinition, ...body });
  expect(reply.status, reply.text).toBe(202);
  await world.flush();
  return String(reply.body["sessionId"]);
};

/** Says what became of the first attempt of a session's n-th task. */
export const settle = async (world: World, sessionId: string, n: number, output: unknown): Promise<void> => {
  const attempt = `tsk_${sessionId.slice(4)}.${n}:1`;
  const [verb, body] =
    output instanceof Error
      ? ["fail", { error: { code: output.message, message: "it broke" } }]
      : ["complete", { output }];
  const reply = await call(world, "POST", `/v1/opscore/tasks/${attempt}/${verb}`, body);
  expect(reply.status, reply.text).toBe(200);
  await world.flush();
};

export const shown = async (world: World, sessionId: string): Promise<Shown> =>
  (await read(world.request("GET", `${SESSIONS}/${sessionId}`))).body as unknown as Shown;

/** Runs a session again; background work is done when it returns. */
export const rerun = async (world: World, sessionId: string, body?: Json, headers = {}): Promise<Reply> => {
  const reply = await call(world, "POST", `${SESSIONS}/${sessionId}/rerun`, body, headers);
  await world.flush();
  return reply;
};

export const idsOf = async (world: World): Promise<readonly string[]> =>
  ((await call(world, "GET", `${SESSIONS}?limit=200`)).body["data"] as Json[]).map(({ sessionId }) =>
    String(sessionId),
  );

export const firstRow = async (world: World, sessionId: string): Promise<Json> =>
  ((await call(world, "GET", `${SESSIONS}/${sessionId}/log?limit=1`)).body["data"] as Json[])[0] ?? {};
