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
      expect([tries, errors]).toEqual([61, ["connection_failed"]]);
    });

    test("whatever is thrown is told: a failure that Ops-Core would not take would leave the attempt open", async () => {
      const thrown: readonly (readonly [error: unknown, code: string])[] = [
        [new TaskError("", "no code"), "handler_failed"],
        [new TaskError("x".repeat(200), "a long code"), "x".repeat(128)],
        [new TaskError("busy", "later", { retryAfterMs: 1.5 }), "busy"],
        [new TaskError("busy", "later", { retryAfterMs: Infinity }), "busy"],
        [new TaskError("busy", "later", { retryAfterMs: -1 }), "busy"],
        [new Error("NUL \0, half a character \uD83E"), "handler_failed"],
        [new Error(`${"x".repeat(8_191)}🤖`), "handler_failed"],
        [Object.create(null), "handler_failed"],
        [undefined, "handler_failed"],
      ];
      const { agent, run, errors } = await start((task, { usage }) => {
        usage({ input_tokens: NaN });
        throw thrown[Number(task.parameters["n"])]?.[0];
      });
      await agent.register();
      for (const [n, [, code]] of thrown.entries()) {
        const { status, error } = await run({ parameters: { n }, retry: { maxAttempts: 1 } });
        expect([n, status, error?.code]).toEqual([n, "failed", code]);
      }
      expect(errors).toEqual([]);
    });

    /** An `onError`, and when it is told something for the first time. */
    const listening = () => {
      const told: string[] = [];
      let resolve: () => void = () => undefined;
      const first = new Promise<void>((done) => {
        resolve = done;
      });
      const onError = ({ code }: OpsCoreError): void => {
        told.push(code);
        resolve();
      };
      return { told, first, onError };
    };

    test("progress that Ops-Core does not take is told once, and a cancel is heard of all the same", async () => {
      const { told, first, onError } = listening();
      let beatAgain: () => void = () => undefined;
      const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
        if (ms < 10_000 || signal?.aborted === true) return;
        await new Promise<void>((resolve) => {
          signal?.addEventListener("abort", () => resolve());
          if (ms === 14_000) beatAgain = resolve;
        });
      };
      const { agent, run, client } = await start(
        async (task, { signal, progress }) => {
          const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
          progress("NUL \0");
          await first;
          await client.sessions.cancel(task.sessionId ?? "");
          beatAgain();
          await aborted;
        },
        { seams: { now: () => Date.UTC(2026, 10, 22, 8), random: () => 0.5, sleep }, onError },
      );
      await agent.register();
      expect([(await run()).status, told]).toEqual(["cancelled", ["malformed_json"]]);
    });

    test("an onError that throws costs neither the result nor the process", async () => {
      const { told, first, onError } = listening();
      const { agent, run } = await start(
        async (_, { progress }) => {
          progress("NUL \0");
          await first;
          return "done";
        },
        {
          onError: (error) => {
            onError(error);
            throw new Error("a fault of the agent's own");
          },
        },
      );
      await agent.register();
      expect((await run()).tasks[0]).toMatchObject({ status: "completed", output: "done" });
      expect(told).toEqual(["malformed_json"]);
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
