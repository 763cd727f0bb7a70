import { describe, expect, test } from "vitest";
import { call, expectProblem, rowCount, silentAgents, worldsOf, type Json, type Reply } from "../support/api.ts";
import { counted, type Platform, type World } from "../support/world.ts";

const BASE = "/v1/opscore/workflows";

interface Task {
  readonly taskId: string;
  readonly status: string;
  readonly output: unknown;
  readonly parameters: Json;
  readonly error: Json | null;
  readonly lateResults: number;
  readonly attempts: readonly { readonly status: string; readonly dispatchedAt: string; readonly endedAt: string }[];
}
interface Row {
  readonly seq: number;
  readonly at: string;
  readonly cause: Json;
  readonly hash: string;
  readonly events: readonly (Json & { readonly id: string; readonly type: string; readonly taskId?: string })[];
}
interface Run {
  readonly workflowId: string;
  readonly revision: number | null;
  readonly status: string;
  readonly reason: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly elapsedMs: number;
  readonly stopped: { readonly code: string; readonly message: string; readonly for: readonly Json[] } | null;
  readonly session: Json & { readonly tasks: readonly Task[] };
  readonly log: readonly Row[];
  readonly warnings: readonly Json[];
  readonly defaulted: readonly string[];
  readonly unused: readonly string[];
  readonly truncated: { readonly tasks: Json; readonly log: Json } | null;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const work = (taskId: string, more: Json = {}): Json => ({ taskId, agentCapability: "work", ...more });
const once = { retry: { maxAttempts: 1 } };
const flow = (...tasks: readonly Json[]): Json => ({ id: "w", name: "W", tasks });
const ask = (world: World, body: unknown, id = "w"): Promise<Reply> => call(world, "POST", `${BASE}/${id}/test`, body);
const broken = (code = "boom", more: Json = {}): Json => ({ error: { code, message: `it went ${code}`, ...more } });

/** The types of the events that say how tasks began and ended, in their order. */
const story = ({ log }: Run): readonly string[] =>
  log.flatMap(({ events }) =>
    events
      .filter(({ type }) => /^(TaskEntered|TaskCompleted|TaskResolved|TaskFailed|TaskSkipped|Session)/.test(type))
      .map(({ type, taskId }) => (taskId === undefined ? type : `${type.slice(4)} ${taskId}`)),
  );
const statuses = ({ session }: Run): Readonly<Record<string, string>> =>
  Object.fromEntries(session.tasks.toReversed().map(({ taskId, status }) => [taskId, status]));
const outputs = ({ session }: Run): Readonly<Record<string, unknown>> =>
  Object.fromEntries(session.tasks.toReversed().map(({ taskId, output }) => [taskId, output]));

const list = Array.from({ length: 1_000 }, (_, at) => at);
const map = (item: Json = {}): Json => ({
  taskId: "m",
  type: "map",
  forEach: "${input.list}",
  maxConcurrency: 50,
  task: { agentCapability: "work", ...item },
});

/** Dry runs: a definition against mocks, in virtual time. */
export const dryRunSuite = (platform: Platform): void => {
  describe(`dry runs on ${platform.name}`, () => {
    const open = worldsOf(platform);
    const run = async (document: Json, body: Json = {}, world?: World): Promise<Run> => {
      const reply = await ask(world ?? (await open()), { workflowDefinition: document, ...body });
      expect(reply.status, reply.text).toBe(200);
      expect(reply.text.length).toBeLessThan(1024 * 1024);
      return reply.body as unknown as Run;
    };

    test("a workflow runs to its end without agents: the same answer each time, no row, no call, one read", async () => {
      const agents = silentAgents();
      const world = await open({ call: agents.call });
      const document = flow(
        work("draft", { parameters: { topic: "${input.topic}" } }),
        work("polish", { parameters: { text: "${tasks.draft.output}" } }),
      );
      await call(world, "POST", BASE, document);
      const before = await rowCount(world);
      const body = { initialPayload: { topic: "tides" }, mocks: { draft: { output: "wet", after: "3s" } } };
      const first = await counted(world, () => ask(world, body));
      await world.flush();
      world.clock.advance(HOUR);
      const second = await ask(world, body);
      expect([first.roundTrips, first.rowsWritten, await rowCount(world)]).toEqual([1, 0, before]);
      expect([world.hints, agents.sent]).toEqual([[], []]);
      expect(second.text).toBe(first.result.text);
      const told = first.result.body as unknown as Run;
      expect(told).toMatchObject({
        workflowId: "w",
        revision: 1,
        status: "completed",
        reason: null,
        startedAt: "2026-01-01T00:00:00.000Z",
        endedAt: "2026-01-01T00:00:03.000Z",
        elapsedMs: 3 * SECOND,
        stopped: null,
        warnings: [],
        defaulted: ["polish"],
        unused: [],
        truncated: null,
      });
      expect(outputs(told)).toEqual({ draft: "wet", polish: null });
      expect(told.session.tasks[1]?.parameters).toEqual({ text: "wet" });
      expect(story(told)).toEqual([
        "SessionStarted",
        "Entered draft",
        "Completed draft",
        "Entered polish",
        "Completed polish",
        "SessionCompleted",
      ]);
      expect(told.log.map(({ seq, at }) => [seq, at.slice(17, 23)])).toEqual([
        [1, "00.000"],
        [2, "03.000"],
        [3, "03.000"],
      ]);
      const [row] = told.log;
      expect(row?.cause).toEqual({
        command: "StartSession",
        actor: { kind: "system", id: "dry-run" },
        requestId: null,
      });
      expect([row?.hash.length, row?.events[0]?.id]).toEqual([
        64,
        `evt_${String(told.session["sessionId"]).slice(4)}.1.0`,
      ]);
    });

    test("the definition: a saved one by its revision, or one that comes along and is not saved", async () => {
      const world = await open();
      await call(world, "POST", BASE, flow(work("one")));
      await call(world, "POST", BASE, flow(work("two")));
      const entered = async (body: unknown) => {
        const { revision, session } = (await ask(world, body)).body as unknown as Run;
        return [revision, session.tasks.map(({ taskId }) => taskId)];
      };
      expect(await entered(undefined)).toEqual([2, ["two"]]);
      expect(await entered({ revision: 1 })).toEqual([1, ["one"]]);
      const rows = await rowCount(world);
      const inline = await counted(world, () => entered({ workflowDefinition: flow(work("three")) }));
      expect([inline.result, inline.roundTrips, await rowCount(world)]).toEqual([[null, ["three"]], 0, rows]);
      expectProblem(await ask(world, {}, "unknown"), 404, "workflow_not_found");
      expectProblem(await ask(world, { revision: 3 }), 404, "workflow_not_found");
      expectProblem(await ask(world, { workflowDefinition: flow(work("a")) }, "v"), 400, "id_mismatch");
      const faulty = await ask(world, { workflowDefinition: flow(work("a", { nextTaskId: "b" })) });
      const { errors } = expectProblem(faulty, 422, "invalid_definition");
      expect(errors).toMatchObject([{ pointer: "/workflowDefinition/tasks/0/nextTaskId" }]);
      expectProblem(await ask(world, { revision: 1, workflowDefinition: flow(work("a")) }), 422, "validation_failed");
    });

    test("attempts: each has its mock, the last stands for all after it; waits between them are back-off", async () => {
      const retry = { maxAttempts: 5, initialInterval: "10s", backoffCoefficient: 2, maximumInterval: "40s" };
      const told = await run(flow(work("a", { retry })), {
        mocks: {
          a: [broken("first"), { ...broken("second", { retryAfterMs: 7 * SECOND }), after: "2s" }, broken("more")],
        },
      });
      expect([told.status, told.session["error"]]).toEqual([
        "failed",
        { code: "more", message: "it went more (attempt 5 of 5)" },
      ]);
      const { attempts } = told.session.tasks[0]!;
      expect(attempts.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => "failed"));
      const waits = attempts
        .slice(1)
        .map((next, i) => Date.parse(next.dispatchedAt) - Date.parse(attempts[i]!.endedAt));
      expect(waits[1]).toBe(7 * SECOND);
      expect(waits.filter((wait) => wait < 0)).toEqual([]);
      expect([waits[0]! <= 10 * SECOND, waits[2]! <= 40 * SECOND, waits[3]! <= 40 * SECOND]).toEqual([
        true,
        true,
        true,
      ]);
      expect(told.elapsedMs).toBe(waits.reduce((sum, wait) => sum + wait, 2 * SECOND));
      const final = await run(flow(work("a", { retry })), { mocks: { a: broken("FINAL", { retryable: false }) } });
      expect(final.session.tasks[0]?.attempts).toHaveLength(1);
      const recovered = await run(flow(work("a")), { mocks: { a: [broken(), null] } });
      expect([recovered.status, recovered.defaulted]).toEqual(["completed", ["a"]]);
    });

    test("silence: the run deadline passes, or the heartbeat; a late answer is kept and changes nothing", async () => {
      const timeout = { run: "10m", heartbeat: "2m" };
      const patient = await run(flow(work("a", { ...once, timeout })), { mocks: { a: { output: 1, after: "9m" } } });
      expect([patient.status, patient.elapsedMs]).toEqual(["completed", 9 * MINUTE]);
      const silent = await run(flow(work("a", { ...once, timeout })), { mocks: { a: { noAnswer: true } } });
      expect([silent.session["error"], silent.elapsedMs]).toMatchObject([{ code: "heartbeat_deadline" }, 2 * MINUTE]);
      const late = await run(flow(work("a", { ...once, timeout: { run: "1m" }, onFailure: "continue" }), work("b")), {
        mocks: { a: { output: 1, after: "90s" }, b: { output: 2, after: "2m" } },
      });
      const [a] = late.session.tasks;
      expect([a?.status, a?.error?.["code"], a?.lateResults, late.status]).toEqual([
        "failed",
        "run_deadline",
        1,
        "completed",
      ]);
      const inTime = await run(flow(work("a", { timeout: { run: "1m" } })), { mocks: { a: { after: "1m" } } });
      expect([inTime.status, inTime.session.tasks[0]?.attempts.length]).toEqual(["completed", 1]);
    });

    test("a delivery that is refused uses no attempt and is made again later, for as long as it takes", async () => {
      const refused = { refused: true };
      const told = await run(flow(work("a", once)), { mocks: { a: [refused, refused, refused, { output: 1 }] } });
      expect([told.status, told.elapsedMs]).toEqual(["completed", 7 * SECOND]);
      expect(told.session.tasks[0]?.attempts.map(({ status }) => status)).toEqual([
        "refused",
        "refused",
        "refused",
        "completed",
      ]);
      const endless = await run(flow(work("a")), { mocks: { a: refused } });
      expect([endless.stopped?.code, endless.endedAt]).toEqual(["limit_steps", null]);
      expect(endless.truncated?.log["of"]).toBeLessThanOrEqual(2_000);
      const ended = await run({ ...flow(work("a")), timeout: "1h" }, { mocks: { a: refused } });
      expect([ended.session["error"], ended.elapsedMs]).toMatchObject([{ code: "session_timeout" }, HOUR]);
    });

    test("calls: an output, an error, or a time-out; secrets are not resolved", async () => {
      const world = await open({ secrets: new Map([["TOKEN", "hunter2-hunter2"]]) });
      const document = flow(
        { taskId: "h", type: "http", url: "https://api.test/${input.id}", headers: { A: "Bearer ${secrets.TOKEN}" }, retry: { maxAttempts: 2 } },
        { taskId: "t", type: "tool", tool: "add", agentId: "x", parameters: { of: "${tasks.h.output.status}" }, timeout: { run: "5s" }, ...once, onFailure: "continue" },
        { taskId: "s", type: "tool", tool: "add", agentCapability: "y", ...once, onFailure: "continue" },
      ); // prettier-ignore
      const body = {
        initialPayload: { id: 7 },
        mocks: { h: [broken("http_status"), null], t: { output: 1, after: "6s" }, s: { noAnswer: true } },
      };
      const told = await run(document, body, world);
      expect(told.status).toBe("completed");
      expect(told.defaulted).toEqual(["h"]);
      expect(outputs(told)).toMatchObject({ h: { status: 200, headers: {}, body: null }, t: null });
      const [h, t, s] = told.session.tasks;
      expect(h?.parameters).toMatchObject({ url: "https://api.test/7", headers: { A: "Bearer ${secrets.TOKEN}" } });
      expect(t?.parameters).toEqual({ of: 200 });
      expect(t?.error).toEqual({ code: "timeout", message: "the call gave no answer within 5 s" });
      expect(s?.error?.["code"]).toBe("timeout");
      expect(JSON.stringify(told)).not.toMatch(/hunter2|\\u0000/);
      expect(JSON.stringify(told.log)).toContain("${secrets.TOKEN}");
    });

    test("a map: mocks by item, outputs in their order, whatever the order in which items end", async () => {
      const map = (item: Json, more: Json = {}): Json =>
        flow({ taskId: "m", type: "map", forEach: "${input.list}", maxConcurrency: 2, task: { agentCapability: "work", parameters: { of: "${item}" }, ...item }, ...more }, work("end", { parameters: { all: "${tasks.m.output}" } })); // prettier-ignore
      const list = ["a", "b", "c", "d"];
      const told = await run(map({ retry: { maxAttempts: 2, initialInterval: "0s" } }), {
        initialPayload: { list },
        mocks: { m: [{ output: "A", after: "9s" }, [broken(), { output: "B" }], null, { output: "D", after: "1s" }] },
      });
      expect([told.status, told.elapsedMs, told.defaulted]).toEqual(["completed", 9 * SECOND, ["m", "end"]]);
      expect(told.session.tasks.at(-1)?.parameters).toEqual({ all: ["A", "B", null, "D"] });
      const same = await run(map({}), { initialPayload: { list }, mocks: { m: { output: 1, after: "1s" } } });
      expect([outputs(same)["end"], same.elapsedMs, same.session.tasks.at(-1)?.parameters]).toEqual([null, 2 * SECOND, { all: [1, 1, 1, 1] }]); // prettier-ignore
      const failing = await run(map({ retry: { maxAttempts: 1 } }), {
        initialPayload: { list },
        mocks: { m: [{ output: 1 }, broken()] },
      });
      expect(failing.session["error"]).toEqual({ code: "boom", message: "item 1: it went boom" });
      const borne = await run(map({ ...once, onFailure: "continue" }), {
        initialPayload: { list },
        mocks: { m: [null, broken()] },
      });
      expect(borne.session.tasks.at(-1)?.parameters).toEqual({ all: [null, null, null, null] });
    });

    test("choices, conditions, a fallback, a compensation and a session's time-out", async () => {
      const choosing = flow(
        work("triage", { next: [{ when: "tasks.triage.output.urgent", taskId: "page" }, { taskId: "ticket" }] }),
        work("page", { nextTaskId: "end" }),
        work("ticket", { nextTaskId: "end" }),
        work("end", { when: "tasks.page.status == 'completed'" }),
      );
      const urgent = await run(choosing, { mocks: { triage: { output: { urgent: true } } } });
      expect(statuses(urgent)).toEqual({ triage: "completed", page: "completed", ticket: "skipped", end: "completed" });
      const calm = await run(choosing, { mocks: { triage: { output: { urgent: false } }, page: { output: 1 } } });
      expect(statuses(calm)).toEqual({ triage: "completed", page: "skipped", ticket: "completed", end: "skipped" });
      expect(calm.unused).toEqual(["page"]);
      const undoing = flow(
        work("book", { compensateWith: "unbook" }),
        work("pay", { ...once, fallbackTaskId: "owe" }),
        work("owe", once),
        work("unbook"),
      );
      const saved = await run(undoing, { mocks: { pay: broken(), owe: { output: "later" } } });
      expect([saved.status, statuses(saved)]).toMatchObject(["completed", { pay: "failed", owe: "completed" }]);
      const undone = await run(undoing, { mocks: { pay: broken(), owe: broken("broke"), unbook: { after: "1m" } } });
      expect([undone.status, undone.elapsedMs, undone.session["error"]]).toMatchObject([
        "failed",
        MINUTE,
        { code: "broke" },
      ]);
      expect(statuses(undone)).toMatchObject({ book: "completed", unbook: "completed" });
      const slow = await run({ ...flow(work("a")), timeout: "5m" }, { mocks: { a: { after: "6m" } } });
      expect([slow.session["error"], slow.elapsedMs]).toMatchObject([{ code: "session_timeout" }, 5 * MINUTE]);
    });

    test("waits pass in virtual time, from any beginning", async () => {
      const document = flow(
        { taskId: "nap", type: "wait", for: "90d" },
        { taskId: "until", type: "wait", until: "2030-01-31T08:00:00Z" },
      );
      const told = await run(document, { startAt: "2029-01-31T08:00:00+00:00" });
      expect([told.status, told.startedAt, told.endedAt]).toEqual(["completed", "2029-01-31T08:00:00.000Z", "2030-01-31T08:00:00.000Z"]); // prettier-ignore
      const passed = await run(document, { startAt: "2030-03-01T00:00:00Z" });
      expect(passed.elapsedMs).toBe(90 * DAY);
      const far = await run(flow({ taskId: "until", type: "wait", until: "9000-01-01T00:00:00Z" }));
      expect([far.stopped?.code, far.elapsedMs, far.status]).toEqual(["limit_time", 0, "started"]);
    });

    test("people and signals: approve, reject, a payload, or nobody in time", async () => {
      const document = (more: Json = {}): Json =>
        flow(
          { taskId: "go", type: "signal", signal: "start" },
          { taskId: "ok", type: "approval", ...more },
          work("end"),
        );
      const go = { signal: { from: "a bell" }, after: "2h" };
      const approved = await run(document(), {
        mocks: { go, ok: { approve: { by: "ann", comment: "fine" }, after: "1h" } },
      });
      expect([approved.status, approved.elapsedMs]).toEqual(["completed", 3 * HOUR]);
      expect(outputs(approved)).toMatchObject({
        go: { from: "a bell" },
        ok: { approved: true, by: "ann", comment: "fine" },
      });
      const rejected = await run(document(), { mocks: { go, ok: { reject: true } } });
      expect(rejected.session["error"]).toEqual({ code: "rejected", message: "rejected" });
      const timeout = { run: "3d" };
      const late = await run(document({ timeout, onTimeout: "approve" }), { mocks: { go, ok: { never: true } } });
      expect([late.status, late.elapsedMs]).toEqual(["completed", 3 * DAY + 2 * HOUR]);
      const tooLate = await run(document({ timeout }), { mocks: { go, ok: { approve: true, after: "4d" } } });
      expect(tooLate.session["error"]).toMatchObject({ code: "approval_timeout" });
    });

    test("what nothing was said of is waited for: the run stops and says so, and no deadline of it passes", async () => {
      const person = { taskId: "ok", type: "approval", timeout: { run: "3d" } };
      const alone = await run({ ...flow(person), timeout: "2d" });
      expect([alone.status, alone.session["status"], alone.elapsedMs, alone.endedAt]).toEqual([
        "waiting",
        "started",
        0,
        null,
      ]);
      expect(alone.stopped).toMatchObject({
        code: "waiting",
        for: [{ taskId: "ok", code: "approval", until: "2026-01-04T00:00:00.000Z" }],
      });
      expect(alone.reason).toContain('"ok" (approval)');
      const beside = flow(
        person,
        { taskId: "go", type: "signal", dependsOn: [] },
        work("a", { dependsOn: [], timeout: { run: "3d" } }),
        {
          taskId: "nap",
          type: "wait",
          for: "4d",
        },
      );
      const told = await run(beside, { mocks: { a: { after: "2d" } } });
      expect([told.stopped?.for.map(({ taskId }) => taskId), told.elapsedMs]).toEqual([["ok", "go"], 2 * DAY]);
      expect(statuses(told)).toEqual({ ok: "waiting", go: "waiting", a: "completed", nap: "waiting" });
      const never = await run(flow({ taskId: "go", type: "signal" }), { mocks: { go: { never: true } } });
      expect([never.stopped?.code, never.status]).toEqual(["waiting", "waiting"]);
    });

    test("child sessions are mocked, not run", async () => {
      const child = (more: Json = {}): Json =>
        flow({ taskId: "c", type: "workflow", workflowDefinitionId: "w", parameters: { a: 1 }, ...more }, work("end"));
      const done = await run(child(), { mocks: { c: { output: { x: 1 }, after: "3h" } } });
      expect([done.status, outputs(done)["c"], done.elapsedMs]).toEqual(["completed", { x: 1 }, 3 * HOUR]);
      const failed = await run(child({ retry: { maxAttempts: 2 } }), { mocks: { c: broken("inner") } });
      expect(failed.session["error"]).toMatchObject({ code: "child_failed", message: expect.stringContaining("it went inner (attempt 2 of 2)") as string }); // prettier-ignore
      const silent = await run(child(), { mocks: { c: { noAnswer: true } } });
      expect(silent.stopped).toMatchObject({ code: "waiting", for: [{ taskId: "c", code: "child" }] });
      expect((await run(child())).defaulted).toEqual(["c", "end"]);
    });

    test("a session for an agent: it gets what names nobody; without one that is refused as at a start", async () => {
      const world = await open();
      const document = flow({ taskId: "a", parameters: { who: "${agent.id}" } });
      const told = await run(document, { agentId: "nobody-registered" }, world);
      expect([told.session["agentId"], told.session.tasks[0]?.parameters]).toEqual(["nobody-registered", { who: "nobody-registered" }]); // prettier-ignore
      const { errors } = expectProblem(await ask(world, { workflowDefinition: document }), 422, "validation_failed");
      expect(errors).toMatchObject([{ pointer: "/workflowDefinition/tasks/0", code: "no_target" }]);
    });

    test("what is wrong with a request comes at once: input, mocks, and what was probably meant", async () => {
      const world = await open();
      const document = {
        ...flow(
          work("draft"),
          { taskId: "nap", type: "wait", for: "1s" },
          { taskId: "ok", type: "approval" },
          { taskId: "c", type: "workflow", workflowDefinitionId: "x" },
          { taskId: "m", type: "map", forEach: [1], task: { type: "http", url: "https://a.test" } },
        ),
        input: { type: "object", required: ["topic"], properties: { topic: { type: "string" } } },
      };
      await call(world, "POST", BASE, document);
      const faults = async (body: Json) => {
        const { errors } = expectProblem(await ask(world, body), 422, "validation_failed");
        return (errors as Json[]).map(({ pointer, code }) => `${String(pointer)} ${String(code)}`);
      };
      const mocks = {
        drafd: { output: 1 },
        constructor: {},
        nap: {},
        draft: [{ approve: true }, [{}]],
        ok: {},
        c: broken("x", { retryable: true }),
        m: [null, [{ refused: true }], { signal: 1 }],
      };
      expect(await faults({ initialPayload: { topic: 1 }, mocks })).toEqual([
        "/initialPayload/topic invalid_input",
        "/mocks/drafd unknown_task",
        "/mocks/constructor unknown_task",
        "/mocks/nap not_allowed",
        "/mocks/draft/0/approve not_allowed",
        "/mocks/draft/1 not_allowed",
        "/mocks/ok required",
        "/mocks/c/error/retryable not_allowed",
        "/mocks/m/1/0/refused not_allowed",
        "/mocks/m/2/signal not_allowed",
      ]);
      const meant = await ask(world, { initialPayload: { topic: "t" }, mocks: { drafd: {} } });
      expect(meant.body["detail"]).toBe("/mocks/drafd: Did you mean `draft`? The definition has no such task.");
      const shapes: readonly (readonly [Json, string])[] = [
        [{ mocks: { draft: { output: 1, error: { code: "x" } } } }, "/mocks/draft/error not_allowed"],
        [{ mocks: { draft: { noAnswer: true, after: "1s" } } }, "/mocks/draft/after not_allowed"],
        [{ mocks: { draft: { noAnswer: false } } }, "/mocks/draft/noAnswer invalid_value"],
        [{ mocks: { draft: { after: "soon" } } }, "/mocks/draft/after invalid_duration"],
        [{ mocks: { draft: { outputs: 1 } } }, "/mocks/draft/outputs unknown_key"],
        [{ mocks: { draft: [{ error: {} }] } }, "/mocks/draft/0/error/code required"],
        [{ startAt: "yesterday" }, "/startAt invalid_timestamp"],
        [{ startAt: "1969-12-31T23:59:59Z" }, "/startAt invalid_timestamp"],
        [{ startAt: "2255-06-05T23:47:35Z" }, "/startAt invalid_timestamp"],
        [{ startAt: "9999-12-31T00:00:00Z" }, "/startAt invalid_timestamp"],
        [{ agents: [] }, "/agents unknown_key"],
        [{ revision: 0 }, "/revision too_small"],
      ];
      for (const [body, expected] of shapes) expect(await faults(body)).toEqual([expected]);
      expectProblem(await ask(world, "{"), 400, "malformed_json");
      expectProblem(await call(world, "POST", `${BASE}/w/test?x=1`, {}), 400, "invalid_query");
      expectProblem(await call(world, "POST", `${BASE}/%C3%BC/test`, {}), 400, "invalid_id");
    });

    test("P12: hostile input is refused or stopped after bounded work, and what is left out is told", async () => {
      const world = await open();
      const tenThousand = "[" + "1,".repeat(100_000) + "1]";
      const started = await ask(world, `{"workflowDefinition":${JSON.stringify(flow(map()))},"initialPayload":{"list":${tenThousand}}}`); // prettier-ignore
      expect(started.body).toMatchObject({ status: "failed", session: { error: { code: "limit_items" } } });
      const whole = await run(flow(map()), { initialPayload: { list }, mocks: { m: { after: "1s" } } }, world);
      expect([whole.status, whole.elapsedMs]).toEqual(["completed", 20 * SECOND]);
      expect([whole.truncated?.tasks["of"], whole.truncated?.log["of"]]).toEqual([1_001, 1_001]);
      expect([whole.session.tasks.length, whole.log.length]).toEqual([whole.truncated?.tasks["shown"], whole.truncated?.log["shown"]]); // prettier-ignore
      const mocks = `{"mocks":{"a":[${"{},".repeat(60_000)}{}]}}`;
      expectProblem(await ask(world, mocks), 422, "validation_failed");
      expectProblem(await ask(world, `{"mocks":${"[".repeat(5_000)}`), 400, "malformed_json");
      const text = "x".repeat(300_000);
      expectProblem(await ask(world, { initialPayload: { text } }), 413, "payload_too_large");
    }, 20_000);

    test("P12: a run that takes too much work, or room, is stopped, and what is left out is told", async () => {
      const world = await open();
      const text = "x".repeat(120_000);
      const wide = await run(
        flow(map({ parameters: { a: "${input.text}" } })),
        { initialPayload: { list, text } },
        world,
      );
      expect([wide.stopped?.code, wide.log.length]).toEqual(["limit_log", 0]);
      const costly = map({ parameters: { a: "${input.list.all(x, input.list.all(y, true))}" }, onFailure: "continue" });
      // One decision is bounded as in earnest, so the map is spread over many; all of them are too much.
      const heavy = await run(flow(costly), { initialPayload: { list } }, world);
      expect([heavy.stopped?.code, heavy.session.tasks[0]?.status]).toEqual(["limit_work", "running"]);
      const fan = Array.from({ length: 200 }, (_, at) => ({ ...work(`t${at}`), dependsOn: [], onFailure: "continue" }));
      const dear = fan.map((task) => ({ ...task, parameters: { a: "${input.list.all(x, x != null)}" } }));
      const began = await run(flow(...dear), { initialPayload: { list: list.slice(0, 200) } }, world);
      expect([began.stopped, began.status, began.truncated?.tasks ?? null]).toEqual([null, "completed", null]);
      const later = await run(flow(work("a"), { ...costly, dependsOn: ["a"] }), { initialPayload: { list } }, world);
      expect([later.stopped?.code, statuses(later)]).toEqual(["limit_work", { a: "completed", m: "running" }]);
      const maps = Array.from({ length: 200 }, (_, at) => ({ ...map(), taskId: `m${at}`, nextTaskId: null }));
      const many = await run(flow(...maps), { initialPayload: { list } }, world);
      expect(many.stopped?.code).toBe("limit_work");
      expect(await rowCount(world)).toBe(0);
    }, 20_000);
  });
};
