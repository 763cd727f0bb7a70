import { describe, expect, test } from "vitest";
import { sampleWorkflow, scenes, type Scene, type SceneAgent, type SessionView } from "../support/scene.ts";
import type { Platform } from "../support/world.ts";
import forwarded from "../fixtures/wire/forward-all-fields.json" with { type: "json" };
import forwardedRun from "../fixtures/wire/forward-all-fields-run.json" with { type: "json" };

const keysOf = (json: string): string[] => Object.keys(JSON.parse(json) as object);

const expectCompleted = (session: SessionView, attempts: readonly number[] = [1, 1]): void => {
  expect(session).toMatchObject({ status: "completed", reason: null, waitingFor: null, nextAt: null });
  expect(session.tasks.map((task) => [task.taskId, task.status])).toEqual([
    ["step_1", "completed"],
    ["step_2", "completed"],
  ]);
  expect(session.tasks.map((task) => task.attempts.length)).toEqual(attempts);
};

/** The original sample with one agent, whose capabilities are not those that the sample names. */
const runSample = async (scene: Scene, agent: SceneAgent): Promise<SessionView> => {
  const sessionId = await scene.start(sampleWorkflow(), agent);
  await agent.serve(1);
  await agent.serve(2);
  return scene.session(sessionId);
};

/** The original two-step sample, to its end, with every kind of agent and AgentKit. */
export const twoStepsSuite = (platform: Platform): void => {
  const open = scenes(platform);

  describe(`two steps on ${platform.name}`, () => {
    test.each(["simulated", "aware", "silent"] as const)("%s agent, reports without task ids", async (behaviour) => {
      const scene = await open();
      const agent = await scene.agent({ behaviour, withTaskIds: false });
      expectCompleted(await runSample(scene, agent));
      const [first, second] = await agent.deliveries();
      expect([first?.body.task_name, second?.body.task_name]).toEqual(["First Step", "Second Step"]);
      expect(await agent.deliveries()).toHaveLength(2);
    });

    test.each(["simulated", "aware", "silent"] as const)("%s agent, reports with task ids", async (behaviour) => {
      const scene = await open();
      const agent = await scene.agent({ behaviour, withTaskIds: true, result: { made: 1 } });
      const session = await runSample(scene, agent);
      expectCompleted(session);
      expect(session.tasks[0]?.output).toMatchObject(behaviour === "aware" ? { status: "completed" } : { made: 1 });
    });

    test("active and idle arrive swapped", async () => {
      const scene = await open();
      const agent = await scene.agent();
      const sessionId = await scene.start(sampleWorkflow(), agent);
      for (const n of [1, 2]) {
        await agent.delivery(n);
        scene.world.clock.advance(5_000);
        const micros = scene.world.clock.now() * 1_000;
        await agent.say("idle", {}, micros + 3_000);
        expect((await scene.session(sessionId)).status).toBe("running");
        await agent.say("active", {}, micros);
      }
      expectCompleted(await scene.session(sessionId));
    });

    test("both transports deliver exactly the keys that AgentKit forwards", async () => {
      const keys = keysOf(forwarded.request.body_raw);
      for (const mode of ["direct", "agentkit"] as const) {
        const scene = await open({ mode });
        const agent = await scene.agent();
        await scene.start(sampleWorkflow(), agent);
        const delivery = await agent.delivery(1);
        expect(delivery.by).toBe(mode);
        expect(delivery.keys).toEqual(keys);
      }
      expect(keysOf(forwardedRun.request.body_raw).toSorted()).toEqual(keys.toSorted());
    });
  });

  describe(`reports before the webhook on ${platform.name}`, () => {
    test("named work goes through AgentKit, then the webhook completes the same agent", async () => {
      const scene = await open();
      const agent = await scene.agent({ webhookLater: true, capabilities: ["reporting"] });
      await agent.say("idle", { reason: "Initial startup complete" });
      const listed = await scene.world.request("GET", `/v1/opscore/agents/${agent.id}`);
      expect(await listed.json()).toMatchObject({ registration: "provisional", state: "idle", capabilities: [] });

      const sessionId = await scene.start(sampleWorkflow(), agent);
      expect((await agent.delivery(1)).by).toBe("agentkit");
      await scene.world.flush();
      await agent.webhook();
      await agent.relay();
      await agent.finish();
      await agent.relay();
      expect((await agent.delivery(2)).by).toBe("direct");
      await agent.serve(2);

      expectCompleted(await scene.session(sessionId));
      const merged = await scene.world.request("GET", `/v1/opscore/agents/${agent.id}`);
      expect(await merged.json()).toMatchObject({
        registration: "registered",
        state: "idle",
        capabilities: ["reporting"],
        tasks: [],
      });
    });

    test("work for a capability waits until the webhook tells who has it", async () => {
      const scene = await open();
      const agent = await scene.agent({ webhookLater: true, capabilities: ["data_processing", "reporting"] });
      await agent.say("idle");
      const sessionId = await scene.start(sampleWorkflow());
      await scene.world.flush();
      expect(await scene.session(sessionId)).toMatchObject({ status: "started", waitingFor: { code: "no_agent" } });
      await agent.webhook();
      await agent.serve(1);
      await agent.serve(2);
      expectCompleted(await scene.session(sessionId));
    });
  });

  describe(`AgentKit swallows every delivery on ${platform.name}`, () => {
    test("auto goes direct and completes", async () => {
      const scene = await open({ deliver: "swallow" });
      const agent = await scene.agent({ behaviour: "aware" });
      expectCompleted(await runSample(scene, agent));
      expect(await scene.countRuns()).toBe(0);
    });

    test("agentkit ends failed, and the reason names AgentKit, the agent and the silence", async () => {
      const scene = await open({ deliver: "swallow", mode: "agentkit" });
      const agent = await scene.agent();
      const sessionId = await scene.start(sampleWorkflow(), agent);
      await scene.world.flush();
      await scene.world.pass(15 * 60_000);
      const session = await scene.session(sessionId);
      expect(session.status).toBe("failed");
      expect(session.reason).toBe(
        `AgentKit accepted the task but agent ${agent.id} gave no sign of life within 60 s (attempt 3 of 3)`,
      );
      expect(session.tasks[0]?.attempts.map(({ status, counts }) => [status, counts])).toEqual([
        ["start_deadline", true],
        ["start_deadline", true],
        ["start_deadline", true],
      ]);
      expect(await scene.countRuns()).toBe(3);
      expect(await agent.deliveries()).toEqual([]);
    });
  });

  describe(`one transport fails on ${platform.name}`, () => {
    test("the endpoint is unreachable: through AgentKit at once, in the same attempt", async () => {
      const scene = await open();
      const gone = await scene.agent({ name: "gone" });
      await gone.close();
      const agent = await scene.agent({ endpointTold: gone.endpoint });
      const sessionId = await scene.start(sampleWorkflow(), agent);
      expect((await agent.delivery(1)).by).toBe("agentkit");
      await scene.world.flush();
      const [attempt] = (await scene.session(sessionId)).tasks[0]?.attempts ?? [];
      expect(attempt).toMatchObject({ attempt: 1, status: "running", transport: "agentkit" });
      expect(attempt?.notes).toEqual([expect.stringContaining("refused the connection")]);
      await agent.serve(1);
      await agent.serve(2);
      expectCompleted(await scene.session(sessionId));
      expect((await agent.deliveries()).map(({ by }) => by)).toEqual(["agentkit", "agentkit"]);
    });

    test("egress rules refuse the endpoint: through AgentKit at once, and the attempt says why", async () => {
      const scene = await open({ egress: "public" });
      const agent = await scene.agent();
      const sessionId = await scene.start(sampleWorkflow(), agent);
      await agent.serve(1);
      await agent.delivery(2);
      await scene.world.flush();
      const { tasks } = await scene.session(sessionId);
      expect(tasks[1]?.attempts[0]?.notes).toEqual(["egress policy refuses loopback address 127.0.0.1"]);
      await agent.serve(2);
      expectCompleted(await scene.session(sessionId));
    });

    test("AgentKit is down: direct works", async () => {
      const scene = await open();
      const agent = await scene.agent();
      await scene.closeKit();
      expectCompleted(await runSample(scene, agent));
    });
  });
};
