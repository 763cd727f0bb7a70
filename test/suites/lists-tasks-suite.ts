import { T0 } from "../support/stored.ts";
import { describe, expect, test } from "vitest";
import type { OpenTaskFilter, TaskPlace } from "../../src/app/session-lists-port.ts";
import { createRandom } from "../sim/random.ts";
import { call, expectProblem, register, silentAgents, start, worldsOf, type Json } from "../support/api.ts";
import { running, seededId, seededStates, writeStates, type SeededState } from "../support/seeded-sessions.ts";
import { stores } from "../support/stored.ts";
import type { Platform, World } from "../support/world.ts";

const TASKS = "/v1/opscore/tasks";

/** Sessions that one page looks at in each state that has open tasks. */
const A_PAGE = 500;

interface Page {
  readonly data: readonly Json[];
  readonly nextCursor: string | null;
}

const list = async (world: World, query: string): Promise<Page> => {
  const reply = await call(world, "GET", `${TASKS}?${query}`);
  expect(reply.status, reply.text).toBe(200);
  return reply.body as unknown as Page;
};

const follow = async (world: World, query: string): Promise<Json[]> => {
  const all: Json[] = [];
  let cursor: string | null = null;
  do {
    const page: Page = await list(world, `${query}${cursor === null ? "" : `&cursor=${cursor}`}`);
    all.push(...page.data);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return all;
};

/** Lists of tasks: the open ones of all sessions, and all of one. */
export const listsTasksSuite = (platform: Platform): void => {
  const openStore = stores(platform);
  const open = worldsOf(platform);

  const expected = (states: readonly SeededState[], filter: OpenTaskFilter): string[] =>
    states.toReversed().flatMap(({ id, definition, open: tasks }) =>
      tasks
        .filter(
          (task) =>
            (filter.phases?.includes(task.phase) ?? true) &&
            (filter.agentId === null || (task.phase === "dispatched" && task.agentId === filter.agentId)) &&
            (filter.workflowId === null || definition.workflowId === filter.workflowId),
        )
        .toSorted((a, b) => a.n - b.n)
        .map((task) => `${id}.${task.n}`),
    );

  describe(`lists of open tasks on ${platform.name}`, () => {
    test("page by page, each task of each open or paused session that a filter leaves", async () => {
      const { store, sql } = await openStore();
      const states = seededStates(600);
      await writeStates(sql, states);
      const random = createRandom("tasks");
      for (let round = 0; round < 25; round += 1) {
        const filter: OpenTaskFilter = {
          phases: random.chance(0.5) ? null : [random.pick(["waiting", "backoff", "dispatched"] as const)],
          agentId: random.chance(0.6) ? null : random.pick(["a1", "a2", "nobody"]),
          workflowId: random.chance(0.6) ? null : "report",
        };
        const limit = 1 + random.int(200);
        const seen: string[] = [];
        let after: TaskPlace | null = null;
        do {
          const page: Awaited<ReturnType<typeof store.listOpenTasks>> = await store.listOpenTasks(filter, {
            after,
            limit,
          });
          expect(page.rows.length).toBeLessThanOrEqual(limit);
          seen.push(...page.rows.map(({ sessionId, task }) => `${sessionId}.${task.n}`));
          after = page.next;
        } while (after !== null);
        expect(seen, JSON.stringify(filter)).toEqual(expected(states, filter));
      }
    });

    test("a filter that leaves none looks at a bounded number of sessions a page", async () => {
      let rowsRead = 0;
      const { store, sql } = await openStore((real) => ({
        batch: async (statements, mode) => {
          const results = await real.batch(statements, mode);
          for (const result of results) rowsRead += result.rowsRead ?? 0;
          return results;
        },
      }));
      const states = seededStates(1_200)
        .map(running)
        .map((state, at): SeededState =>
          at % 2 === 0
            ? { ...state, status: "open", open: [] }
            : { ...state, status: "open", paused: { at: T0, reason: null }, open: [] },
        );
      await writeStates(sql, states);
      const places: (string | undefined)[] = [];
      let after: TaskPlace | null = null;
      do {
        rowsRead = 0;
        const { rows, next }: Awaited<ReturnType<typeof store.listOpenTasks>> = await store.listOpenTasks(
          { phases: null, agentId: "nobody", workflowId: null },
          { after, limit: 10 },
        );
        expect(rows).toEqual([]);
        if (platform.name === "d1") expect(rowsRead).toBeGreaterThan(0);
        expect(rowsRead).toBeLessThanOrEqual(2 * 4 * A_PAGE + 10);
        places.push(next?.sessionId);
        after = next;
      } while (after !== null);
      expect(places.length).toBeLessThanOrEqual(4);
      expect([places[0], places.at(-1)]).toEqual([seededId(1_200 - 2 * A_PAGE + 1), undefined]);
    });
  });

  describe(`lists of tasks over HTTP on ${platform.name}`, () => {
    /** Two sessions of three tasks at once: one done, one that failed and is tried again, one that waits. */
    const fleet = async (): Promise<{ world: World; older: string; newer: string }> => {
      const world = await open({ call: silentAgents().call });
      for (const agentId of ["a1", "a2"]) await register(world, { agentId });
      const tasks = [
        { taskId: "draft", name: "Draft it", agentId: "a1", nextTaskId: null, parameters: { secret: "payload" } },
        { taskId: "check", agentId: "a2", nextTaskId: null },
        { taskId: "print", name: "Print it", agentCapability: "print", nextTaskId: null },
      ];
      const begin = async (id: string): Promise<string> => {
        world.clock.advance(1_000);
        return start(world, { workflowDefinition: { id, name: id, tasks }, initialPayload: { secret: "payload" } });
      };
      const settle = async (session: string, n: number, verb: string, body: Json): Promise<void> => {
        world.clock.advance(1_000);
        const reply = await call(world, "POST", `${TASKS}/tsk_${session.slice(4)}.${n}:1/${verb}`, body);
        expect(reply.status, reply.text).toBe(200);
      };
      const older = await begin("one");
      await settle(older, 1, "complete", { output: { secret: "payload" } });
      await settle(older, 2, "fail", { error: { code: "boom", message: "it broke", retryAfterMs: 60_000 } });
      await world.flush();
      const newer = await begin("two");
      return { world, older, newer };
    };

    test("open tasks of all sessions, the newest session's first, without payloads", async () => {
      const { world, older, newer } = await fleet();
      const page = await list(world, "");
      expect(page.nextCursor).toBeNull();
      expect(page.data.map(({ sessionId, taskId, status }) => [sessionId, taskId, status])).toEqual([
        [newer, "draft", "running"],
        [newer, "check", "running"],
        [newer, "print", "waiting"],
        [older, "check", "retrying"],
        [older, "print", "waiting"],
      ]);
      expect(page.data[0]).toEqual({
        taskId: "draft",
        id: `tsk_${newer.slice(4)}.1`,
        name: "Draft it",
        status: "running",
        sessionId: newer,
        workflowId: "two",
        agentId: "a1",
        attempts: 1,
        error: null,
        since: new Date(world.clock.now()).toISOString(),
      });
      expect(page.data[3]).toMatchObject({ attempts: 1, agentId: null, error: { code: "boom", message: "it broke" } });
      expect(JSON.stringify(page)).not.toContain("payload");
      expect(await follow(world, "limit=1")).toEqual(page.data);
    });

    test("the tasks of one session, the ended too, agree with its own page and with the list of all", async () => {
      const { world, older, newer } = await fleet();
      const everywhere = await list(world, "");
      for (const session of [older, newer]) {
        const { data } = await list(world, `sessionId=${session}`);
        const detail = (await call(world, "GET", `/v1/opscore/sessions/${session}`)).body["tasks"] as Json[];
        expect(data.length).toBe(3);
        const shared = (task: Json): unknown[] =>
          ["taskId", "id", "name", "status", "agentId", "error"].map((key) => task[key]);
        expect(data.map(shared)).toEqual(detail.map(shared));
        expect(data.map(({ attempts }) => attempts)).toEqual(
          detail.map(({ attempts }) => (attempts as readonly unknown[]).length),
        );
        const openOnes = await list(world, `sessionId=${session}&status=open`);
        expect(openOnes.data).toEqual(everywhere.data.filter(({ sessionId }) => sessionId === session));
        expect(await follow(world, `sessionId=${session}&limit=1`)).toEqual(data);
        expect(JSON.stringify(data)).not.toContain("payload");
      }
      const [done] = (await list(world, `sessionId=${older}&status=ended`)).data;
      expect(done).toMatchObject({ taskId: "draft", status: "completed", agentId: "a1", attempts: 1, error: null });
      const [log] = (
        (await call(world, "GET", `/v1/opscore/sessions/${older}/log`)).body["data"] as { at: string; events: Json[] }[]
      ).filter(({ events }) => events.some(({ type }) => type === "TaskCompleted"));
      expect(done?.["since"]).toBe(log?.at);
    });

    test("filters: state, agent, workflow", async () => {
      const { world, older, newer } = await fleet();
      const found = async (query: string): Promise<unknown[]> =>
        (await list(world, query)).data.map(({ id }) => (id as string).replace(/^tsk_/, "ses_"));
      expect(await found("status=running")).toEqual([`${newer}.1`, `${newer}.2`]);
      expect(await found("status=retrying,waiting")).toEqual([`${newer}.3`, `${older}.2`, `${older}.3`]);
      expect(await found("agentId=a2")).toEqual([`${newer}.2`]);
      expect(await found("workflowId=one&status=open")).toEqual([`${older}.2`, `${older}.3`]);
      expect(await found(`sessionId=${older}&agentId=a1`)).toEqual([`${older}.1`]);
      expect(await found(`sessionId=${older}&workflowId=two`)).toEqual([]);
    });

    test("bad queries: all faults at once; ended tasks need a session; a cursor belongs to its filter", async () => {
      const { world, older } = await fleet();
      const faults = async (query: string): Promise<unknown> =>
        (expectProblem(await call(world, "GET", `${TASKS}?${query}`), 400, "invalid_query")["errors"] as Json[]).map(
          ({ pointer, code }) => [pointer, code],
        );
      expect(await faults("status=completed")).toEqual([["/status", "not_allowed"]]);
      expect(await faults("status=asleep&agentId=no%20id&limit=0&color=red&sessionId=x")).toEqual([
        ["/status", "unknown_status"],
        ["/agentId", "invalid_id"],
        ["/sessionId", "invalid_format"],
        ["/limit", "invalid_format"],
        ["/color", "unknown_parameter"],
      ]);
      expect(await faults("status=ended&limit=0")).toEqual([
        ["/limit", "invalid_format"],
        ["/status", "not_allowed"],
      ]);
      const { nextCursor } = await list(world, "limit=1");
      for (const other of ["status=open", `sessionId=${older}`, "agentId=a1"]) {
        expect(await faults(`${other}&cursor=${nextCursor}`)).toEqual([["/cursor", "invalid_cursor"]]);
      }
      const sessions = await call(world, "GET", `/v1/opscore/sessions?cursor=${nextCursor}`);
      expectProblem(sessions, 400, "invalid_query");
      expectProblem(await call(world, "GET", `${TASKS}?sessionId=${seededId(9)}`), 404, "session_not_found");
    });
  });
};
