import { describe, expect, test } from "vitest";
import { call, expectProblem, oneTask, type Json } from "../support/api.ts";
import { MINUTE, SCHEDULES, scheduleWorlds, type ScheduleView } from "../support/schedules.ts";
import type { Platform } from "../support/world.ts";

const plain: Json = { cron: "*/10 * * * *", workflowDefinitionId: "w" };
const DAY = 86_400_000;

/** How schedules are made, changed and looked at. */
export const schedulesApiSuite = (platform: Platform): void => {
  const open = scheduleWorlds(platform);

  describe(`schedules over HTTP on ${platform.name}`, () => {
    test("a schedule is shown as it was made, with its defaults and the next five times", async () => {
      const world = await open();
      const made = await world.post("", { ...plain, "x-owner": "me" });
      expect(made.status, made.text).toBe(201);
      const id = String(made.body["scheduleId"]);
      expect(id).toMatch(/^sch_[0-9A-Z]{28}$/);
      expect(made.headers.get("Location")).toBe(`${SCHEDULES}/${id}`);
      expect(made.body).toEqual({
        scheduleId: id,
        cron: "*/10 * * * *",
        timeZone: "UTC",
        workflowDefinitionId: "w",
        revision: null,
        agentId: null,
        initialPayload: {},
        overlap: "skip",
        catchUp: "1h",
        description: null,
        paused: false,
        nextFireAt: "2026-11-22T08:10:00.000Z",
        nextFires: ["08:10", "08:20", "08:30", "08:40", "08:50"].map((at) => `2026-11-22T${at}:00.000Z`),
        runningSessions: [],
        bufferedFire: null,
        lastFires: [],
        counts: { started: 0, skipped: 0, failed: 0, missed: 0 },
        createdAt: "2026-11-22T08:00:00.000Z",
        updatedAt: "2026-11-22T08:00:00.000Z",
      });
      expect((await call(world, "GET", `${SCHEDULES}/${id}`)).body).toEqual(made.body);
    });

    test("the list is the newest first, in pages, without payloads and fires", async () => {
      const world = await open();
      for (const id of ["s1", "s2", "s3"]) {
        await world.schedule({ initialPayload: { secret: "payload" } }, id);
        if (id !== "s2") world.clock.advance(1);
      }
      const first = await call(world, "GET", `${SCHEDULES}?limit=2`);
      const ids = ({ body }: { readonly body: Json }) =>
        (body["data"] as ScheduleView[]).map(({ scheduleId }) => scheduleId);
      expect(ids(first)).toEqual(["s3", "s2"]);
      expect(first.text).not.toContain("payload");
      expect(first.text).not.toContain("lastFires");
      const rest = await call(world, "GET", `${SCHEDULES}?limit=2&cursor=${String(first.body["nextCursor"])}`);
      expect([ids(rest), rest.body["nextCursor"]]).toEqual([["s1"], null]);
      expectProblem(await call(world, "GET", `${SCHEDULES}?order=asc`), 400, "invalid_query");
      expectProblem(await call(world, "GET", `${SCHEDULES}/s1?x=1`), 400, "invalid_query");
      expectProblem(await call(world, "GET", `${SCHEDULES}?cursor=eA`), 400, "invalid_query");
    });

    test("the same id with the same content is the schedule there is; with other content 409 and a hint", async () => {
      const world = await open();
      const body = { ...plain, scheduleId: "nightly" };
      expect((await world.post("", body)).status).toBe(201);
      const again = await world.post("", { ...body, timeZone: "UTC", initialPayload: {} });
      expect([again.status, again.body["scheduleId"]]).toEqual([200, "nightly"]);
      const other = expectProblem(await world.post("", { ...body, overlap: "allow" }), 409, "conflict");
      expect(other["hint"]).toContain("PUT /v1/opscore/schedules/nightly");
      expectProblem(await world.post("", { ...body, paused: true }), 409, "conflict");
    });

    test("P8: an Idempotency-Key makes one schedule, for seven days", async () => {
      const world = await open();
      const key = { "Idempotency-Key": "k" };
      const all = await Promise.all([1, 2, 3, 4].map(() => world.post("", plain, key)));
      const made = all.filter(({ status }) => status === 201);
      expect(new Set(made.map(({ body }) => body["scheduleId"])).size).toBe(1);
      for (const one of all.filter(({ status }) => status !== 201)) expectProblem(one, 409, "request_in_flight");
      const again = await world.post("", plain, key);
      expect([again.status, again.text, again.headers.get("Idempotency-Replayed")]).toEqual([
        201,
        made[0]?.text,
        "true",
      ]);
      expectProblem(await world.post("", { ...plain, cron: "0 0 * * *" }, key), 422, "idempotency_key_reused");
      world.clock.advance(7 * DAY);
      const later = await world.post("", plain, key);
      expect(later.status).toBe(201);
      expect(later.body["scheduleId"]).not.toBe(made[0]?.body["scheduleId"]);
      expect((await world.post("", plain, key)).body["scheduleId"]).toBe(later.body["scheduleId"]);
      expectProblem(await world.post("", plain, { "Idempotency-Key": "a b" }), 400, "invalid_header");
    });

    test("PUT makes or replaces, repeating it changes nothing, and ids must agree", async () => {
      const world = await open();
      const put = (body: Json) => call(world, "PUT", `${SCHEDULES}/s`, body);
      expect((await put(plain)).status).toBe(201);
      world.clock.advance(1_000);
      const same = await put({ ...plain, scheduleId: "s" });
      expect([same.status, same.body["updatedAt"]]).toEqual([200, "2026-11-22T08:00:00.000Z"]);
      const other = await put({ ...plain, cron: "0 9 * * *", description: "later" });
      expect(other.body).toMatchObject({
        cron: "0 9 * * *",
        description: "later",
        nextFireAt: "2026-11-22T09:00:00.000Z",
        createdAt: "2026-11-22T08:00:00.000Z",
        updatedAt: "2026-11-22T08:00:01.000Z",
      });
      expectProblem(await put({ ...plain, scheduleId: "t" }), 400, "id_mismatch");
    });

    test("an edit counts from now on: what was due before fires as it was, once", async () => {
      const world = await open();
      await world.schedule({ initialPayload: { old: true } });
      world.clock.advance(MINUTE + 1_000);
      await world.schedule({ cron: "*/30 * * * *", initialPayload: { old: false } });
      await world.sweep();
      expect(await world.fires()).toEqual(["started 08:01"]);
      const [session] = await world.sessions();
      const log = await call(world, "GET", `/v1/opscore/sessions/${session?.sessionId}/log`);
      expect(log.text).toContain('"old":true');
      expect((await world.show()).nextFireAt).toBe("2026-11-22T08:30:00.000Z");
    });

    test("deleted, it fires no more; what it started goes on; a new one of that id is another", async () => {
      const world = await open();
      await world.schedule();
      world.clock.advance(MINUTE);
      await world.sweep();
      for (const _ of [1, 2]) {
        const gone = await call(world, "DELETE", `${SCHEDULES}/s`);
        expect([gone.status, gone.text]).toEqual([204, ""]);
      }
      expectProblem(await call(world, "GET", `${SCHEDULES}/s`), 404, "schedule_not_found");
      world.clock.advance(MINUTE);
      await world.sweep();
      expect((await world.sessions()).map(({ status }) => status)).toEqual(["running"]);
      world.clock.set(Date.UTC(2026, 10, 22, 8, 0, 30));
      expect((await world.schedule()).counts.started).toBe(0);
      world.clock.advance(30_000);
      await world.sweep();
      expect(await world.fires()).toEqual(["started 08:01"]);
      expect(await world.sessions()).toHaveLength(2);
    });

    test("paused it does not fire, and what the pause left out is not made up for", async () => {
      const world = await open();
      await world.schedule({ overlap: "buffer_one" });
      for (let n = 0; n < 2; n += 1) {
        world.clock.advance(MINUTE);
        await world.sweep();
      }
      for (const _ of [1, 2]) {
        const paused = await world.post("s/pause");
        expect([paused.status, paused.body["paused"], paused.body["nextFires"]]).toEqual([200, true, []]);
      }
      expect((await world.fires()).at(-1)).toBe("skipped 08:02 paused");
      await world.complete(String((await world.sessions())[0]?.sessionId));
      world.clock.advance(10 * MINUTE);
      await world.sweep();
      expect(await world.sessions()).toHaveLength(1);
      for (const _ of [1, 2]) {
        const resumed = await world.post("s/resume", {});
        expect([resumed.status, resumed.body["nextFireAt"]]).toEqual([200, "2026-11-22T08:13:00.000Z"]);
      }
      await world.sweep();
      expect(await world.sessions()).toHaveLength(1);
      world.clock.advance(MINUTE);
      await world.sweep();
      expect((await world.fires()).at(-1)).toBe("started 08:13");
      for (const verb of ["pause", "resume", "trigger"]) {
        expectProblem(await world.post(`none/${verb}`), 404, "schedule_not_found");
        expectProblem(await world.post(`s/${verb}`, { now: true }), 422, "validation_failed");
      }
    });

    test("made paused it waits for resume; a PUT may pause and resume as well", async () => {
      const world = await open();
      expect(await world.schedule({ paused: true })).toMatchObject({ paused: true, nextFireAt: null });
      world.clock.advance(MINUTE);
      await world.sweep();
      expect(await world.sessions()).toEqual([]);
      expect((await world.schedule({ description: "still" })).paused).toBe(true);
      expect(await world.schedule({ paused: false })).toMatchObject({ nextFireAt: "2026-11-22T08:02:00.000Z" });
      expect(await world.schedule({ paused: true })).toMatchObject({ paused: true, nextFireAt: null });
    });

    test("trigger starts a session at once, also while paused and beside another; the policy counts it", async () => {
      const world = await open();
      await world.schedule({ paused: true, initialPayload: { n: 7 } });
      for (const _ of [1, 2]) {
        const triggered = await world.post("s/trigger");
        expect([triggered.status, triggered.body["workflowId"]]).toEqual([202, "w"]);
        expect(triggered.headers.get("Location")).toBe(`/v1/opscore/sessions/${String(triggered.body["sessionId"])}`);
        await world.flush();
        world.clock.advance(1);
      }
      const [first, second, ...others] = await world.sessions();
      expect(others).toEqual([]);
      expect((await world.show()).lastFires).toMatchObject([
        { by: "hand", outcome: "started", sessionId: second?.sessionId },
        { by: "hand", outcome: "started", sessionId: first?.sessionId },
      ]);
      const log = await call(world, "GET", `/v1/opscore/sessions/${first?.sessionId}/log`);
      expect((log.body["data"] as Json[])[0]?.["cause"]).toMatchObject({
        actor: { kind: "system", id: "schedule:s" },
        requestId: expect.stringMatching(/^req_/) as string,
      });
      await world.post("s/resume");
      world.clock.advance(MINUTE);
      await world.sweep();
      expect((await world.fires()).at(-1)).toBe("skipped 08:01 overlap");
    });

    test("P8: a trigger with an Idempotency-Key is one session, however often and whenever it is repeated", async () => {
      const world = await open();
      await world.schedule();
      const key = { "Idempotency-Key": "now" };
      const first = await Promise.all([1, 2, 3].map(() => world.post("s/trigger", undefined, key)));
      const all = first.filter(({ status }) => status === 202);
      for (const one of first.filter((reply) => !all.includes(reply))) expectProblem(one, 409, "request_in_flight");
      all.push(await world.post("s/trigger", undefined, key));
      world.clock.advance(30 * DAY);
      all.push(await world.post("s/trigger", {}, key));
      expect(all.filter(({ status }) => status !== 202)).toEqual([]);
      expect(all.length).toBeGreaterThan(2);
      expect(new Set(all.map(({ body }) => body["sessionId"])).size).toBe(1);
      expect((await world.show()).counts.started).toBe(1);
      expect((await world.post("s/trigger", {}, { "Idempotency-Key": "other" })).body["sessionId"]).not.toBe(
        all[0]?.body["sessionId"],
      );
    });

    test("a client's key of any form does not meet those of fires", async () => {
      const world = await open();
      await world.schedule();
      world.clock.advance(MINUTE);
      await world.sweep();
      const [row] = (
        await world.sql.batch([{ sql: "SELECT idempotency_key AS k FROM sessions", args: [] }], "read")
      )[0]!.rows;
      const key = { "Idempotency-Key": String(row?.["k"]) };
      const start = { workflowDefinitionId: "w" };
      // No client can send such a key: it begins with a space, and has others inside.
      expectProblem(await call(world, "POST", "/v1/opscore/sessions", start, key), 400, "invalid_header");
    });

    test("a trigger whose start is refused says why, is recorded, and does not use up its key", async () => {
      const world = await open();
      await world.schedule({ agentId: "nobody" });
      const key = { "Idempotency-Key": "now" };
      expectProblem(await world.post("s/trigger", {}, key), 404, "agent_not_found");
      expect(await world.fires()).toEqual(["failed 08:00 agent_not_found"]);
      await world.schedule({ agentId: "a" });
      expect((await world.post("s/trigger", {}, key)).status).toBe(202);
    });
  });

  describe(`bad input on ${platform.name}`, () => {
    const faults = async (body: unknown, more: Json[] = []): Promise<string[]> => {
      const world = await open();
      for (const one of more) await call(world, "POST", "/v1/opscore/workflows", one);
      const problem = expectProblem(await world.post("", body), 422, "validation_failed");
      expect((await call(world, "GET", SCHEDULES)).body["data"]).toEqual([]);
      return (problem["errors"] as Json[]).map(({ pointer, code }) => `${String(pointer)} ${String(code)}`).toSorted();
    };

    test.each<[unknown, string]>([
      ["", "invalid_cron"],
      ["* * * *", "invalid_cron"],
      ["* * * * * *", "invalid_cron"],
      ["60 * * * *", "invalid_cron"],
      ["1-5/0 * * * *", "invalid_cron"],
      ["H H * * *", "invalid_cron"],
      ["@reboot", "invalid_cron"],
      ["2027-01-01T00:00:00Z", "invalid_cron"],
      ["0 0 30 2 *", "never_fires"],
      ["0 0 31 4,6,9,11 *", "never_fires"],
      [`${"0,".repeat(200)}1 * * * *`, "limit"],
      [7, "invalid_type"],
      [null, "invalid_type"],
    ])("cron %j", async (cron, code) => {
      expect(await faults({ ...plain, cron })).toEqual([`/cron ${code}`]);
    });

    test.each(["", "Mars/Phobos", "+02:00", "Europe/Berlin ", "Europe//Berlin", "z".repeat(70), "../UTC"])(
      "time zone %j",
      async (timeZone) => {
        expect(await faults({ ...plain, timeZone })).toEqual(["/timeZone unknown_time_zone"]);
      },
    );

    test("every fault at once: shape, calendar and workflow", async () => {
      const body = {
        cron: "0 0 30 2 *",
        timeZone: "Nowhere",
        workflowDefinitionId: "none",
        overlap: "queue",
        catchUp: "366d",
        paused: "no",
        crom: 1,
      };
      expect(await faults(body)).toEqual([
        "/catchUp invalid_duration",
        "/crom unknown_key",
        "/cron never_fires",
        "/overlap invalid_value",
        "/paused invalid_type",
        "/timeZone unknown_time_zone",
        "/workflowDefinitionId unknown_workflow",
      ]);
      expect(await faults({})).toEqual(["/cron required", "/workflowDefinitionId required"]);
      expect(await faults([])).toEqual([" invalid_type"]);
    });

    test("a workflow that is not there, and one whose task would find no agent", async () => {
      expect(await faults({ ...plain, workflowDefinitionId: "none" })).toEqual([
        "/workflowDefinitionId unknown_workflow",
      ]);
      expect(await faults({ ...plain, revision: 2 })).toEqual(["/revision unknown_workflow"]);
      const homeless = { ...oneTask("a", "homeless"), tasks: [{ taskId: "t" }] };
      expect(await faults({ ...plain, workflowDefinitionId: "homeless" }, [homeless])).toEqual(["/agentId no_target"]);
    });

    test("ids outside the pattern are 400, malformed bodies too, and a body that is too large 413", async () => {
      const world = await open();
      expectProblem(await world.post("", { ...plain, scheduleId: "a b" }), 400, "invalid_id");
      expectProblem(await call(world, "GET", `${SCHEDULES}/%20`), 400, "invalid_id");
      expectProblem(await world.post("", '{"cron":'), 400, "malformed_json");
      expectProblem(await world.post("", { ...plain, description: "x".repeat(300_000) }), 413, "payload_too_large");
      expectProblem(await call(world, "PATCH", `${SCHEDULES}/s`, plain), 405, "method_not_allowed");
      expectProblem(await call(world, "GET", SCHEDULES, undefined, { Authorization: null }), 401, "unauthorized");
    });
  });
};
