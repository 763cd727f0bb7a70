import { describe, expect, test } from "vitest";
import { call, expectProblem, oneTask, register, silentAgents, start, worldsOf, type Json } from "../support/api.ts";
import { seededId, seededStates, statusOf, writeStates } from "../support/seeded-sessions.ts";
import { T0 } from "../support/stored.ts";
import type { Platform, World } from "../support/world.ts";

const SESSIONS = "/v1/opscore/sessions";

interface Page {
  readonly data: readonly Json[];
  readonly nextCursor: string | null;
}

const get = async (world: World, path: string): Promise<Json> => {
  const reply = await call(world, "GET", path);
  expect(reply.status, reply.text).toBe(200);
  return reply.body;
};

const list = async (world: World, query: string): Promise<Page> =>
  (await get(world, `${SESSIONS}?${query}`)) as unknown as Page;

const ids = ({ data }: Page): unknown[] => data.map((row) => row["sessionId"]);

/** Lists and counts of sessions as callers see them. */
export const listsHttpSuite = (platform: Platform): void => {
  const open = worldsOf(platform);

  describe(`lists of sessions over HTTP on ${platform.name}`, () => {
    /** One session each: completed, failed, cancelled, running on its agent, waiting for one, and not yet dispatched. */
    const fleet = async (): Promise<{ world: World; all: Readonly<Record<string, string>> }> => {
      const world = await open({ call: silentAgents().call });
      for (const agentId of ["a1", "a2", "a3", "a4"]) await register(world, { agentId });
      const all: Record<string, string> = {};
      const begin = async (name: string, agentId: string, id: string, more: Json = {}): Promise<string> => {
        world.clock.advance(1_000);
        const body = { workflowDefinition: oneTask(agentId, id, more), initialPayload: { secret: "payload" } };
        all[name] = await start(world, body);
        return `/v1/opscore/tasks/tsk_${all[name].slice(4)}.1:1`;
      };
      const settle = async (path: string, body: Json): Promise<void> => {
        expect((await call(world, "POST", path, body)).status).toBe(200);
        await world.flush();
      };
      await settle(`${await begin("completed", "a1", "w-1")}/complete`, { output: { secret: "payload" } });
      const broken = { error: { code: "boom", message: "No paper left in tray 100%", retryable: false } };
      await settle(`${await begin("failed", "a2", "w-2")}/fail`, broken);
      await begin("cancelled", "a3", "w-3");
      expect((await call(world, "POST", `${SESSIONS}/${all["cancelled"]}/cancel`, {})).status).toBe(202);
      await settle(`${await begin("waiting", "a4", "w-4", { retry: { maxAttempts: 3 } })}/fail`, {
        error: { ...broken.error, retryable: true },
      });
      await begin("running", "a1", "w-1");
      await begin("started", "a1", "w-1");
      return { world, all };
    };

    test("each filter, several together, groups of states, and counts", async () => {
      const { world, all } = await fleet();
      const from = async (query: string): Promise<string[]> => {
        const found = ids(await list(world, query));
        return Object.keys(all).filter((name) => found.includes(all[name]));
      };
      const { startedAt, endedAt } = await get(world, `${SESSIONS}/${all["failed"]}`);
      for (const [query, names] of [
        ["", Object.keys(all)],
        ["status=running", ["running"]],
        ["status=failed,running", ["failed", "running"]],
        ["status=open", ["waiting", "running", "started"]],
        ["status=ended", ["completed", "failed", "cancelled"]],
        ["status=ended,started", ["completed", "failed", "cancelled", "started"]],
        ["status=paused", []],
        ["waitingFor=retry", ["waiting"]],
        ["waitingFor=agent", ["running"]],
        ["workflowId=w-1", ["completed", "running", "started"]],
        ["workflowId=w-1&status=open", ["running", "started"]],
        ["agentId=a1", ["running"]],
        ["errorCode=boom", ["failed"]],
        ["errorCode=cancelled", []],
        [`startedAfter=${String(startedAt)}`, ["failed", "cancelled", "waiting", "running", "started"]],
        [`startedBefore=${String(startedAt)}`, ["completed"]],
        [`endedAfter=${String(endedAt)}`, ["failed", "cancelled"]],
        [`endedBefore=${String(endedAt)}`, ["completed"]],
        ["text=PAPER", ["failed"]],
        ["text=100%25", ["failed"]],
        ["text=W-1", ["completed", "running", "started"]],
        [`text=${all["waiting"]?.toLowerCase()}`, ["waiting"]],
        [`parent=${all["completed"]}`, []],
      ] as const) {
        expect([query, await from(query)]).toEqual([query, names]);
      }
      const counts = { started: 1, running: 1, waiting: 1, paused: 0, completed: 1, failed: 1, cancelled: 1 };
      expect(await get(world, `${SESSIONS}/counts`)).toEqual({ data: counts, total: 6, exact: true });
      const { data, total } = await get(world, `${SESSIONS}/counts?workflowId=w-1`);
      expect([data, total]).toEqual([{ ...counts, waiting: 0, failed: 0, cancelled: 0 }, 3]);
      expect(Object.keys(data as Json)).toEqual(Object.keys(counts));
      expect((await get(world, `${SESSIONS}/counts?errorCode=boom`))["total"]).toBe(1);
    });

    test("payloads are in no list", async () => {
      const { world } = await fleet();
      for (const query of ["", "status=ended", "text=w-1"]) {
        const page = await list(world, query);
        expect(page.data.length).toBeGreaterThan(2);
        expect(JSON.stringify(page)).not.toContain("payload");
      }
    });

    test("a cursor belongs to its filter, not to its limit", async () => {
      const world = await open();
      await writeStates(world.sql, seededStates(60));
      const first = await list(world, "status=ended&limit=3");
      const cursor = first.nextCursor ?? "";
      expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
      const rest = await list(world, `status=cancelled,failed,completed&limit=200&cursor=${cursor}`);
      const all = await list(world, "status=ended&limit=200");
      expect([...ids(first), ...ids(rest)]).toEqual(ids(all));
      for (const query of ["", "status=failed", "status=ended&workflowId=report"]) {
        const reply = await call(world, "GET", `${SESSIONS}?${query}&cursor=${cursor}`);
        expect(expectProblem(reply, 400, "invalid_query")["errors"]).toEqual([
          { pointer: "/cursor", code: "invalid_cursor", message: "Expected a cursor of a list with the same filters" },
        ]);
      }
    });

    test("a page may be short, or empty, and still have a next one; whoever follows it finds everything", async () => {
      const world = await open();
      const states = seededStates(2_500);
      await writeStates(world.sql, states);
      const oldest = seededId(0);
      const wanted = `text=${oldest.slice(10)}&limit=5`;
      const first = await list(world, wanted);
      expect([first.data.length, typeof first.nextCursor]).toEqual([0, "string"]);
      const found: unknown[] = [];
      let cursor = first.nextCursor;
      while (cursor !== null) {
        const page: Page = await list(world, `${wanted}&cursor=${cursor}`);
        found.push(...ids(page));
        cursor = page.nextCursor;
      }
      expect(found).toEqual([oldest]);
    });

    test("counts over HTTP are those of the states", async () => {
      const world = await open();
      const states = seededStates(300);
      await writeStates(world.sql, states);
      const expected: Record<string, number> = {};
      for (const state of states) expected[statusOf(state)] = (expected[statusOf(state)] ?? 0) + 1;
      expect(Object.keys(expected).length).toBe(7);
      expect(await get(world, `${SESSIONS}/counts`)).toEqual({ data: expected, total: 300, exact: true });
    });

    test("all faults of a query are told at once, each with its parameter", async () => {
      const world = await open();
      const bad = {
        status: "running,asleep",
        workflowId: "no id",
        agentId: "",
        errorCode: "a\0b",
        waitingFor: "bogus",
        startedAfter: "yesterday",
        endedBefore: "2026-11-22T08:00:00 01:00",
        text: "x".repeat(201),
        parent: "ses_1",
        limit: "0",
        cursor: "bm9uc2Vuc2U",
        color: "red",
      };
      const reply = await call(world, "GET", `${SESSIONS}?${new URLSearchParams(bad).toString()}`);
      const { errors } = expectProblem(reply, 400, "invalid_query") as { errors: { pointer: string }[] };
      expect(errors.map(({ pointer }) => pointer).toSorted()).toEqual(
        Object.keys(bad)
          .map((name) => `/${name}`)
          .toSorted(),
      );
      const twice = await call(world, "GET", `${SESSIONS}?status=failed&status=running`);
      expect(expectProblem(twice, 400, "invalid_query")["errors"]).toMatchObject([
        { pointer: "/status", code: "repeated" },
      ]);
      for (const name of ["status", "limit", "cursor"]) {
        const counts = await call(world, "GET", `${SESSIONS}/counts?${name}=1`);
        expect(expectProblem(counts, 400, "invalid_query")["errors"]).toMatchObject([
          { pointer: `/${name}`, code: "unknown_parameter" },
        ]);
      }
    });

    test("times with an offset, and to the microsecond, mean what they say", async () => {
      const world = await open();
      await writeStates(world.sql, seededStates(3));
      const at = new Date(T0 + 1_000).toISOString().replace("Z", "");
      const found = async (query: string): Promise<unknown[]> => ids(await list(world, query));
      expect(await found(`startedAfter=${at}Z`)).toEqual([seededId(2), seededId(1)]);
      expect(await found(`startedAfter=${at}001Z`)).toEqual([seededId(2)]);
      expect(await found(`startedBefore=${at}001Z`)).toEqual([seededId(1), seededId(0)]);
      expect(await found(`startedAfter=${at}%2B00:00`)).toEqual([seededId(2), seededId(1)]);
      expect(await found(`startedAfter=${at}-01:00`)).toEqual([]);
      expect(await found(`startedAfter=0001-01-01T00:00:00Z&startedBefore=9999-12-31T00:00:00Z`)).toHaveLength(3);
    });
  });
};
