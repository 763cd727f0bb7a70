import { afterEach, describe, expect, test } from "vitest";
import type { HttpCall } from "../../src/agentkit/http-call.ts";
import { createWorld, type Platform, type World } from "../support/world.ts";

const MINUTE = 60_000;

const answers = (body: unknown): ReturnType<HttpCall> =>
  Promise.resolve({
    kind: "answer",
    status: 200,
    headers: { get: () => "application/json" },
    body: JSON.stringify(body),
    truncated: false,
  });

interface Tools extends World {
  /** Whose tools AgentKit was asked to run. */
  readonly asked: string[];
  register(id: string): Promise<void>;
  start(tasks: readonly object[]): Promise<string>;
  session(id: string): Promise<Record<string, unknown>>;
}

const openTools = async (platform: Platform): Promise<Tools> => {
  const asked: string[] = [];
  const world = await createWorld(platform, {
    call: ({ url }) => {
      const [, id] = /agentkit\.test\/v1\/agents\/([^/]+)\/run$/.exec(url) ?? [];
      if (id === undefined) return answers({ status: "received" });
      asked.push(id);
      return answers({ status: "success", data: { result: 5 } });
    },
  });
  const ok = async (method: string, path: string, body: unknown): Promise<Record<string, unknown>> => {
    const reply = await world.request(method, `/v1/opscore/${path}`, body);
    const said = (await reply.json()) as Record<string, unknown>;
    expect([reply.status, said]).toEqual([expect.toSatisfy((status: number) => status < 300), said]);
    await world.flush();
    return said;
  };
  return {
    ...world,
    asked,
    register: async (id) => {
      const contactEndpoint = `http://${id}.test/task`;
      await ok("PUT", `agents/${id}`, { agentName: id, version: "1", capabilities: ["add"], contactEndpoint });
    },
    start: async (tasks) =>
      String((await ok("POST", "sessions", { workflowDefinition: { id: "w", name: "W", tasks } }))["sessionId"]),
    session: async (id) => (await (await world.request("GET", `/v1/opscore/sessions/${id}`)).json()) as never,
  };
};

/** Tools that nobody can be asked for now: they wait as tasks for agents do. */
export const toolWaitsSuite = (platform: Platform): void => {
  describe(`tools without an agent on ${platform.name}`, () => {
    const opened: Tools[] = [];
    afterEach(async () => {
      for (const world of opened.splice(0)) await world.close();
    });
    const open = async (): Promise<Tools> => {
      const world = await openTools(platform);
      opened.push(world);
      return world;
    };
    const tool = { taskId: "sum", type: "tool", tool: "add" };

    test.each([
      ["of an agent", { agentId: "kit" }, { code: "agent_unknown", message: "agent kit is not registered" }],
      [
        "of a capability",
        { agentCapability: "add" },
        { code: "no_agent", message: 'no registered agent has capability "add"' },
      ],
    ])("one %s waits, says for what, and is run as soon as it registers", async (_whose, target, why) => {
      const world = await open();
      const id = await world.start([{ ...tool, ...target }]);
      expect(await world.session(id)).toMatchObject({
        status: "started",
        waitingFor: { code: why.code, message: `"sum" waits: ${why.message}` },
        tasks: [{ taskId: "sum", status: "waiting", error: null }],
      });
      const listed = await world.request("GET", `/v1/opscore/sessions?waitingFor=${why.code}`);
      expect(await listed.json()).toMatchObject({ data: [{ sessionId: id }] });
      await world.register("kit");
      expect(world.asked).toEqual(["kit"]);
      expect(await world.session(id)).toMatchObject({ status: "completed", tasks: [{ output: 5 }] });
    });

    test("one fails when its time in the queue is over", async () => {
      const world = await open();
      const id = await world.start([{ ...tool, agentId: "kit", timeout: { queue: "10m" } }]);
      await world.pass(10 * MINUTE - 1);
      expect(await world.session(id)).toMatchObject({ status: "started" });
      await world.pass(1);
      expect(await world.session(id)).toMatchObject({
        status: "failed",
        reason: "no agent could take the task in time: agent kit is not registered",
        error: { code: "no_agent" },
      });
    });

    test("an agent that is presumed lost is not asked, until it is heard of again", async () => {
      const world = await open();
      await world.register("kit");
      await world.start([{ taskId: "hang", agentId: "kit", timeout: { run: "1m" }, retry: { maxAttempts: 1 } }]);
      await world.pass(MINUTE);
      const id = await world.start([{ ...tool, agentId: "kit" }]);
      expect(await world.session(id)).toMatchObject({ status: "started", waitingFor: { code: "agent_lost" } });
      expect(world.asked).toEqual([]);
      const timestamp = new Date(world.clock.now() + 1_000).toISOString();
      world.clock.advance(1_000);
      const report = { agentId: "kit", state: "idle", timestamp };
      expect((await world.request("POST", "/v1/opscore/agent/kit/state", report)).status).toBe(202);
      await world.flush();
      expect(await world.session(id)).toMatchObject({ status: "completed" });
    });

    test("one that waited lets the next in the queue go on", async () => {
      const world = await open();
      const later = async (task: object): Promise<string> => {
        world.clock.advance(1_000);
        return world.start([{ ...task, agentCapability: "add" }]);
      };
      const first = await later(tool);
      const second = await later({ taskId: "work" });
      const third = await later(tool);
      await world.register("kit");
      expect(await world.session(first)).toMatchObject({ status: "completed" });
      expect(await world.session(second)).toMatchObject({ status: "running" });
      expect(await world.session(third)).toMatchObject({ status: "started", waitingFor: { code: "no_free_agent" } });
      await world.register("other");
      expect(await world.session(third)).toMatchObject({ status: "completed" });
      expect(world.asked).toEqual(["kit", "other"]);
    });
  });
};
