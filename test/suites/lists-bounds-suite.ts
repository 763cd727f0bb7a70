import { describe, expect, test } from "vitest";
import type { SessionFilter } from "../../src/app/session-lists-port.ts";
import type { Sql, Statement } from "../../src/store/sql-port.ts";
import {
  anySession,
  running,
  seededId,
  seededStates,
  writeStates,
  type SeededState,
} from "../support/seeded-sessions.ts";
import { stores, T0, type Stored } from "../support/stored.ts";
import type { Platform } from "../support/world.ts";

const COUNT = 3_000;

/** What the bounds of the store say, from outside: sessions a page looks at, and sessions of a status that are counted. */
const A_PAGE = 1_000;
const BY_INDEX = 20_000;
const BY_ROW = 4_000;

interface Watched {
  readonly stored: Stored;
  /** What the store did since the last look. */
  readonly take: () => {
    readonly statements: readonly Statement[];
    readonly rowsRead: number;
    readonly batches: number;
  };
}

/** However many sessions there are, a page of a list is bounded work. */
export const listsBoundsSuite = (platform: Platform): void => {
  const open = stores(platform);

  const watched = async (): Promise<Watched> => {
    let statements: Statement[] = [];
    let rowsRead = 0;
    let batches = 0;
    const watch = (sql: Sql): Sql => ({
      batch: async (asked, mode, withinMs) => {
        const results = await sql.batch(asked, mode, withinMs);
        statements.push(...asked);
        batches += 1;
        for (const result of results) rowsRead += result.rowsRead ?? 0;
        return results;
      },
    });
    const stored = await open(watch);
    return {
      stored,
      take: () => {
        const taken = { statements, rowsRead, batches };
        [statements, rowsRead, batches] = [[], 0, 0];
        return taken;
      },
    };
  };

  /** All of one status but the first hundred, which are open: what a list looks like after a while. */
  const aged = (): SeededState[] =>
    seededStates(COUNT)
      .map(running)
      .map((state, at) =>
        at < 100
          ? { ...state, status: "open", endedAt: null, open: [], dispatched: at % 2 === 0 }
          : { ...state, status: "failed", open: [], endedAt: T0, reason: { code: "boom", message: "it broke" } },
      );

  const most = (rowsRead: number, bound: number): void => {
    if (platform.name === "d1") expect(rowsRead).toBeGreaterThan(0);
    expect(rowsRead).toBeLessThanOrEqual(bound);
  };

  describe(`bounds of lists on ${platform.name}`, () => {
    test("a page of a filter that leaves nothing looks at a thousand sessions and says where to go on", async () => {
      const { stored, take } = await watched();
      await writeStates(stored.sql, aged());
      take();
      let after: string | null = null;
      const pages: number[] = [];
      do {
        const { rows, next }: { rows: readonly string[]; next: string | null } = await stored.store.findSessions(
          { ...anySession, errorCode: "none" },
          { after, limit: 200 },
        );
        expect(rows).toEqual([]);
        const { rowsRead, batches } = take();
        expect(batches).toBe(1);
        // The floor is found twice in the index alone; a session looked at is read there and in its row.
        most(rowsRead, 4 * A_PAGE + 10);
        pages.push(rowsRead);
        after = next;
      } while (after !== null);
      expect(pages.length).toBe(3);
    });

    test.each<[string, Partial<SessionFilter>, number, number]>([
      ["without a filter", {}, 50, 60],
      ["of an ended status", { statuses: ["failed"] }, 50, 120],
      ["of the few that are open, behind many that have ended", { statuses: ["waiting"] }, 50, 600],
      ["of the beginning of an id", { text: seededId(1_500).slice(0, 20) }, 1, 10],
      ["of a stretch of time", { startedFrom: T0 + 1_000_000, startedBefore: T0 + 2_000_000 }, 50, 60],
    ])("a page %s reads about as many rows as it gives", async (_, patch, found, bound) => {
      const { stored, take } = await watched();
      await writeStates(stored.sql, aged());
      take();
      const page = await stored.store.listSessions({ ...anySession, ...patch }, { after: null, limit: 50 });
      expect(page.rows.length).toBe(found);
      most(take().rowsRead, bound);
    });

    test("no statement walks without an index, or sorts what it walks", async () => {
      const { stored, take } = await watched();
      const { store } = stored;
      const filters: Partial<SessionFilter>[] = [
        {},
        { statuses: ["running", "failed"] },
        { waitingFor: "queued" },
        { errorCode: "boom", endedFrom: T0 },
        { agentId: "a1", text: "x" },
        { text: "ses_00", startedFrom: T0, startedBefore: T0 + 1, endedBefore: T0 + 1 },
      ];
      for (const patch of filters) {
        const filter = { ...anySession, ...patch };
        for (const after of [null, seededId(5)]) await store.findSessions(filter, { after, limit: 10 });
        await store.countSessions(filter);
      }
      const faults: string[] = [];
      const { statements } = take();
      expect(statements.length).toBeGreaterThan(30);
      for (const { sql, args } of statements) {
        const [plan] = await stored.sql.batch([{ sql: `EXPLAIN QUERY PLAN ${sql}`, args }], "read");
        for (const row of plan?.rows ?? []) {
          const step = String(row["detail"]);
          // The few open tasks of one session may be sorted, and the statuses of a bounded number of sessions.
          const walks = /^SCAN [sf]\b/.test(step);
          const sorts = step === "USE TEMP B-TREE FOR ORDER BY" && !sql.includes("$.why.code");
          if (walks || sorts) faults.push(`${step}: ${sql}`);
        }
      }
      expect(faults).toEqual([]);
    });

    /** Rows with a head that says little, made by the database itself. */
    const many = async (stored: Stored, count: number, status: string): Promise<void> => {
      await stored.rows(
        `INSERT INTO sessions (id, seq, tx, status, hash, workflow_id, revision, definition_hash, head, needs, started_at)
         WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ?)
         SELECT 'ses_00' || printf('%026d', n), 1, 'x', ?, 'h', 'w', 1, 'h', '{"open":[]}', '{}', 0 FROM c`,
        count,
        status,
      );
    };

    test("counts of a status are exact up to a bound, and say so above it", { timeout: 60_000 }, async () => {
      const { stored, take } = await watched();
      await many(stored, BY_INDEX, "completed");
      take();
      // Each is read in the index and again out of the sub-select that bounds it.
      expect(await stored.store.countSessions(anySession)).toEqual({ counts: { completed: BY_INDEX }, exact: true });
      most(take().rowsRead, 2 * BY_INDEX + 50);
      await stored.rows("UPDATE sessions SET id = id || 'x' WHERE status = 'completed'");
      await many(stored, 2, "completed");
      const { counts, exact } = await stored.store.countSessions(anySession);
      expect([counts.completed, exact]).toEqual([BY_INDEX + 1, false]);
      most(take().rowsRead, 2 * BY_INDEX + 50);
      // With a filter each is looked into, so fewer are.
      expect(await stored.store.countSessions({ ...anySession, workflowId: "other" })).toEqual({
        counts: { completed: 0 },
        exact: false,
      });
      most(take().rowsRead, 3 * BY_ROW + 50);
    });

    test("open sessions are counted by looking into a bounded number of them", { timeout: 60_000 }, async () => {
      const { stored, take } = await watched();
      await many(stored, BY_ROW + 100, "open");
      take();
      const { counts, exact } = await stored.store.countSessions(anySession);
      expect([counts, exact]).toEqual([{ started: BY_ROW + 1 }, false]);
      most(take().rowsRead, 3 * BY_ROW + 50);
    });
  });
};
