import { Webhook } from "standardwebhooks";
import { expect } from "vitest";
import type { HttpCall, HttpOutcome, HttpRequest } from "../../src/agentkit/http-call.ts";
import { call, expectProblem, oneTask, register, silentAgents, start, type Json, type Reply } from "./api.ts";
import type { Platform, World, WorldOptions } from "./world.ts";

export const WEBHOOKS = "/v1/opscore/webhooks";

export interface Event {
  readonly id: string;
  readonly type: string;
  readonly data: Json;
  /** As many as secrets signed it. */
  readonly signatures: number;
}

type Answer = { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };

/** Endpoints below `hook.test`, by their first segment, and agents that are silent. What does not verify is thrown. */
export const endpoints = () => {
  const secrets = new Map<string, string>();
  const events: (Event & { readonly at: string })[] = [];
  const answers = new Map<string, (event: Event) => Answer | Promise<Answer>>();
  const agents = silentAgents();
  const take = async (request: HttpRequest): Promise<HttpOutcome> => {
    const { pathname } = new URL(request.url);
    const { headers, body } = request;
    const { type, data } = JSON.parse(body) as { readonly type: string; readonly data: Json };
    const id = headers["webhook-id"] ?? "";
    const secret = secrets.get(pathname);
    // The library holds the time against the real clock; here the tests' clock is the one that counts.
    const signedAt = new Date(Number(headers["webhook-timestamp"]) * 1_000);
    const signatures = (headers["webhook-signature"] ?? "").split(" ");
    if (secret !== undefined) expect(signatures).toContain(new Webhook(secret).sign(id, signedAt, body));
    const event = { id, type, data, signatures: signatures.length };
    events.push({ ...event, at: pathname });
    const answer = (await answers.get(pathname)?.(event)) ?? { status: 204 };
    const named = new Headers(answer.headers);
    return { kind: "answer", status: answer.status, headers: named, body: answer.body ?? "", truncated: false };
  };
  const out: HttpCall = (request) =>
    new URL(request.url).hostname === "hook.test" ? take(request) : agents.call(request);
  return {
    call: out,
    secrets,
    events,
    /** What one endpoint got, in order. */
    at: (path: string) => events.filter((event) => event.at === path),
    answer: (path: string, how: (event: Event) => Answer | Promise<Answer>) => void answers.set(path, how),
    agents,
  };
};

/** Worlds with an agent, one workflow and endpoints. */
export const hooksOf =
  (open: (options?: WorldOptions, on?: Platform) => Promise<World>) =>
  async (options: WorldOptions = {}, on?: Platform) => {
    const outside = endpoints();
    const world = await open({ call: outside.call, ...options }, on);
    await register(world, { agentId: "a1" });
    await call(world, "POST", "/v1/opscore/workflows", oneTask("a1"));
    const subscribe = async (path: string, more: Json = {}): Promise<string> => {
      const reply = await call(world, "POST", WEBHOOKS, { url: `http://hook.test${path}`, ...more });
      expect(reply.status, reply.text).toBe(201);
      outside.secrets.set(path, String(reply.body["secret"]));
      return String(reply.body["webhookId"]);
    };
    const get = async (id: string): Promise<Json> => (await call(world, "GET", `${WEBHOOKS}/${id}`)).body;
    const post = (id: string, verb: string, body?: unknown, headers = {}): Promise<Reply> =>
      call(world, "POST", `${WEBHOOKS}/${id}/${verb}`, body, headers);
    const deliveries = async (id: string): Promise<readonly Json[]> =>
      (await call(world, "GET", `${WEBHOOKS}/${id}/deliveries?limit=200`)).body["data"] as Json[];
    /** A session from start to end. */
    const run = async (): Promise<string> => {
      const sessionId = await start(world, { workflowDefinitionId: "one" });
      const attempt = `tsk_${sessionId.slice(4)}.1:1`;
      expect((await call(world, "POST", `/v1/opscore/tasks/${attempt}/complete`, { output: "private" })).status).toBe(
        200,
      );
      await world.flush();
      return sessionId;
    };
    /** Sweeps for so long (ms), every second at first and then less often. */
    const pass = async (ms: number): Promise<void> => {
      const end = world.clock.now() + ms;
      for (let step = 1_000; world.clock.now() < end; step = Math.min(step * 1.2, 600_000)) {
        world.clock.set(Math.min(end, world.clock.now() + Math.ceil(step)));
        await world.sweep();
      }
    };
    return { ...outside, world, subscribe, get, post, deliveries, run, pass, expectProblem };
  };
