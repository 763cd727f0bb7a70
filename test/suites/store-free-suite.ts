import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { availabilityOf, LOST_MS } from "../../src/core/agent/availability.ts";
import { FREE, FREE_OR_LOST_BEFORE, WITH_NEWEST } from "../../src/store/fragments.ts";
import { statement, type Statement } from "../../src/store/sql-port.ts";
import { stores, T0 } from "../support/stored.ts";
import type { Platform } from "../support/world.ts";

/** Generated rows of agents with their newest report; times and attempts are few so that they meet often. */
const moment = fc.integer({ min: 0, max: 4 }).map((ms) => T0 + ms);
const attempts = fc.uniqueArray(fc.constantFrom("tsk_x.1:1", "tsk_x.2:1", "tsk_x.3:1"), { maxLength: 3 });
const agentRow = fc.record({
  admission: fc.constantFrom("registered", "provisional", "deregistered", "superseded"),
  capacity: fc.integer({ min: 1, max: 3 }),
  tasks: attempts,
  settled: attempts,
  registeredAt: moment,
  contactAt: fc.option(moment),
  missedAt: fc.option(moment),
  report: fc.option(
    fc.record({
      meaning: fc.constantFrom("free", "working", "trouble", "other"),
      receivedAt: moment,
      attempt: fc.option(fc.constantFrom("tsk_x.1:1", "tsk_x.2:1", "tsk_x.3:1")),
    }),
  ),
});

const insertsOf = (
  row: typeof agentRow extends fc.Arbitrary<infer T> ? T : never,
  id: string,
): readonly Statement[] => [
  statement(
    `INSERT INTO agents VALUES (?, 1, '', 1, '', 'n', '1', '[]', NULL, NULL, ?, ?, 0, NULL, '[]', '[]', ?, ?, ?, 0, ?, ?, 0, NULL)`,
    id,
    row.admission,
    row.registeredAt,
    row.capacity,
    JSON.stringify(Object.fromEntries(row.tasks.map((attempt) => [attempt, { sessionId: "ses_x", sentAt: 0 }]))),
    JSON.stringify(row.settled),
    row.missedAt,
    row.contactAt,
  ),
  ...(row.report === null
    ? []
    : [
        statement(
          "INSERT INTO agent_log VALUES (?, 1, 0, 'older', '', 1, 's', 'other', NULL, NULL, NULL), (?, 2, ?, 'd', '', 2, 's', ?, NULL, ?, NULL)",
          id,
          id,
          row.report.receivedAt,
          row.report.meaning,
          row.report.attempt,
        ),
      ]),
];

/** The pre-filter in SQL and the rule in core are the same. */
export const storeFreeSuite = (platform: Platform): void => {
  const open = stores(platform);

  describe(`who is free on ${platform.name}`, () => {
    test("in SQL is who is available in core", { timeout: 60_000 }, async () => {
      const runs = platform.name === "d1" ? 4 : 12;
      await fc.assert(
        fc.asyncProperty(fc.array(agentRow, { minLength: 100, maxLength: 100 }), async (generated) => {
          const stored = await open();
          await stored.sql.batch(
            generated.flatMap((row, at) => insertsOf(row, `a${at}`)),
            "write",
          );
          const free = await stored.rows(`SELECT a.id FROM agents a ${WITH_NEWEST} WHERE ${FREE} ORDER BY a.id`);
          const agents = await stored.store.listAgents({ after: null, limit: 1_000 });
          const availableAt = (now?: number) =>
            agents.filter((agent) => availabilityOf(agent, now).available).map(({ id }) => id);
          expect(agents).toHaveLength(100);
          expect(free.map((row) => row["id"])).toEqual(availableAt().toSorted());
          const now = T0 + LOST_MS + 2;
          const text = `SELECT a.id FROM agents a ${WITH_NEWEST} WHERE ${FREE_OR_LOST_BEFORE} ORDER BY a.id`;
          const again = await stored.rows(text, now - LOST_MS);
          expect(again.map((row) => row["id"])).toEqual(availableAt(now).toSorted());
        }),
        { numRuns: runs },
      );
    });
  });
};
