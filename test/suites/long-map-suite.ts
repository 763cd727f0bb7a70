import { afterEach, describe, expect, test } from "vitest";
import { statement } from "../../src/store/sql-port.ts";
import { openMeter, type Meter } from "../support/meter.ts";
import type { Counts, Platform } from "../support/world.ts";

const ITEMS = 1_000;
const AGENTS = 50;
const KIB = 1_024;

/** What an item cost from the call that settles it until the next one has reached its agent. */
interface ItemCost extends Counts {
  /** As D1 bills them; 0 on libSQL, which does not say. */
  readonly rowsRead: number;
  /** JSON of the head after it, and of the log row it wrote; looked at for every tenth. */
  readonly headBytes: number | null;
  readonly logBytes: number | null;
}

const valuesOf = (costs: readonly ItemCost[], of: keyof ItemCost): readonly number[] =>
  costs.flatMap((cost) => cost[of] ?? []);

const mean = (costs: readonly ItemCost[], of: keyof ItemCost): number => {
  const values = valuesOf(costs, of);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
};

/** How many items cost what. */
const tally = (costs: readonly ItemCost[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { roundTrips, rowsWritten } of costs) {
    const cost = `${roundTrips} round trips, ${rowsWritten} rows`;
    counts[cost] = (counts[cost] ?? 0) + 1;
  }
  return counts;
};

/** The platform, with the rows read counted too. */
const reading = (platform: Platform, reads: { rows: number }): Platform => ({
  ...platform,
  openSql: async () => {
    const opened = await platform.openSql();
    return {
      ...opened,
      sql: {
        batch: async (statements, mode, withinMs) => {
          const results = await opened.sql.batch(statements, mode, withinMs);
          for (const result of results) reads.rows += result.rowsRead ?? 0;
          return results;
        },
      },
    };
  },
});

/** A map with as many agents as it may have items under way: an item costs the same however many came before it. */
export const longMapSuite = (platform: Platform): void => {
  const isCounted = platform.name === "d1";
  let meter: Meter | null = null;
  afterEach(async () => {
    await meter?.world.close();
    meter = null;
  });

  const sizes = async (sessionId: string): Promise<Pick<ItemCost, "headBytes" | "logBytes">> => {
    const query = `SELECT length(CAST(head AS BLOB)) AS head, (SELECT length(CAST(l.events AS BLOB)) FROM log l
      WHERE l.stream = s.id ORDER BY l.seq DESC LIMIT 1) AS log FROM sessions s WHERE id = ?`;
    const [result] = await meter!.world.sql.batch([statement(query, sessionId)], "read");
    const row = result!.rows[0]!;
    return { headBytes: Number(row["head"]), logBytes: Number(row["log"]) };
  };

  describe(`a map of ${ITEMS} items with ${AGENTS} agents on ${platform.name}`, () => {
    test("completes, and an item costs the same at whatever place it stands", { timeout: 180_000 }, async () => {
      const reads = { rows: 0 };
      meter = await openMeter(reading(platform, reads));
      for (let at = 0; at < AGENTS; at += 1) await meter.agent(`a${at}`, ["read"]);
      const task = { agentCapability: "read", parameters: { page: "${item}" } };
      const each = { taskId: "each", type: "map", forEach: "${input.pages}", maxConcurrency: AGENTS, task };
      await meter.save({ id: "long-map", name: "Long map", tasks: [each] });
      const pages = Array.from({ length: ITEMS }, (_, at) => at);
      const started = await meter.start({ workflowDefinitionId: "long-map", initialPayload: { pages } });
      expect(started.roundTrips).toBe(2);
      await meter.background();
      expect(meter.sent).toHaveLength(AGENTS);

      const costs: ItemCost[] = [];
      for (let at = 0; at < ITEMS; at += 1) {
        reads.rows = 0;
        const body = { output: { page: at } };
        const settled = await meter.ask(200, "POST", `/v1/opscore/tasks/${meter.sent[at]}/complete`, body);
        const after = await meter.background();
        costs.push({
          roundTrips: settled.roundTrips + after.roundTrips,
          rowsWritten: settled.rowsWritten + after.rowsWritten,
          rowsRead: reads.rows,
          ...(at % 10 === 0 ? await sizes(started.sessionId) : { headBytes: null, logBytes: null }),
        });
      }
      const parts = { "1-100": [0, 100], "451-550": [450, 550], "901-1000": [900, 1_000] } as const;
      for (const [name, [from, to]] of Object.entries(parts)) {
        const part = costs.slice(from, to);
        const figures = (["roundTrips", "rowsWritten", "rowsRead", "headBytes", "logBytes"] as const)
          .map((of) => `${of} ${isCounted || !of.startsWith("rows") ? mean(part, of).toFixed(2) : "n/a"}`)
          .join("   ");
        console.log(`map items ${name.padEnd(8)} per item: ${figures}`);
      }

      const rows = (count: number): number => (isCounted ? count : 0);
      const whole = `3 round trips, ${rows(5)} rows`; // load, commit, delivery; head, log 2, agent, delivery
      const last = `2 round trips, ${rows(4)} rows`; // the last items bring no other under way
      expect(tally(costs.slice(0, 100))).toEqual({ [whole]: 100 });
      expect(tally(costs.slice(900, 950))).toEqual({ [whole]: 50 });
      // The last of all reads the outputs once more, and leaves the list of open sessions.
      expect(tally(costs)).toEqual({ [whole]: ITEMS - AGENTS + 1, [last]: AGENTS - 1 });
      // Nothing is walked that grows: only the end of the map looks at all of it.
      const steady = costs.slice(0, ITEMS - AGENTS);
      const most = (part: readonly ItemCost[], of: keyof ItemCost): number => Math.max(...valuesOf(part, of));
      expect(most(steady, "rowsRead")).toBeLessThanOrEqual(most(steady.slice(0, 100), "rowsRead"));
      expect(most(steady, "logBytes")).toBeLessThan(KIB);
      expect(most(costs, "headBytes")).toBeLessThan(64 * KIB);

      const session = await meter.ask(200, "GET", `/v1/opscore/sessions/${started.sessionId}`);
      expect(session.body["status"]).toBe("completed");
      const tasks = session.body["tasks"] as readonly { readonly taskId: string; readonly output: unknown }[];
      const map = tasks.find(({ output }) => Array.isArray(output));
      expect(map?.output).toEqual(pages.map((page) => ({ page })));
    });
  });
};
