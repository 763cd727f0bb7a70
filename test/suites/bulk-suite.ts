import { describe, expect, test } from "vitest";
import type { SessionCommit } from "../../src/app/store-port.ts";
import type { Sql } from "../../src/store/sql-port.ts";
import { call, expectProblem, rowCount, type Json, type Reply } from "../support/api.ts";
import { rows, run } from "../support/rebuild-run.ts";
import { begin, idsOf, keyed, on, opener, SESSIONS, settle, shown } from "../support/reruns.ts";
import type { Platform, World } from "../support/world.ts";

const boom = new Error("boom");

interface Result {
  readonly done: readonly { readonly sessionId: string; readonly newSessionId?: string }[];
  readonly skipped: readonly { readonly sessionId: string; readonly code: string; readonly detail: string }[];
  readonly nextCursor: string | null;
}

/** A platform whose database fails for good after so many batches. */
const failing = (platform: Platform) => {
  const left = { batches: Infinity };
  const on: Platform = {
    ...platform,
    openSql: async () => {
      const opened = await platform.openSql();
      const batch: Sql["batch"] = (...args) => {
        left.batches -= 1;
        return left.batches < 0 ? Promise.reject(new Error("SQLITE_IOERR")) : opened.sql.batch(...args);
      };
      return { ...opened, sql: { batch } };
    },
  };
  return { on, left };
};

/** Many sessions at a time are cancelled, or run again, by filter. */
export const bulkSuite = (platform: Platform): void => {
  describe(`bulk actions on ${platform.name}`, () => {
    const open = opener(platform);
    const send = async (world: World, body: Json, headers = {}): Promise<Reply> => {
      const reply = await call(world, "POST", `${SESSIONS}/bulk`, body, headers);
      await world.flush();
      return reply;
    };
    const bulk = async (world: World, body: Json, headers = {}): Promise<Result> => {
      const reply = await send(world, body, headers);
      expect(reply.status, reply.text).toBe(200);
      return reply.body as unknown as Result;
    };
    /** Sessions one after the other, the newest first, as lists have them. */
    const many = async (world: World, count: number, more: Json = {}): Promise<readonly string[]> => {
      const ids: string[] = [];
      for (let n = 0; n < count; n += 1) {
        ids.unshift(await begin(world, [on("one")], more));
        world.clock.advance(10);
      }
      return ids;
    };
    const manyFailed = async (world: World, count: number, more: Json = {}): Promise<readonly string[]> => {
      const ids = await many(world, count, more);
      for (const id of ids) await settle(world, id, 1, boom);
      return ids;
    };
    /** Calls until the end, as a client does. */
    const loop = async (world: World, body: Json, headers = {}): Promise<readonly Result[]> => {
      const results: Result[] = [];
      for (let cursor: string | null = null; results.length < 20;) {
        const result: Result = await bulk(world, cursor === null ? body : { ...body, cursor }, headers);
        results.push(result);
        cursor = result.nextCursor;
        if (cursor === null) break;
      }
      return results;
    };

    test("a dry run says how many there are and which, and writes nothing", async () => {
      const world = await open();
      const failed = await manyFailed(world, 12);
      await many(world, 2);
      const before = await rowCount(world);
      const body = { action: "rerun", filter: { status: "failed", errorCode: "boom" }, dryRun: true };
      const preview = await send(world, body);
      expect([preview.status, preview.body]).toEqual([
        200,
        { matched: 12, capped: false, sample: failed.slice(0, 10) },
      ]);
      // What the action is not for is not counted.
      const cancel = await send(world, { action: "cancel", filter: { workflowId: "w" }, dryRun: true });
      expect(cancel.body).toMatchObject({ matched: 2 });
      expect(await rowCount(world)).toBe(before);
    });

    test("cancels what a filter leaves, so many a call, until the end", async () => {
      const world = await open();
      const ended = await manyFailed(world, 1);
      const ids = await many(world, 5);
      const other = await many(world, 1, { id: "other" });
      const results = await loop(world, { action: "cancel", filter: { workflowId: "w" }, reason: "enough", limit: 2 });
      expect(results.map(({ done }) => done.map(({ sessionId }) => sessionId))).toEqual([
        ids.slice(0, 2),
        ids.slice(2, 4),
        ids.slice(4),
      ]);
      expect(results.flatMap(({ skipped }) => skipped)).toEqual([]);
      expect((await shown(world, ids[4]!))["reason"]).toBe("enough");
      expect((await shown(world, ended[0]!)).status).toBe("failed");
      expect((await shown(world, other[0]!)).status).toBe("running");
      expect(await bulk(world, { action: "cancel", filter: { workflowId: "w" } })).toEqual({
        ...{ done: [], skipped: [], nextCursor: null },
      });
      expect((await run(world, false)).findings).toEqual([]);
    });

    test("P8: under a key each session is run again once, however often the call is repeated, and not its own work", async () => {
      const world = await open();
      const failed = await manyFailed(world, 5);
      const body = { action: "rerun", filter: { status: "failed" }, reason: "fixed", limit: 2 };
      const first = (await loop(world, body, keyed("k"))).flatMap(({ done }) => done);
      expect(first.map(({ sessionId }) => sessionId)).toEqual(failed);
      const made = first.map(({ newSessionId }) => String(newSessionId));
      expect(new Set(made).size).toBe(5);
      const [one] = first;
      expect(await shown(world, made[0]!)).toMatchObject({
        status: "running",
        rerunOf: { sessionId: one?.sessionId, fromTaskId: null },
      });
      // Some of what it started has failed as well by the time it is repeated.
      world.clock.advance(8 * 86_400_000);
      for (const id of made.slice(0, 3)) await settle(world, id, 1, boom);
      const again = await loop(world, body, keyed("k"));
      expect(again.flatMap(({ done }) => done)).toEqual(first);
      expect(again.flatMap(({ skipped }) => skipped)).toEqual([]);
      expect(await idsOf(world)).toHaveLength(10);
      // Under another key what failed again is run again.
      const others = await bulk(world, { ...body, limit: 100 }, keyed("k2"));
      expect(others.done).toHaveLength(8);
      expect((await run(world, false)).findings).toEqual([]);
    });

    test("P8: a key takes one action, filter and reason; for another it is 422, and nothing is done", async () => {
      const world = await open();
      const failed = await manyFailed(world, 2);
      const [other] = await manyFailed(world, 1, { id: "other" });
      const [running] = await many(world, 1);
      const body = { action: "rerun", filter: { status: "failed", workflowId: "w" }, reason: "fixed" };
      const first = await bulk(world, { ...body, limit: 1 }, keyed("k"));
      expect(first.done.map(({ sessionId }) => sessionId)).toEqual(failed.slice(0, 1));
      const before = await rowCount(world);
      for (const another of [
        { ...body, action: "cancel", filter: { workflowId: "w" } },
        { ...body, filter: { status: "failed", workflowId: "other" } },
        { ...body, filter: { status: "failed" } },
        { ...body, reason: "again" },
        { action: body.action, filter: body.filter },
      ]) {
        expectProblem(await send(world, another, keyed("k")), 422, "idempotency_key_reused");
      }
      expect(await rowCount(world)).toBe(before);
      expect([(await shown(world, running!)).status, (await shown(world, other!)).status]).toEqual([
        ...["running", "failed"],
      ]);
      // How many at a time, and where a call goes on, is no other wish. A dry run asks for nothing.
      expect((await bulk(world, body, keyed("k"))).done.map(({ sessionId }) => sessionId)).toEqual(failed);
      expect((await send(world, { action: "cancel", all: true, dryRun: true }, keyed("k"))).status).toBe(200);
      // A key of which nothing came is used as well.
      expect((await bulk(world, { action: "cancel", filter: { workflowId: "none" } }, keyed("k2"))).done).toEqual([]);
      expectProblem(await send(world, { action: "cancel", all: true }, keyed("k2")), 422, "idempotency_key_reused");
      expect((await run(world, false)).findings).toEqual([]);
    });

    test("P8: a key whose call broke off half-way takes that call again, and no other", async () => {
      const { on: broken, left } = failing(platform);
      const world = await open(broken);
      const failed = await manyFailed(world, 2);
      const body = { action: "rerun", filter: { status: "failed" } };
      left.batches = 2; // The claim and the key are kept, and nothing else happens.
      expectProblem(await call(world, "POST", `${SESSIONS}/bulk`, body, keyed("k")), 503, "store_unavailable");
      left.batches = Infinity;
      expect(await idsOf(world)).toHaveLength(2);
      expectProblem(await send(world, body, keyed("k")), 409, "request_in_flight");
      world.clock.advance(30_000);
      expectProblem(await send(world, { action: "cancel", all: true }, keyed("k")), 422, "idempotency_key_reused");
      expect((await bulk(world, body, keyed("k"))).done.map(({ sessionId }) => sessionId)).toEqual(failed);
    });

    test("two equal calls at once run each session again once", async () => {
      const world = await open();
      await manyFailed(world, 3);
      const body = { action: "rerun", filter: { status: "failed" } };
      const both = await Promise.all([1, 2].map(() => send(world, body, keyed("k"))));
      const answered = both.filter(({ status }) => status === 200);
      for (const one of both.filter((reply) => !answered.includes(reply))) expectProblem(one, 409, "request_in_flight");
      const { done } = answered[0]?.body as unknown as Result;
      expect(done).toHaveLength(3);
      expect((await bulk(world, body, keyed("k"))).done).toEqual(done);
      expect(await idsOf(world)).toHaveLength(6);
    });

    test("trouble on the way: what was done is told, and where to go on; before anything was done it is 503", async () => {
      const { on: broken, left } = failing(platform);
      const world = await open(broken);
      const failed = await manyFailed(world, 4);
      const body = { action: "rerun", filter: { status: "failed" } };
      left.batches = 1 + 2 + 4 + 4 + 3; // the claim, the key, the read, two reruns, and a third that is not committed
      const result = await call(world, "POST", `${SESSIONS}/bulk`, body, keyed("k"));
      left.batches = Infinity;
      await world.flush();
      const { done, skipped, nextCursor } = result.body as unknown as Result;
      expect(result.status, result.text).toBe(200);
      expect([done.map(({ sessionId }) => sessionId), skipped]).toEqual([failed.slice(0, 2), []]);
      const rest = await bulk(world, { ...body, cursor: nextCursor }, keyed("k"));
      expect(rest.done.map(({ sessionId }) => sessionId)).toEqual(failed.slice(2));
      expect(rest.nextCursor).toBeNull();
      world.clock.advance(30_000); // the claim of the first call has run out: its answer could not be kept
      left.batches = 4;
      const nothing = await call(world, "POST", `${SESSIONS}/bulk`, body, keyed("k"));
      left.batches = Infinity;
      expectProblem(nothing, 503, "store_unavailable");
      expect(await idsOf(world)).toHaveLength(8);
    });

    test("what cannot be run again is skipped with the reason, and holds up nobody", async () => {
      const world = await open();
      const [last, lost, plain] = await manyFailed(world, 3);
      const child = { id: "child", name: "C", tasks: [on("inner")] };
      await call(world, "POST", "/v1/opscore/workflows", child);
      const parent = await begin(world, [{ taskId: "sub", type: "workflow", workflowDefinitionId: "child", retry: { maxAttempts: 1 } }]); // prettier-ignore
      const [inner] = (await idsOf(world)).filter((id) => ![parent, last, lost, plain].includes(id));
      world.clock.advance(10);
      await settle(world, inner!, 1, boom);
      await world.sweep();
      await rows(world, "DELETE FROM log WHERE stream = ? AND seq = 1", lost!);
      // Their parent is run again instead of children, and starts others.
      const body = { action: "rerun", filter: { status: "failed" } };
      const preview = await send(world, { ...body, dryRun: true });
      expect(preview.body).toEqual({ matched: 4, capped: false, sample: [parent, last, lost, plain] });
      const { done, skipped } = await bulk(world, body);
      expect(done.map(({ sessionId }) => sessionId)).toEqual([parent, last, plain]);
      expect(skipped.map(({ sessionId, code }) => [sessionId, code])).toEqual([[lost, "internal_error"]]);
      // Who asks for children gets them.
      const children = { action: "rerun", filter: { status: "failed", parent } };
      expect((await send(world, { ...children, dryRun: true })).body).toMatchObject({ matched: 1, sample: [inner] });
      const asked = await bulk(world, children);
      expect(asked.done.map(({ sessionId }) => sessionId)).toEqual([inner]);
    });

    test("a dry run counts what the call then does: children have no part in it, and take up no places", async () => {
      const world = await open();
      const child = { id: "child", name: "C", tasks: [on("inner")] };
      await call(world, "POST", "/v1/opscore/workflows", child);
      const sub = { taskId: "sub", type: "workflow", workflowDefinitionId: "child", onFailure: "continue" };
      const parents: string[] = [];
      for (let n = 0; n < 3; n += 1) {
        parents.unshift(await begin(world, [sub]));
        world.clock.advance(10);
      }
      await bulk(world, { action: "cancel", filter: { workflowId: "w" } });
      await world.sweep();
      const counts = await call(world, "GET", `${SESSIONS}/counts`);
      expect(counts.body).toMatchObject({ data: { cancelled: 6 }, total: 6 });
      const again = { action: "rerun", filter: { status: "cancelled" }, limit: 2 };
      const preview = await send(world, { ...again, dryRun: true });
      expect(preview.body).toEqual({ matched: 3, capped: false, sample: parents });
      const results = await loop(world, again);
      expect(results.map(({ done, skipped }) => [done.map(({ sessionId }) => sessionId), skipped])).toEqual([
        [parents.slice(0, 2), []],
        [parents.slice(2), []],
      ]);
    });

    test("nobody means all sessions by leaving something out; a bad body is 422 with its place", async () => {
      const world = await open();
      await many(world, 1);
      for (const [body, pointer] of [
        [{ action: "cancel" }, "/filter"],
        [{ action: "cancel", filter: {} }, "/filter"],
        [{ action: "cancel", filter: {}, all: false }, "/filter"],
        [{ action: "cancel", filter: { status: "failed" } }, "/filter/status"],
        [{ action: "rerun", filter: { status: "open" } }, "/filter/status"],
        [{ action: "delete", all: true }, "/action"],
        [{ action: "cancel", filter: { colour: "red" } }, "/filter/colour"],
        [{ action: "cancel", filter: { status: "asleep" } }, "/filter/status"],
        [{ action: "cancel", filter: { startedAfter: "soon" } }, "/filter/startedAfter"],
        [{ action: "cancel", filter: { waitingFor: "bogus" } }, "/filter/waitingFor"],
        [{ action: "cancel", all: true, limit: 101 }, "/limit"],
        [{ action: "cancel", all: true, limit: 0 }, "/limit"],
        [{ action: "cancel", all: true, cursor: "x" }, "/cursor"],
        [{ action: "cancel", all: true, more: 1 }, "/more"],
      ] as const) {
        const problem = expectProblem(await send(world, body), 422, "validation_failed");
        expect(problem["errors"], JSON.stringify(body)).toMatchObject([{ pointer }]);
      }
      const [id] = await idsOf(world);
      expect((await shown(world, id!)).status).toBe("running");
      expect((await bulk(world, { action: "cancel", all: true })).done).toEqual([{ sessionId: id }]);
    });

    test("a cursor belongs to its action and filter", async () => {
      const world = await open();
      await many(world, 2);
      const { nextCursor: cursor } = await bulk(world, { action: "cancel", filter: { workflowId: "w" }, limit: 1 });
      expect(cursor).not.toBeNull();
      const other = { action: "cancel", filter: { workflowId: "v" }, cursor };
      for (const body of [other, { ...other, action: "rerun", filter: { workflowId: "w" } }]) {
        const problem = expectProblem(await send(world, body), 422, "validation_failed");
        expect(problem["errors"]).toMatchObject([{ pointer: "/cursor", code: "invalid_cursor" }]);
      }
    });

    test("one call takes five seconds at most, and says where to go on", async () => {
      const world = await open();
      const ids = await many(world, 3);
      const store = { ...world.deps.store };
      Object.assign(world.deps.store, {
        commitSession: (commit: SessionCommit) => {
          world.clock.advance(3_000);
          return store.commitSession(commit);
        },
      });
      const results = await loop(world, { action: "cancel", all: true });
      expect(results.map(({ done }) => done.map(({ sessionId }) => sessionId))).toEqual([
        ids.slice(0, 2),
        ids.slice(2),
      ]);
    });
  });
};
