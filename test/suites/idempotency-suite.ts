import { describe, expect, test } from "vitest";
import { answersByOperation, type OperationAnswers } from "../../src/contract/answers/by-operation.ts";
import type { Operation } from "../../src/contract/operations/operation.ts";
import { operations } from "../../src/contract/operations/table.ts";
import { call, expectProblem, rowCount, worldsOf, type Json, type Reply } from "../support/api.ts";
import { BASE, openStage, stagedPath, type Stage } from "../support/keyed-posts.ts";
import { makeKey } from "../support/keys.ts";
import type { Platform, World } from "../support/world.ts";

const DAY = 86_400_000;

/** Saying the very same again changes nothing, key or no key. */
const BY_CONTENT = ["notifyAgent", "reportAgentState", "completeTask", "failTask", "heartbeatTask"];

/** They change nothing at all. */
const ASKING = ["validateWorkflow", "testWorkflow"];

const posts = Object.entries<Operation>(operations).filter(([name]) => name.startsWith("POST "));
const keyed = posts.filter(([, { operationId }]) => ![...BY_CONTENT, ...ASKING].includes(operationId));

const isClaimed = (name: string): boolean =>
  new Map(Object.entries<OperationAnswers>(answersByOperation)).get(name)?.problems.includes("request_in_flight") ===
  true;

/** A secret is shown once: repeats have none. */
const shown = (text: string): string => text.replace(/"(secret|key)":"[^"]*"/, '"$1":null');

/** What a repeat must be like. */
const seen = ({ status, text, headers }: Reply) => [status, shown(text), headers.get("Location")];

const replays = (reply: Reply, first: Reply): void => {
  expect(seen(reply)).toEqual(seen(first));
  expect(reply.headers.get("Idempotency-Replayed")).toBe("true");
  expect(reply.headers.get("Content-Type")).toBe(first.headers.get("Content-Type"));
};

/** Instead of `test`: what an operation does not have is not a test that was left out. */
const notApplicable = (): void => {};

const under = (key: string) => ({ "Idempotency-Key": key });

/** Every POST of the table of operations, sent again under its Idempotency-Key. */
export const idempotencySuite = (platform: Platform): void => {
  const open = worldsOf(platform);

  test("every POST honours a key, or is idempotent by content, or changes nothing", () => {
    expect(keyed.filter(([, { idempotent }]) => !idempotent).map(([name]) => name)).toEqual([]);
    expect(posts.filter(([, { idempotent }]) => idempotent)).toEqual(keyed);
  });

  describe.each(keyed)(`%s on ${platform.name}`, (name, operation) => {
    const begin = async (): Promise<Stage & { send: (key: string, more?: Json) => Promise<Reply> }> => {
      const stage = await openStage(open, operation.operationId);
      const path = stagedPath(name, stage);
      const send = async (key: string, more: Json = {}): Promise<Reply> => {
        const reply = await call(stage.world, "POST", path, { ...stage.body, ...more }, under(key));
        await stage.world.flush();
        return reply;
      };
      return { ...stage, send };
    };

    // A signal's first answer is not kept: its repeat is 200, without a mark.
    const isKept = operation.operationId !== "signalSession";

    const whenKept = isKept ? test : notApplicable;
    const whenClaimed = isClaimed(name) ? test : notApplicable;

    whenKept("P8: a repeat is answered as the first time, marked, and does nothing; another body is 422", async () => {
      const { world, send } = await begin();
      const first = await send("k");
      expect(first.status, first.text).toBeLessThan(300);
      expect(first.headers.get("Idempotency-Replayed")).toBeNull();
      const before = await rowCount(world);
      replays(await send("k"), first);
      expectProblem(await send("k", { "x-other": 1 }), 422, "idempotency_key_reused");
      world.clock.advance(7 * DAY - 60_000);
      replays(await send("k"), first);
      expect(await rowCount(world)).toBe(before);
      const isSecret = operation.shownOnce.length > 0;
      expect(first.headers.get("Cache-Control")).toBe(isSecret ? "no-store" : null);
    });

    whenKept(
      "P13: somebody else's key of the same text is another: no answer is theirs, and none is refused",
      async () => {
        const { send, ...stage } = await begin();
        const { key } = await makeKey(stage.world, { role: "admin" });
        const first = await send("k");
        const reply = await call(
          stage.world,
          "POST",
          stagedPath(name, stage),
          { ...stage.body, "x-other": 1 },
          { ...under("k"), Authorization: `Bearer ${key}` },
        );
        expect(reply.body["code"]).not.toBe("idempotency_key_reused");
        expect(reply.headers.get("Idempotency-Replayed")).toBeNull();
        replays(await send("k"), first);
      },
    );

    whenKept("copies at the same moment get the same answer or 409, and do it once", async () => {
      const { send } = await begin();
      const all = await Promise.all([send("k"), send("k"), send("k")]);
      const done = all.filter(({ status }) => status < 300);
      expect(new Set(done.map(({ text }) => shown(text))).size, JSON.stringify(all)).toBe(1);
      expect(done.filter(({ headers }) => headers.get("Idempotency-Replayed") === null)).toHaveLength(1);
      for (const reply of all.filter((one) => !done.includes(one))) {
        expectProblem(reply, 409, "request_in_flight");
        expect(Number(reply.headers.get("Retry-After"))).toBe(1);
      }
      const [one] = done;
      if (one !== undefined) replays(await send("k"), one);
    });

    test("a bad key is 400 and does nothing", async () => {
      const { world, send } = await begin();
      const before = await rowCount(world);
      expectProblem(await send("a b"), 400, "invalid_header");
      expect(await rowCount(world)).toBe(before);
    });

    whenClaimed("the key is free again after seven days", async () => {
      const { world, send } = await begin();
      await send("k");
      world.clock.advance(7 * DAY);
      const reply = await send("k", { "x-other": 1 });
      expect([reply.headers.get("Idempotency-Replayed"), reply.status === 422]).toEqual([null, false]);
    });

    whenClaimed("a holder that died blocks its claim for ten seconds, thirty for many", async () => {
      const { world, send } = await begin();
      const { store } = world.deps;
      const real = { ...store };
      // The claim is written; whoever held it is gone.
      const dying: World["deps"]["store"]["claimReply"] = async (query) => {
        await real.claimReply({ ...query, nonce: "dead" });
        return real.claimReply(query);
      };
      Object.assign(store, { claimReply: dying });
      expectProblem(await send("k"), 409, "request_in_flight");
      Object.assign(store, real);
      world.clock.advance(5_000);
      const wait = Number(expectLater(await send("k")));
      expect([5, 25]).toContain(wait);
      expectProblem(await send("k", { "x-other": 1 }), 422, "idempotency_key_reused");
      world.clock.advance(wait * 1_000);
      const first = await send("k");
      expect(first.status, first.text).toBeLessThan(300);
      expect(first.headers.get("Idempotency-Replayed")).toBeNull();
      replays(await send("k"), first);
    });
  });

  const expectLater = (reply: Reply): string | null => {
    expectProblem(reply, 409, "request_in_flight");
    return reply.headers.get("Retry-After");
  };

  describe(`claims of Idempotency-Keys on ${platform.name}`, () => {
    test("a refusal does not use up the key", async () => {
      const { world } = await openStage(open, "saveWorkflow");
      const pause = () => call(world, "POST", `${BASE}/schedules/later/pause`, {}, under("k"));
      expectProblem(await pause(), 404, "schedule_not_found");
      const put = { cron: "@daily", workflowDefinitionId: "report" };
      expect((await call(world, "PUT", `${BASE}/schedules/later`, put)).status).toBe(201);
      expect((await pause()).status).toBe(200);
    });

    test("a key belongs to its path: elsewhere it is another", async () => {
      const { world } = await openStage(open, "pauseSchedule");
      for (const verb of ["pause", "resume", "trigger"]) {
        const reply = await call(world, "POST", `${BASE}/schedules/nightly/${verb}`, {}, under("k"));
        expect([reply.status < 300, reply.headers.get("Idempotency-Replayed")]).toEqual([true, null]);
      }
    });

    test("what was committed before its holder died is not done again, whatever came since", async () => {
      const { world, body } = await openStage(open, "saveWorkflow");
      const { store } = world.deps;
      const real = { ...store };
      // Dead between the commit and the answer.
      const other = { ...body, name: "Other" };
      const dieAt = (path: string, content: Json): Promise<void> =>
        new Promise((committed) => {
          Object.assign(store, {
            completeReply: () => {
              committed();
              return new Promise(() => undefined);
            },
          });
          void call(world, "POST", `${BASE}/${path}`, content, under("k"));
        });
      await dieAt("workflows", other);
      await dieAt("schedules/nightly/pause", {});
      Object.assign(store, real);
      expect((await call(world, "POST", `${BASE}/workflows`, { ...body, name: "Third" })).body["revision"]).toBe(3);
      expect((await call(world, "POST", `${BASE}/schedules/nightly/resume`)).body["paused"]).toBe(false);
      world.clock.advance(10_000);
      const again = await call(world, "POST", `${BASE}/workflows`, other, under("k"));
      expect([again.status, again.body["revision"], again.body["name"]]).toEqual([200, 2, undefined]);
      expect((await call(world, "GET", `${BASE}/workflows/report`)).body["revision"]).toBe(3);
      const late = await call(world, "POST", `${BASE}/schedules/nightly/pause`, {}, under("k"));
      expect([late.status, late.body["paused"]]).toEqual([200, false]);
    });

    test("who has lost the claim writes nothing any more", async () => {
      const { world } = await openStage(open, "pauseSchedule");
      const { store, clock } = world.deps;
      const now = clock.now();
      const query = { key: "/path k", bodyHash: "b", nonce: "one", now, until: now + 1 };
      const claim = { key: query.key, nonce: "one" };
      expect(await store.claimReply(query)).toEqual({ kind: "held", claim: { ...claim, effect: null } });
      expect((await store.claimReply({ ...query, nonce: "two", now: now + 1, until: now + 9 })).kind).toBe("held");
      const { schedule } = await store.loadSchedule("nightly");
      const previous = schedule!;
      const change = { previous, next: { ...previous, seq: previous.seq + 1 }, idempotency: null };
      expect(await store.commitSchedule({ ...change, claim })).toBe("stale");
      const definition = { workflowId: "report", hash: "x", body: "{}", createdAt: now };
      const needs = { rows: [], agents: [], caps: [] };
      await expect(store.saveDefinition(definition, needs, claim)).rejects.toMatchObject({ code: "contention" });
      await store.completeReply(claim, { status: 200, location: null, body: "{}" });
      await store.releaseReply(claim);
      expect(await store.claimReply({ ...query, nonce: "three", now: now + 2 })).toEqual({
        kind: "in_flight",
        since: now + 1,
        until: now + 9,
      });
      expect(await store.commitSchedule({ ...change, claim: { ...claim, nonce: "two" } })).toBe("committed");
    });

    test("expired keys are forgotten by the sweep, some at a time, and no others", async () => {
      const { world } = await openStage(open, "saveWorkflow");
      const now = world.clock.now();
      const insert = `INSERT INTO replies (key, body_hash, nonce, since, until, created_at, status, body)
        SELECT 'k' || value, 'b', 'n', 0, 0, ? + value, 200, '{}' FROM
        (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 310) SELECT value FROM n)`;
      await world.sql.batch([{ sql: insert, args: [now - 7 * DAY - 300] }], "write");
      const left = async () =>
        (await world.sql.batch([{ sql: "SELECT count(*) AS n FROM replies", args: [] }], "read"))[0]?.rows[0]?.["n"];
      expect(await left()).toBe(310);
      await world.sweep();
      expect(await left()).toBe(110);
      await world.sweep();
      await world.sweep();
      expect(await left()).toBe(10);
    });
  });
};
