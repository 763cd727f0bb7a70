import { describe, expect, test } from "vitest";
import type { HttpCall } from "../../src/agentkit/http-call.ts";
import { oneTask, scenes, type Scene } from "../support/scene.ts";
import type { Platform } from "../support/world.ts";

const DAY_MS = 86_400_000;

/** Nothing happens a millisecond before `at`, and what is due happens at `at`. */
const sweepAround = async ({ world }: Scene, at: number, expectBefore: () => Promise<void>): Promise<void> => {
  world.clock.set(at - 1);
  await world.sweep();
  await expectBefore();
  world.clock.set(at);
  await world.sweep();
};

const attemptsOf = async (scene: Scene, sessionId: string) => (await scene.session(sessionId)).tasks[0]?.attempts ?? [];

const statuses = async (scene: Scene, sessionId: string): Promise<string[]> =>
  (await attemptsOf(scene, sessionId)).map(({ status }) => status);

const rfc = (at: number): string => new Date(at).toISOString();

/** A call that reaches the other side, after which the process that made it is no more. */
const dyingCall = (call: HttpCall): { readonly call: HttpCall; dies: boolean } => {
  const dying = {
    dies: true,
    call: async (request: Parameters<HttpCall>[0]) => {
      const outcome = await call(request);
      if (dying.dies) throw new Error("the process died");
      return outcome;
    },
  };
  return dying;
};

/** Every deadline to the millisecond, by a clock that only the test moves. */
export const deadlinesSuite = (platform: Platform): void => {
  const open = scenes(platform);

  describe(`deadlines on ${platform.name}`, () => {
    test("L4: the start deadline ends an attempt that AgentKit accepted and nobody confirmed", async () => {
      const scene = await open({ deliver: "swallow", mode: "agentkit" });
      await scene.agent({ capabilities: ["work"] });
      const sentAt = scene.world.clock.now();
      const sessionId = await scene.start(oneTask({ timeout: { start: "45s" } }));
      await scene.world.flush();
      await sweepAround(scene, sentAt + 45_000, async () =>
        expect(await statuses(scene, sessionId)).toEqual(["running"]),
      );
      expect(await attemptsOf(scene, sessionId)).toMatchObject([
        { status: "start_deadline", endedAt: rfc(sentAt + 45_000), counts: true },
      ]);
    });

    test("the run deadline ends an attempt that was delivered and started", async () => {
      const scene = await open();
      const agent = await scene.agent({ capabilities: ["work"] });
      const sentAt = scene.world.clock.now();
      const sessionId = await scene.start(oneTask({ timeout: { run: "10m" } }));
      await agent.delivery(1);
      await agent.relay();
      await sweepAround(scene, sentAt + 600_000, async () =>
        expect(await statuses(scene, sessionId)).toEqual(["running"]),
      );
      expect(await attemptsOf(scene, sessionId)).toMatchObject([
        { status: "run_deadline", endedAt: rfc(sentAt + 600_000), counts: true },
      ]);
      expect((await scene.session(sessionId)).tasks[0]).toMatchObject({
        error: { message: `agent ${agent.id} did not finish within 600 s` },
      });
    });

    test("P5: a dispatch whose outcome was lost is sent again after its lease, as the same attempt", async () => {
      const dying = dyingCall(platform.call);
      const scene = await open({ call: dying.call });
      const agent = await scene.agent({ capabilities: ["work"] });
      const sentAt = scene.world.clock.now();
      const sessionId = await scene.start(oneTask());
      const first = await agent.delivery(1);
      await scene.world.flush();
      dying.dies = false;
      await sweepAround(scene, sentAt + 30_000, async () => expect(await agent.deliveries()).toHaveLength(1));
      const second = await agent.delivery(2);
      expect(second.body.opscore_task_id).toBe(first.body.opscore_task_id);
      expect(second.body.payload["idempotency_key"]).toBe(first.body.payload["idempotency_key"]);
      await scene.world.pass(60_000);
      await agent.relay();
      await agent.relay();
      await agent.finish();
      await agent.relay();
      expect(await scene.session(sessionId)).toMatchObject({ status: "completed" });
      expect(await agent.deliveries()).toHaveLength(2);
    });

    test("a lost outcome is made good by a report: nothing is sent again", async () => {
      const scene = await open({ call: dyingCall(platform.call).call });
      const agent = await scene.agent({ capabilities: ["work"] });
      const sessionId = await scene.start(oneTask());
      await agent.delivery(1);
      await agent.relay();
      await scene.world.pass(120_000);
      expect(await agent.deliveries()).toHaveLength(1);
      await agent.finish();
      await agent.relay();
      expect(await scene.session(sessionId)).toMatchObject({ status: "completed" });
    });

    test("a retry comes when the failure asked for it", async () => {
      const scene = await open();
      const agent = await scene.agent({ capabilities: ["work"] });
      const sessionId = await scene.start(oneTask());
      const { body } = await agent.delivery(1);
      await scene.world.flush();
      const failedAt = scene.world.clock.now();
      const error = { code: "BUSY", message: "come back", retryAfterMs: 12_345 };
      const failed = await scene.world.request("POST", `/v1/opscore/tasks/${body.opscore_task_id}/fail`, { error });
      expect(failed.status).toBe(200);
      expect((await scene.session(sessionId)).nextAt).toBe(rfc(failedAt + 12_345));
      await sweepAround(scene, failedAt + 12_345, async () => expect(await agent.deliveries()).toHaveLength(1));
      expect((await agent.delivery(2)).body.opscore_task_id).toMatch(/:2$/);
    });

    test("a retry by back-off comes at the moment that is shown, within full jitter", async () => {
      const scene = await open();
      const agent = await scene.agent({ capabilities: ["work"] });
      const sessionId = await scene.start(oneTask({ retry: { maxAttempts: 3, initialInterval: "10m" } }));
      for (const [n, ceilingMs] of [
        [1, 300_000],
        [2, 300_000],
      ] as const) {
        const { body } = await agent.delivery(n);
        await scene.world.flush();
        const failedAt = scene.world.clock.now();
        await agent.say("error", { opscore_task_id: body.opscore_task_id, error: { code: "E", message: "m" } });
        const retryAt = Date.parse((await scene.session(sessionId)).nextAt ?? "");
        expect(retryAt - failedAt).toBeGreaterThanOrEqual(0);
        expect(retryAt - failedAt).toBeLessThan(ceilingMs);
        if (retryAt > failedAt) {
          await sweepAround(scene, retryAt, async () => expect(await agent.deliveries()).toHaveLength(n));
        } else await scene.world.sweep();
      }
      await agent.delivery(3);
    });

    test("P10: the queue deadline fails the task no_agent, and the reason says what was missing", async () => {
      const scene = await open();
      const since = scene.world.clock.now();
      const sessionId = await scene.start(oneTask({ timeout: { queue: "1h" } }));
      await sweepAround(scene, since + 3_600_000, async () =>
        expect(await scene.session(sessionId)).toMatchObject({ status: "started" }),
      );
      expect(await scene.session(sessionId)).toMatchObject({
        status: "failed",
        error: { code: "no_agent" },
        reason: 'no agent could take the task in time: no registered agent has capability "work"',
      });
    });

    test("without a limit of its own a task waits a day", async () => {
      const scene = await open();
      const since = scene.world.clock.now();
      const sessionId = await scene.start(oneTask());
      await scene.world.pass(DAY_MS - 1);
      expect(await scene.session(sessionId)).toMatchObject({ status: "started", nextAt: rfc(since + DAY_MS) });
      await scene.world.pass(1);
      expect(await scene.session(sessionId)).toMatchObject({ status: "failed", error: { code: "no_agent" } });
    });
  });

  describe(`an outage of a day on ${platform.name}`, () => {
    test.each(["started", "delivered", "accepted"])(
      "L5: an attempt in flight (%s) does not fail the session",
      async (how) => {
        const scene = await open({ mode: how === "accepted" ? "agentkit" : "auto" });
        const agent = await scene.agent({ capabilities: ["work"], withTaskIds: true });
        const sessionId = await scene.start(oneTask({ retry: { maxAttempts: 1 } }));
        await agent.delivery(1);
        await scene.world.flush();
        if (how === "started") await agent.relay();
        scene.world.clock.advance(DAY_MS);
        await scene.world.sweep();
        const [attempt] = await attemptsOf(scene, sessionId);
        expect(attempt).toMatchObject({ counts: false, error: { code: "run_deadline" } });
        expect((await scene.session(sessionId)).status).not.toBe("failed");
        if (how === "started") await agent.say("idle");
        await scene.world.pass(2_000);
        const again = await agent.delivery(2);
        expect(again.body.opscore_task_id).toMatch(/:2$/);
        await agent.say("active", { opscore_task_id: again.body.opscore_task_id });
        await agent.say("idle", { opscore_task_id: again.body.opscore_task_id });
        expect(await scene.session(sessionId)).toMatchObject({ status: "completed" });
      },
    );

    test("the result of the attempt that comes in before anything else does still counts", async () => {
      const scene = await open();
      const agent = await scene.agent({ capabilities: ["work"] });
      const sessionId = await scene.start(oneTask());
      await agent.delivery(1);
      await agent.relay();
      await agent.finish();
      await agent.relay(DAY_MS);
      expect(await scene.session(sessionId)).toMatchObject({ status: "completed" });
    });

    test("L5: a waiting task starts its wait anew", async () => {
      const scene = await open();
      const sessionId = await scene.start(oneTask({ timeout: { queue: "1h" } }));
      scene.world.clock.advance(DAY_MS);
      await scene.world.sweep();
      const backAt = scene.world.clock.now();
      expect(await scene.session(sessionId)).toMatchObject({ status: "started", nextAt: rfc(backAt + 3_600_000) });
      const agent = await scene.agent({ capabilities: ["work"] });
      await agent.serve(1);
      expect(await scene.session(sessionId)).toMatchObject({ status: "completed" });
    });
  });
};
