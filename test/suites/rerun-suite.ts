import { describe, expect, test } from "vitest";
import { call, expectProblem, type Json } from "../support/api.ts";
import { run } from "../support/rebuild-run.ts";
import { begin, firstRow, idsOf, keyed, on, opener, rerun, SESSIONS, settle, shown } from "../support/reruns.ts";
import type { Platform, World } from "../support/world.ts";

const boom = new Error("boom");

const isRebuilt = async (world: World): Promise<void> => expect((await run(world, false)).findings).toEqual([]);

/** Sessions that have ended are run again: as a whole, and from a task. */
export const rerunSuite = (platform: Platform): void => {
  describe(`reruns on ${platform.name}`, () => {
    const open = opener(platform);
    const chain = [
      on("one"),
      on("two", { parameters: { of: "${tasks.one.output}", topic: "${input.topic}" } }),
      on("three", { parameters: { of: "${tasks.two.output.text}" } }),
    ];
    /** Two tasks are done, the third has failed. */
    const failedChain = async (world: World): Promise<string> => {
      const id = await begin(world, chain, {}, { initialPayload: { topic: "bees" }, agentId: "a" });
      await settle(world, id, 1, "first");
      await settle(world, id, 2, { text: "second" });
      await settle(world, id, 3, boom);
      return id;
    };

    test("the whole session: the same definition, agent and input, as a new session that names the old one", async () => {
      const world = await open();
      await call(world, "POST", "/v1/opscore/workflows", { id: "w", name: "Another", tasks: [on("other")] });
      const old = await failedChain(world);
      const before = await shown(world, old);
      expect(before["revision"]).toBeNull(); // kept for this session only
      const reply = await rerun(world, old, { reason: "the agent was ill" });
      const id = String(reply.body["sessionId"]);
      expect([reply.status, reply.body]).toEqual([
        202,
        { sessionId: id, workflowId: "w", message: `Session ${old} is run again.` },
      ]);
      expect(reply.headers.get("Location")).toBe(`${SESSIONS}/${id}`);
      expect(await shown(world, id)).toMatchObject({
        status: "running",
        revision: null,
        agentId: "a",
        rerunOf: { sessionId: old, fromTaskId: null },
        tasks: [{ taskId: "one", parameters: { topic: "bees" } }],
      });
      expect(await firstRow(world, id)).toMatchObject({
        cause: { command: "RerunSession", actor: { kind: "key", id: "root" } },
        events: [{ type: "SessionStarted", rerunOf: { reason: "the agent was ill" } }, {}, {}],
      });
      for (const [n, output] of ["1", { text: "2" }, "3"].entries()) await settle(world, id, n + 1, output);
      expect((await shown(world, id)).status).toBe("completed");
      expect(await shown(world, old)).toEqual(before);
      await isRebuilt(world);
    });

    test("another input replaces the old one, and is checked as at a start", async () => {
      const world = await open();
      const input = { type: "object", required: ["topic"], properties: { topic: { type: "string" } } };
      const old = await begin(world, [on("one")], { input }, { initialPayload: { topic: "bees" } });
      await settle(world, old, 1, boom);
      const refused = expectProblem(
        await rerun(world, old, { initialPayload: { topic: 7 } }),
        422,
        "validation_failed",
      );
      expect(refused["errors"]).toMatchObject([{ pointer: "/initialPayload/topic" }]);
      const again = await rerun(world, old, { initialPayload: { topic: "tides" } });
      expect((await shown(world, String(again.body["sessionId"]))).tasks[0]?.parameters).toEqual({ topic: "tides" });
    });

    test("from a task: the results before it stand and are not made again; its parameters may be edited", async () => {
      const world = await open();
      const old = await failedChain(world);
      const body = { fromTaskId: "three", parameters: { of: "edited", more: true } };
      const reply = await rerun(world, old, body);
      const id = String(reply.body["sessionId"]);
      expect(reply.body["message"]).toBe(`Session ${old} is run again from "three".`);
      const session = await shown(world, id);
      expect(session).toMatchObject({ rerunOf: { sessionId: old, fromTaskId: "three" }, status: "running" });
      expect(session.tasks).toMatchObject([
        { taskId: "one", status: "completed", output: "first", attempts: [], carriedFrom: `tsk_${old.slice(4)}.1` },
        { taskId: "two", status: "completed", output: { text: "second" } },
        { taskId: "three", status: "running", parameters: body.parameters, id: `tsk_${id.slice(4)}.3` },
      ]);
      await settle(world, id, 3, "third");
      expect((await shown(world, id)).status).toBe("completed");
      const listed = (await call(world, "GET", `/v1/opscore/tasks?sessionId=${id}`)).body["data"] as Json[];
      expect(listed.map(({ taskId, status }) => [taskId, status])).toEqual(
        ["one", "two", "three"].map((taskId) => [taskId, "completed"]),
      );
      await isRebuilt(world);
    });

    test("what comes after reads the results of the session before, and of the one before that", async () => {
      const world = await open();
      const first = await failedChain(world);
      const second = String((await rerun(world, first, { fromTaskId: "two" })).body["sessionId"]);
      expect((await shown(world, second)).tasks[1]).toMatchObject({ parameters: { of: "first", topic: "bees" } });
      await settle(world, second, 2, { text: "anew" });
      await settle(world, second, 3, boom);
      const third = String((await rerun(world, second, { fromTaskId: "three" })).body["sessionId"]);
      const { tasks } = await shown(world, third);
      expect(tasks).toMatchObject([
        { output: "first", carriedFrom: `tsk_${first.slice(4)}.1` },
        { output: { text: "anew" }, carriedFrom: `tsk_${second.slice(4)}.2` },
        { parameters: { of: "anew" } },
      ]);
      await isRebuilt(world);
    });

    test("a fallback, a tolerated failure, a choice and a map count as they did; undoing includes what was carried over", async () => {
      const world = await open();
      const tasks = [
        on("main", { fallbackTaskId: "simple", compensateWith: "undo", parameters: { topic: "${input.items[0]}" } }),
        on("weak", { onFailure: "continue" }),
        {
          taskId: "each",
          type: "map",
          forEach: "${input.items}",
          task: { agentId: "a", parameters: { x: "${item}" } },
          next: [{ when: "tasks.weak.error.code == 'boom'", taskId: "last" }, { taskId: "other" }],
        },
        on("last", {
          parameters: { main: "${tasks.main.output}", each: "${tasks.each.output}", tries: "${tasks.weak.attempts}" },
          nextTaskId: null,
        }),
        on("other"),
        on("simple"),
        on("undo", { parameters: { what: "${tasks.main.output}" } }),
      ];
      const old = await begin(world, tasks, {}, { initialPayload: { items: [1, 2] } });
      await settle(world, old, 1, boom);
      await settle(world, old, 2, "simply");
      await settle(world, old, 3, boom);
      await settle(world, old, 5, "a");
      await settle(world, old, 6, "b");
      expect((await call(world, "POST", `${SESSIONS}/${old}/cancel`)).status).toBe(202);
      const id = String((await rerun(world, old, { fromTaskId: "last" })).body["sessionId"]);
      const n = (await shown(world, id)).tasks.length;
      // What failed shows why, and what it was given, as where it ran; whatever its fallback came to.
      const [before] = (await shown(world, old)).tasks;
      const broke = { status: "failed", parameters: { topic: 1 }, error: { code: "boom", message: "it broke" } };
      expect(before).toMatchObject({ ...broke, output: null, fallback: { taskId: "simple", status: "completed" } });
      const { tasks: after } = await shown(world, id);
      expect(after[0]).toMatchObject({ ...broke, taskId: "main", output: null, fallback: { taskId: "simple" } });
      expect(after.find((task) => task.taskId === "weak")).toMatchObject({ status: "failed", error: broke.error });
      const listed = await call(world, "GET", `/v1/opscore/tasks?sessionId=${id}&limit=1`);
      expect(listed.body["data"]).toMatchObject([{ taskId: "main", status: "failed", error: broke.error }]);
      expect((await shown(world, id)).tasks.at(-1)).toMatchObject({
        taskId: "last",
        parameters: { main: "simply", each: ["a", "b"], tries: 1 },
      });
      await settle(world, id, n, boom);
      expect((await shown(world, id)).tasks.at(-1)).toMatchObject({ taskId: "undo", parameters: { what: "simply" } });
      await settle(world, id, n + 1, "undone");
      expect((await shown(world, id)).status).toBe("failed");
      const refused = expectProblem(await rerun(world, id, { fromTaskId: "last" }), 422, "validation_failed");
      expect(refused["detail"]).toContain('"main" has been undone');
      await isRebuilt(world);
    });

    test("409 while it is open; 404 for none; 409 without its agent", async () => {
      const world = await open();
      const id = await begin(world, chain, {}, { agentId: "a" });
      expectProblem(await rerun(world, id), 409, "conflict");
      expectProblem(await rerun(world, id, { fromTaskId: "one" }), 409, "conflict");
      expectProblem(await rerun(world, `ses_00${"0".repeat(26)}`), 404, "session_not_found");
      expectProblem(await rerun(world, "nothing"), 404, "session_not_found");
      await call(world, "POST", `${SESSIONS}/${id}/cancel`);
      await call(world, "POST", "/v1/opscore/internal/agent/notify", {
        event_type: "DEREGISTER",
        agent_details: { agentId: "a" },
      });
      expectProblem(await rerun(world, id), 409, "conflict");
    });

    test("422, and why, for what cannot be run again from; nothing is written", async () => {
      const world = await open();
      const tasks = [
        on("one", { fallbackTaskId: "simple" }),
        { taskId: "nap", type: "wait", for: "0ms" },
        on("two"),
        on("three"),
        on("simple"),
      ];
      const old = await begin(world, tasks);
      await settle(world, old, 1, 1);
      await world.sweep();
      await settle(world, old, 3, boom);
      const rows = await idsOf(world);
      for (const [body, pointer] of [
        [{ fromTaskId: "none" }, "/fromTaskId"],
        [{ fromTaskId: "simple" }, "/fromTaskId"],
        [{ fromTaskId: "three" }, "/fromTaskId"],
        [{ fromTaskId: `tsk_${old.slice(4)}.1` }, "/fromTaskId"],
        [{ parameters: {} }, "/parameters"],
        [{ fromTaskId: "nap", parameters: { for: "1h" } }, "/parameters"],
        [{ fromTaskId: 7 }, "/fromTaskId"],
        [{ from: "one" }, "/from"],
        [{ initialPayload: [] }, "/initialPayload"],
        [{ reason: "x".repeat(1_025) }, "/reason"],
      ] as const) {
        const problem = expectProblem(await rerun(world, old, body), 422, "validation_failed");
        expect(problem["errors"], JSON.stringify(body)).toMatchObject([{ pointer }]);
      }
      expectProblem(await rerun(world, old, { fromTaskId: "a b" }), 400, "invalid_id");
      expect(await idsOf(world)).toEqual(rows);
      expect((await rerun(world, old, { fromTaskId: "nap" })).status).toBe(202);
    });

    test("P8: the same key and body is the same answer and one session, also when it has ended meanwhile", async () => {
      const world = await open();
      const old = await failedChain(world);
      const body = { fromTaskId: "three" };
      const [first, beside] = await Promise.all([
        rerun(world, old, body, keyed("k")),
        rerun(world, old, body, keyed("k")),
      ]);
      expect([first.status, beside.text]).toEqual([202, first.text]);
      await settle(world, String(first.body["sessionId"]), 3, boom);
      await call(world, "POST", "/v1/opscore/internal/agent/notify", {
        event_type: "DEREGISTER",
        agent_details: { agentId: "a" },
      });
      const again = await rerun(world, old, body, keyed("k"));
      expect([again.status, again.text]).toEqual([202, first.text]);
      expect(again.headers.get("Location")).toBe(first.headers.get("Location"));
      expectProblem(await rerun(world, old, {}, keyed("k")), 422, "idempotency_key_reused");
      expect(new Set(await idsOf(world))).toEqual(new Set([first.body["sessionId"], old]));
    });

    test("a single task is run again as one", async () => {
      const world = await open();
      const made = await call(world, "POST", "/v1/opscore/tasks", { agentId: "a", parameters: { x: 1 } });
      await world.flush();
      const old = String(made.body["sessionId"]);
      await settle(world, old, 1, "done");
      const id = String((await rerun(world, old)).body["sessionId"]);
      const task = await call(world, "GET", `/v1/opscore/tasks/tsk_${id.slice(4)}.1`);
      expect(task.body).toMatchObject({ status: "running", parameters: { x: 1 } });
    });
  });
};
