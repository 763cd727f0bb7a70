import { afterEach, expect } from "vitest";
import { API_KEY, createWorld, type Platform, type World, type WorldOptions } from "./world.ts";
import type { HttpCall } from "../../src/agentkit/http-call.ts";
import { createApp } from "../../src/http/app.ts";
import { checkedRequest } from "./checked-app.ts";
import { TABLES } from "./tables.ts";

/** Opens worlds that are closed after each test; `on` is another make of the platform. */
export const worldsOf = (platform: Platform): ((options?: WorldOptions, on?: Platform) => Promise<World>) => {
  const worlds: World[] = [];
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.close();
  });
  return async (options = {}, on = platform) => {
    const world = await createWorld(on, options);
    worlds.push(world);
    return world;
  };
};

export type Json = Record<string, unknown>;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; `{}` if there is none. */
  readonly body: Json;
}

export const read = async (response: Response | Promise<Response>): Promise<Reply> => {
  const { status, headers } = await response;
  const text = await (await response).text();
  return { status, headers, text, body: (text === "" ? {} : JSON.parse(text)) as Json };
};

type Headers_ = Readonly<Record<string, string | null>>;

/** A request with the key and its answer, read. */
export const call = (
  world: World,
  method: string,
  path: string,
  body?: unknown,
  headers: Headers_ = {},
): Promise<Reply> => read(world.request(method, path, body, headers));

/** A request whose body is bytes or a stream, as they are. */
export const callRaw = (world: World, path: string, init: RequestInit): Promise<Reply> => {
  const app = createApp(world.deps, {
    auth: { apiKey: API_KEY, setup: "set the key" },
    webhook: { secrets: [], allowUnsigned: true },
    accepting: () => true,
  });
  const headers = new Headers(init.headers);
  if (!headers.has("Authorization")) headers.set("Authorization", `Bearer ${API_KEY}`);
  return read(checkedRequest(app, path, { ...init, headers }));
};

/** Asserts that an answer is a problem with every member a client may rely on. */
export const expectProblem = (reply: Reply, status: number, code: string): Json => {
  expect([reply.status, reply.body["code"]], reply.text).toEqual([status, code]);
  expect(reply.headers.get("Content-Type")).toBe("application/problem+json");
  expect(reply.body).toMatchObject({
    type: `https://ops-core.dev/problems/${code}`,
    title: expect.stringMatching(/./) as string,
    status,
    detail: expect.stringMatching(/./) as string,
    code,
    requestId: reply.headers.get("X-Request-Id"),
    retryable: status === 503 || status === 429,
  });
  const known = ["type", "title", "status", "detail", "code", "requestId", "retryable", "errors", "hint"];
  expect(Object.keys(reply.body).filter((key) => !known.includes(key))).toEqual([]);
  if ("errors" in reply.body) {
    for (const fault of reply.body["errors"] as Json[]) {
      expect(fault).toMatchObject({
        pointer: expect.any(String) as string,
        code: expect.stringMatching(/^[a-z0-9_]+$/) as string,
        message: expect.stringMatching(/./) as string,
      });
    }
  }
  if (status === 503) expect(Number(reply.headers.get("Retry-After"))).toBeGreaterThan(0);
  return reply.body;
};

/** Rows in all tables together. */
export const rowCount = async (world: World): Promise<number> => {
  const counts = await world.sql.batch(
    TABLES.map((table) => ({ sql: `SELECT count(*) AS n FROM ${table}`, args: [] })),
    "read",
  );
  return counts.reduce((sum, result) => sum + Number(result.rows[0]?.["n"]), 0);
};

export const NOTIFY = "/v1/opscore/internal/agent/notify";

export interface AgentDetails {
  readonly agentId: string;
  readonly agentName?: string;
  readonly version?: string;
  readonly capabilities?: readonly string[];
  readonly contactEndpoint?: string;
  readonly metadata?: Json | null;
}

export const notification = (eventType: string, details: AgentDetails): Json => ({
  event_type: eventType,
  agent_details: {
    agentName: details.agentId.toUpperCase(),
    version: "1",
    capabilities: ["work"],
    contactEndpoint: "http://agent.test/task",
    metadata: null,
    ...details,
  },
});

/** Registers an agent by an unsigned webhook. */
export const register = async (world: World, details: AgentDetails): Promise<void> => {
  expect((await call(world, "POST", NOTIFY, notification("REGISTER", details))).status).toBe(200);
};

/** The world's time as an agent of AgentKit writes it. */
export const stamp = (world: World, micros = 0): string =>
  `${new Date(world.clock.now()).toISOString().slice(0, -1)}${String(micros).padStart(3, "0")}+00:00`;

/** A state report, sent now; background work is done when it returns. */
export const report = async (
  world: World,
  agentId: string,
  state: string,
  details: Json | null = {},
  timestamp = stamp(world),
): Promise<Reply> => {
  const path = `/v1/opscore/agent/${agentId}/state`;
  const reply = await call(world, "POST", path, { agentId, timestamp, state, details });
  await world.flush();
  return reply;
};

export const stateOf = async (world: World, agentId: string): Promise<Json> =>
  (await call(world, "GET", `/v1/opscore/agent/${agentId}/state`)).body;

/** Starts a session, lets its dispatch run, and gives its id. */
export const start = async (world: World, body: Json): Promise<string> => {
  const reply = await call(world, "POST", "/v1/opscore/sessions", body);
  expect(reply.status, reply.text).toBe(202);
  await world.flush();
  return reply.body["sessionId"] as string;
};

export interface TaskBody {
  readonly id: string;
  readonly taskId: string;
  readonly status: string;
  readonly agentId: string | null;
  readonly output: unknown;
  readonly parameters: Json;
  readonly lateResults: number;
  readonly attempts: readonly { readonly id: string; readonly agentId: string; readonly status: string }[];
}

export const sessionOf = async (world: World, sessionId: string): Promise<Json & { tasks: readonly TaskBody[] }> =>
  (await call(world, "GET", `/v1/opscore/sessions/${sessionId}`)).body as Json & { tasks: readonly TaskBody[] };

/** One task without retries for a named agent. */
export const oneTask = (agentId: string, id = "one", more: Json = {}): Json => ({
  id,
  name: "One",
  tasks: [{ taskId: "t1", agentId, retry: { maxAttempts: 1 }, ...more }],
});

export interface Sent {
  readonly url: string;
  readonly taskId: string;
  readonly body: Json;
}

/** Agents (and an AgentKit) that take every delivery without a word; `sent` is what they were given. */
export const silentAgents = (answer: { status: number; body: string } = { status: 200, body: "" }) => {
  const sent: Sent[] = [];
  const take: HttpCall = ({ url, body: text }) => {
    const body = JSON.parse(text) as Json;
    sent.push({ url, taskId: body["opscore_task_id"] as string, body });
    const status = url.startsWith("http://agentkit.test/") ? 202 : answer.status;
    return Promise.resolve({
      kind: "answer",
      status,
      headers: { get: () => null },
      body: answer.body,
      truncated: false,
    });
  };
  return { sent, call: take };
};
