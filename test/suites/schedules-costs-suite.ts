import { afterEach, describe, expect, test } from "vitest";
import { AUDIT_ROWS } from "../support/audit.ts";
import { openMeter, type Meter } from "../support/meter.ts";
import { MINUTE, SCHEDULES } from "../support/schedules.ts";
import type { Counts, Platform } from "../support/world.ts";

/**
 * What a schedule costs. A fire: the load, the decision (1 row), the start of a session (2 round trips, 7 rows with its
 * key), the record (1 row, and 1 in the index of the next time), after the sweep's own read.
 */
export const schedulesCostsSuite = (platform: Platform): void => {
  describe(`costs of schedules on ${platform.name}`, () => {
    const meters: Meter[] = [];
    afterEach(async () => {
      for (const { world } of meters.splice(0)) await world.close();
    });
    const costs = ({ roundTrips, rowsWritten }: Counts, trips: number, rows: number): void => {
      expect({ roundTrips, rowsWritten }).toEqual({
        roundTrips: trips,
        rowsWritten: platform.name === "d1" ? rows : 0,
      });
    };
    const begin = async (body: object): Promise<Meter> => {
      const meter = await openMeter(platform);
      meters.push(meter);
      await meter.agent("a");
      await meter.save({ id: "w", name: "w", tasks: [{ taskId: "t", agentId: "a" }] });
      const made = await meter.ask(201, "PUT", `${SCHEDULES}/s`, {
        cron: "* * * * *",
        workflowDefinitionId: "w",
        ...body,
      });
      // What saving needs to know, the head of the audit chain, the row with its time and the audit row, and the answer.
      costs(made, 4, 2 + AUDIT_ROWS);
      return meter;
    };
    const nextMinute = (meter: Meter): void =>
      meter.world.clock.set((Math.floor(meter.world.clock.now() / MINUTE) + 1) * MINUTE);
    /** The session's own timer fires once after its dispatch: that is not the schedule's cost. */
    const rearm = async (meter: Meter): Promise<void> => {
      meter.world.clock.advance(MINUTE / 2 + 1_000);
      await meter.sweep();
    };
    /** Without the delivery to the agent that a start is followed by. */
    const sweepOnly = async ({ world }: Meter): Promise<Counts> => {
      const before = { ...world.counts };
      await world.sweep();
      const { roundTrips, rowsWritten } = world.counts;
      return { roundTrips: roundTrips - before.roundTrips, rowsWritten: rowsWritten - before.rowsWritten };
    };

    test("a sweep that finds nothing due: 1 round trip, as without schedules", async () => {
      const meter = await begin({});
      costs(await sweepOnly(meter), 1, 0);
    });

    test("one fire: 6 round trips with the sweep's own, 10 rows", async () => {
      const meter = await begin({ overlap: "allow" });
      nextMinute(meter);
      costs(await sweepOnly(meter), 6, 10);
      costs(await sweepOnly(meter), 1, 0);
    });

    test("a fire left out: 3 round trips, 2 rows", async () => {
      const meter = await begin({});
      nextMinute(meter);
      await meter.sweep();
      await rearm(meter);
      nextMinute(meter);
      costs(await sweepOnly(meter), 3, 2);
    });

    test("a fire that waits costs nothing while it waits, and the end of the session no row more", async () => {
      const meter = await begin({ overlap: "buffer_one" });
      nextMinute(meter);
      await meter.sweep();
      await rearm(meter);
      nextMinute(meter);
      costs(await sweepOnly(meter), 3, 3);
      costs(await sweepOnly(meter), 1, 0);
      costs(await meter.ask(200, "POST", `/v1/opscore/tasks/${meter.sent.at(-1)}/complete`, {}), 2, 5);
      costs(await sweepOnly(meter), 6, 11);
    });

    test("ten fires of one tick share the decision and the record", async () => {
      const meter = await begin({ overlap: "allow" });
      meter.world.clock.advance(10 * MINUTE);
      // Sweep, load, decision, ten starts, record.
      const { roundTrips } = await sweepOnly(meter);
      expect(roundTrips).toBe(4 + 10 * 2);
    });
  });
};
