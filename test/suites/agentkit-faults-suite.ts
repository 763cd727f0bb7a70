import { describe, expect, test } from "vitest";
import { oneTask, sampleWorkflow, scenes, type SceneAgent, type Scene } from "../support/scene.ts";
import type { Platform } from "../support/world.ts";

const tasksOf = async (scene: Scene, sessionId: string) => (await scene.session(sessionId)).tasks;

const attemptsOf = async (scene: Scene, sessionId: string) =>
  (await tasksOf(scene, sessionId))[0]?.attempts.map(({ status, counts }) => [status, counts]);

/** Real time, for want of a clock that a socket obeys: long enough to connect on a busy machine. */
const SHORT_MS = 800;

/** Long silence is no reason for a second copy, and AgentKit's troubles are not the task's. */
export const agentkitFaultsSuite = (platform: Platform): void => {
  const open = scenes(platform);

  describe(`an agent works 90 s in silence on ${platform.name}`, () => {
    const finishLate = async (scene: Scene, agent: SceneAgent): Promise<void> => {
      await scene.world.flush();
      await scene.world.pass(90_000);
      await agent.finish();
      await agent.relay(1);
      await agent.relay(3);
    };

    test.each([false, true])("one copy over direct (request held open: %s)", async (holdsRequest) => {
      const scene = await open(holdsRequest ? { callTimeoutMs: SHORT_MS } : {});
      const agent = await scene.agent({ behaviour: "silent", holdsRequest });
      const sessionId = await scene.start(sampleWorkflow(), agent);
      for (const n of [1, 2]) {
        await agent.delivery(n);
        await finishLate(scene, agent);
      }
      expect(await scene.session(sessionId)).toMatchObject({ status: "completed" });
      expect((await tasksOf(scene, sessionId)).map((task) => task.attempts.length)).toEqual([1, 1]);
      expect((await agent.deliveries()).map(({ by }) => by)).toEqual(["direct", "direct"]);
      expect(await scene.countRuns()).toBe(0);
    });

    test("a whole task longer than the call, whose answer is lost, brings its result by report", async () => {
      const scene = await open({ callTimeoutMs: SHORT_MS });
      const agent = await scene.agent({ behaviour: "silent", holdsRequest: true, capabilities: ["work"], result: 42 });
      const sessionId = await scene.start(oneTask());
      await agent.delivery(1);
      await finishLate(scene, agent);
      expect((await tasksOf(scene, sessionId))[0]).toMatchObject({ status: "completed", output: 42 });
    });

    test("no second copy through AgentKit, once a task has reached the agent that way", async () => {
      const scene = await open({ mode: "agentkit" });
      const agent = await scene.agent({ behaviour: "silent" });
      const sessionId = await scene.start(sampleWorkflow(), agent);
      await agent.serve(1);
      await agent.delivery(2);
      await finishLate(scene, agent);
      expect(await scene.session(sessionId)).toMatchObject({ status: "completed" });
      expect(await scene.countRuns()).toBe(2);
    });

    test("through AgentKit an agent never reached is given the task again after the start deadline", async () => {
      const scene = await open({ mode: "agentkit" });
      const agent = await scene.agent({ behaviour: "silent", withTaskIds: true });
      const sessionId = await scene.start(oneTask(), agent);
      await agent.delivery(1);
      await scene.world.flush();
      await scene.world.pass(62_000);
      expect((await agent.delivery(2)).body.opscore_task_id).toMatch(/\.1:2$/);
      await agent.finish();
      expect((await agent.nextReport()).state).toBe("active");
      expect(await attemptsOf(scene, sessionId)).toEqual([
        ["start_deadline", true],
        ["running", true],
      ]);
    });
  });

  describe(`AgentKit fails for a while on ${platform.name}`, () => {
    const refusals = [
      [404, "AgentKit answered 404 (agent unknown there)"],
      [500, "AgentKit answered 500 (Internal Server Error)"],
    ] as const;

    test.each(refusals)("%s is not counted, backs off 1, 2, 4 s, and completes", async (run, reason) => {
      const scene = await open({ mode: "agentkit" });
      const { world } = scene;
      const agent = await scene.agent({ capabilities: ["work"] });
      await scene.fault({ run });
      const startedAt = world.clock.now();
      const sessionId = await scene.start(oneTask({ retry: { maxAttempts: 1 } }));
      await world.flush();
      for (const afterMs of [1_000, 3_000, 7_000]) {
        expect(await scene.session(sessionId)).toMatchObject({
          status: "waiting",
          waitingFor: { code: "retry", message: expect.stringContaining(reason) as string },
          nextAt: new Date(startedAt + afterMs).toISOString(),
        });
        world.clock.set(startedAt + afterMs);
        await world.sweep();
      }
      await scene.fault(null);
      await world.pass(8_000);
      await agent.serve(1);
      expect(await scene.session(sessionId)).toMatchObject({ status: "completed" });
      expect(await attemptsOf(scene, sessionId)).toEqual([
        ...Array<unknown>(4).fill(["refused", false]),
        ["completed", true],
      ]);
    });

    test("L4: no answer is not counted: tried again after the start deadline, and completes", async () => {
      const scene = await open({ mode: "agentkit", callTimeoutMs: SHORT_MS });
      const agent = await scene.agent({ capabilities: ["work"] });
      await scene.fault({ run: "hang" });
      const sessionId = await scene.start(oneTask({ retry: { maxAttempts: 1 } }));
      await scene.world.flush();
      await scene.fault(null);
      await scene.world.pass(59_999);
      expect(await attemptsOf(scene, sessionId)).toEqual([["running", true]]);
      await scene.world.pass(1_001);
      await agent.serve(1);
      expect(await scene.session(sessionId)).toMatchObject({ status: "completed" });
      expect(await attemptsOf(scene, sessionId)).toEqual([
        ["start_deadline", false],
        ["completed", true],
      ]);
    });

    test("nobody can be reached: both ways are named, and the endless wait is not counted", async () => {
      const scene = await open();
      const agent = await scene.agent({ capabilities: ["work"] });
      await agent.close();
      await scene.closeKit();
      const sessionId = await scene.start(oneTask({ retry: { maxAttempts: 1 } }));
      await scene.world.flush();
      await scene.world.pass(30_000);
      const { status, waitingFor } = await scene.session(sessionId);
      expect(status).toBe("waiting");
      expect(waitingFor?.message).toMatch(/:\d+\/task refused the connection; AgentKit at .* refused the connection$/);
      await agent.reopen();
      await scene.world.pass(60_000);
      await agent.serve(1);
      expect(await scene.session(sessionId)).toMatchObject({ status: "completed" });
    });

    test("an agent that is not ready (503) is tried again, one that says no (400) is not", async () => {
      const scene = await open({ mode: "direct" });
      const agent = await scene.agent({ capabilities: ["work"], name: "first" });
      await agent.answer({ status: 503, body: { detail: "warming up" } });
      const sessionId = await scene.start(oneTask());
      await scene.world.flush();
      await agent.answer({ status: 400, body: { detail: "cannot do that" } });
      await scene.world.pass(5_000);
      const other = await scene.agent({ capabilities: ["work"], name: "second" });
      await other.serve(1);
      expect(await scene.session(sessionId)).toMatchObject({ status: "completed" });
      expect(await attemptsOf(scene, sessionId)).toEqual([
        ["refused", false],
        ["rejected", true],
        ["completed", true],
      ]);
      expect(await agent.deliveries()).toHaveLength(2);
    });
  });
};
