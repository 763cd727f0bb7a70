import { afterEach, describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../src/core/json.ts";
import type { HttpCall } from "../../src/agentkit/http-call.ts";
import { createWorld, type Platform, type World } from "../support/world.ts";

interface Task {
  readonly taskId: string;
  readonly id: string;
  readonly status: string;
  readonly output: unknown;
  readonly parameters: JsonObject;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly attempts: readonly { readonly attempt: number; readonly status: string }[];
  readonly map: { readonly taskId: string; readonly id: string; readonly index: number } | null;
}
interface Session {
  readonly status: string;
  readonly reason: string | null;
  readonly waitingFor: { readonly code: string; readonly taskId: string } | null;
  readonly tasks: readonly Task[];
}

type Behaviour = (parameters: JsonObject, attempt: number) => JsonObject;

const done = (output: Json): JsonObject => ({ complete: { output } });
const broken = (code = "boom", more: JsonObject = {}): JsonObject => ({
  fail: { error: { code, message: code, ...more } },
});

/** A world with agents that settle by call whatever they are given, by the name of the task. */
interface Fleet extends World {
  readonly given: string[];
  run(definition: JsonObject, input?: JsonObject, agents?: Readonly<Record<string, Behaviour>>): Promise<string>;
  /** Lets the agents work until nothing more happens by itself. */
  work(): Promise<void>;
  session(sessionId: string): Promise<Session>;
  outputs(sessionId: string): Promise<Readonly<Record<string, unknown>>>;
  statuses(sessionId: string): Promise<Readonly<Record<string, string>>>;
}

const openFleet = async (platform: Platform, http: HttpCall | null = null, options: object = {}): Promise<Fleet> => {
  const inbox: {
    readonly attemptId: string;
    readonly name: string;
    readonly parameters: JsonObject;
    readonly attempt: number;
  }[] = [];
  const given: string[] = [];
  let behaviours: Readonly<Record<string, Behaviour>> = {};
  const world = await createWorld(platform, {
    ...options,
    call: (request) => {
      if (!request.url.startsWith("http://agent.test/") && http !== null) return http(request);
      const task = JSON.parse(String(request.body)) as {
        opscore_task_id: string;
        task_name: string;
        payload: { task_parameters: JsonObject; attempt: number };
      };
      given.push(task.task_name);
      inbox.push({
        attemptId: task.opscore_task_id,
        name: task.task_name,
        parameters: task.payload.task_parameters,
        attempt: task.payload.attempt,
      });
      return Promise.resolve({
        kind: "answer",
        status: 200,
        headers: { get: () => null },
        body: "{}",
        truncated: false,
      });
    },
  });
  const answered = await world.request("PUT", "/v1/opscore/agents/worker", {
    agentName: "worker",
    version: "1",
    capabilities: ["work"],
    contactEndpoint: "http://agent.test/worker",
    metadata: { config: { maxConcurrentTasks: 50 } },
  });
  expect(answered.status).toBe(201);
  const session = async (sessionId: string): Promise<Session> =>
    (await (await world.request("GET", `/v1/opscore/sessions/${sessionId}`)).json()) as Session;
  const byTask = async <T>(sessionId: string, pick: (task: Task) => T): Promise<Readonly<Record<string, T>>> =>
    Object.fromEntries((await session(sessionId)).tasks.toReversed().map((task) => [task.taskId, pick(task)]));
  const work = async (): Promise<void> => {
    for (let round = 0; round < 500; round += 1) {
      await world.flush();
      const task = inbox.shift();
      if (task === undefined) return;
      const [verb, body] = Object.entries(
        (behaviours[task.name] ?? (() => done(task.name)))(task.parameters, task.attempt),
      )[0]!;
      if (verb === "silence") continue;
      const reply = await world.request("POST", `/v1/opscore/tasks/${task.attemptId}/${verb}`, body);
      expect([200, 409]).toContain(reply.status);
    }
    throw new Error("the agents never stop working");
  };
  return {
    ...world,
    given,
    work,
    session,
    outputs: (sessionId) => byTask(sessionId, ({ output }) => output),
    statuses: (sessionId) => byTask(sessionId, ({ status }) => status),
    run: async (definition, input = {}, agents = {}) => {
      behaviours = agents;
      const reply = await world.request("POST", "/v1/opscore/sessions", {
        workflowDefinition: { name: "W", ...definition },
        initialPayload: input,
      });
      const body = (await reply.json()) as { sessionId: string };
      expect({ status: reply.status, body }).toMatchObject({ status: 202 });
      await work();
      return body.sessionId;
    },
  };
};

const agent = (taskId: string, more: JsonObject = {}): JsonObject => ({ taskId, agentCapability: "work", ...more });

/** The whole language of workflows over HTTP, with agents that settle by call. */
export const languageSuite = (platform: Platform): void => {
  describe(`the workflow language on ${platform.name}`, () => {
    const opened: World[] = [];
    afterEach(async () => {
      for (const world of opened.splice(0)) await world.close();
    });
    const open = async (http: HttpCall | null = null, options: object = {}): Promise<Fleet> => {
      const fleet = await openFleet(platform, http, options);
      opened.push(fleet);
      return fleet;
    };

    test("a join waits for all, `join: any` for the first; a choice leaves the other way out", async () => {
      const world = await open();
      const id = await world.run(
        {
          id: "graph",
          tasks: [
            agent("triage", {
              next: [{ when: "tasks.triage.output.level > 3", taskId: "page" }, { taskId: "ticket" }],
            }),
            agent("page", { nextTaskId: "close" }),
            agent("ticket", { nextTaskId: "close" }),
            agent("close", { parameters: { how: "${tasks.page.status}", other: "${tasks.ticket.status}" } }),
          ],
        },
        {},
        { triage: () => done({ level: 5 }) },
      );
      expect(await world.statuses(id)).toEqual({
        triage: "completed",
        page: "completed",
        ticket: "skipped",
        close: "completed",
      });
      const session = await world.session(id);
      expect(session.status).toBe("completed");
      expect(session.tasks.find(({ taskId }) => taskId === "close")?.parameters).toEqual({
        how: "completed",
        other: "skipped",
      });
    });

    test("a task that failed for good is replaced by its fallback, tolerated, or fails the session", async () => {
      const world = await open();
      const id = await world.run(
        {
          id: "failing",
          tasks: [
            agent("write", { fallbackTaskId: "write_simple", retry: { maxAttempts: 1 } }),
            agent("write_simple"),
            agent("optional", { onFailure: "continue", retry: { maxAttempts: 1 } }),
            agent("publish", {
              parameters: { text: "${tasks.write.output}", missing: "${tasks.optional.error.code}" },
            }),
          ],
        },
        {},
        { write: () => broken(), optional: () => broken("sorry") },
      );
      const session = await world.session(id);
      expect(session.status).toBe("completed");
      expect(session.tasks.find(({ taskId }) => taskId === "publish")?.parameters).toEqual({
        text: "write_simple",
        missing: "sorry",
      });
      expect(session.tasks.find(({ taskId }) => taskId === "write")).toMatchObject({
        status: "failed",
        fallback: { taskId: "write_simple", status: "completed" },
      });
      expect(session.tasks.find(({ taskId }) => taskId === "optional")).toMatchObject({ fallback: null, map: null });
    });

    test("what was done is undone, the last first, before the session fails", async () => {
      const world = await open();
      const id = await world.run(
        {
          id: "booking",
          tasks: [
            agent("flight", { compensateWith: "cancel_flight" }),
            agent("hotel", { compensateWith: "cancel_hotel" }),
            agent("pay", { retry: { maxAttempts: 1 } }),
            agent("cancel_flight", { parameters: { was: "${tasks.flight.output}" } }),
            agent("cancel_hotel"),
          ],
        },
        {},
        { pay: () => broken("no_money") },
      );
      expect(world.given).toEqual(["flight", "hotel", "pay", "cancel_hotel", "cancel_flight"]);
      expect(await world.session(id)).toMatchObject({
        status: "failed",
        reason: expect.stringContaining("no_money") as string,
      });
    });

    test("a map goes over a list with so many at a time, and gathers the results in order", async () => {
      const world = await open();
      let most = 0;
      const id = await world.run(
        {
          id: "map",
          tasks: [
            agent("list"),
            {
              taskId: "each",
              type: "map",
              forEach: "${tasks.list.output}",
              maxConcurrency: 3,
              task: { agentCapability: "work", parameters: { n: "${item}", at: "${index}" } },
            },
            agent("sum", { parameters: { all: "${tasks.each.output}" } }),
          ],
        },
        {},
        {
          list: () => done(Array.from({ length: 25 }, (_, at) => at * 10)),
          each: ({ n, at }) => {
            most = Math.max(most, Number(at));
            return done(Number(n) + 1);
          },
        },
      );
      const session = await world.session(id);
      expect(session.status).toBe("completed");
      expect((await world.outputs(id))["each"]).toEqual(Array.from({ length: 25 }, (_, at) => at * 10 + 1));
      const each = session.tasks.filter(({ taskId }) => taskId === "each");
      const items = each.filter(({ map }) => map !== null);
      expect([each.length, items.length]).toEqual([26, 25]);
      expect(items[3]?.map).toEqual({ taskId: "each", id: each.find(({ map }) => map === null)?.id, index: 3 });
    });

    test("an item that fails takes the map with it, or leaves a hole", async () => {
      const world = await open();
      const definition = (onFailure: string): JsonObject => ({
        id: `holes-${onFailure}`,
        tasks: [
          {
            taskId: "each",
            type: "map",
            forEach: [1, 2, 3],
            task: { agentCapability: "work", parameters: { n: "${item}" }, retry: { maxAttempts: 1 }, onFailure },
          },
        ],
      });
      const each: Behaviour = ({ n }) => (n === 2 ? broken("two") : done(n ?? null));
      const failed = await world.run(definition("fail"), {}, { each });
      expect(await world.session(failed)).toMatchObject({ status: "failed", reason: "item 1: two" });
      const holed = await world.run(definition("continue"), {}, { each });
      expect(await world.session(holed)).toMatchObject({ status: "completed" });
      const [map] = (await world.session(holed)).tasks;
      expect(map?.output).toEqual([1, null, 3]);
    });

    test("maps whose last items end at the same moment end together", async () => {
      const world = await open();
      const map = (taskId: string): JsonObject => ({
        taskId,
        type: "map",
        dependsOn: [],
        forEach: [taskId, "silent"],
        task: {
          agentCapability: "work",
          parameters: { n: "${item}" },
          retry: { maxAttempts: 1 },
          timeout: { run: "1m" },
          onFailure: "continue",
        },
      });
      const work: Behaviour = ({ n }) => (n === "silent" ? { silence: {} } : done(n ?? null));
      const id = await world.run({ id: "maps", tasks: [map("one"), map("two")] }, {}, { one: work, two: work });
      await world.pass(61_000);
      expect(await world.session(id)).toMatchObject({ status: "completed" });
      expect(await world.outputs(id)).toEqual({ one: ["one", null], two: ["two", null] });
    });

    test("a wait ends when its time has come; a signal and an approval when somebody says so", async () => {
      const world = await open();
      const id = await world.run({
        id: "people",
        tasks: [
          { taskId: "pause", type: "wait", for: "90s" },
          { taskId: "go", type: "signal", signal: "go-ahead" },
          { taskId: "sign", type: "approval", timeout: { run: "3d" }, onTimeout: "reject" },
          agent("ship", { parameters: { who: "${tasks.sign.output.by}", note: "${tasks.go.output.note}" } }),
        ],
      });
      const control = (path: string, body: object = {}, headers = {}) =>
        world.request("POST", `/v1/opscore/sessions/${id}/${path}`, body, headers);
      expect(
        (await control("signals/go-ahead", { payload: { note: "early" } }, { "Idempotency-Key": "s1" })).status,
      ).toBe(202);
      expect(
        (await control("signals/go-ahead", { payload: { note: "early" } }, { "Idempotency-Key": "s1" })).status,
      ).toBe(202);
      expect(await world.session(id)).toMatchObject({ waitingFor: { code: "timer", taskId: "pause" } });
      await world.pass(91_000);
      await world.work();
      expect(await world.session(id)).toMatchObject({ waitingFor: { code: "approval", taskId: "sign" } });
      expect((await control("tasks/sign/approve", { by: "ann", comment: "fine" })).status).toBe(202);
      expect((await control("tasks/sign/approve", { by: "ann", comment: "fine" })).status).toBe(200);
      expect((await control("tasks/sign/reject")).status).toBe(409);
      await world.work();
      const session = await world.session(id);
      expect(session.status).toBe("completed");
      expect(session.tasks.at(-1)?.parameters).toEqual({ who: "ann", note: "early" });
    });

    test("an approval that nobody gives in time is rejected, and says so", async () => {
      const world = await open();
      const id = await world.run({
        id: "unsigned",
        tasks: [{ taskId: "sign", type: "approval", timeout: { run: "1h" }, onTimeout: "reject" }],
      });
      await world.pass(3_700_000);
      expect(await world.session(id)).toMatchObject({ status: "failed", tasks: [{ error: { code: "rejected" } }] });
    });

    test("a child session does its part; its failure is its task's, and it goes when its parent goes", async () => {
      const world = await open();
      const child = { id: "child", name: "Child", tasks: [agent("inner", { parameters: { got: "${input.x}" } })] };
      expect((await world.request("POST", "/v1/opscore/workflows", child)).status).toBe(201);
      const parent = (id: string, more: JsonObject = {}): JsonObject => ({
        id,
        tasks: [
          { taskId: "part", type: "workflow", workflowDefinitionId: "child", parameters: { x: "${input.y}" }, ...more },
          agent("after", { parameters: { from: "${tasks.part.output}" } }),
        ],
      });
      const good = await world.run(parent("p1"), { y: 7 }, { inner: ({ got }) => done({ twice: Number(got) * 2 }) });
      expect(await world.session(good)).toMatchObject({ status: "completed" });
      expect((await world.session(good)).tasks.at(-1)?.parameters).toEqual({ from: { twice: 14 } });
      const bad = await world.run(parent("p2"), { y: 7 }, { inner: () => broken("inner", { retryable: false }) });
      expect(await world.session(bad)).toMatchObject({
        status: "failed",
        tasks: [{ error: { code: "child_failed" } }],
      });
      const stopped = await world.run(parent("p3"), { y: 7 }, { inner: () => ({ silence: {} }) });
      expect((await world.request("POST", `/v1/opscore/sessions/${stopped}/cancel`, {})).status).toBe(202);
      await world.work();
      const list = (await (await world.request("GET", "/v1/opscore/sessions?limit=200")).json()) as {
        data: { workflowId: string; status: string }[];
      };
      expect(
        list.data
          .filter(({ workflowId }) => workflowId === "child")
          .map(({ status }) => status)
          .toSorted(),
      ).toEqual(["cancelled", "completed", "failed"]);
    });

    test("a child that is not there, or would nest too deep, fails its task", async () => {
      const world = await open();
      const lost = await world.run({
        id: "lost",
        tasks: [{ taskId: "t", type: "workflow", workflowDefinitionId: "nobody" }],
      });
      expect(await world.session(lost)).toMatchObject({
        status: "failed",
        tasks: [{ error: { code: "workflow_not_found" } }],
      });
      const self = {
        id: "self",
        name: "Self",
        tasks: [{ taskId: "t", type: "workflow", workflowDefinitionId: "self" }],
      };
      expect((await world.request("POST", "/v1/opscore/workflows", self)).status).toBe(201);
      const id = await world.run({
        id: "top",
        tasks: [{ taskId: "t", type: "workflow", workflowDefinitionId: "self" }],
      });
      const session = await world.session(id);
      expect(session.status).toBe("failed");
      expect(session.reason).toContain("nested");
    });

    test("an http task calls out with a secret that is kept nowhere, and retries what may be retried", async () => {
      const seen: { url: string; headers: unknown; body: unknown }[] = [];
      const http: HttpCall = (request) => {
        seen.push({ url: request.url, headers: request.headers, body: request.body });
        const status = seen.length === 1 ? 503 : 200;
        const headers = { get: (name: string) => (name.toLowerCase() === "content-type" ? "application/json" : null) };
        return Promise.resolve({ kind: "answer", status, headers, body: '{"ok":true}', truncated: false });
      };
      const world = await open(http, { secrets: new Map([["TOKEN", "very-secret-value"]]) });
      const id = await world.run(
        {
          id: "calls",
          tasks: [
            {
              taskId: "post",
              type: "http",
              url: "http://api.test/items/${input.n}",
              headers: { Authorization: "Bearer ${secrets.TOKEN}" },
              body: { n: "${input.n}" },
              retry: { initialInterval: "1s" },
            },
            agent("after", { parameters: { ok: "${tasks.post.output.body.ok}" } }),
          ],
        },
        { n: 4 },
      );
      await world.pass(5_000);
      await world.work();
      expect(await world.session(id)).toMatchObject({ status: "completed" });
      expect(seen).toHaveLength(2);
      expect(JSON.stringify(seen[1])).toContain("Bearer very-secret-value");
      const log = await (await world.request("GET", `/v1/opscore/sessions/${id}/log`)).text();
      expect(log).not.toContain("very-secret-value");
      expect(log).toContain("${secrets.TOKEN}");
      expect((await world.session(id)).tasks.at(-1)?.parameters).toEqual({ ok: true });
    });

    test("a paused session stands still and goes on where it stood, with its time given back", async () => {
      const world = await open();
      const id = await world.run(
        { id: "pausing", tasks: [agent("one"), agent("two"), { taskId: "rest", type: "wait", for: "60s" }] },
        {},
        { one: () => ({ silence: {} }) },
      );
      const post = (path: string, body: object = {}) =>
        world.request("POST", `/v1/opscore/sessions/${id}/${path}`, body);
      expect((await post("pause", { reason: "look" })).status).toBe(202);
      expect((await post("pause")).status).toBe(200);
      const [first] = (await world.session(id)).tasks;
      expect((await world.request("POST", `/v1/opscore/tasks/${first?.id ?? ""}:1/complete`, {})).status).toBe(200);
      await world.pass(3_600_000);
      expect(await world.session(id)).toMatchObject({ status: "paused" });
      expect(await world.statuses(id)).toMatchObject({ one: "completed" });
      expect(world.given).toEqual(["one"]);
      expect((await post("resume")).status).toBe(202);
      await world.work();
      expect(world.given).toEqual(["one", "two"]);
      await world.pass(61_000);
      expect(await world.session(id)).toMatchObject({ status: "completed" });
      expect((await post("resume")).status).toBe(409);
    });

    test("a person retries, skips, completes and fails tasks", async () => {
      const world = await open();
      const id = await world.run(
        {
          id: "hands",
          tasks: [agent("a"), agent("b"), agent("c", { parameters: { b: "${tasks.b.output}" } }), agent("d")],
        },
        {},
        {
          a: (_, attempt) => (attempt === 1 ? { silence: {} } : done("a")),
          b: () => ({ silence: {} }),
          c: () => ({ silence: {} }),
          d: () => ({ silence: {} }),
        },
      );
      const act = async (path: string, body: object = {}): Promise<number> => {
        const reply = await world.request("POST", `/v1/opscore/sessions/${id}/tasks/${path}`, body);
        await world.work();
        return reply.status;
      };
      expect(await act("z/skip")).toBe(404);
      expect(await act("d/skip")).toBe(409);
      expect(await act("a/retry")).toBe(202);
      expect(await world.statuses(id)).toMatchObject({ a: "completed", b: "running" });
      expect(await act("b/complete", { output: { by: "hand" } })).toBe(202);
      expect(await act("b/complete", { output: { by: "hand" } })).toBe(200);
      expect(await act("c/skip")).toBe(202);
      expect(await act("d/fail", { error: { code: "given_up", message: "no more" } })).toBe(202);
      const session = await world.session(id);
      expect(session).toMatchObject({ status: "failed", reason: "no more" });
      expect(await world.statuses(id)).toEqual({ a: "completed", b: "completed", c: "skipped", d: "failed" });
    });

    test("one task without a workflow: now, later, cancelled; what it is sent is never a template", async () => {
      const world = await open();
      const enqueue = async (body: object, key = "k"): Promise<string> => {
        const reply = await world.request("POST", "/v1/opscore/tasks", body, { "Idempotency-Key": key });
        const { id } = (await reply.json()) as { id: string };
        expect([reply.status, reply.headers.get("Location")]).toEqual([202, `/v1/opscore/tasks/${id}`]);
        return id;
      };
      const read = async (id: string): Promise<Task> =>
        (await (await world.request("GET", `/v1/opscore/tasks/${id}`)).json()) as Task;
      const parameters = { text: "a ${input} b", 'odd "key"\n': [1, { x: null }] };
      const id = await enqueue({ agentCapability: "work", name: "say", parameters });
      expect(await enqueue({ agentCapability: "work", name: "say", parameters })).toBe(id);
      await world.work();
      expect(await read(id)).toMatchObject({ status: "completed", parameters, output: "say", name: "say" });
      const later = await enqueue({ agentId: "worker", delay: "10m", name: "later", parameters, priority: 9 }, "later");
      await world.work();
      expect(await read(later)).toMatchObject({ status: "waiting", id: later, parameters, name: "later" });
      for (const query of ["workflowId=opscore.single-task", `sessionId=ses_${later.slice(4, 32)}`]) {
        const listed = (await (await world.request("GET", `/v1/opscore/tasks?${query}`)).json()) as { data: Task[] };
        expect(listed.data, query).toMatchObject([{ id: later, taskId: "task", name: "later", status: "waiting" }]);
      }
      await world.pass(601_000);
      await world.work();
      expect(await read(later)).toMatchObject({ status: "completed", parameters, id: later });
      const never = await enqueue({ agentId: "worker", at: "2030-01-01T00:00:00Z" }, "never");
      const cancel = () => world.request("POST", `/v1/opscore/tasks/${never}/cancel`, { reason: "no" });
      expect([(await cancel()).status, (await cancel()).status]).toEqual([202, 200]);
      expect(await read(never)).toMatchObject({ status: "cancelled" });
      expect((await world.request("POST", `/v1/opscore/tasks/${id}/cancel`)).status).toBe(409);
      const bad = await world.request("POST", "/v1/opscore/tasks", {
        delay: "soon",
        at: "never",
        retry: { maxAttempts: 0 },
      });
      const { errors } = (await bad.json()) as { errors: { pointer: string }[] };
      expect(bad.status).toBe(422);
      expect([...new Set(errors.map(({ pointer }) => pointer))].toSorted()).toEqual([
        "",
        "/at",
        "/delay",
        "/retry/maxAttempts",
      ]);
      expect((await world.request("POST", "/v1/opscore/tasks", {})).status).toBe(422);
      expect((await world.request("GET", "/v1/opscore/tasks/tsk_none")).status).toBe(404);
    });

    test("names of parameters: any for a task at once; for a later one so long, or a clear 422", async () => {
      const world = await open();
      const ask = (parameters: unknown, more: object = {}) =>
        world.request("POST", "/v1/opscore/tasks", { agentId: "worker", parameters, ...more });
      const errorsOf = async (reply: Response): Promise<unknown> => {
        expect(reply.status).toBe(422);
        return ((await reply.json()) as { errors: unknown }).errors;
      };
      const long = { ["k".repeat(5_000)]: 1 };
      const longest = { ["k".repeat(3_991)]: 1 };
      const many = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`${at}`.padEnd(3_900, "x"), at]));
      const now = await ask(long);
      const later = await ask(longest, { delay: "1s" });
      expect([now.status, later.status]).toEqual([202, 202]);
      for (const parameters of [long, { ["\n".repeat(2_500)]: 1 }, many]) {
        for (const when of [{ delay: "1s" }, { at: "2030-01-01T00:00:00Z" }]) {
          expect(await errorsOf(await ask(parameters, when))).toMatchObject([
            { pointer: "/parameters", code: "too_long" },
          ]);
        }
      }
      for (const parameters of [null, [], "text"]) {
        expect(await errorsOf(await ask(parameters, { delay: "1s" }))).toMatchObject([{ pointer: "/parameters" }]);
      }
      await world.pass(2_000);
      await world.work();
      const { id } = (await later.json()) as { id: string };
      const task = (await (await world.request("GET", `/v1/opscore/tasks/${id}`)).json()) as Task;
      expect(task).toMatchObject({ status: "completed", parameters: longest });
    });

    test("ids that begin with opscore. are the engine's own: no caller saves, starts or schedules one", async () => {
      const world = await open();
      const made = await world.request("POST", "/v1/opscore/tasks", { agentId: "worker" });
      expect(made.status).toBe(202);
      const problem = async (path: string, body: object): Promise<unknown[]> => {
        const reply = await world.request("POST", `/v1/opscore/${path}`, body);
        const { code, errors } = (await reply.json()) as { code: string; errors?: { pointer: string }[] };
        return [reply.status, code, errors?.[0]?.pointer];
      };
      for (const id of ["opscore.single-task", "OpsCore.other"]) {
        const workflowDefinition = { id, name: "Mine", tasks: [agent("a")] };
        expect(await problem("workflows", workflowDefinition)).toEqual([422, "invalid_definition", "/id"]);
        const inline = [422, "invalid_definition", "/workflowDefinition/id"];
        expect(await problem("sessions", { workflowDefinition })).toEqual(inline);
        const saved = { workflowDefinitionId: id };
        expect(await problem("sessions", saved)).toEqual([404, "workflow_not_found", undefined]);
        const schedule = [422, "validation_failed", "/workflowDefinitionId"];
        expect(await problem("schedules", { ...saved, cron: "* * * * *" })).toEqual(schedule);
      }
      const listed = (await (await world.request("GET", "/v1/opscore/workflows")).json()) as { data: unknown[] };
      expect(listed.data).toEqual([]);
    });

    test("a log that has lost a row stops its session, and nothing else", async () => {
      const world = await open(null, { torn: true });
      const id = await world.run(
        { id: "torn", tasks: [agent("a"), agent("b", { parameters: { x: "${input.x}" } })] },
        { x: 1 },
        { a: () => ({ silence: {} }) },
      );
      const [first] = (await world.session(id)).tasks;
      await world.sql.batch([{ sql: "DELETE FROM log WHERE stream = ? AND seq = 1", args: [id] }], "write");
      const settled = await world.request("POST", `/v1/opscore/tasks/${first?.id ?? ""}:1/complete`, {});
      expect(settled.status).toBe(500);
      const other = await world.run({ id: "whole", tasks: [agent("a")] });
      expect(await world.session(other)).toMatchObject({ status: "completed" });
      await world.pass(3_600_000);
    });

    test("an input that does not fit its schema is refused with every fault", async () => {
      const world = await open();
      const reply = await world.request("POST", "/v1/opscore/sessions", {
        workflowDefinition: {
          id: "typed",
          name: "Typed",
          input: {
            type: "object",
            required: ["topic"],
            properties: { topic: { type: "string" }, n: { type: "integer" } },
          },
          tasks: [agent("a")],
        },
        initialPayload: { n: "three" },
      });
      const body = (await reply.json()) as { errors: { pointer: string }[] };
      expect(reply.status).toBe(422);
      expect(body.errors.map(({ pointer }) => pointer).toSorted()).toEqual(["/initialPayload", "/initialPayload/n"]);
    });
  });
};
