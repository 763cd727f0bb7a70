import { describe, expect, test } from "vitest";
import { tickSchedule } from "../../src/app/schedules/tick-schedule.ts";
import { call } from "../support/api.ts";
import { DAY, HOUR, MINUTE, SCHEDULES, scheduleWorlds, type ScheduleWorld } from "../support/schedules.ts";
import type { Platform } from "../support/world.ts";

/** Lets a minute pass and sweeps, so many times. */
const minutes = async (world: ScheduleWorld, count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1) {
    world.clock.advance(MINUTE);
    await world.sweep();
  }
};

/** When schedules fire, and what becomes of it. */
export const schedulesSuite = (platform: Platform): void => {
  const open = scheduleWorlds(platform);

  describe(`firing on ${platform.name}`, () => {
    test("a schedule fires at its time, once, and the session says where it came from", async () => {
      const world = await open();
      await world.schedule({ initialPayload: { n: 1 }, overlap: "allow" });
      world.clock.advance(MINUTE - 1);
      await world.sweep();
      expect(await world.sessions()).toEqual([]);
      world.clock.advance(1);
      await world.sweep();
      await world.sweep();
      const [session, ...others] = await world.sessions();
      expect(others).toEqual([]);
      expect(await world.fires()).toEqual(["started 08:01"]);
      const { lastFires, runningSessions, counts } = await world.show();
      expect(lastFires[0]).toMatchObject({ by: "calendar", sessionId: session?.sessionId, reason: null, count: 1 });
      expect(runningSessions).toEqual([session?.sessionId]);
      expect(counts).toEqual({ started: 1, skipped: 0, failed: 0, missed: 0 });
      const log = await call(world, "GET", `/v1/opscore/sessions/${session?.sessionId}/log`);
      expect(log.body["data"]).toMatchObject([
        {
          cause: { command: "StartSession", actor: { kind: "system", id: "schedule:s" }, requestId: null },
          events: [{ type: "SessionStarted", input: { n: 1 }, actor: { kind: "system", id: "schedule:s" } }, {}, {}],
        },
      ]);
    });

    test("the server's timer knows of it", async () => {
      const world = await open();
      const { nextFireAt } = await world.schedule({ cron: "30 8 * * *" });
      expect(await world.deps.store.nextDue()).toBe(Date.parse(String(nextFireAt)));
      await world.pass(HOUR);
      expect(await world.fires()).toEqual(["started 08:30"]);
    });

    test("P8: a hundred ticks at one moment are one session and one fire", async () => {
      const world = await open();
      await world.schedule();
      world.clock.advance(MINUTE);
      // As the sweep does: one that lost to others too often is not the last to come.
      await Promise.allSettled(Array.from({ length: 100 }, () => tickSchedule(world.deps, "s")));
      await world.sweep();
      expect(await world.sessions()).toHaveLength(1);
      expect(await world.fires()).toEqual(["started 08:01"]);
    });

    test("P10: an edit after an outage passes nothing over that was due before it", async () => {
      const world = await open();
      const more = { overlap: "allow", catchUp: "1h" };
      await world.schedule(more);
      world.clock.advance(25 * MINUTE);
      await world.schedule({ ...more, cron: "0 0 1 1 *" });
      expect((await world.show()).counts).toEqual({ started: 25, skipped: 0, failed: 0, missed: 0 });
      // Of very many, those that were made stay made, and the edit may be repeated.
      await world.schedule(more);
      world.clock.advance(65 * MINUTE);
      const edit = { cron: "0 0 1 1 *", workflowDefinitionId: "w", ...more, catchUp: "2h" };
      const put = () => call(world, "PUT", `${SCHEDULES}/s`, edit);
      expect(await put()).toMatchObject({ status: 503, body: { code: "contention" } });
      expect((await put()).status).toBe(200);
      const { started, missed } = (await world.show()).counts;
      expect(started + missed).toBe(25 + 65);
    });

    test("a day of missed ticks: what is in the window is caught up in order, ten a sweep; the rest is counted", async () => {
      const world = await open();
      await world.schedule({ cron: "*/5 * * * *", overlap: "allow", catchUp: "1h" });
      world.clock.advance(DAY);
      await world.sweep();
      expect(await world.sessions()).toHaveLength(10);
      expect((await world.show()).counts).toEqual({ started: 10, skipped: 0, failed: 0, missed: 275 });
      await world.sweep();
      await world.sweep();
      // From 7:00 to 8:00 of the next day, both included.
      expect((await world.show()).counts).toEqual({ started: 13, skipped: 0, failed: 0, missed: 275 });
      const fires = (await world.show()).lastFires.toReversed();
      expect(fires[0]).toMatchObject({ outcome: "missed", at: "2026-11-23T06:55:00.000Z", count: 275 });
      expect(fires.slice(1).map(({ at }) => at)).toEqual(
        Array.from({ length: 13 }, (_, n) => new Date(Date.UTC(2026, 10, 23, 7, n * 5)).toISOString()),
      );
      expect((await world.show()).nextFireAt).toBe("2026-11-23T08:05:00.000Z");
    });

    test("years of missed minutes cost bounded work, and are told as a lower bound", async () => {
      const world = await open();
      await world.schedule({ catchUp: "0s" });
      world.clock.advance(3 * 365 * DAY + 1);
      let asked = 0;
      const { calendar } = world.deps;
      const counting = {
        ...calendar,
        next: (...args: Parameters<typeof calendar.next>) => (asked++, calendar.next(...args)),
      };
      await tickSchedule({ ...world.deps, calendar: counting }, "s");
      expect(asked).toBeLessThan(1_020);
      expect((await world.show()).counts.missed).toBe(1_000);
      expect((await world.show()).counts.started).toBe(1);
      const oldest = (await world.show()).lastFires.at(-1);
      expect(oldest).toMatchObject({ outcome: "missed", count: 1_000 });
      expect(oldest?.reason?.message).toContain("At least 1000");
    });

    test("a fire up to two minutes late is on time, whatever the window", async () => {
      const world = await open();
      await world.schedule({ cron: "30 8 * * *", catchUp: "0s" });
      world.clock.advance(32 * MINUTE);
      await world.sweep();
      expect(await world.fires()).toEqual(["started 08:30"]);
    });

    test("a start that is refused is recorded with its reason, and the schedule goes on", async () => {
      const world = await open();
      await world.schedule({ agentId: "nobody" });
      await minutes(world, 1);
      expect(await world.fires()).toEqual(["failed 08:01 agent_not_found"]);
      await call(world, "PUT", "/v1/opscore/agents/nobody", {
        agentName: "nobody",
        version: "1",
        capabilities: [],
        contactEndpoint: "http://nobody.test/task",
      });
      await minutes(world, 1);
      expect(await world.fires()).toEqual(["failed 08:01 agent_not_found", "started 08:02"]);
    });

    test("changes of clocks in Europe/Berlin: a time that does not exist fires after the gap, a double one once", async () => {
      const spring = await open({ now: Date.UTC(2026, 2, 28, 20) });
      const { nextFires } = await spring.schedule({ cron: "30 2 * * *", timeZone: "Europe/Berlin" });
      expect(nextFires.slice(0, 2)).toEqual(["2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"]);
      await spring.schedule({ cron: "*/30 2 * * *", timeZone: "Europe/Berlin" }, "steps");
      await spring.pass(DAY);
      expect((await spring.show()).lastFires.map(({ at }) => at)).toEqual(["2026-03-29T01:00:00.000Z"]);
      expect((await spring.show("steps")).lastFires).toEqual([]);
    });

    test("the same in autumn: steps fire at both", async () => {
      const autumn = await open({ now: Date.UTC(2026, 9, 24, 20) });
      await autumn.schedule({ cron: "30 2 * * *", timeZone: "Europe/Berlin", overlap: "allow" });
      await autumn.schedule({ cron: "*/30 2 * * *", timeZone: "Europe/Berlin", overlap: "allow" }, "steps");
      await autumn.pass(DAY);
      const fired = async (id: string) =>
        (await autumn.show(id)).lastFires.map(({ at }) => at.slice(11, 16)).toReversed();
      expect(await fired("s")).toEqual(["00:30"]);
      expect(await fired("steps")).toEqual(["00:00", "00:30", "01:00", "01:30"]);
    });
  });

  describe(`overlap on ${platform.name}`, () => {
    test("skip: while a session is open fires are left out, and told", async () => {
      const world = await open();
      await world.schedule({ overlap: "skip" });
      await minutes(world, 3);
      const [first] = await world.sessions();
      await world.complete(String(first?.sessionId));
      await minutes(world, 1);
      expect(await world.fires()).toEqual([
        "started 08:01",
        "skipped 08:02 overlap",
        "skipped 08:03 overlap",
        "started 08:04",
      ]);
      expect(await world.sessions()).toHaveLength(2);
    });

    test("buffer_one: one fire waits, and starts at the sweep after the end of the session", async () => {
      const world = await open();
      await world.schedule({ overlap: "buffer_one" });
      await minutes(world, 3);
      expect((await world.show()).bufferedFire).toBe("2026-11-22T08:02:00.000Z");
      const [first] = await world.sessions();
      await world.sweep();
      expect(await world.sessions()).toHaveLength(1);
      await world.complete(String(first?.sessionId));
      await world.sweep();
      expect(await world.fires()).toEqual(["started 08:01", "started 08:02", "skipped 08:03 buffer_full"]);
      expect((await world.show()).bufferedFire).toBeNull();
      const [, second] = await world.sessions();
      await minutes(world, 1);
      await world.complete(String(second?.sessionId));
      await world.sweep();
      expect((await world.fires()).at(-1)).toBe("started 08:04");
    });

    test("buffer_one after an outage: one starts, one waits, the others are told", async () => {
      const world = await open();
      await world.schedule({ overlap: "buffer_one" });
      world.clock.advance(4 * MINUTE);
      await world.sweep();
      expect(await world.fires()).toEqual(["started 08:01", "skipped 08:03 buffer_full", "skipped 08:04 buffer_full"]);
      expect((await world.show()).bufferedFire).toBe("2026-11-22T08:02:00.000Z");
      await world.complete(String((await world.sessions())[0]?.sessionId));
      await world.sweep();
      expect((await world.fires())[1]).toBe("started 08:02");
    });

    test("allow: one beside the other", async () => {
      const world = await open();
      await world.schedule({ overlap: "allow" });
      await minutes(world, 3);
      expect(await world.fires()).toEqual(["started 08:01", "started 08:02", "started 08:03"]);
      expect((await world.sessions()).map(({ status }) => status)).toEqual(["running", "running", "running"]);
    });

    test("cancel_other: what runs is cancelled with a reason that names the schedule, then the next starts", async () => {
      const world = await open();
      await world.schedule({ overlap: "cancel_other" });
      await minutes(world, 2);
      const [first, second] = await world.sessions();
      expect(first).toMatchObject({ status: "cancelled", reason: expect.stringContaining("Schedule s fired again") });
      expect(second?.status).toBe("running");
      world.clock.advance(3 * MINUTE);
      await world.sweep();
      expect((await world.fires()).slice(2)).toEqual([
        "skipped 08:03 overtaken",
        "skipped 08:04 overtaken",
        "started 08:05",
      ]);
      expect((await world.sessions()).map(({ status }) => status)).toEqual(["cancelled", "cancelled", "running"]);
    });
  });
};
