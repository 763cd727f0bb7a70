import { describe, expect, test } from "vitest";
import { call, expectProblem, worldsOf, type Json } from "../support/api.ts";
import { hooksOf, WEBHOOKS } from "../support/hooks.ts";
import type { Platform } from "../support/world.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Many sweeps. */
const LONG = { timeout: 30_000 };

/** What happens in a session of one task. */
const LIFE = ["session.started", "task.entered", "task.assigned", "task.completed", "session.completed"];

/** Subscriptions and what is sent to their endpoints. */
export const webhooksSuite = (platform: Platform): void => {
  const open = hooksOf(worldsOf(platform));

  describe(`webhooks out on ${platform.name}`, () => {
    test("events are sent in order, signed, with ids and codes alone", async () => {
      const { world, subscribe, at, run, deliveries } = await open();
      const id = await subscribe("/a");
      const sessionId = await run();
      await world.sweep();
      const got = at("/a");
      expect(got.map(({ type }) => type)).toEqual(LIFE);
      const [started, , assigned] = got;
      expect(started?.data).toEqual({ sessionId, workflowId: "one" });
      expect(assigned?.data).toEqual({
        ...{ sessionId, workflowId: "one", taskId: "t1", id: `tsk_${sessionId.slice(4)}.1`, attempt: 1, agentId: "a1" },
      });
      expect(JSON.stringify(got)).not.toContain("private");
      const listed = await deliveries(id);
      expect(listed.map(({ event }) => event)).toEqual(LIFE.toReversed());
      expect(listed.map(({ deliveryId }) => deliveryId)).toEqual(got.map((event) => event.id).toReversed());
      expect(listed[0]).toMatchObject({ status: "delivered", attempts: 1, nextTryAt: null, response: { status: 204 } });
      await world.sweep();
      expect(at("/a")).toHaveLength(LIFE.length);
    });

    test("each gets what it has subscribed to, from then on; a page at a time", async () => {
      const { world, subscribe, at, run, deliveries, get } = await open();
      await run();
      const id = await subscribe("/ends", { events: ["session.completed", "agent.*"] });
      await subscribe("/tasks", { events: ["task.*"] });
      await run();
      const put = { agentName: "b", version: "1", capabilities: [], contactEndpoint: "http://b.test/" };
      expect((await call(world, "PUT", "/v1/opscore/agents/b1", put)).status).toBe(201);
      await world.sweep();
      expect(at("/ends").map(({ type, data }) => [type, data["agentId"]])).toEqual([
        ["session.completed", undefined],
        ["agent.registered", "b1"],
      ]);
      expect(at("/tasks").map(({ type }) => type)).toEqual(["task.entered", "task.assigned", "task.completed"]);
      const page = (await call(world, "GET", `${WEBHOOKS}/${id}/deliveries?limit=1`)).body;
      const next = `${WEBHOOKS}/${id}/deliveries?limit=1&cursor=${String(page["nextCursor"])}`;
      const both = [page, (await call(world, "GET", next)).body].flatMap((one) => one["data"] as Json[]);
      expect(both).toEqual(await deliveries(id));
      expect(await get(id)).toMatchObject({ events: ["session.completed", "agent.*"], failures: 0, enabled: true });
    });

    test(
      "what fails is sent again under the same id, later each time, for three days; then it has failed",
      LONG,
      async () => {
        const { subscribe, at, run, deliveries, answer, pass, get } = await open();
        const id = await subscribe("/bad", { events: ["session.completed"] });
        answer("/bad", () => ({ status: 500, body: "x".repeat(10_000) }));
        await run();
        await pass(HOUR);
        const early = at("/bad").length;
        expect(early).toBeGreaterThan(3);
        const [waiting] = await deliveries(id);
        expect(waiting).toMatchObject({ status: "pending", response: { status: 500, error: "it was not taken" } });
        expect((waiting?.["response"] as Json)["body"]).toHaveLength(4_096);
        expect((await get(id))["failures"]).toBe(early);
        await pass(3 * DAY);
        const [failed] = await deliveries(id);
        expect(failed).toMatchObject({ status: "failed", nextTryAt: null });
        expect(new Set(at("/bad").map((event) => event.id)).size).toBe(1);
        expect(at("/bad").length).toBeLessThan(25);
      },
    );

    test("an endpoint that recovers gets all there is, in order; Retry-After is kept to", LONG, async () => {
      const { world, subscribe, at, run, answer, pass, get } = await open();
      const id = await subscribe("/slow", { events: ["session.started", "session.completed"] });
      answer("/slow", () => ({ status: 503, headers: { "Retry-After": "600" } }));
      await run();
      await world.sweep();
      await pass(599_000);
      expect(at("/slow")).toHaveLength(1);
      answer("/slow", () => ({ status: 200 }));
      await run();
      await pass(HOUR);
      const taken = at("/slow")
        .slice(1)
        .map(({ type }) => type);
      expect(taken).toEqual(["session.started", "session.completed", "session.started", "session.completed"]);
      expect((await get(id))["failures"]).toBe(0);
    });

    test("410 ends it: nothing is sent until it is enabled, and then what happens from then on", LONG, async () => {
      const { world, subscribe, at, run, answer, pass, get, post } = await open();
      const id = await subscribe("/gone", { events: ["session.completed"] });
      answer("/gone", () => ({ status: 410 }));
      await run();
      await pass(10_000);
      expect(at("/gone")).toHaveLength(1);
      expect(await get(id)).toMatchObject({ enabled: false, disabledReason: "gone" });
      await run();
      await pass(HOUR);
      expect(at("/gone")).toHaveLength(1);
      expectProblem(await post(id, "test"), 409, "conflict");
      answer("/gone", () => ({ status: 200 }));
      expect((await post(id, "enable")).body).toMatchObject({ enabled: true, disabledReason: null, failures: 0 });
      const last = await run();
      await world.sweep();
      await pass(HOUR);
      // What was made before it ended waited for this; what happened meanwhile is left out.
      const sessions = at("/gone").map(({ data }) => data["sessionId"]);
      expect([sessions.length, sessions.at(-1)]).toEqual([3, last]);
    });

    test("one that hangs, or is far behind, holds up nobody else", async () => {
      const { world, subscribe, at, run, answer } = await open();
      await subscribe("/hangs");
      await subscribe("/well", { events: ["session.completed"] });
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      answer("/hangs", async () => {
        await held;
        return { status: 200 };
      });
      await run();
      const { sweep } = await import("../../src/app/sweep.ts");
      const both = new Promise<void>((resolve) => {
        answer("/well", () => {
          resolve();
          return { status: 200 };
        });
      });
      await sweep(world.deps, { own: 500, limit: 500 });
      await both;
      expect(at("/well")).toHaveLength(1);
      // Held by its lease, it is not served twice at a time.
      await sweep(world.deps, { own: 500, limit: 500 });
      release();
      await world.flush();
      expect(at("/hangs").map(({ type }) => type)).toEqual(LIFE);
    });

    test("who dies between sending and noting it sends it again, under the same id", LONG, async () => {
      const { world, subscribe, at, run, deliveries, pass } = await open();
      const id = await subscribe("/twice", { events: ["session.completed"] });
      await run();
      const { store } = world.deps;
      const real = { ...store };
      Object.assign(store, { recordSending: () => Promise.reject(new Error("died")) });
      await world.sweep();
      Object.assign(store, real);
      expect(at("/twice")).toHaveLength(1);
      await pass(44_000);
      expect(at("/twice")).toHaveLength(1);
      await pass(2_000);
      const ids = at("/twice").map((event) => event.id);
      expect([ids.length, new Set(ids).size]).toEqual([2, 1]);
      expect(await deliveries(id)).toMatchObject([{ status: "delivered", attempts: 1 }]);
    });

    test("the secret is shown once, and changed with an overlap", async () => {
      const { world, subscribe, at, secrets, run, get, post, pass } = await open();
      const id = await subscribe("/s", { events: ["session.completed"] });
      const first = secrets.get("/s") ?? "";
      const key = { "Idempotency-Key": "k" };
      const rotated = await post(id, "rotate", { overlapSeconds: 60 }, key);
      const second = String(rotated.body["secret"]);
      expect(second).toMatch(/^whsec_/);
      expect(second).not.toBe(first);
      const again = await post(id, "rotate", { overlapSeconds: 60 }, key);
      expect([again.body["secret"], again.headers.get("Idempotency-Replayed")]).toEqual([null, "true"]);
      await run();
      await world.sweep();
      expect(at("/s").map(({ signatures }) => signatures)).toEqual([2]);
      expect((await get(id))["oldSecretsUntil"]).not.toBeNull();
      secrets.set("/s", second);
      await pass(61_000);
      await run();
      await world.sweep();
      expect(at("/s").map(({ signatures }) => signatures)).toEqual([2, 1]);
      const [row] = (await world.sql.batch([{ sql: "SELECT body FROM replies", args: [] }], "read"))[0]?.rows ?? [];
      expect(String(row?.["body"])).toContain('"secret":null');
      const shown = (await Promise.all([get(id), call(world, "GET", WEBHOOKS)])).map((one) => JSON.stringify(one));
      expect(shown.join()).not.toContain("whsec_");
    });

    test("a test event, and a delivery sent again", async () => {
      const { world, subscribe, at, post, deliveries, run } = await open();
      const id = await subscribe("/p", { events: ["session.completed"] });
      const ping = await post(id, "test");
      expect(ping.status).toBe(202);
      await run();
      await world.sweep();
      expect(at("/p").map(({ type }) => type)).toEqual(["webhook.ping", "session.completed"]);
      const path = `deliveries/${String(ping.body["deliveryId"])}/redeliver`;
      expect((await post(id, path)).status).toBe(202);
      await world.sweep();
      expect(
        at("/p")
          .map((event) => event.id)
          .at(-1),
      ).toBe(ping.body["deliveryId"]);
      expect((await deliveries(id)).map(({ attempts }) => Number(attempts)).toSorted((a, b) => a - b)).toEqual([1, 2]);
      expectProblem(await post(id, "deliveries/msg_none/redeliver"), 404, "delivery_not_found");
      const other = await subscribe("/other");
      expectProblem(await post(other, path), 404, "delivery_not_found");
    });

    test("changed, disabled and deleted", async () => {
      const { world, subscribe, at, post, run, get, pass } = await open();
      const id = await subscribe("/c");
      const put = await call(world, "PUT", `${WEBHOOKS}/${id}`, {
        url: "http://hook.test/d",
        events: ["session.failed"],
      });
      expect(put.body).toMatchObject({ url: "http://hook.test/d", events: ["session.failed"], enabled: true });
      await run();
      await world.sweep();
      expect([at("/c"), at("/d")]).toEqual([[], []]);
      await call(world, "PUT", `${WEBHOOKS}/${id}`, { url: "http://hook.test/d" });
      expect((await post(id, "disable")).body).toMatchObject({ enabled: false, disabledReason: "request" });
      await run();
      await pass(60_000);
      expect(at("/d")).toEqual([]);
      for (const _ of [1, 2]) expect((await call(world, "DELETE", `${WEBHOOKS}/${id}`)).status).toBe(204);
      expectProblem(await call(world, "GET", `${WEBHOOKS}/${id}`), 404, "webhook_not_found");
      expectProblem(await call(world, "GET", `${WEBHOOKS}/${id}/deliveries`), 404, "webhook_not_found");
      for (const verb of ["rotate", "enable", "disable", "test"]) {
        expectProblem(await post(id, verb), 404, "webhook_not_found");
      }
      await expect(get(id)).resolves.toMatchObject({ code: "webhook_not_found" });
    });

    test("bad input is a 4xx with all its faults; too many subscriptions are 409", LONG, async () => {
      const { world, subscribe } = await open();
      for (const url of [
        "",
        "ftp://a.test/",
        "http://u:p@a.test/",
        "http://:p@a.test/",
        "nonsense",
        "/path",
        "x".repeat(3_000),
      ]) {
        const reply = await call(world, "POST", WEBHOOKS, { url, events: ["session.other"], color: "red" });
        const faults = expectProblem(reply, 422, "validation_failed")["errors"] as Json[];
        expect(faults.map(({ pointer }) => pointer)).toEqual(expect.arrayContaining(["/color", "/events/0", "/url"]));
      }
      expectProblem(
        await call(world, "POST", WEBHOOKS, { url: "http://a.test/", events: [] }),
        422,
        "validation_failed",
      );
      for (let n = 0; n < 100; n += 1) await subscribe(`/${n}`);
      expectProblem(await call(world, "POST", WEBHOOKS, { url: "http://a.test/" }), 409, "conflict");
    });

    test("only public addresses are called, judged at each sending", async () => {
      const { world, subscribe, at, run, deliveries } = await open({ egress: "public" });
      const id = await subscribe("/x", { events: ["session.completed"] });
      const inner = { url: "http://169.254.169.254/latest", events: ["session.completed"] };
      expect((await call(world, "PUT", `${WEBHOOKS}/${id}`, inner)).status).toBe(200);
      await run();
      await world.sweep();
      expect(at("/latest")).toEqual([]);
      const [refused] = await deliveries(id);
      expect((refused?.["response"] as Json)["error"]).toMatch(/^the egress policy refuses .*169\.254\.169\.254/);
    });

    test("deliveries are forgotten after seven days; without subscriptions nothing is written", async () => {
      const { world, subscribe, run, deliveries } = await open();
      const id = await subscribe("/old", { events: ["session.completed"] });
      await run();
      await world.sweep();
      world.clock.advance(7 * DAY);
      await world.sweep();
      expect(await deliveries(id)).toEqual([]);
      await call(world, "DELETE", `${WEBHOOKS}/${id}`);
      await run();
      const before = world.counts.rowsWritten;
      await world.sweep();
      expect(world.counts.rowsWritten).toBe(before);
    });
  });
};
