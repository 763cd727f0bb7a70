import { describe, expect, test } from "vitest";
import { call, expectProblem, type Reply } from "../support/api.ts";
import { run } from "../support/rebuild-run.ts";
import { begin, idsOf, keyed, on, opener, SESSIONS, settle, shown } from "../support/reruns.ts";
import type { Platform, World } from "../support/world.ts";

/** What a person says to a session under an Idempotency-Key is done once and answered alike. */
export const controlKeysSuite = (platform: Platform): void => {
  describe(`Idempotency-Key on words to a session, ${platform.name}`, () => {
    const open = opener(platform);
    const say = async (world: World, id: string, path: string, key: string, body?: unknown): Promise<Reply> => {
      const reply = await call(world, "POST", `${SESSIONS}/${id}/${path}`, body, keyed(key));
      await world.flush();
      return reply;
    };
    const twice = { maxAttempts: 9, initialInterval: "1h" };

    test("P8: a retry that is repeated after a lost answer is one retry, whatever came of it meanwhile", async () => {
      const world = await open();
      const id = await begin(world, [on("one", { retry: twice })]);
      await settle(world, id, 1, new Error("boom"));
      const first = await say(world, id, "tasks/one/retry", "k");
      expect([first.status, first.body["status"]]).toEqual([202, "running"]);
      const attempts = async () => (await shown(world, id)).tasks[0]?.attempts.length;
      expect(await attempts()).toBe(2);
      const again = await say(world, id, "tasks/one/retry", "k");
      expect([again.status, again.text]).toEqual([202, first.text]);
      await call(world, "POST", `/v1/opscore/tasks/tsk_${id.slice(4)}.1:2/fail`, {
        error: { code: "x", message: "x" },
      });
      const late = await say(world, id, "tasks/one/retry", "k");
      expect([late.status, late.text, await attempts()]).toEqual([202, first.text, 2]);
      expect((await say(world, id, "tasks/one/retry", "other")).status).toBe(202);
      expect(await attempts()).toBe(3);
    });

    test("P8: after the session has ended the first answer is given, not 409", async () => {
      const world = await open();
      const id = await begin(world, [on("one"), { taskId: "yes", type: "approval" }]);
      const words = [
        ["pause", { reason: "look" }],
        ["resume", {}],
        ["tasks/one/complete", { output: 1 }],
        ["tasks/yes/approve", { by: "ada" }],
      ] as const;
      const first: Reply[] = [];
      for (const [path, body] of words) first.push(await say(world, id, path, path, body));
      expect(first.map(({ status, body }) => [status, body["status"]])).toEqual([
        [202, "paused"],
        [202, "running"],
        [202, "waiting"],
        [202, "completed"],
      ]);
      for (const [at, [path, body]] of words.entries()) {
        const again = await say(world, id, path, path, body);
        expect([again.status, again.text]).toEqual([202, first[at]?.text]);
      }
      expectProblem(await say(world, id, "pause", "new"), 409, "session_ended");
      expect((await run(world, false)).findings).toEqual([]);
    });

    test("a word to a session that has ended says how it ended, and that it can be run again", async () => {
      const world = await open();
      const cancelled = await begin(world, [on("one")]);
      expect((await call(world, "POST", `${SESSIONS}/${cancelled}/cancel`)).status).toBe(202);
      const completed = await begin(world, [{ taskId: "yes", type: "approval" }]);
      expect((await say(world, completed, "tasks/yes/approve", "k")).status).toBe(202);
      const hint = "A session that has ended can be run again: POST …/rerun.";
      for (const [id, path, detail] of [
        [cancelled, "pause", "The session has already been cancelled."],
        [completed, "pause", "The session has already completed."],
        [completed, "cancel", "The session has already completed."],
      ] as const) {
        const reply = await say(world, id, path, "late");
        expectProblem(reply, 409, "session_ended");
        expect(reply.body).toMatchObject({ detail, hint });
      }
    });

    test("another request under the same key is 422; so is the same one with another body", async () => {
      const world = await open();
      const id = await begin(world, [on("one"), on("two", { dependsOn: [] })]);
      expect((await say(world, id, "tasks/one/skip", "k")).status).toBe(202);
      for (const [path, body] of [
        ["tasks/two/skip", undefined],
        ["tasks/one/skip", {}],
        ["pause", {}],
      ] as const) {
        expectProblem(await say(world, id, path, "k", body), 422, "idempotency_key_reused");
      }
      expect((await shown(world, id)).tasks.map(({ status }) => status)).toEqual(["skipped", "running"]);
    });

    test("P8: what changed nothing is remembered too: a copy that comes late does not act", async () => {
      const world = await open();
      const id = await begin(world, [on("one")]);
      expect((await say(world, id, "pause", "k1")).status).toBe(202);
      const nothing = await say(world, id, "pause", "k2");
      expect([nothing.status, nothing.body["status"]]).toEqual([200, "paused"]);
      expect((await say(world, id, "resume", "k3")).status).toBe(202);
      const late = await say(world, id, "pause", "k2");
      expect([late.status, late.text]).toEqual([200, nothing.text]);
      expect((await shown(world, id)).status).toBe("running");
      expectProblem(await say(world, id, "resume", "k2"), 422, "idempotency_key_reused");
      expectProblem(await say(world, id, "pause", "a b"), 400, "invalid_header");
      expect((await run(world, false)).findings).toEqual([]);
    });

    test("P8: a signal under a used key is the same signal, or 422, also after the session has ended", async () => {
      const world = await open();
      const id = await begin(world, [on("one"), { taskId: "paid", type: "signal", signal: "payment" }]);
      const first = await say(world, id, "signals/payment", "k", { payload: { eur: 5 } });
      expect(first.status).toBe(202);
      const repeat = async (): Promise<void> => {
        const again = await say(world, id, "signals/payment", "k", { payload: { eur: 5 } });
        expect([again.status, again.text]).toEqual([202, first.text]);
        for (const [path, body] of [
          ["signals/payment", { payload: { eur: 6 } }],
          ["signals/payment", undefined],
          ["signals/refund", { payload: { eur: 5 } }],
          ["pause", { reason: "x" }],
        ] as const) {
          expectProblem(await say(world, id, path, "k", body), 422, "idempotency_key_reused");
        }
      };
      await repeat();
      await settle(world, id, 1, { ok: true });
      expect((await shown(world, id)).status).toBe("completed");
      await repeat();
      expectProblem(await say(world, id, "signals/payment", "new"), 409, "session_ended");
      expect((await run(world, false)).findings).toEqual([]);
    });

    test("a pause is its session's alone: its child goes on, and what that came to counts once it is resumed", async () => {
      const world = await open();
      await call(world, "POST", "/v1/opscore/workflows", { id: "child", name: "C", tasks: [on("x"), on("y")] });
      const sub = { taskId: "sub", type: "workflow", workflowDefinitionId: "child" };
      const id = await begin(world, [sub, on("after")]);
      const [child] = (await idsOf(world)).filter((one) => one !== id);
      expect((await say(world, id, "pause", "p")).status).toBe(202);
      await settle(world, child!, 1, 1);
      expect((await shown(world, child!)).tasks).toMatchObject([{ status: "completed" }, { status: "running" }]);
      await settle(world, child!, 2, 2);
      await world.sweep();
      expect([(await shown(world, child!)).status, (await shown(world, id)).status]).toEqual(["completed", "paused"]);
      expect((await say(world, id, "resume", "r")).status).toBe(202);
      await world.sweep();
      expect((await shown(world, id)).tasks).toMatchObject([{ status: "completed" }, { status: "running" }]);
    });

    test("a task is failed by hand without an error or with one that has a message", async () => {
      const world = await open();
      const id = await begin(world, [on("one"), on("two", { dependsOn: [] })]);
      const bad = expectProblem(
        await say(world, id, "tasks/one/fail", "a", { error: { code: "x" } }),
        422,
        "validation_failed",
      );
      expect(bad["errors"]).toMatchObject([{ pointer: "/error/message" }]);
      expect((await say(world, id, "tasks/one/fail", "b", {})).status).toBe(202);
    });
  });
};
