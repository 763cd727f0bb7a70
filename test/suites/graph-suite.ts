// Length: every construct of the order of tasks, each to its end.
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/json.ts";
import type { Delivery } from "../support/fleet-protocol.ts";
import { scenes, type Scene, type SceneAgent } from "../support/scene.ts";
import type { Platform } from "../support/world.ts";

const work = (taskId: string, more: JsonObject = {}): JsonObject => ({
  taskId,
  agentCapability: "work",
  retry: { maxAttempts: 1 },
  ...more,
});

const definition = (tasks: readonly JsonObject[], more: JsonObject = {}): JsonObject => ({
  id: "graph",
  name: "Graph",
  tasks,
  ...more,
});

/** A scene with one agent that takes many tasks at a time and settles each by call, as the test says. */
const openBench = async (open: () => Promise<Scene>) => {
  const scene = await open();
  const agent: SceneAgent = await scene.agent({
    capabilities: ["work"],
    metadata: { config: { maxConcurrentTasks: 20 } },
  });
  const { world } = scene;
  const sent = async (): Promise<readonly Delivery[]> => {
    await world.flush();
    return agent.deliveries();
  };
  const delivered = async (taskId: string): Promise<Delivery> => {
    const found = (await sent()).findLast(({ body }) => body.task_name === taskId);
    if (found === undefined) throw new Error(`${taskId} was not delivered`);
    return found;
  };
  const settle = async (taskId: string, how: "complete" | "fail" | "heartbeat", body: JsonObject): Promise<void> => {
    const { opscore_task_id: id } = (await delivered(taskId)).body;
    expect((await world.request("POST", `/v1/opscore/tasks/${id}/${how}`, body)).status).toBe(200);
    await world.flush();
  };
  const bench = {
    scene,
    world,
    start: async (tasks: readonly JsonObject[], more: JsonObject = {}, input: JsonObject = {}): Promise<string> => {
      const body = { workflowDefinition: definition(tasks, more), initialPayload: input };
      const reply = await world.request("POST", "/v1/opscore/sessions", body);
      expect(reply.status).toBe(202);
      return ((await reply.json()) as { sessionId: string }).sessionId;
    },
    complete: (taskId: string, output: JsonObject[string] = null) => settle(taskId, "complete", { output }),
    fail: (taskId: string, code = "boom") => settle(taskId, "fail", { error: { code, message: `${taskId} broke` } }),
    beat: (taskId: string) => settle(taskId, "heartbeat", {}),
    names: async (): Promise<readonly string[]> => (await sent()).map(({ body }) => body.task_name),
    /** What the agent was given for a task, of its own. */
    parameters: async (taskId: string): Promise<unknown> => (await delivered(taskId)).body.payload["task_parameters"],
    /** How each task stands, and how the session does. */
    states: async (sessionId: string): Promise<Readonly<Record<string, string>>> => {
      const { status, tasks } = await scene.session(sessionId);
      return { ...Object.fromEntries(tasks.map((task) => [task.taskId, task.status])), "": status };
    },
  };
  return bench;
};

/** Joins, conditions, choices, side tasks, waits and time-outs over the API, with real agents. */
export const graphSuite = (platform: Platform): void => {
  const open = scenes(platform);
  const start = () => openBench(open);

  describe(`the order of tasks on ${platform.name}`, () => {
    test("a join waits for all of its predecessors and reads them; with `any` for the first alone", async () => {
      const bench = await start();
      const sessionId = await bench.start([
        work("left", { dependsOn: [] }),
        work("right", { dependsOn: [] }),
        work("both", {
          dependsOn: ["left", "right"],
          parameters: { all: "${[tasks.left.output, tasks.right.output]}" },
        }),
        work("first", { dependsOn: ["left", "right"], join: "any", parameters: { right: "${tasks.right.status}" } }),
      ]);
      await bench.complete("left", "l");
      expect(await bench.states(sessionId)).toEqual({
        left: "completed",
        right: "running",
        first: "running",
        "": "running",
      });
      expect(await bench.parameters("first")).toMatchObject({ right: "running" });
      await bench.complete("right", "r");
      expect(await bench.parameters("both")).toMatchObject({ all: ["l", "r"] });
      await bench.complete("both");
      await bench.complete("first");
      expect(await bench.states(sessionId)).toMatchObject({ both: "completed", first: "completed", "": "completed" });
    });

    test("a choice takes one way; the others are skipped with all that only they lead to", async () => {
      const bench = await start();
      const sessionId = await bench.start([
        work("triage", {
          next: [{ when: 'tasks.triage.output.severity == "high"', taskId: "page" }, { taskId: "note" }],
        }),
        work("page", { nextTaskId: "call" }),
        work("call", { nextTaskId: "close" }),
        work("note", { nextTaskId: "close" }),
        work("close", { parameters: { noted: "${tasks.note.output}", paged: "${tasks.page.output}" } }),
      ]);
      await bench.complete("triage", { severity: "low" });
      await bench.complete("note", "noted");
      expect(await bench.parameters("close")).toMatchObject({ noted: "noted", paged: null });
      await bench.complete("close");
      expect(await bench.states(sessionId)).toEqual({
        triage: "completed",
        page: "skipped",
        call: "skipped",
        note: "completed",
        close: "completed",
        "": "completed",
      });
      expect(await bench.names()).toEqual(["triage", "note", "close"]);
    });

    test("`when` false skips one task; what comes after goes on", async () => {
      const bench = await start();
      const tasks = [work("maybe", { when: "input.yes" }), work("after", { parameters: { was: "${tasks.maybe.status}" } })]; // prettier-ignore
      const no = await bench.start(tasks, {}, { yes: false });
      expect(await bench.parameters("after")).toMatchObject({ was: "skipped" });
      await bench.complete("after");
      expect(await bench.states(no)).toEqual({ maybe: "skipped", after: "completed", "": "completed" });
      const yes = await bench.start(tasks, {}, { yes: true });
      await bench.complete("maybe");
      await bench.complete("after");
      expect(await bench.states(yes)).toEqual({ maybe: "completed", after: "completed", "": "completed" });
    });

    test("an error is borne with `onFailure: continue`, and read by what follows", async () => {
      const bench = await start();
      const sessionId = await bench.start([
        work("fragile", { onFailure: "continue" }),
        work("after", { parameters: { why: "${tasks.fragile.error.code}", of: "${session.id}" } }),
      ]);
      await bench.fail("fragile", "too_hot");
      expect(await bench.parameters("after")).toMatchObject({ why: "too_hot", of: sessionId });
      await bench.complete("after");
      expect(await bench.states(sessionId)).toEqual({ fragile: "failed", after: "completed", "": "completed" });
    });
  });

  describe(`fallbacks and compensations on ${platform.name}`, () => {
    test("a fallback stands for the task that failed", async () => {
      const bench = await start();
      const sessionId = await bench.start([
        work("write", { fallbackTaskId: "simple" }),
        work("simple"),
        work("publish", { parameters: { text: "${tasks.write.output}" } }),
      ]);
      await bench.fail("write");
      expect(await bench.states(sessionId)).toEqual({ write: "failed", simple: "running", "": "running" });
      await bench.complete("simple", "simply");
      expect(await bench.parameters("publish")).toMatchObject({ text: "simply" });
      await bench.complete("publish");
      expect((await bench.states(sessionId))[""]).toBe("completed");
    });

    test("a session that fails undoes what it did, the last first, and then says why it failed", async () => {
      const bench = await start();
      const sessionId = await bench.start([
        work("flight", { compensateWith: "no-flight" }),
        work("hotel", { compensateWith: "no-hotel" }),
        work("pay"),
        work("no-flight", { parameters: { of: "${tasks.flight.output}" } }),
        work("no-hotel"),
      ]);
      await bench.complete("flight", "f1");
      await bench.complete("hotel", "h1");
      await bench.fail("pay", "no_money");
      expect(await bench.names()).toEqual(["flight", "hotel", "pay", "no-hotel"]);
      expect((await bench.states(sessionId))[""]).toBe("running");
      await bench.fail("no-hotel");
      expect(await bench.parameters("no-flight")).toMatchObject({ of: "f1" });
      await bench.complete("no-flight");
      expect(await bench.scene.session(sessionId)).toMatchObject({
        status: "failed",
        error: { code: "no_money", message: "pay broke" },
      });
      expect(await bench.names()).toEqual(["flight", "hotel", "pay", "no-hotel", "no-flight"]);
    });
  });

  describe(`time on ${platform.name}`, () => {
    test("a wait ends when its time has come, to the millisecond, and no agent is asked", async () => {
      const bench = await start();
      const { clock } = bench.world;
      const from = clock.now();
      const until = new Date(from + 3_600_000).toISOString();
      const sessionId = await bench.start([
        { taskId: "pause", type: "wait", for: "90s" },
        { taskId: "date", type: "wait", until: "${input.until}" },
        work("go"),
      ], {}, { until }); // prettier-ignore
      expect(await bench.scene.session(sessionId)).toMatchObject({
        status: "started",
        waitingFor: { code: "timer", until: new Date(from + 90_000).toISOString() },
      });
      await bench.world.pass(89_999);
      expect(await bench.states(sessionId)).toEqual({ pause: "waiting", "": "started" });
      await bench.world.pass(1);
      expect(await bench.states(sessionId)).toEqual({ pause: "completed", date: "waiting", "": "started" });
      await bench.world.pass(from + 3_600_000 - clock.now() - 1);
      expect(await bench.names()).toEqual([]);
      await bench.world.pass(1);
      await bench.complete("go");
      expect(await bench.states(sessionId)).toEqual({ pause: "completed", date: "completed", go: "completed", "": "completed" }); // prettier-ignore
    });

    test("a session that has lasted too long fails, and frees who works for it", async () => {
      const bench = await start();
      const sessionId = await bench.start([work("long", { timeout: { run: "2h" } })], { timeout: "1h" });
      await bench.names();
      await bench.world.pass(3_599_999);
      expect((await bench.states(sessionId))[""]).toBe("running");
      await bench.world.pass(1);
      expect(await bench.scene.session(sessionId)).toMatchObject({
        status: "failed",
        error: { code: "session_timeout", message: "the session did not end within 3600 s" },
        tasks: [{ status: "cancelled", attempts: [{ status: "cancelled" }] }],
      });
    });

    test("an agent that falls silent loses its task after the heartbeat time-out; one that beats keeps it", async () => {
      const bench = await start();
      const sessionId = await bench.start([work("long", { timeout: { run: "1h", heartbeat: "2m" } })]);
      for (let minutes = 0; minutes < 5; minutes += 1) {
        await bench.world.pass(60_000);
        await bench.beat("long");
      }
      await bench.world.pass(119_999);
      expect((await bench.states(sessionId))[""]).toBe("running");
      await bench.world.pass(1);
      expect(await bench.scene.session(sessionId)).toMatchObject({
        status: "failed",
        error: { code: "heartbeat_deadline" },
        tasks: [{ attempts: [{ status: "heartbeat_deadline", counts: true }] }],
      });
    });
  });

  describe(`priority on ${platform.name}`, () => {
    test("who waits for the same agent is served by priority, then by age", async () => {
      const scene = await open();
      const agent = await scene.agent({ capabilities: ["work"] });
      const { world } = scene;
      const names = ["holds", "old", "urgent", "young"];
      for (const name of names) {
        const tasks = [work(name, name === "urgent" ? { priority: 51 } : {})];
        const body = { workflowDefinition: { id: name, name, tasks } };
        expect((await world.request("POST", "/v1/opscore/sessions", body)).status).toBe(202);
        await world.flush();
        world.clock.advance(10_000);
      }
      for (const n of [1, 2, 3, 4]) {
        const { body } = await agent.delivery(n);
        const done = await world.request("POST", `/v1/opscore/tasks/${body.opscore_task_id}/complete`, { output: n });
        expect(done.status).toBe(200);
        await world.flush();
        world.clock.advance(1_000);
      }
      const served = (await agent.deliveries()).map(({ body }) => body.task_name);
      expect(served).toEqual(["holds", "urgent", "old", "young"]);
    });
  });
};
