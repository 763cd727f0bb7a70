import { describe, expect, test } from "vitest";
import { oneTask, sampleWorkflow, scenes, type Scene, type SceneAgent } from "../support/scene.ts";
import type { Platform } from "../support/world.ts";

const both = ["data_processing", "reporting"];

const firstTask = async (scene: Scene, sessionId: string) => (await scene.session(sessionId)).tasks[0];

const agentView = async (scene: Scene, agentId: string): Promise<unknown> =>
  (await scene.world.request("GET", `/v1/opscore/agents/${agentId}`)).json();

const deregister = async ({ world }: Scene, agentId: string): Promise<void> => {
  const body = { event_type: "DEREGISTER", agent_details: { agentId } };
  const answer = await world.request("POST", "/v1/opscore/internal/agent/notify", body);
  expect(answer.status).toBe(200);
  await world.flush();
};

const cancel = async ({ world }: Scene, sessionId: string): Promise<void> => {
  const answer = await world.request("POST", `/v1/opscore/sessions/${sessionId}/cancel`, { reason: "not needed" });
  expect(answer.status).toBe(202);
  await world.flush();
};

/** Agents come, die, leave, fail and take two tasks at a time. */
export const lifecycleSuite = (platform: Platform): void => {
  const open = scenes(platform);

  describe(`an agent dies mid-task on ${platform.name}`, () => {
    const dies = async (scene: Scene, agent: SceneAgent): Promise<SceneAgent> => {
      await agent.delivery(1);
      await agent.relay();
      await agent.close();
      await scene.forgetAgents();
      await agent.reopen();
      return agent.restart();
    };

    test.each(["home", "capability"])("its successor gets the task at once (session by %s)", async (by) => {
      const scene = await open();
      const agent = await scene.agent({ name: "worker", capabilities: both });
      const sessionId = await scene.start(sampleWorkflow(), by === "home" ? agent : null);
      const heir = await dies(scene, agent);
      expect(heir.id).not.toBe(agent.id);
      await heir.delivery(2);
      const task = await firstTask(scene, sessionId);
      expect(task?.attempts.map(({ agentId, status, counts }) => [agentId, status, counts])).toEqual([
        [agent.id, "agent_restarted", true],
        [heir.id, "running", true],
      ]);
      expect(task?.attempts[1]?.dispatchedAt).toBe(task?.attempts[0]?.endedAt);
      await heir.serve(2);
      await heir.serve(3);
      expect(await scene.session(sessionId)).toMatchObject({ status: "completed", error: null });
      expect(await agentView(scene, agent.id)).toMatchObject({ registration: "superseded", supersededBy: heir.id });
    });

    test("its restart counts: with one attempt only, the session fails and says why", async () => {
      const scene = await open();
      const agent = await scene.agent({ name: "worker", capabilities: ["work"] });
      const sessionId = await scene.start(oneTask({ retry: { maxAttempts: 1 } }));
      const heir = await dies(scene, agent);
      expect(await scene.session(sessionId)).toMatchObject({
        status: "failed",
        error: { code: "agent_restarted" },
        reason: `agent ${agent.id} restarted as ${heir.id} and lost the task`,
      });
    });

    test("a late report of the dead one is kept and disturbs nobody", async () => {
      const scene = await open();
      const agent = await scene.agent({ name: "worker", capabilities: ["work"] });
      const sessionId = await scene.start(oneTask());
      const heir = await dies(scene, agent);
      const { body } = await heir.delivery(1);
      const answer = await agent.say("idle", { opscore_task_id: body.opscore_task_id });
      expect(answer).toMatchObject({ applied: false, reason: "stale_attempt" });
      expect(await firstTask(scene, sessionId)).toMatchObject({ status: "running", lateResults: 1 });
      await heir.serve(2);
      expect(await scene.session(sessionId)).toMatchObject({ status: "completed" });
    });
  });

  describe(`DEREGISTER mid-task on ${platform.name}`, () => {
    test("the attempt ends uncounted and the task goes to the next agent that can", async () => {
      const scene = await open({ allowUnsigned: true });
      const agent = await scene.agent({ capabilities: ["work"] });
      const sessionId = await scene.start(oneTask({ retry: { maxAttempts: 1 } }));
      await agent.delivery(1);
      await agent.relay();
      await deregister(scene, agent.id);
      expect(await scene.session(sessionId)).toMatchObject({ status: "waiting", waitingFor: { code: "no_agent" } });
      await agent.say("idle");
      expect(await agentView(scene, agent.id)).toMatchObject({ registration: "deregistered", available: false });

      const next = await scene.agent({ capabilities: ["work"] });
      await next.serve(1);
      expect(await scene.session(sessionId)).toMatchObject({ status: "completed" });
      const { attempts } = (await firstTask(scene, sessionId)) ?? {};
      expect(attempts?.map(({ status, counts }) => [status, counts])).toEqual([
        ["agent_deregistered", false],
        ["completed", true],
      ]);
    });

    test("a session at home with it waits until it registers again", async () => {
      const scene = await open({ allowUnsigned: true });
      const agent = await scene.agent({ name: "home", webhookLater: true });
      await agent.webhook();
      const sessionId = await scene.start(sampleWorkflow(), agent);
      await agent.delivery(1);
      await deregister(scene, agent.id);
      expect(await scene.session(sessionId)).toMatchObject({ status: "waiting", waitingFor: { code: "agent_gone" } });
      await scene.world.pass(60_000);
      await scene.forgetAgents();
      const again = await agent.restart();
      await again.webhook();
      expect(await scene.session(sessionId)).toMatchObject({ status: "waiting" });
      const known = { agentName: "home", version: "1", capabilities: [], contactEndpoint: agent.endpoint };
      await scene.world.request("PUT", `/v1/opscore/agents/${agent.id}`, known);
      await scene.world.flush();
      expect((await agent.delivery(2)).body.opscore_task_id).toMatch(/:2$/);
    });
  });

  describe(`cancel on ${platform.name}`, () => {
    test("frees the agent at once, and a late report is kept and changes nothing", async () => {
      const scene = await open();
      const agent = await scene.agent({ capabilities: ["work"] });
      const cancelled = await scene.start(oneTask());
      const waiting = await scene.start(oneTask());
      await agent.delivery(1);
      await scene.world.flush();
      await cancel(scene, cancelled);
      expect((await agent.delivery(2)).body.opscore_session_id).toBe(waiting);
      const late = await agent.delivery(1);
      const answer = await agent.say("idle", { opscore_task_id: late.body.opscore_task_id, result: "too late" });
      expect(answer).toMatchObject({ applied: false, reason: "stale_attempt" });
      expect(await scene.session(cancelled)).toMatchObject({ status: "cancelled", reason: "not needed" });
      expect(await firstTask(scene, cancelled)).toMatchObject({ status: "cancelled", output: null, lateResults: 1 });
      expect(await scene.session(waiting)).toMatchObject({ status: "running" });
    });

    test("an agent that said it works gets the next task once it says it is free, without any sweep", async () => {
      const scene = await open();
      const agent = await scene.agent({ capabilities: ["work"] });
      const cancelled = await scene.start(oneTask());
      const waiting = await scene.start(oneTask());
      await agent.delivery(1);
      await agent.relay();
      await cancel(scene, cancelled);
      expect(await agentView(scene, agent.id)).toMatchObject({ tasks: [], available: false });
      await agent.finish();
      await agent.relay();
      expect((await agent.delivery(2)).body.opscore_session_id).toBe(waiting);
      expect(await firstTask(scene, cancelled)).toMatchObject({ lateResults: 1 });
    });
  });

  describe(`capacity 2 on ${platform.name}`, () => {
    const metadata = { config: { maxConcurrentTasks: 2 } };

    test("two tasks at a time, ended in any order; the third follows at once", async () => {
      const scene = await open();
      const agent = await scene.agent({ capabilities: ["work"], metadata, behaviour: "silent" });
      const [a, b, c] = [await scene.start(oneTask()), await scene.start(oneTask()), await scene.start(oneTask())];
      const [, second] = [await agent.delivery(1), await agent.delivery(2)];
      await scene.world.flush();
      expect(await agent.deliveries()).toHaveLength(2);
      await agent.say("idle", { opscore_task_id: second.body.opscore_task_id });
      expect((await agent.delivery(3)).body.opscore_session_id).toBe(c);
      for (const n of [3, 1])
        await agent.say("idle", { opscore_task_id: (await agent.delivery(n)).body.opscore_task_id });
      for (const id of [a, b, c]) expect((await scene.session(id)).status).toBe("completed");
    });

    test("two waiting sessions both start when it registers, without any sweep", async () => {
      const scene = await open();
      const [a, b] = [await scene.start(oneTask()), await scene.start(oneTask())];
      const agent = await scene.agent({ capabilities: ["work"], metadata });
      await scene.world.flush();
      expect([(await scene.session(a)).status, (await scene.session(b)).status]).toEqual(["running", "running"]);
      expect(await agent.deliveries()).toHaveLength(2);
    });
  });

  describe(`failures on ${platform.name}`, () => {
    test("an error report counts and the retry succeeds", async () => {
      const scene = await open();
      const agent = await scene.agent({ capabilities: both });
      const sessionId = await scene.start(sampleWorkflow());
      await agent.delivery(1);
      await agent.relay();
      await agent.finish(false);
      await agent.relay();
      expect(await scene.session(sessionId)).toMatchObject({
        status: "waiting",
        waitingFor: { code: "retry", message: expect.stringContaining("failed on purpose") as string },
      });
      await scene.world.pass(1_000);
      await agent.serve(2);
      await agent.serve(3);
      expect(await scene.session(sessionId)).toMatchObject({ status: "completed" });
      const { attempts } = (await firstTask(scene, sessionId)) ?? {};
      expect(attempts?.map(({ status, error }) => [status, error?.code ?? null])).toEqual([
        ["failed", "simulated_failure"],
        ["completed", null],
      ]);
    });
  });
};
