import { describe, expect, test } from "vitest";
import type { CommitResult } from "../../src/app/store-port.ts";
import type { Sql } from "../../src/store/sql-port.ts";
import {
  attemptOf,
  chainFault,
  claim,
  commitOf,
  getAgent,
  getSession,
  putAgent,
  putSession,
  release,
  relying,
  reportOf,
  sessionId,
  stateOf,
  stores,
  T0,
  waitingRow,
} from "../support/stored.ts";
import type { Platform } from "../support/world.ts";

const stale: CommitResult = { kind: "stale" };
const committed: CommitResult = { kind: "committed", wake: [] };

/** How a session changes in the store: all of a commit or nothing, whoever else writes. */
export const storeCommitSuite = (platform: Platform): void => {
  const open = stores(platform);

  describe(`commitSession on ${platform.name}`, () => {
    test("P2: a writer with an old head writes nothing at all", async () => {
      const stored = await open();
      const agent = await putAgent(stored, "a");
      const other = waitingRow(1, "agent:z", 5);
      const first = await putSession(stored, 1, { waitsAdded: [other] });
      const commit = await commitOf(1, {
        previous: first,
        dueAt: T0,
        effects: [claim("a", 1)],
        agents: relying(agent),
        waitsAdded: [waitingRow(2, "agent:z", 7)],
        waitsRemoved: [other],
        report: await reportOf("a", 1),
      });
      await stored.store.commitSession(await commitOf(1, { previous: first }));
      const before = await stored.dump();
      expect(await stored.store.commitSession(commit)).toEqual(stale);
      expect(await stored.dump()).toBe(before);
    });

    test("P2: a writer that relied on an agent which has changed writes nothing at all", async () => {
      const stored = await open();
      const [kept, changed] = [await putAgent(stored, "a"), await putAgent(stored, "b")];
      const agents = relying(kept, changed);
      await stored.store.commitSession(await commitOf(2, { effects: [claim("b", 2)], agents: relying(changed) }));
      const before = await stored.dump();
      for (const commit of [
        await commitOf(1, { effects: [claim("a", 1, 1), claim("b", 1, 2)], agents, report: await reportOf("a", 1) }),
        await commitOf(1, { agents: relying({ ...kept, id: "never-seen" }) }),
        await commitOf(2, { previous: await getSession(stored.store, 2), agents }),
      ]) {
        expect(await stored.store.commitSession(commit)).toEqual(stale);
      }
      expect(await stored.dump()).toBe(before);
    });

    test("P3: of two commits at the same moment exactly one is taken, and the log has no gap", async () => {
      const stored = await open();
      let previous = await putSession(stored, 1);
      for (let round = 0; round < 5; round += 1) {
        const commits = await Promise.all(
          [1, 2, 3].map(() => commitOf(1, { previous, needs: { rows: [round], agents: [], caps: [] } })),
        );
        const results = await Promise.all(commits.map((commit) => stored.store.commitSession(commit)));
        expect(results.map(({ kind }) => kind).toSorted()).toEqual(["committed", "stale", "stale"]);
        previous = await getSession(stored.store, 1);
      }
      expect(previous.seq).toBe(6);
      expect(await chainFault(stored, sessionId(1))).toBeNull();
    });

    test("of two sessions that claim the same agent exactly one gets it", async () => {
      const stored = await open();
      const agent = await putAgent(stored, "a");
      const commits = await Promise.all(
        [1, 2].map((n) => commitOf(n, { effects: [claim("a", n)], agents: relying(agent) })),
      );
      const results = await Promise.all(commits.map((commit) => stored.store.commitSession(commit)));
      expect(results.map(({ kind }) => kind).toSorted()).toEqual(["committed", "stale"]);
      expect(Object.keys((await getAgent(stored.store, "a")).tasks)).toHaveLength(1);
      expect(await stored.rows("SELECT id FROM sessions")).toHaveLength(1);
    });

    test("P8: an answer that is lost after the commit is found by the nonce", async () => {
      let lose = false;
      const losing = (sql: Sql): Sql => ({
        batch: async (statements, mode) => {
          const results = await sql.batch(statements, mode);
          if (lose && mode === "write") throw new Error("the connection broke");
          return results;
        },
      });
      const stored = await open(losing);
      const first = await putSession(stored, 1);
      lose = true;
      const commit = await commitOf(1, { previous: first });
      expect(await stored.store.commitSession(commit)).toEqual(committed);
      // The same head again: now another nonce stands in the log, so this one was not taken.
      const second = await commitOf(1, { previous: first });
      await expect(stored.store.commitSession(second)).rejects.toMatchObject({ code: "store_unavailable" });
      lose = false;
      expect((await getSession(stored.store, 1)).hash).toBe(commit.log.hash);
    });

    test("P2: an error before the commit is store_unavailable, and nothing is written", async () => {
      let broken = false;
      const breaking = (sql: Sql): Sql => ({
        batch: (statements, mode) =>
          broken && mode === "write"
            ? Promise.reject(new Error("no route to the database"))
            : sql.batch(statements, mode),
      });
      const stored = await open(breaking);
      const first = await putSession(stored, 1);
      const before = await stored.dump();
      broken = true;
      const commit = await commitOf(1, { previous: first });
      await expect(stored.store.commitSession(commit)).rejects.toMatchObject({
        code: "store_unavailable",
        retryable: true,
      });
      expect(await stored.dump()).toBe(before);
      broken = false;
      expect(await stored.store.commitSession(commit)).toEqual(committed);
    });

    test("P2: a log row that is there already makes the writer stale, and nothing else of its batch stays", async () => {
      const stored = await open();
      const first = await putSession(stored, 1);
      await stored.rows("INSERT INTO log VALUES (NULL, ?, 2, 'x', 0, 1, '{}', '[]', 'x')", sessionId(1));
      const before = await stored.dump();
      expect(await stored.store.commitSession(await commitOf(1, { previous: first }))).toEqual(stale);
      expect(await stored.dump()).toBe(before);
    });

    test("a timer is not set over one that made the session due meanwhile", async () => {
      const stored = await open();
      const first = await putSession(stored, 1, { dueAt: T0 + 30_000 });
      await stored.rows("UPDATE sessions SET due_at = ? WHERE id = ?", T0, sessionId(1));
      expect(await stored.store.commitSession(await commitOf(1, { previous: first, dueAt: T0 + 60_000 }))).toEqual(
        stale,
      );
      expect(await stored.store.commitSession(await commitOf(1, { previous: first }))).toEqual(committed);
      expect(await getSession(stored.store, 1)).toMatchObject({ seq: 2, dueAt: T0 });
    });

    test("a timer is not left as it is when somebody has re-armed it for later than needed", async () => {
      const stored = await open();
      const first = await putSession(stored, 1, { dueAt: T0 + 30_000 });
      await stored.store.rearm(first, T0 + 90_000);
      const needed = { previous: first, dueBy: T0 + 60_000 };
      expect(await stored.store.commitSession(await commitOf(1, needed))).toEqual(stale);
      const again = { previous: await getSession(stored.store, 1), dueBy: T0 + 90_000 };
      expect(await stored.store.commitSession(await commitOf(1, again))).toEqual(committed);
      expect(await getSession(stored.store, 1)).toMatchObject({ seq: 2, dueAt: T0 + 90_000 });
    });

    test("one commit may claim and free any number of agents and tasks", async () => {
      const stored = await open();
      const count = 120;
      const many = await Promise.all(
        Array.from({ length: count }, (_, at) => putAgent(stored, `a${at}`, { name: "" })),
      );
      const wide = await putAgent(stored, "wide", { capacity: count });
      const state = { ...stateOf(1), tasks: 2 * count };
      const claims = [
        ...many.map(({ id }, at) => claim(id, 1, at + 1)),
        ...many.map((_, at) => claim("wide", 1, count + at + 1)),
      ];
      const started = await putSession(stored, 1, { state, effects: claims, agents: relying(...many, wide) });
      const held = await getAgent(stored.store, "wide");
      expect(Object.keys(held.tasks)).toHaveLength(count);
      expect(held.seq).toBe(wide.seq + 1);
      expect(held.tasks[attemptOf(1, 2 * count)]).toMatchObject({ sessionId: sessionId(1), sentAt: T0 });
      const freed = await Promise.all(many.map(({ id }) => getAgent(stored.store, id)));
      const releases = [
        ...many.map(({ id }, at) => release(id, 1, at + 1)),
        ...many.map((_, at) => release("wide", 1, count + at + 1)),
      ];
      const end = await commitOf(1, { previous: started, effects: releases, agents: relying(...freed, held) });
      expect(await stored.store.commitSession(end)).toEqual(committed);
      expect(await stored.rows("SELECT id FROM agents WHERE tasks <> '{}'")).toEqual([]);
    });

    test("an attempt that one commit both makes and ends leaves nothing", async () => {
      const stored = await open();
      const agent = await putAgent(stored, "a");
      await putSession(stored, 1, { effects: [claim("a", 1), release("a", 1)], agents: relying(agent) });
      expect((await getAgent(stored.store, "a")).tasks).toEqual({});
    });

    test("a dispatch sent again keeps all that is known of the attempt", async () => {
      const stored = await open();
      const agent = await putAgent(stored, "a");
      const first = await putSession(stored, 1, { effects: [claim("a", 1)], agents: relying(agent) });
      await stored.store.recordBeat("a", attemptOf(1), T0 + 5, { step: 1 });
      const held = await getAgent(stored.store, "a");
      const again = { ...claim("a", 1, 1, T0 + 30_000), again: true } as const;
      await stored.store.commitSession(await commitOf(1, { previous: first, effects: [again], agents: relying(held) }));
      expect((await getAgent(stored.store, "a")).tasks).toEqual({
        [attemptOf(1)]: { ...held.tasks[attemptOf(1)], sentAt: T0 + 30_000 },
      });
    });

    test("numbers in JSON are written the same on every database", async () => {
      const stored = await open();
      const agent = await putAgent(stored, "a");
      await stored.store.insertReport(await reportOf("a", 123_456), agent.seq, false);
      await putSession(stored, 1, { effects: [claim("a", 1)], agents: relying(agent) });
      await stored.store.recordBeat("a", attemptOf(1), T0 + 5, { ratio: 0.5, count: 2 });
      const micros = T0 * 1_000;
      expect((await stored.rows("SELECT tasks FROM agents"))[0]?.["tasks"]).toBe(
        JSON.stringify({
          [attemptOf(1)]: {
            sessionId: sessionId(1),
            sentAt: T0,
            lastSentMicros: micros + 123_456,
            since: micros - 600_000_000,
            beatAt: T0 + 5,
            progress: { ratio: 0.5, count: 2 },
          },
        }),
      );
    });
  });
};
