import { describe, expect, test } from "vitest";
import {
  call,
  expectProblem,
  oneTask,
  register,
  report,
  sessionOf,
  silentAgents,
  start,
  worldsOf,
  type Json,
  type Reply,
  type TaskBody,
} from "../support/api.ts";
import type { Platform, World } from "../support/world.ts";

const MINUTE = 60_000;

interface Work {
  readonly world: World;
  readonly sessionId: string;
  /** The id of the attempt in flight. */
  readonly attempt: string;
}

const settle = async (world: World, attempt: string, verb: string, body?: unknown): Promise<Reply> => {
  const reply = await call(world, "POST", `/v1/opscore/tasks/${attempt}/${verb}`, body);
  await world.flush();
  return reply;
};

const taskOf = async ({ world, sessionId }: Work): Promise<TaskBody> => (await sessionOf(world, sessionId)).tasks[0]!;

const lateIn = async ({ world, sessionId }: Work): Promise<Json[]> => {
  const log = await call(world, "GET", `/v1/opscore/sessions/${sessionId}/log`);
  return (log.body["data"] as { events: Json[] }[])
    .flatMap(({ events }) => events)
    .filter(({ type }) => type === "LateResultRecorded");
};

/** Everything about a session that a call which changes nothing must leave alone. */
const outcomeOf = async (work: Work): Promise<unknown> => {
  const session = await sessionOf(work.world, work.sessionId);
  const task = session.tasks[0]!;
  return [session["status"], session["endedAt"], task.status, task.output, task.attempts];
};

const failure = { error: { code: "BOOM", message: "it broke" } };

/** How an agent settles its work by call: every row of the table, and reports that settle nothing. */
export const settleSuite = (platform: Platform): void => {
  describe(`settling by call on ${platform.name}`, () => {
    const open = worldsOf(platform);

    const begin = async (more: Json = {}): Promise<Work> => {
      const world = await open({ call: silentAgents().call });
      await register(world, { agentId: "a1" });
      await register(world, { agentId: "a2" });
      const sessionId = await start(world, { workflowDefinition: oneTask("a1", "one", more) });
      const { tasks } = await sessionOf(world, sessionId);
      return { world, sessionId, attempt: tasks[0]!.attempts[0]!.id };
    };

    test("complete is 200 with task, attempt and status; output and usage are kept", async () => {
      const work = await begin();
      const { world, attempt } = work;
      const usage = { input_tokens: 10, output_tokens: 2, cost_usd: 0.5 };
      const reply = await settle(world, attempt, "complete", { output: { x: [1] }, usage });
      expect([reply.status, reply.body]).toEqual([
        200,
        { taskId: "t1", id: attempt.split(":")[0], attempt: 1, status: "completed" },
      ]);
      expect(await taskOf(work)).toMatchObject({
        status: "completed",
        output: { x: [1] },
        attempts: [{ status: "completed", usage }],
      });
      expect((await sessionOf(world, work.sessionId))["status"]).toBe("completed");
    });

    test.each([
      ["nothing", undefined, null],
      ["an empty object", {}, null],
      ["null", { output: null }, null],
      ["false", { output: false }, false],
      ["a text", { output: "" }, ""],
      ["a list", { output: [1, "a", null] }, [1, "a", null]],
    ])("an output may be %s", async (_, body, output) => {
      const work = await begin();
      const first = await settle(work.world, work.attempt, "complete", body);
      expect(first.status).toBe(200);
      expect((await taskOf(work)).output).toEqual(output);
      expect((await settle(work.world, work.attempt, "complete", body)).text).toBe(first.text);
    });

    test("fail is 200 with task, attempt and status; the error is the task's", async () => {
      const work = await begin();
      const reply = await settle(work.world, work.attempt, "fail", failure);
      expect([reply.status, reply.body]).toEqual([
        200,
        { taskId: "t1", id: work.attempt.split(":")[0], attempt: 1, status: "failed" },
      ]);
      expect(await sessionOf(work.world, work.sessionId)).toMatchObject({
        status: "failed",
        error: failure.error,
        tasks: [{ status: "failed", error: failure.error, attempts: [{ status: "failed", error: failure.error }] }],
      });
    });

    test.each([
      ["complete", { output: { b: 1, a: [2, { d: 1, c: 2 }] } }, '{"output":{"a":[2,{"c":2,"d":1}],"b":1}}'],
      ["complete", undefined, "{}"],
      ["fail", failure, JSON.stringify({ error: { message: "it broke", code: "BOOM" } })],
    ])("P6, P8: the same call again gets the same 200 and changes nothing: %s %j", async (verb, body, equal) => {
      const work = await begin();
      const first = await settle(work.world, work.attempt, verb, body);
      const before = await outcomeOf(work);
      for (const again of [body, equal]) {
        work.world.clock.advance(MINUTE);
        const reply = await settle(work.world, work.attempt, verb, again);
        expect([reply.status, reply.text]).toEqual([200, first.text]);
      }
      expect(await outcomeOf(work)).toEqual(before);
      expect(await lateIn(work)).toEqual([]);
    });

    test.each([
      ["complete", { output: 1 }, "complete", { output: 2 }],
      ["complete", { output: 1 }, "complete", undefined],
      ["complete", undefined, "complete", { output: 1 }],
      ["complete", { output: 1 }, "fail", failure],
      ["fail", failure, "complete", { output: 1 }],
      ["fail", failure, "fail", { error: { code: "OTHER", message: "it broke" } }],
      ["fail", failure, "fail", { error: { code: "BOOM", message: "otherwise" } }],
    ])(
      "P6, P7: another outcome is 409 result_conflict, kept as late: %s %j, then %s %j",
      async (verb, body, other, result) => {
        const work = await begin();
        await settle(work.world, work.attempt, verb, body);
        const before = await outcomeOf(work);
        const problem = expectProblem(await settle(work.world, work.attempt, other, result), 409, "result_conflict");
        expect(problem["detail"]).toContain(work.attempt);
        expect(await outcomeOf(work)).toEqual(before);
        expect((await taskOf(work)).lateResults).toBe(1);
        expect(await lateIn(work)).toEqual([
          expect.objectContaining({ reason: "result_conflict", attemptId: work.attempt, agentId: "a1" }),
        ]);
      },
    );

    test("an equal late result is kept once; of others ten a task", async () => {
      const work = await begin();
      await settle(work.world, work.attempt, "complete", { output: 0 });
      for (const n of [1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) {
        const reply = await settle(work.world, work.attempt, "complete", { output: n });
        expectProblem(reply, 409, "result_conflict");
      }
      expect(await lateIn(work)).toHaveLength(10);
      expect((await taskOf(work)).lateResults).toBe(10);
    });

    test.each(["complete", "fail"])("P7: a timed-out attempt is 409 stale_attempt, kept as late: %s", async (verb) => {
      const work = await begin({ timeout: { run: "1m" } });
      await work.world.pass(2 * MINUTE);
      const before = await outcomeOf(work);
      expect(before).toMatchObject(["failed", expect.any(String), "failed", null, [{ status: "run_deadline" }]]);
      const body = verb === "fail" ? failure : { output: 1 };
      for (let times = 0; times < 2; times += 1) {
        expectProblem(await settle(work.world, work.attempt, verb, body), 409, "stale_attempt");
      }
      expect(await outcomeOf(work)).toEqual(before);
      expect(await lateIn(work)).toEqual([expect.objectContaining({ reason: "stale_attempt" })]);
      expect((await taskOf(work)).lateResults).toBe(1);
    });

    test("P5, P7: a superseded attempt is 409 stale_attempt and does not touch the one in flight", async () => {
      const work = await begin({ timeout: { run: "1m" }, retry: { maxAttempts: 2, initialInterval: "0s" } });
      await work.world.pass(2 * MINUTE);
      await report(work.world, "a1", "idle");
      await work.world.sweep();
      const before = await outcomeOf(work);
      expect(before).toMatchObject(["running", null, "running", null, [{}, { status: "running" }]]);
      expectProblem(await settle(work.world, work.attempt, "complete", { output: 1 }), 409, "stale_attempt");
      expect(await outcomeOf(work)).toEqual(before);
      const second = work.attempt.replace(/:1$/, ":2");
      expect((await settle(work.world, second, "complete", { output: 2 })).body["attempt"]).toBe(2);
      expect(await taskOf(work)).toMatchObject({ status: "completed", output: 2, lateResults: 1 });
    });

    test.each(["complete", "fail"])("P7: a cancelled session is 409 stale_attempt, kept as late: %s", async (verb) => {
      const work = await begin();
      await call(work.world, "POST", `/v1/opscore/sessions/${work.sessionId}/cancel`);
      const before = await outcomeOf(work);
      const body = verb === "fail" ? failure : { output: 1 };
      expectProblem(await settle(work.world, work.attempt, verb, body), 409, "stale_attempt");
      expect(await outcomeOf(work)).toEqual(before);
      expect(await lateIn(work)).toHaveLength(1);
    });

    test("a bare task id means its open attempt", async () => {
      const work = await begin();
      const task = work.attempt.split(":")[0]!;
      expect((await settle(work.world, task, "heartbeat")).body).toMatchObject({ attempt: 1, status: "running" });
      const first = await settle(work.world, task, "complete", { output: 1 });
      expect(first.body).toMatchObject({ attempt: 1, status: "completed" });
      expect((await settle(work.world, task, "complete", { output: 1 })).text).toBe(first.text);
      expectProblem(await settle(work.world, task, "complete", { output: 2 }), 409, "result_conflict");
      expectProblem(await settle(work.world, task, "heartbeat"), 409, "stale_attempt");
    });

    test.each(["complete", "fail", "heartbeat"])("an unknown task or attempt is 404: %s", async (verb) => {
      const work = await begin();
      const body = verb === "fail" ? failure : undefined;
      const ulid = work.attempt.slice(4, 32);
      const task = `tsk_${ulid}.1`;
      const other = `${ulid.slice(0, -1)}${ulid.endsWith("0") ? "1" : "0"}`;
      const unknown = ["nothing", "task-1", `tsk_${other}.1:1`, `tsk_${ulid}.2`, `tsk_${ulid}.2:1`, `${task}:2`];
      for (const id of [...unknown, `${task}:999999999`, `${task}:0`, `${task}:01`, work.sessionId]) {
        expectProblem(await settle(work.world, id, verb, body), 404, "task_not_found");
      }
      await settle(work.world, work.attempt, "complete");
      for (const id of unknown) expectProblem(await settle(work.world, id, verb, body), 404, "task_not_found");
      expect((await taskOf(work)).lateResults).toBe(0);
    });

    test("a task that waits for an agent has no attempt to settle: 404", async () => {
      const world = await open();
      const sessionId = await start(world, { workflowDefinition: oneTask("a1") });
      const task = (await sessionOf(world, sessionId)).tasks[0]!.id;
      for (const [verb, body] of [["complete"], ["fail", failure], ["heartbeat"]] as const) {
        expectProblem(await settle(world, task, verb, body), 404, "task_not_found");
      }
    });

    test("a heartbeat is 200 and repeatable; its progress is shown, the newest wins", async () => {
      const work = await begin();
      const answer = { taskId: "t1", id: work.attempt.split(":")[0], attempt: 1, status: "running" };
      for (const body of [undefined, {}, { progress: 0.5 }, { progress: { step: 2 } }, { progress: { step: 2 } }]) {
        const reply = await settle(work.world, work.attempt, "heartbeat", body);
        expect([reply.status, reply.body]).toEqual([200, answer]);
      }
      expect((await taskOf(work)).attempts[0]).toMatchObject({ status: "running", progress: { step: 2 } });
    });

    test.each([
      ["completed", "complete", undefined],
      ["failed", "fail", failure],
    ])("a heartbeat of a %s attempt is 409 stale_attempt", async (_, verb, body) => {
      const work = await begin();
      await settle(work.world, work.attempt, verb, body);
      const before = await outcomeOf(work);
      expectProblem(await settle(work.world, work.attempt, "heartbeat", { progress: 1 }), 409, "stale_attempt");
      expect(await outcomeOf(work)).toEqual(before);
    });

    test("the agent is free again once its attempt is settled by call", async () => {
      const work = await begin();
      const waiting = await start(work.world, { workflowDefinition: oneTask("a1", "two") });
      expect((await sessionOf(work.world, waiting))["waitingFor"]).toMatchObject({ code: "agent_busy" });
      await settle(work.world, work.attempt, "complete");
      expect((await sessionOf(work.world, waiting))["status"]).toBe("running");
    });

    test("P6: several calls at once have one effect: equal ones all get 200, others 409", async () => {
      const work = await begin();
      const outputs = [1, 1, 2, 1, 2];
      const replies = await Promise.all(
        outputs.map((output) => settle(work.world, work.attempt, "complete", { output })),
      );
      const { output } = await taskOf(work);
      expect(replies.map(({ status }) => status)).toEqual(outputs.map((one) => (one === output ? 200 : 409)));
    });
  });
};
