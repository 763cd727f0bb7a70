import { describe, expect, test } from "vitest";
import {
  call,
  oneTask,
  register,
  report,
  sessionOf,
  silentAgents,
  start,
  stateOf,
  worldsOf,
  type Json,
} from "../support/api.ts";
import type { Platform, World } from "../support/world.ts";

const notApplied = (reason: string): string =>
  JSON.stringify({ status: "success", message: "State update accepted", applied: false, reason });

const eventsOf = async (world: World, sessionId: string): Promise<Json[]> => {
  const log = await call(world, "GET", `/v1/opscore/sessions/${sessionId}/log?limit=200`);
  return (log.body["data"] as { events: Json[] }[]).flatMap(({ events }) => events);
};

/** Reports with the id of no open attempt of the agent: accepted, told so, and without effect on any task. */
export const settleReportsSuite = (platform: Platform): void => {
  describe(`reports that settle nothing on ${platform.name}`, () => {
    const open = worldsOf(platform);

    const begin = async (more: Json = {}) => {
      const world = await open({ call: silentAgents().call });
      await register(world, { agentId: "a1" });
      await register(world, { agentId: "a2" });
      const sessionId = await start(world, { workflowDefinition: oneTask("a1", "one", more) });
      const { tasks } = await sessionOf(world, sessionId);
      return { world, sessionId, attempt: tasks[0]!.attempts[0]!.id };
    };

    const states = ["active", "idle", "error", "lunch"];

    test.each(states)("%s for an unknown task is unknown_task; only the agent's state follows", async (state) => {
      const { world, sessionId, attempt } = await begin();
      const before = await sessionOf(world, sessionId);
      const unknown = ["task-1", `${attempt.slice(0, 31)}${attempt[31] === "0" ? "1" : "0"}.1:1`, `${attempt}0`];
      for (const [n, opscore_task_id] of unknown.entries()) {
        world.clock.advance(1_000);
        const reply = await report(world, "a2", state, { opscore_task_id, n });
        expect([reply.status, reply.text]).toEqual([202, notApplied("unknown_task")]);
        expect(await stateOf(world, "a2")).toMatchObject({ state, details: { opscore_task_id, n } });
      }
      expect(await sessionOf(world, sessionId)).toEqual(before);
    });

    test.each(states)(
      "%s for another agent's task is other_agent; the task in flight is not touched",
      async (state) => {
        const { world, sessionId, attempt } = await begin();
        const before = await sessionOf(world, sessionId);
        const reply = await report(world, "a2", state, { opscore_task_id: attempt, result: { stolen: true } });
        expect([reply.status, reply.text]).toEqual([202, notApplied("other_agent")]);
        expect((await stateOf(world, "a2"))["state"]).toBe(state);
        const after = await sessionOf(world, sessionId);
        expect([after["status"], after.tasks[0]?.attempts]).toEqual([before["status"], before.tasks[0]?.attempts]);
        const late = (await eventsOf(world, sessionId)).filter(({ type }) => type === "LateResultRecorded");
        const settles = state === "idle" || state === "error";
        expect(late).toEqual(
          settles ? [expect.objectContaining({ reason: "other_agent", from: "a2", agentId: "a1" })] : [],
        );
      },
    );

    test.each(states)("%s for a superseded attempt is stale_attempt; the newer attempt goes on", async (state) => {
      const { world, sessionId, attempt } = await begin({
        timeout: { run: "1m" },
        retry: { maxAttempts: 2, initialInterval: "0s" },
      });
      await world.pass(120_000);
      await report(world, "a1", "idle");
      await world.sweep();
      const before = await sessionOf(world, sessionId);
      expect(before.tasks[0]?.attempts.map(({ status }) => status)).toEqual(["run_deadline", "running"]);
      world.clock.advance(1_000);
      const reply = await report(world, "a1", state, { opscore_task_id: attempt, result: 1 });
      expect([reply.status, reply.text]).toEqual([202, notApplied("stale_attempt")]);
      const after = await sessionOf(world, sessionId);
      expect([after["status"], after.tasks[0]?.attempts]).toEqual([before["status"], before.tasks[0]?.attempts]);
      expect(after.tasks[0]?.lateResults).toBe(state === "idle" || state === "error" ? 1 : 0);
    });

    test("P7: a second result for a settled task is stale_attempt, kept as late; the same report again is as before", async () => {
      const { world, sessionId, attempt } = await begin();
      const first = await report(world, "a1", "idle", { opscore_task_id: attempt, result: 1 });
      expect(first.text).toBe('{"status":"success","message":"State update accepted"}');
      const done = await sessionOf(world, sessionId);
      expect(done.tasks[0]).toMatchObject({ status: "completed", output: 1, lateResults: 0 });
      world.clock.advance(1_000);
      const second = await report(world, "a1", "idle", { opscore_task_id: attempt, result: 2 });
      expect([second.status, second.text]).toEqual([202, notApplied("stale_attempt")]);
      const after = await sessionOf(world, sessionId);
      expect(after.tasks[0]).toMatchObject({ status: "completed", output: 1, lateResults: 1 });
    });

    test.each(["opscore_task_id", "task_id", "taskId"])(
      "%s names the attempt, in full or as a bare task",
      async (key) => {
        for (const shorten of [false, true]) {
          const { world, sessionId, attempt } = await begin();
          const id = shorten ? attempt.split(":")[0] : attempt;
          await report(world, "a1", "finished", { [key]: id, output: { key } });
          expect((await sessionOf(world, sessionId)).tasks[0]).toMatchObject({ status: "completed", output: { key } });
        }
      },
    );

    test("a report and a call with the same result are one result, whichever comes first", async () => {
      for (const reportFirst of [true, false]) {
        const { world, sessionId, attempt } = await begin();
        const byReport = () => report(world, "a1", "idle", { opscore_task_id: attempt, result: { x: 1 } });
        const byCall = () => call(world, "POST", `/v1/opscore/tasks/${attempt}/complete`, { output: { x: 1 } });
        const replies = reportFirst ? [await byReport(), await byCall()] : [await byCall(), await byReport()];
        expect(replies.map(({ status }) => status)).toEqual(reportFirst ? [202, 200] : [200, 202]);
        expect(replies.map(({ body }) => body["applied"])).toEqual([undefined, undefined]);
        expect((await sessionOf(world, sessionId)).tasks[0]).toMatchObject({ output: { x: 1 }, lateResults: 0 });
      }
    });
  });
};
