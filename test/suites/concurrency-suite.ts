import { describe, expect, test } from "vitest";
import { tickSession } from "../../src/app/advance-session.ts";
import { plainWorlds, taskFor } from "../support/plain-world.ts";
import type { Platform, World } from "../support/world.ts";

const twoStarts = {
  id: "two_starts",
  name: "Two starts",
  tasks: [
    { taskId: "left", agentCapability: "left", parameters: {}, nextTaskId: null },
    { taskId: "right", agentCapability: "right", parameters: {}, nextTaskId: null },
  ],
};

/** What happens at the same instant, and the same thing many times. */
export const concurrencySuite = (platform: Platform): void => {
  const open = plainWorlds(platform);

  describe(`at the same instant on ${platform.name}`, () => {
    test("two reports that complete two tasks of one session both count", async () => {
      const world = await open();
      await world.register("l", ["left"]);
      await world.register("r", ["right"]);
      for (let round = 0; round < 20; round += 1) {
        const sessionId = await world.start(twoStarts);
        await world.flush();
        const [left, right] = world.sent.slice(-2);
        expect([left?.sessionId, right?.sessionId]).toEqual([sessionId, sessionId]);
        const answers = await Promise.all([
          world.say("l", "idle", { opscore_task_id: left?.attemptId ?? "", result: round }),
          world.say("r", "idle", { opscore_task_id: right?.attemptId ?? "", result: -round }),
        ]);
        for (const answer of answers) expect(await answer.json()).not.toHaveProperty("applied");
        expect(await world.status(sessionId)).toBe("completed");
        await world.flush();
      }
      expect(world.sent).toHaveLength(40);
    });

    test("P4: facts that a decision asked for are of the session as it is then, not as it was", async () => {
      const world = await open();
      const child = {
        id: "child",
        name: "Child",
        tasks: [{ taskId: "late", agentCapability: "late", parameters: {} }],
      };
      expect((await world.request("POST", "/v1/opscore/workflows", child)).status).toBe(201);
      const parentId = await world.start({
        id: "parent",
        name: "Parent",
        tasks: [{ taskId: "child", type: "workflow", workflowDefinitionId: "child" }],
      });
      await world.flush();
      const listed = await world.request("GET", "/v1/opscore/sessions?workflowId=child");
      const { data } = (await listed.json()) as { data: { sessionId: string }[] };
      const store = world.deps.store as { -readonly [K in keyof World["deps"]["store"]]: World["deps"]["store"][K] };
      const { loadSession, commitSession } = store;
      let isFirst = true;
      store.loadSession = async (query) => {
        // Asks who its parent is; before that is read, the child's task goes to an agent and the parent is cancelled.
        if (isFirst && query.needs?.relatives !== undefined) {
          isFirst = false;
          await world.register("a", ["late"]);
          await tickSession(world.deps, query.sessionId);
          store.commitSession = async (commit) => ({ ...(await commitSession(commit)), wake: [] });
          const reply = await world.request("POST", `/v1/opscore/sessions/${parentId}/cancel`, {});
          expect(reply.status).toBe(202);
          store.commitSession = commitSession;
        }
        return loadSession(query);
      };
      await tickSession(world.deps, data[0]?.sessionId ?? "");
      await world.flush();
      expect(isFirst).toBe(false);
      expect(world.sent).toHaveLength(1);
      const next = await world.start(taskFor("late"));
      await world.flush();
      expect(world.sent.map(({ sessionId }) => sessionId).slice(1)).toEqual([next]);
    });

    test("trouble reported while a task is being given to the agent does not fail that task", async () => {
      const world = await open();
      await world.register("a", ["work"]);
      const store = world.deps.store as { -readonly [K in keyof World["deps"]["store"]]: World["deps"]["store"][K] };
      const load = store.loadReport;
      let sessionId = "";
      store.loadReport = async (query) => {
        const loaded = await load(query);
        // The task comes between the first reading of the report and its commit.
        if (sessionId === "") sessionId = await world.start(taskFor("work"));
        return loaded;
      };
      await world.say("a", "error", { message: "of before" });
      await world.flush();
      expect(await world.status(sessionId)).toBe("running");
      await world.say("a", "error", { message: "of this task" });
      const detail = await world.request("GET", `/v1/opscore/sessions/${sessionId}`);
      expect(await detail.json()).toMatchObject({ tasks: [{ error: { message: "of this task" } }] });
    });

    test("a working report that comes after its task was settled does not keep the agent busy", async () => {
      const world = await open();
      await world.register("a", ["work"]);
      await world.start(taskFor("work"));
      await world.flush();
      // The agent's clock is ahead, so its reports are ordered by when they came; and these two came swapped.
      const report = (state: string, seconds: number) => ({
        agentId: "a",
        timestamp: new Date(world.clock.now() + seconds * 1_000).toISOString(),
        state,
        details: { opscore_task_id: world.sent[0]?.attemptId },
      });
      expect((await world.post("a", JSON.stringify(report("idle", 11)))).status).toBe(202);
      world.clock.advance(5);
      const late = await world.post("a", JSON.stringify(report("active", 10)));
      expect(await late.json()).toMatchObject({ applied: false, reason: "stale_attempt" });
      const next = await world.start(taskFor("work"));
      expect(await world.status(next)).toBe("running");
    });

    test("P6: 100 copies of one report are accepted and have one effect", async () => {
      const world = await open();
      await world.register("a", ["work"]);
      const sessionId = await world.start(taskFor("work", { agentCapability: "work" }));
      await world.flush();
      const report = world.body("a", "idle", { opscore_task_id: world.sent[0]?.attemptId ?? "", result: 1 });
      const answers = await Promise.all(Array.from({ length: 100 }, () => world.post("a", report)));
      expect(answers.map(({ status }) => status)).toEqual(Array<number>(100).fill(202));
      const bodies = await Promise.all(answers.map((answer) => answer.text()));
      expect(new Set(bodies).size).toBe(1);
      await world.flush();
      expect(world.sent).toHaveLength(2);
      const history = await world.request("GET", "/v1/opscore/agents/a/history");
      expect(((await history.json()) as { data: unknown[] }).data).toHaveLength(1);
      const log = await world.request("GET", `/v1/opscore/sessions/${sessionId}/log`);
      const { data } = (await log.json()) as { data: { events: { type: string }[] }[] };
      const completed = data.flatMap(({ events }) => events).filter(({ type }) => type === "TaskCompleted");
      expect(completed).toHaveLength(1);
      const task = await world.request("GET", `/v1/opscore/sessions/${sessionId}`);
      expect(await task.json()).toMatchObject({ tasks: [{ lateResults: 0 }, { status: "running" }] });
    });

    test("two sessions that start at once never get the same agent, and none is forgotten", async () => {
      const world = await open();
      await world.register("a", ["work"]);
      await world.register("b", ["work"]);
      const sessions = await Promise.all(Array.from({ length: 6 }, () => world.start(taskFor("work"))));
      await world.flush();
      for (let done = 0; done < sessions.length; done += 1) {
        const next = world.sent[done];
        expect(next).toBeDefined();
        const agentId = next?.endpoint === "http://a.test/" ? "a" : "b";
        await world.say(agentId, "idle", { opscore_task_id: next?.attemptId ?? "" });
        await world.flush();
      }
      for (const id of sessions) expect(await world.status(id)).toBe("completed");
      expect(world.sent).toHaveLength(sessions.length);
    });
  });

  describe(`a start repeated with its Idempotency-Key on ${platform.name}`, () => {
    test("P8: ten at once are one session", async () => {
      const world = await open();
      await world.register("a", ["work"]);
      const start = () =>
        world.request(
          "POST",
          "/v1/opscore/sessions",
          { workflowDefinition: taskFor("work") },
          { "Idempotency-Key": "k" },
        );
      const answers = await Promise.all(Array.from({ length: 10 }, start));
      expect(answers.map(({ status }) => status)).toEqual(Array<number>(10).fill(202));
      const ids = await Promise.all(
        answers.map(async (answer) => ((await answer.json()) as { sessionId: string }).sessionId),
      );
      expect(new Set(ids).size).toBe(1);
      await world.flush();
      expect(world.sent).toHaveLength(1);
    });
  });
};
