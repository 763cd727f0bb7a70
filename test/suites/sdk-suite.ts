import { describe, expect, test } from "vitest";
import { answersByOperation } from "../../src/contract/answers/by-operation.ts";
import { OpsCoreError, SessionFailedError, type OpsCore } from "../../src/sdk/index.ts";
import { worldsOf } from "../support/api.ts";
import { all, callInto, quickSeams, sdkOf } from "../support/sdk.ts";
import type { Platform, World } from "../support/world.ts";

const SECRET = "webhook-secret";

const report = { id: "report", name: "Report", tasks: [{ taskId: "draft", agentCapability: "write" }] } as const;

const asking = { id: "asking", name: "Asking", tasks: [{ taskId: "ask", type: "approval" }] } as const;

const listening = { id: "listening", name: "Listening", tasks: [{ taskId: "hear", type: "signal" }] } as const;

const yaml = "id: listed\nname: Listed\ntasks:\n  - taskId: one\n    agentCapability: write\n";

/** The code that a call fails with. */
const codeOf = async (call: Promise<unknown>): Promise<string> => {
  const error: unknown = await call.then(
    () => "none",
    (thrown: unknown) => thrown,
  );
  return error instanceof OpsCoreError ? error.code : String(error);
};

/** Every operation there is, called through the SDK against the real app. */
export const sdkSuite = (platform: Platform): void => {
  const open = worldsOf(platform);

  const start = async (): Promise<{ world: World; client: OpsCore; called: ReadonlySet<string>; sent: string[] }> => {
    const sent: string[] = [];
    const call = callInto(async (request) => {
      sent.push(((await request.json()) as { opscore_task_id: string }).opscore_task_id);
      return Response.json({});
    });
    const world = await open({ call, webhookSecrets: [SECRET], allowUnsigned: false });
    const { client, called } = sdkOf(world);
    return { world, client, called, sent };
  };

  const register = (client: OpsCore) =>
    client.agents.put("writer", {
      agentName: "writer",
      version: "1",
      capabilities: ["write"],
      contactEndpoint: "http://writer.test/",
      metadata: { config: { maxConcurrentTasks: 50 } },
    });

  describe(`the SDK (${platform.name})`, () => {
    test("there is a method for every operation, and each gets its answer", { timeout: 30_000 }, async () => {
      const { world, client, called, sent } = await start();
      const { agents, workflows, sessions, tasks, schedules, keys, webhooks, audit } = client;
      const attemptOf = async (sessionId: string): Promise<string> => {
        await world.flush();
        return (await sessions.get(sessionId)).tasks[0]?.attempts.at(-1)?.id ?? "none";
      };
      const begin = async (workflowDefinitionId: string): Promise<string> => {
        const { sessionId } = await sessions.start({ workflowDefinitionId });
        await world.flush();
        return sessionId;
      };

      expect([await client.health(), await client.ready()]).toEqual([{ status: "ok" }, { status: "ready" }]);
      expect(await client.schemas.workflow()).toMatchObject({ title: expect.any(String) as string });
      expect(await client.schemas.openApi()).toMatchObject({ openapi: "3.1.1" });

      const notification = { event_type: "REGISTER", agent_details: { agentId: "kit", agentName: "kit" } };
      expect(await agents.notify(notification, { secret: SECRET })).toMatchObject({ status: "success" });
      expect(await codeOf(agents.notify(notification, { secret: "another" }))).toBe("invalid_signature");
      expect(await register(client)).toMatchObject({ agentId: "writer", registration: "registered" });
      expect(await agents.reportState("writer", "idle", { load: 0.5 })).toMatchObject({ status: "success" });
      expect(await agents.getState("writer")).toMatchObject({ state: "idle", details: { load: 0.5 } });
      expect((await agents.get("writer")).available).toBe(true);
      expect((await all(agents.list())).map(({ agentId }) => agentId)).toEqual(["writer", "kit"]);
      expect((await all(agents.history("writer"))).map(({ state }) => state)).toEqual(["idle"]);

      expect(await workflows.validate(report)).toMatchObject({ valid: true, tasks: 1 });
      for (const definition of [report, asking, listening, yaml]) await workflows.save(definition);
      expect((await workflows.list({ limit: 2 }).page()).data).toHaveLength(2);
      expect(await workflows.get("listed", { revision: 1 })).toMatchObject({ definition: { name: "Listed" } });

      const dry = await workflows.test("report", {
        mocks: { draft: [{ error: { code: "no" } }, { output: "text", after: "1m" }] },
      });
      expect(dry).toMatchObject({ status: "completed", session: { tasks: [{ output: "text" }] }, stopped: null });

      const triggered = await agents.triggerWorkflow("writer", { workflowDefinitionId: "report" });
      const attemptId = await attemptOf(triggered.sessionId);
      expect(sent).toContain(attemptId);
      expect(await tasks.heartbeat(attemptId, { progress: 0.5 })).toMatchObject({ status: "running" });
      expect(await tasks.complete(attemptId, { output: "text" })).toMatchObject({ status: "completed" });
      expect(await tasks.complete(attemptId, { output: "text" })).toMatchObject({ status: "completed" });
      const first = await sessions.wait(triggered.sessionId);
      expect(first).toMatchObject({ status: "completed", tasks: [{ output: "text" }] });
      expect((await all(sessions.log(first.sessionId, { limit: 1 }))).map(({ seq }) => seq)).toEqual([1, 2]);

      const again = await sessions.rerun(first.sessionId);
      const failing = await attemptOf(again.sessionId);
      const error = { code: "later", message: "not now", retryable: true };
      expect(await tasks.fail(failing, { error })).toMatchObject({ status: "failed" });
      expect(await sessions.retryTask(again.sessionId, "draft")).toMatchObject({ taskId: "draft" });
      expect(await sessions.pause(again.sessionId, { reason: "lunch" })).toMatchObject({ status: "paused" });
      expect(await sessions.resume(again.sessionId)).not.toMatchObject({ status: "paused" });
      expect(await sessions.completeTask(again.sessionId, "draft", { output: 1 })).toMatchObject({
        status: "completed",
      });
      const failed = await sessions.failTask(await begin("report"), "draft", { error: { message: "no" } });
      expect(failed.status).toBe("failed");
      expect(await sessions.skipTask(await begin("report"), "draft")).toMatchObject({ taskId: "draft" });
      expect(await sessions.approveTask(await begin("asking"), "ask", { by: "me" })).toMatchObject({
        status: "completed",
      });
      expect(await sessions.rejectTask(await begin("asking"), "ask", { comment: "no" })).toMatchObject({
        status: "failed",
      });
      const heard = await sessions.signal(await begin("listening"), "hear", { payload: 1 });
      expect(heard).toMatchObject({ signal: "hear", status: "completed" });
      const cancelled = await begin("report");
      expect(await sessions.cancel(cancelled, { reason: "enough" })).toMatchObject({ status: "cancelled" });
      expect(await sessions.cancel(cancelled)).toMatchObject({ status: "cancelled" });
      const done = await all(sessions.list({ status: ["completed", "failed"], startedAfter: new Date(0), limit: 2 }));
      expect(done.length).toBe(7);
      expect((await sessions.counts({ workflowId: "report" })).data).toMatchObject({ cancelled: 1, failed: 1 });
      const filter = { status: ["failed"], startedBefore: new Date(world.clock.now() + 1) } as const;
      expect(await sessions.bulk({ action: "rerun", filter, dryRun: true })).toMatchObject({ matched: 2 });

      const enqueued = await tasks.enqueue({ agentCapability: "write", delay: "1h", name: "later" });
      expect(await tasks.get(enqueued.id)).toMatchObject({ sessionId: enqueued.sessionId });
      const listed = await all(tasks.list({ status: "open" }));
      expect(listed.map(({ sessionId }) => sessionId)).toContain(enqueued.sessionId);
      expect(await tasks.cancel(enqueued.id, { reason: "no" })).toMatchObject({ status: "cancelled" });

      const spec = { cron: "@daily", workflowDefinitionId: "report" };
      const { scheduleId } = await schedules.create(spec);
      expect(await schedules.put(scheduleId, { ...spec, description: "nightly" })).toMatchObject({
        description: "nightly",
      });
      expect((await schedules.pause(scheduleId)).paused).toBe(true);
      expect((await schedules.resume(scheduleId)).paused).toBe(false);
      expect(await schedules.trigger(scheduleId)).toMatchObject({ scheduleId });
      expect((await schedules.get(scheduleId)).counts.started).toBe(1);
      expect((await all(schedules.list())).map((one) => one.scheduleId)).toEqual([scheduleId]);
      expect(await schedules.delete(scheduleId)).toBeNull();
      expect(await codeOf(schedules.get(scheduleId))).toBe("schedule_not_found");

      const made = await keys.create({ name: "reader", role: "viewer", expiresIn: "1h" });
      const reader = sdkOf(world, { apiKey: made.key ?? "" }).client;
      expect((await all(reader.agents.list())).length).toBe(2);
      expect(await codeOf(reader.workflows.save(report))).toBe("forbidden");
      const rotated = await keys.rotate(made.keyId, { overlap: "0s" });
      expect(rotated.key).not.toBe(made.key);
      expect(await codeOf(reader.agents.get("writer"))).toBe("unauthorized");
      expect(await keys.revoke(made.keyId, { reason: "done" })).toMatchObject({ status: "revoked" });
      expect(await keys.get(made.keyId)).toMatchObject({ revokedReason: "done" });
      expect((await all(keys.list())).map(({ name }) => name)).toEqual(["reader"]);
      const hook = { url: "http://hook.test/", events: ["task.failed"] } as const;
      const { webhookId, secret } = await webhooks.create(hook);
      expect(secret).toMatch(/^whsec_/);
      expect(await webhooks.put(webhookId, { ...hook, description: "desk" })).toMatchObject({ description: "desk" });
      expect((await webhooks.disable(webhookId)).enabled).toBe(false);
      expect((await webhooks.enable(webhookId)).enabled).toBe(true);
      const { deliveryId } = await webhooks.test(webhookId);
      expect(await webhooks.redeliver(webhookId, deliveryId)).toEqual({ webhookId, deliveryId });
      expect((await all(webhooks.deliveries(webhookId))).map(({ event }) => event)).toEqual(["webhook.ping"]);
      expect((await webhooks.rotate(webhookId)).secret).not.toBe(secret);
      expect(await webhooks.get(webhookId)).toEqual((await all(webhooks.list()))[0]);
      expect(await webhooks.delete(webhookId)).toBeNull();
      expect(await codeOf(webhooks.get(webhookId))).toBe("webhook_not_found");

      const changes = await all(audit.list({ target: made.keyId, limit: 1 }));
      expect(changes.map(({ action }) => action)).toEqual(["revokeKey", "rotateKey", "createKey"]);

      // Pages for people and for language models are no calls.
      const calls = Object.keys(answersByOperation).filter((name) => name !== "GET /docs" && name !== "GET /llms.txt");
      expect([...called].toSorted()).toEqual(calls.toSorted());
    });

    test("a session is started and waited for; what became of it is told, or thrown if that is asked for", async () => {
      const { world, client, sent } = await start();
      await register(client);
      await client.workflows.save(report);
      const statuses: string[] = [];
      const seams = quickSeams(world, async () => {
        await world.sweep();
        const attemptId = sent.pop();
        if (attemptId !== undefined) await client.tasks.complete(attemptId, { output: "text" });
      });
      const waiting = sdkOf(world, { seams }).client;
      const onProgress = ({ status }: { readonly status: string }) => void statuses.push(status);
      const ended = await waiting.sessions.startAndWait({ workflowDefinitionId: "report" }, { onProgress });
      expect(ended).toMatchObject({ status: "completed", tasks: [{ output: "text" }] });
      expect(statuses.slice(-2)).toEqual(["running", "completed"]);

      await client.workflows.save(asking);
      const { sessionId } = await client.sessions.start({ workflowDefinitionId: "asking" });
      await client.sessions.rejectTask(sessionId, "ask");
      expect((await client.sessions.wait(sessionId)).status).toBe("failed");
      const thrown: unknown = await client.sessions.wait(sessionId, { throwOnFailure: true }).catch((e: unknown) => e);
      expect(thrown).toBeInstanceOf(SessionFailedError);
      expect(thrown).toMatchObject({ code: "session_failed", session: { sessionId, error: { code: "rejected" } } });
    });

    test("a wait ends in time, and the session goes on", async () => {
      const { client } = await start();
      await client.workflows.save(asking);
      const waiting = client.sessions.startAndWait({ workflowDefinitionId: "asking" }, { timeoutMs: 20_000 });
      expect(await codeOf(waiting)).toBe("timed_out");
      expect((await all(client.sessions.list({ status: "open" }))).length).toBe(1);
    });

    test("a log is followed as it grows: each row once, in order, until the session ends", async () => {
      const { client } = await start();
      await client.workflows.save(asking);
      const { sessionId } = await client.sessions.start({ workflowDefinitionId: "asking" });
      const seen: number[] = [];
      for await (const row of client.sessions.follow(sessionId)) {
        seen.push(row.seq);
        if (row.seq === 1) await client.sessions.pause(sessionId);
        if (row.seq === 2) await client.sessions.resume(sessionId);
        if (row.seq === 3) await client.sessions.approveTask(sessionId, "ask");
      }
      const log = await all(client.sessions.log(sessionId));
      expect(seen).toEqual(log.map(({ seq }) => seq));
      expect(seen.length).toBeGreaterThan(3);
      const rest = await all(client.sessions.follow(sessionId, { afterSeq: 2 }));
      expect(rest).toEqual(log.slice(2));
    });

    test("a refusal is an error with a code of the closed list, all its faults, and no key", async () => {
      const { client, world } = await start();
      const bad: unknown = await client.workflows.validate({ id: "x", name: "", tasks: [] }).catch((e: unknown) => e);
      expect(bad).toMatchObject({ code: "invalid_definition", status: 422, retryable: false });
      expect((bad as OpsCoreError).errors.length).toBeGreaterThan(1);
      expect((bad as OpsCoreError).requestId).toMatch(/./);
      const stranger = sdkOf(world, { apiKey: "another-key-of-some-length" }).client;
      const denied: unknown = await stranger.agents.get("writer").catch((e: unknown) => e);
      expect(denied).toMatchObject({ code: "unauthorized", status: 401 });
      expect(`${String(denied)} ${JSON.stringify(denied)}`).not.toContain("another-key");
    });
  });
};
