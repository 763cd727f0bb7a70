import { afterEach, describe, expect, test } from "vitest";
import { lengthen, longWorkflow } from "../support/long-session.ts";
import { openMeter, type Meter } from "../support/meter.ts";
import { run } from "../support/rebuild-run.ts";
import type { Counts, Platform } from "../support/world.ts";

const PLAIN = 12;

/** The engine is a state machine, not a replayer: a step of a session costs the same however many came before it. */
export const longSessionSuite = (platform: Platform): void => {
  let meter: Meter | null = null;
  afterEach(async () => {
    await meter?.world.close();
    meter = null;
  });

  /** What the calls of one step cost, from the word that ends the step before it until the agent has it. */
  const step = async (by: "call" | "report"): Promise<readonly string[]> => {
    const counts: Counts[] = [];
    if (by === "report") counts.push(await meter!.say("a", "active"), await meter!.say("a", "idle"));
    else {
      const path = `/v1/opscore/tasks/${meter!.sent.at(-1)}/complete`;
      counts.push(await meter!.ask(200, "POST", path, { output: { ok: true } }));
    }
    counts.push(await meter!.background());
    return counts.map(({ roundTrips, rowsWritten }) => `${roundTrips} round trips, ${rowsWritten} rows`);
  };

  describe(`a session of 10,000 tasks on ${platform.name}`, () => {
    test("step 10,000 costs what step 10 does", { timeout: 120_000 }, async () => {
      meter = await openMeter(platform);
      await meter.agent("a");
      const { definition, input } = longWorkflow(PLAIN);
      await meter.save(definition);
      const { sessionId } = await meter.start({
        workflowDefinitionId: definition["id"]!,
        agentId: "a",
        initialPayload: input,
      });
      await meter.background();
      const numberOf = (): number => Number(/\.(\d+):/.exec(meter!.sent.at(-1)!)?.[1]);
      const costs = new Map<number, readonly string[]>();
      const stepTo = async (n: number): Promise<void> => {
        while (numberOf() < n) costs.set(numberOf() + 1, await step(numberOf() % 2 === 0 ? "report" : "call"));
      };
      await stepTo(PLAIN);
      await meter.ask(200, "POST", `/v1/opscore/tasks/${meter.sent.at(-1)}/complete`, {}); // the first map begins
      await lengthen(meter.world, sessionId);
      await meter.sweep(); // the last map ends
      expect(numberOf()).toBe(10_000 - PLAIN + 1);
      await stepTo(10_000);

      const rows = (count: number): number => (platform.name === "d1" ? count : 0);
      const byCall = [`2 round trips, ${rows(4)} rows`, `1 round trips, ${rows(1)} rows`];
      const byReport = [
        `2 round trips, ${rows(1)} rows`,
        `2 round trips, ${rows(5)} rows`,
        `1 round trips, ${rows(1)} rows`,
      ];
      for (const n of [9, 10, 9_999, 10_000]) {
        console.log(`step ${n}: ${costs.get(n)!.join(" + ")}`);
        expect([n, costs.get(n)]).toEqual([n, n % 2 === 0 ? byCall : byReport]);
      }
      expect(costs.size).toBe(2 * (PLAIN - 1));
      for (const [n, cost] of costs) expect([n, cost]).toEqual([n, costs.get(10 - (n % 2))]);

      // What was seeded is what the engine would have written: the log folds to the rows.
      const ended = await meter.ask(200, "POST", `/v1/opscore/tasks/${meter.sent.at(-1)}/complete`, {});
      expect(ended.roundTrips).toBe(2);
      const session = await meter.ask(200, "GET", `/v1/opscore/sessions/${sessionId}`);
      expect(session.body["status"]).toBe("completed");
      expect((await run(meter.world, false)).findings).toEqual([]);
    });
  });
};
