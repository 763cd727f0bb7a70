import { describe, expect, test } from "vitest";
import {
  call,
  expectProblem,
  oneTask,
  register,
  report,
  silentAgents,
  start,
  worldsOf,
  type Json,
} from "../support/api.ts";
import type { Platform, World } from "../support/world.ts";

const BASE = "/v1/opscore";

interface Page {
  readonly data: readonly Json[];
  readonly nextCursor: string | null;
}

const page = async (world: World, path: string): Promise<Page> => {
  const reply = await call(world, "GET", `${BASE}/${path}`);
  expect(reply.status, reply.text).toBe(200);
  expect(Object.keys(reply.body)).toEqual(["data", "nextCursor"]);
  return reply.body as unknown as Page;
};

/** A list: how a row is added, what names it, and which keys it has. */
interface List {
  readonly path: string;
  readonly key: string;
  readonly add: (world: World, n: number) => Promise<string>;
  readonly keys: readonly string[];
}

const lists: readonly List[] = [
  {
    path: "agents",
    key: "agentId",
    add: async (world, n) => {
      await register(world, { agentId: `a${n}` });
      return `a${n}`;
    },
    keys: [
      "agentId",
      "agentName",
      "version",
      "capabilities",
      "contactEndpoint",
      "metadata",
      "registration",
      "supersededBy",
      "registeredAt",
      "state",
      "stateReportedAt",
      "clockSkewMs",
      "liveness",
      "lastContactAt",
      "available",
      "unavailableReason",
      "capacity",
      "tasks",
    ],
  },
  {
    path: "sessions",
    key: "sessionId",
    add: (world, n) => start(world, { workflowDefinition: oneTask("a1", "w"), initialPayload: { n } }),
    keys: [
      "sessionId",
      "workflowId",
      "revision",
      "status",
      "reason",
      "error",
      "waitingFor",
      "agentId",
      "rerunOf",
      "startedAt",
      "updatedAt",
      "endedAt",
      "nextAt",
    ],
  },
  {
    path: "agents/a1/history",
    key: "state",
    add: async (world, n) => {
      expect((await report(world, "a1", `s${n}`)).status).toBe(202);
      return `s${n}`;
    },
    keys: ["state", "details", "timestamp", "receivedAt", "taskAttemptId"],
  },
];

/** Lists: order, pages, parameters, and what a row holds. */
export const errorsListsSuite = (platform: Platform): void => {
  describe.each(lists.map((list) => [list.path, list] as const))(`GET /%s on ${platform.name}`, (_, list) => {
    const open = worldsOf(platform);

    const fill = async (world: World, from: number, to: number): Promise<string[]> => {
      const names: string[] = [];
      for (let n = from; n <= to; n += 1) {
        world.clock.advance(1_000);
        names.unshift(await list.add(world, n));
      }
      return names;
    };

    const namesIn = ({ data }: Page): unknown[] => data.map((row) => row[list.key]);

    test("newest first, fifty a page, without payloads", async () => {
      const world = await open({ call: silentAgents().call });
      const names = await fill(world, 1, 52);
      const first = await page(world, list.path);
      expect(namesIn(first)).toEqual(names.slice(0, 50));
      expect(Object.keys(first.data[0]!)).toEqual(list.keys);
      const rest = await page(world, `${list.path}?cursor=${first.nextCursor}`);
      expect([namesIn(rest), rest.nextCursor]).toEqual([names.slice(50), null]);
      const all = await page(world, `${list.path}?limit=200`);
      expect([namesIn(all), all.nextCursor]).toEqual([names, null]);
    });

    test("pages neither lose nor repeat a row while rows are added", async () => {
      const world = await open({ call: silentAgents().call });
      const names = await fill(world, 1, 7);
      const seen: unknown[] = [];
      let cursor: string | null = null;
      let added = 100;
      do {
        const next: Page = await page(world, `${list.path}?limit=2${cursor === null ? "" : `&cursor=${cursor}`}`);
        seen.push(...namesIn(next));
        cursor = next.nextCursor;
        added += 1;
        await fill(world, added, added);
      } while (cursor !== null);
      expect(seen).toEqual(names);
    });

    test("rows of one millisecond are all seen once", async () => {
      const world = await open({ call: silentAgents().call });
      const names: string[] = [];
      for (let n = 1; n <= 5; n += 1) names.push(await list.add(world, n));
      const seen: unknown[] = [];
      let cursor: string | null = null;
      do {
        const next: Page = await page(world, `${list.path}?limit=1${cursor === null ? "" : `&cursor=${cursor}`}`);
        seen.push(...namesIn(next));
        cursor = next.nextCursor;
      } while (cursor !== null);
      expect([seen.length, new Set(seen)]).toEqual([names.length, new Set(names)]);
    });

    test("a page that is exactly full has no next one", async () => {
      const world = await open({ call: silentAgents().call });
      await fill(world, 1, 3);
      expect((await page(world, `${list.path}?limit=3`)).nextCursor).toBeNull();
      expect((await page(world, `${list.path}?limit=2`)).nextCursor).toMatch(/^[A-Za-z0-9_-]+$/);
    });

    test("an unknown parameter, a bad limit and a bad cursor are 400 with the parameter named", async () => {
      const world = await open({ call: silentAgents().call });
      await fill(world, 1, 1);
      for (const [query, pointer] of [
        ["color=red", "/color"],
        ["limit=0", "/limit"],
        ["limit=201", "/limit"],
        ["limit=1001", "/limit"],
        ["limit=1&limit=2", "/limit"],
        ["cursor=nonsense", "/cursor"],
      ] as const) {
        const { errors } = expectProblem(
          await call(world, "GET", `${BASE}/${list.path}?${query}`),
          400,
          "invalid_query",
        );
        expect(errors).toEqual([expect.objectContaining({ pointer })]);
      }
    });
  });

  describe(`other lists on ${platform.name}`, () => {
    const open = worldsOf(platform);

    test("definitions are listed with their newest revision and without content, page by page", async () => {
      const world = await open();
      for (const [id, run] of [
        ["a", "1m"],
        ["b", "1m"],
        ["c", "1m"],
        ["b", "2m"],
      ] as const) {
        world.clock.advance(1_000);
        await call(world, "POST", `${BASE}/workflows`, oneTask("a1", id, { timeout: { run } }));
      }
      const { data, nextCursor } = await page(world, "workflows");
      expect(nextCursor).toBeNull();
      expect(new Map(data.map(({ workflowId, revision }) => [workflowId, revision]))).toEqual(
        new Map([
          ["a", 1],
          ["b", 2],
          ["c", 1],
        ]),
      );
      for (const row of data) expect(Object.keys(row)).toEqual(["workflowId", "revision", "hash", "createdAt"]);
      const seen: unknown[] = [];
      let cursor: string | null = null;
      do {
        const next: Page = await page(world, `workflows?limit=1${cursor === null ? "" : `&cursor=${cursor}`}`);
        seen.push(...next.data.map(({ workflowId }) => workflowId));
        cursor = next.nextCursor;
      } while (cursor !== null);
      expect(seen).toEqual(data.map(({ workflowId }) => workflowId));
    });

    test("an inline definition with a new id is listed; one that is kept for its session only is not", async () => {
      const world = await open();
      await start(world, { workflowDefinition: oneTask("a1", "w") });
      const other = await start(world, { workflowDefinition: oneTask("a2", "w") });
      const { data } = await page(world, "workflows");
      expect(data.map(({ workflowId, revision }) => [workflowId, revision])).toEqual([["w", 1]]);
      expect((await call(world, "GET", `${BASE}/sessions/${other}`)).body["revision"]).toBeNull();
    });

    test("the log of a session is in the order of events, page by page, without gaps", async () => {
      const world = await open({ call: silentAgents().call });
      await register(world, { agentId: "a1" });
      const session = await start(world, { workflowDefinition: oneTask("a1") });
      await call(world, "POST", `${BASE}/tasks/tsk_${session.slice(4)}.1:1/complete`, {});
      const all = await page(world, `sessions/${session}/log`);
      expect(all.data.map(({ seq }) => seq)).toEqual(all.data.map((_, index) => index + 1));
      const first = await page(world, `sessions/${session}/log?limit=1`);
      const second = await page(world, `sessions/${session}/log?limit=1&cursor=${first.nextCursor}`);
      expect([...first.data, ...second.data]).toEqual(all.data.slice(0, 2));
    });
  });
};
