import { describe, expect, test } from "vitest";
import type { SessionCommit } from "../../src/app/store-port.ts";
import { anySession } from "../support/seeded-sessions.ts";
import {
  chainFault,
  commitOf,
  getSession,
  putAgent,
  putSession,
  reportOf,
  sessionId,
  stateOf,
  stores,
  T0,
  type Stored,
} from "../support/stored.ts";
import type { Platform } from "../support/world.ts";

const DAY_MS = 86_400_000;
const needs = { rows: [], agents: [], caps: [] };
const definition = (workflowId: string, hash: string) => ({ workflowId, hash, body: `"${hash}"`, createdAt: T0 });

/** Definitions, Idempotency-Keys, lists and logs. */
export const storeListsSuite = (platform: Platform): void => {
  const open = stores(platform);

  describe(`definitions on ${platform.name}`, () => {
    test("revisions count from 1; the newest content again is no new revision, an older one is", async () => {
      const { store } = await open();
      const saved = [];
      for (const hash of ["h1", "h1", "h2", "h1"]) {
        const { revision, created } = await store.saveDefinition(definition("w", hash), needs);
        saved.push([revision, created]);
      }
      expect(saved).toEqual([
        [1, true],
        [1, false],
        [2, true],
        [3, true],
      ]);
      expect(await store.readDefinition("w", null)).toMatchObject({ revision: 3, hash: "h1", body: '"h1"' });
      expect(await store.readDefinition("w", 2)).toMatchObject({ hash: "h2" });
      expect([await store.readDefinition("w", 4), await store.readDefinition("v", null)]).toEqual([null, null]);
    });

    test("saves at the same moment give 1..n without gap or duplicate", async () => {
      const { store } = await open();
      const hashes = Array.from({ length: 12 }, (_, at) => `h${at % 6}`);
      const saved = await Promise.all(hashes.map((hash) => store.saveDefinition(definition("w", hash), needs)));
      const created = saved.filter((one) => one.created).map(({ revision }) => revision);
      expect(created.toSorted((a, b) => a - b)).toEqual(created.map((_, at) => at + 1));
      expect(new Set(hashes).size).toBeLessThanOrEqual(created.length);
      for (const one of saved) expect(await store.readDefinition("w", one.revision)).toMatchObject({ hash: one.hash });
    });

    test("the list has the newest revision of each, the newest first, and none that is kept for one session only", async () => {
      const stored = await open();
      for (const [id, hash, createdAt] of [
        ["a", "1", 1],
        ["b", "1", 2],
        ["d", "1", 2],
        ["a", "2", 3],
      ] as const) {
        await stored.store.saveDefinition({ ...definition(id, hash), createdAt }, needs);
      }
      const inline = { ...definition("c", "x"), revision: 0, needs };
      await putSession(stored, 1, { start: { idempotency: null, definition: inline } });
      const page = await stored.store.listDefinitions({ after: null, limit: 9 });
      expect(page.map(({ workflowId, revision, hash }) => [workflowId, revision, hash])).toEqual([
        ["a", 2, "2"],
        ["d", 1, "1"],
        ["b", 1, "1"],
      ]);
      expect(await stored.store.listDefinitions({ after: "2.d", limit: 9 })).toMatchObject([{ workflowId: "b" }]);
      expect(await stored.store.readDefinition("c", null)).toBeNull();
    });

    test("of two starts that bring the first revision of an id one is stale, and the saved one stays", async () => {
      const stored = await open();
      const start = (hash: string): SessionCommit["start"] => ({
        idempotency: null,
        definition: { ...definition("w", hash), revision: 1, needs },
      });
      const commits = [await commitOf(1, { start: start("h1") }), await commitOf(2, { start: start("h2") })];
      const results = await Promise.all(commits.map((commit) => stored.store.commitSession(commit)));
      expect(results.map(({ kind }) => kind).toSorted()).toEqual(["committed", "stale"]);
      expect(await stored.rows("SELECT revision FROM workflows")).toEqual([{ revision: 1 }]);
    });
  });

  describe(`Idempotency-Keys on ${platform.name}`, () => {
    const withKey = { start: { idempotency: { key: "k", bodyHash: "b" }, definition: null } };
    const earlier = async ({ store }: Stored, now: number) => {
      const query = { kind: "saved", workflowId: "w", revision: null } as const;
      return (await store.loadStart({ definition: query, home: null, idempotencyKey: "k", now })).earlier;
    };

    test("of starts with one key at the same moment one is taken", async () => {
      const stored = await open();
      const commits = await Promise.all([1, 2, 3].map((n) => commitOf(n, withKey)));
      const results = await Promise.all(commits.map((commit) => stored.store.commitSession(commit)));
      expect(results.map(({ kind }) => kind).toSorted()).toEqual(["committed", "stale", "stale"]);
      expect(await earlier(stored, T0)).toMatchObject({ workflowId: "w", bodyHash: "b" });
    });

    test("a key may be used again after seven days; both sessions stay", async () => {
      const stored = await open();
      await putSession(stored, 1, withKey);
      expect(await earlier(stored, T0 + 7 * DAY_MS - 1)).toMatchObject({ sessionId: sessionId(1) });
      expect(await earlier(stored, T0 + 7 * DAY_MS)).toBeNull();
      const again = async (at: number) => {
        const commit = await commitOf(2, { ...withKey, state: { ...stateOf(2), startedAt: at } });
        return stored.store.commitSession({ ...commit, log: { ...commit.log, at } });
      };
      expect((await again(T0 + 7 * DAY_MS - 1)).kind).toBe("stale");
      expect((await again(T0 + 7 * DAY_MS)).kind).toBe("committed");
      expect(await earlier(stored, T0 + 7 * DAY_MS)).toMatchObject({ sessionId: sessionId(2) });
      expect((await getSession(stored.store, 1)).seq).toBe(1);
    });
  });

  describe(`lists on ${platform.name}`, () => {
    test("pages of sessions are not moved by new ones", async () => {
      const stored = await open();
      for (const n of [10, 20, 30, 40]) await putSession(stored, n);
      const ids = async (after: string | null) =>
        (await stored.store.listSessions(anySession, { after, limit: 2 })).rows.map(({ state }) => state.id);
      expect(await ids(null)).toEqual([40, 30].map(sessionId));
      await putSession(stored, 50);
      expect(await ids(sessionId(30))).toEqual([20, 10].map(sessionId));
      expect(await ids(sessionId(10))).toEqual([]);
    });

    test("pages of agents are not moved by new ones, also where many registered at once", async () => {
      const stored = await open();
      for (const id of ["a", "b", "c"]) await putAgent(stored, id);
      const page = async (after: string | null) =>
        (await stored.store.listAgents({ after, limit: 2 })).map(({ id }) => id);
      expect(await page(null)).toEqual(["c", "b"]);
      await putAgent(stored, "new.with.dots", { registeredAt: T0 + 1 });
      expect(await page(`${T0}.b`)).toEqual(["a"]);
      expect(await page(`${T0 + 1}.new.with.dots`)).toEqual(["c", "b"]);
    });

    test("pages of a history go on where they ended, before 1970 too", async () => {
      const stored = await open();
      const { seq } = await putAgent(stored, "a");
      for (const sentMicros of [-5, -9, 7, 3]) {
        await stored.store.insertReport(await reportOf("a", 0, { sentMicros, receivedAt: T0 }), seq, false);
      }
      const page = async (after: string | null) => (await stored.store.readHistory("a", { after, limit: 2 })) ?? [];
      const first = await page(null);
      const second = await page(first[1]?.key ?? "");
      expect([...first, ...second].map(({ sent }) => sent)).toEqual(["sent 7", "sent 3", "sent -5", "sent -9"]);
      expect(await page(second[1]?.key ?? "")).toEqual([]);
      expect(await stored.store.readHistory("nobody", { after: null, limit: 2 })).toBeNull();
    });

    test("a log is read in order, in pages, each row with its place in all of them", async () => {
      const stored = await open();
      await putSession(stored, 1);
      await putSession(stored, 2);
      for (let seq = 2; seq <= 5; seq += 1) {
        await stored.store.commitSession(await commitOf(1, { previous: await getSession(stored.store, 1) }));
      }
      const first = await stored.store.readLog(sessionId(1), { after: 0, limit: 3 });
      const rest = await stored.store.readLog(sessionId(1), { after: 3, limit: 3 });
      expect([...first, ...rest].map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
      expect([...first, ...rest].map(({ pos }) => pos)).toEqual([1, 3, 4, 5, 6].map((pos) => pos + first[0]!.pos - 1));
      expect(first[0]).toMatchObject({
        stream: sessionId(1),
        v: 1,
        cause: { command: "Test" },
        parsed: [{ type: "SessionWarned" }],
      });
      expect(await chainFault(stored, sessionId(1))).toBeNull();
    });
  });
};
