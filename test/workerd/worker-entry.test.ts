import {
  createExecutionContext,
  createMessageBatch,
  createScheduledController,
  getQueueResult,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { HintMessage } from "../../src/queue/queue-hints.ts";
import worker, { type Env } from "../../src/entry/worker.ts";
import { fleet } from "../support/fleet.ts";
import type { SessionView } from "../support/scene.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

const KEY = "a-key-long-enough-for-workers";
const SECOND_MS = 1_000;

/** An id as ours are, of no session. */
const UNKNOWN = "ses_0001M8149T005WFVAED5FS98FYCY";

/** Everything the queue was given, and dropped. */
const dropped: HintMessage[] = [];

const HINTS = {
  sendBatch: (messages: { body: HintMessage }[]) => {
    dropped.push(...messages.map(({ body }) => body));
    return Promise.resolve();
  },
} as unknown as Queue<HintMessage>;

/** What the queue for calls was given, and dropped. */
const calls: HintMessage[] = [];

const CALLS = {
  sendBatch: (messages: { body: HintMessage }[]) => {
    calls.push(...messages.map(({ body }) => body));
    return Promise.resolve();
  },
} as unknown as Queue<HintMessage>;

const workerEnv = (more: Partial<Env> = {}): Env => ({
  ...env,
  HINTS,
  CALLS,
  OPSCORE_API_KEY: KEY,
  OPSCORE_EGRESS: "local",
  OPSCORE_DISPATCH: "direct",
  LOG_LEVEL: "error",
  ...more,
});

/** Background work of the invocations so far. */
const underWay: Promise<unknown>[] = [];

/** A context whose background work the stepped clock can wait for. */
const watchedContext = (): ExecutionContext => {
  const context = createExecutionContext();
  const waitUntil = context.waitUntil.bind(context);
  context.waitUntil = (work) => {
    underWay.push(work);
    waitUntil(work);
  };
  return context;
};

/** Until nothing is under way: stepped time must not run ahead of real calls, or their leases end while they run. */
const atRest = async (): Promise<void> => {
  while (underWay.length > 0) await Promise.allSettled(underWay.splice(0));
};

const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
  const context = createExecutionContext();
  const request = new Request<unknown, IncomingRequestCfProperties>(`https://ops-core.test/v1/opscore${path}`, {
    method,
    headers: { Authorization: `Bearer ${KEY}`, "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = await worker.fetch(request, workerEnv(), context);
  const value = await answer.json();
  expect([answer.status, value]).toEqual([expect.toSatisfy((status: number) => status < 300), value]);
  await waitOnExecutionContext(context);
  return value as T;
};

/** One cron tick, as the platform would give it. */
const tick = async (): Promise<void> => {
  const context = watchedContext();
  await worker.scheduled(createScheduledController({ cron: "* * * * *" }), workerEnv(), context);
  await waitOnExecutionContext(context);
};

const deliver = async (bodies: readonly unknown[], more: Partial<Env> = {}) => {
  const messages = bodies.map((body, i) => ({
    id: `m${i}`,
    timestamp: new Date(),
    attempts: 1,
    body: body as HintMessage,
  }));
  const batch = createMessageBatch<HintMessage>("opscore-hints", messages);
  const context = createExecutionContext();
  await worker.queue(batch, workerEnv(more), context);
  return getQueueResult(batch, context);
};

const agentWith = async (id: string, capability: string) => {
  const { agent, endpoint } = await fleet.startAgent({ behaviour: "silent" });
  const known = { agentName: id, version: "1", capabilities: [capability], contactEndpoint: endpoint };
  await call("PUT", `/agents/${id}`, known);
  return agent;
};

const definition = (capability: string, retry: object = {}) => ({
  id: `workflow_${capability}`,
  name: "Two steps",
  tasks: [
    { taskId: "one", agentCapability: capability, parameters: {}, retry },
    { taskId: "two", agentCapability: capability, parameters: {} },
  ],
});

const start = async (workflowDefinition: unknown): Promise<string> =>
  (await call<{ sessionId: string }>("POST", "/sessions", { workflowDefinition })).sessionId;

const session = (sessionId: string): Promise<SessionView> => call("GET", `/sessions/${sessionId}`);

const fail = (taskId: string, retryAfterMs?: number): Promise<unknown> =>
  call("POST", `/tasks/${taskId}/fail`, {
    error: { code: "E", message: "not now", ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  });

beforeEach(async () => {
  await workerdPlatform.openSql();
  dropped.length = 0;
  calls.length = 0;
  underWay.length = 0;
  // The worker has the real clock. It is stepped here: its waits move it and cost no time.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 10, 22, 8, 0, 0) });
  const now = setTimeout;
  vi.stubGlobal("setTimeout", (act: () => void, ms = 0) => {
    // Only the gap between two sweeps; limits of calls out are real time.
    if (ms !== 5 * SECOND_MS) return now(act, ms);
    void atRest().then(() => {
      vi.setSystemTime(Date.now() + ms);
      act();
    });
    return 0;
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("the scheduled handler", () => {
  test("completes a session by ticks alone, with a retry in it, while every queue message is lost", async () => {
    const agent = await agentWith("worker", "ticked");
    const sessionId = await start(definition("ticked"));
    const first = await fleet.delivery(agent, 1);
    await fail(first.body.opscore_task_id);
    expect(dropped).toContainEqual({ sessionId });
    vi.setSystemTime(Date.now() + SECOND_MS);
    await tick();
    const second = await fleet.delivery(agent, 2);
    expect(second.body.opscore_task_id).toMatch(/\.1:2$/);
    await call("POST", `/tasks/${second.body.opscore_task_id}/complete`, { output: 1 });
    const third = await fleet.delivery(agent, 3);
    await call("POST", `/tasks/${third.body.opscore_task_id}/complete`, { output: 2 });
    expect(await session(sessionId)).toMatchObject({ status: "completed" });
    expect(await fleet.deliveries(agent)).toHaveLength(3);
  });

  test("sweeps every five seconds for a minute, so a retry in between does not wait for the next tick", async () => {
    const agent = await agentWith("worker", "swept");
    await start(definition("swept", { maxAttempts: 9 }));
    const first = await fleet.delivery(agent, 1);
    const before = Date.now();
    await fail(first.body.opscore_task_id, 12 * SECOND_MS);
    await tick();
    expect(Date.now() - before).toBe(50 * SECOND_MS);
    const second = await fleet.delivery(agent, 2);
    expect(Date.parse(String(second.body["timestamp"])) - before).toBe(15 * SECOND_MS);
  });

  test("a store that cannot be reached ends no tick", async () => {
    const broken = { prepare: () => ({ bind: () => ({}) }), batch: () => Promise.reject(new Error("D1 is away")) };
    const context = createExecutionContext();
    const before = Date.now();
    const broke = workerEnv({ DB: broken as unknown as D1Database });
    vi.spyOn(console, "log").mockImplementation(() => undefined);
    await worker.scheduled(createScheduledController(), broke, context);
    expect(Date.now() - before).toBe(50 * SECOND_MS);
    vi.restoreAllMocks();
  });
});

describe("the queue handler", () => {
  test("a message advances its session and is acked, as is one for a session that is unknown", async () => {
    const agent = await agentWith("worker", "queued");
    const sessionId = await start(definition("queued"));
    await fail((await fleet.delivery(agent, 1)).body.opscore_task_id, SECOND_MS);
    vi.setSystemTime(Date.now() + SECOND_MS);
    const result = await deliver([{ sessionId: UNKNOWN }, { sessionId }, { sessionId: "no id" }]);
    expect(result).toMatchObject({ outcome: "ok", retryMessages: [] });
    expect(result.explicitAcks.toSorted()).toEqual(["m0", "m1", "m2"]);
    expect((await fleet.delivery(agent, 2)).body.opscore_task_id).toMatch(/\.1:2$/);
  });

  test("the same message twice has one effect", async () => {
    const agent = await agentWith("worker", "twice");
    const sessionId = await start(definition("twice"));
    await fail((await fleet.delivery(agent, 1)).body.opscore_task_id, SECOND_MS);
    vi.setSystemTime(Date.now() + SECOND_MS);
    await deliver([{ sessionId }, { sessionId }]);
    await deliver([{ sessionId }]);
    await fleet.delivery(agent, 2);
    expect(await fleet.deliveries(agent)).toHaveLength(2);
  });

  test("a message that is none of ours is acked and stops no other", async () => {
    const agent = await agentWith("worker", "foreign");
    const sessionId = await start(definition("foreign"));
    await fail((await fleet.delivery(agent, 1)).body.opscore_task_id, SECOND_MS);
    vi.setSystemTime(Date.now() + SECOND_MS);
    vi.spyOn(console, "log").mockImplementation(() => undefined);
    const result = await deliver([null, "text", {}, { sessionId: 7 }, { sessionId }]);
    vi.restoreAllMocks();
    expect(result).toMatchObject({ outcome: "ok", retryMessages: [] });
    expect(result.explicitAcks).toHaveLength(5);
    await fleet.delivery(agent, 2);
  });

  test("only an unreachable store makes it try again", async () => {
    const broken = { prepare: () => ({ bind: () => ({}) }), batch: () => Promise.reject(new Error("D1 is away")) };
    const result = await deliver([{ sessionId: UNKNOWN }], {
      DB: broken as unknown as D1Database,
    });
    expect(result.retryMessages.map(({ msgId }) => msgId)).toEqual(["m0"]);
  });
});

describe("calls that outlast a request", () => {
  const http = (url: string, more: object = {}) => ({
    id: "calling",
    name: "Calling",
    tasks: [
      { taskId: "call", type: "http", method: "POST", url, body: { opscore_task_id: "x", payload: {} }, ...more },
    ],
  });
  const target = () => fleet.startAgent({ behaviour: "silent" });

  test("are left to the queue, and the consumer makes each once", async () => {
    const { agent, endpoint } = await target();
    const sessionId = await start(http(endpoint));
    const hint = { sessionId, call: { n: 1, attempt: 1 } };
    expect(calls).toEqual([hint]);
    expect(await fleet.deliveries(agent)).toHaveLength(0);
    const result = await deliver([hint, hint, { sessionId, call: { n: 1, attempt: "1" } }, { sessionId, call: null }]);
    expect(result.explicitAcks).toHaveLength(4);
    expect(await session(sessionId)).toMatchObject({ status: "completed" });
    await deliver([hint]);
    expect(await fleet.deliveries(agent)).toHaveLength(1);
  });

  test("are made by the tick where the queue loses them", async () => {
    const { agent, endpoint } = await target();
    const sessionId = await start(http(endpoint));
    vi.setSystemTime(Date.now() + 60 * SECOND_MS);
    await tick();
    expect(await session(sessionId)).toMatchObject({ status: "completed" });
    expect(await fleet.deliveries(agent)).toHaveLength(1);
  });

  test("are told from those that fit into a request", async () => {
    const { agent, endpoint } = await target();
    const sessionId = await start(http(endpoint, { timeout: { run: "20s" } }));
    expect(calls).toEqual([]);
    expect(await session(sessionId)).toMatchObject({ status: "completed" });
    expect(await fleet.deliveries(agent)).toHaveLength(1);
  });
});

describe("the fetch handler", () => {
  test("without a usable key every call that needs one is 503 and names the command that sets it", async () => {
    vi.spyOn(console, "log").mockImplementation(() => undefined);
    const answer = await exports.default.fetch("https://ops-core.test/v1/opscore/agents");
    vi.restoreAllMocks();
    expect(answer.status).toBe(503);
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({ code: "not_configured" });
    expect(text).toContain("npx wrangler secret put OPSCORE_API_KEY");
  });
});
