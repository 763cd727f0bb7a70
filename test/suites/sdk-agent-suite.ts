import { describe, expect, test } from "vitest";
import { createAgent, TaskError, type Agent, type AgentOptions, type Handle } from "../../src/sdk/agent.ts";
import type { OpsCoreError, SessionDetailAnswer } from "../../src/sdk/index.ts";
import { worldsOf } from "../support/api.ts";
import { callInto, fetchOf, quickSeams, sdkOf } from "../support/sdk.ts";
import { API_KEY, type Platform, type World } from "../support/world.ts";

const definition = (more: object = {}) => ({
  id: "report",
  name: "Report",
  tasks: [{ taskId: "draft", name: "Draft", agentCapability: "write", parameters: { topic: "tides" }, ...more }],
});

/** The agent-side helper against the real app: tasks reach its fetch handler as they would reach its endpoint. */
export const sdkAgentSuite = (platform: Platform): void => {
  const open = worldsOf(platform);

  const start = async (handle: Handle, options: Partial<AgentOptions> = {}) => {
    const deliveries: string[] = [];
    let take: Agent["fetch"] = () => Promise.reject(new Error("not there yet"));
    const call = callInto(async (request) => {
      deliveries.push(await request.clone().text());
      return take(request);
    });
    const world: World = await open({ call });
    const errors: string[] = [];
    const agent = createAgent({
      name: "writer",
      capabilities: ["write"],
      endpoint: "http://writer.test/task",
      baseUrl: "http://localhost",
      apiKey: API_KEY,
      fetch: fetchOf(world),
      seams: quickSeams(world),
      handle,
      onError: ({ code }) => errors.push(code),
      ...options,
    });
    take = agent.fetch;
    const { client } = sdkOf(world);
    const run = async (more: object = {}): Promise<SessionDetailAnswer> => {
      const { sessionId } = await client.sessions.start({ workflowDefinition: definition(more) });
      await world.flush();
      await agent.idle();
      await world.flush();
      return client.sessions.get(sessionId);
    };
    const repeat = (body: string): Promise<Response> =>
      agent.fetch(new Request("http://writer.test/task", { method: "POST", body }));
    return { world, agent, client, run, deliveries, errors, repeat };
  };

  describe(`an agent made with the SDK (${platform.name})`, () => {
    test("it registers, takes a task with all that belongs to it, and its output and usage are the task's", async () => {
      const seen: unknown[] = [];
      const { agent, run } = await start((task, { usage }) => {
        seen.push(task);
        usage({ input_tokens: 5 });
        usage({ input_tokens: 7, cost_usd: 0.5 });
        return { text: `about ${String(task.parameters["topic"])}` };
      });
      expect(await agent.register()).toMatchObject({ agentId: "writer", capabilities: ["write"] });
      const session = await run();
      expect(session).toMatchObject({
        status: "completed",
        tasks: [{ output: { text: "about tides" }, attempts: [{ usage: { input_tokens: 12, cost_usd: 0.5 } }] }],
      });
      expect(seen).toEqual([
        {
          id: session.tasks[0]?.attempts[0]?.id,
          name: "Draft",
          parameters: { topic: "tides" },
          attempt: 1,
          idempotencyKey: session.tasks[0]?.id,
          sessionId: session.sessionId,
          workflowId: "report",
          deadline: expect.stringMatching(/Z$/) as string,
          traceparent: expect.stringMatching(/^00-/) as string,
        },
      ]);
    });

    test("nothing returned is the output null, not the answer to the delivery", async () => {
      const { agent, run } = await start(() => undefined);
      await agent.register();
      expect((await run()).tasks[0]).toMatchObject({ status: "completed", output: null });
    });

    test("the same task twice is run once", async () => {
      let runs = 0;
      const { agent, run, deliveries, repeat } = await start(() => (runs += 1));
      await agent.register();
      await run();
      expect((await repeat(deliveries[0]!)).status).toBe(202);
      await agent.idle();
      expect(runs).toBe(1);
    });

    test("what a handler throws is the task's failure, with the code and the retry it asks for", async () => {
      const { agent, run } = await start((task) => {
        if (task.attempt === 1) throw new TaskError("quota", "come back", { retryAfterMs: 1_000 });
        throw new TaskError("unknown_topic", "nobody knows", { retryable: false });
      });
      await agent.register();
      const first = await run();
      expect(first.tasks[0]).toMatchObject({ status: "retrying", attempts: [{ error: { code: "quota" } }] });
    });

    test("an error without a code, and an output that is no JSON, are handler_failed; one that is too large is told", async () => {
      const outputs: (() => unknown)[] = [
        () => {
          throw new Error("broke");
        },
        () => 1n,
        () => "x".repeat(300_000),
      ];
      const codes: unknown[] = [];
      const { agent, run } = await start((task) => outputs[Number(task.parameters["n"])]?.());
      await agent.register();
      for (const n of outputs.keys()) {
        const { error } = await run({ parameters: { n }, retry: { maxAttempts: 1 } });
        codes.push(error?.code);
      }
      expect(codes).toEqual(["handler_failed", "handler_failed", "output_refused"]);
    });

    test("progress is shown while it works", async () => {
      const shown: unknown[] = [];
      const { agent, run } = await start(async (task, { progress }) => {
        progress({ percent: 10 });
        while (shown.at(-1) !== 10) {
          const now = await agent.client.sessions.get(task.sessionId ?? "");
          shown.push((now.tasks[0]?.attempts[0]?.progress as { percent?: number } | null)?.percent);
        }
        return "done";
      });
      await agent.register();
      expect((await run()).tasks[0]).toMatchObject({ status: "completed", output: "done" });
      expect(shown.at(-1)).toBe(10);
    });

    test("a task that is cancelled aborts its handler, and nothing is said of it any more", async () => {
      const reasons: unknown[] = [];
      const { agent, run, errors, client } = await start(async (task, { signal, progress }) => {
        await client.sessions.cancel(task.sessionId ?? "");
        const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
        progress("still at it");
        await aborted;
        reasons.push((signal.reason as OpsCoreError).code);
        return "too late";
      });
      await agent.register();
      const { status, tasks } = await run();
      expect([status, tasks[0]?.lateResults, reasons, errors]).toEqual(["cancelled", 0, ["stale_attempt"], []]);
    });

    test("a result that cannot be said is told to onError, after many tries", async () => {
      let tries = 0;
      const { repeat, agent, errors } = await start(() => "text", {
        fetch: (url) => {
          if (!url.endsWith("/complete")) return Promise.resolve(Response.json({}));
          tries += 1;
          return Promise.reject(new TypeError("fetch failed"));
        },
      });
      const body = JSON.stringify({ opscore_task_id: "tsk_1:1", payload: {} });
      expect((await repeat(body)).status).toBe(202);
      await agent.idle();
      expect([tries, errors]).toEqual([9, ["connection_failed"]]);
    });

    test("what is no task is refused, and nothing is run", async () => {
      let runs = 0;
      const { agent, repeat } = await start(() => (runs += 1));
      const bodies = ["", "{", "[]", "null", "{}", '{"opscore_task_id":7}', '{"opscore_task_id":"../x"}'];
      for (const body of bodies) expect([body, (await repeat(body)).status]).toEqual([body, 400]);
      expect((await repeat(`"${"x".repeat(1_100_000)}"`)).status).toBe(413);
      const asked = await agent.fetch(new Request("http://writer.test/task"));
      expect([asked.status, asked.headers.get("Allow")]).toEqual([405, "POST"]);
      expect(runs).toBe(0);
    });

    test("a Worker is kept alive until the task is done", async () => {
      const kept: Promise<unknown>[] = [];
      const { agent } = await start(() => "text");
      const body = JSON.stringify({ opscore_task_id: "tsk_1:1", payload: {} });
      const context = { waitUntil: (work: Promise<unknown>) => void kept.push(work) };
      await agent.fetch(new Request("http://w.test/", { method: "POST", body }), {}, context);
      expect(kept).toHaveLength(1);
      await Promise.all(kept);
    });
  });
};
