import { describe, expect, test } from "vitest";
import { tickSchedule } from "../../src/app/schedules/tick-schedule.ts";
import type { Sql, Statement } from "../../src/store/sql-port.ts";
import { call, expectProblem } from "../support/api.ts";
import { DAY, MINUTE, SCHEDULES, scheduleWorlds } from "../support/schedules.ts";
import type { Platform } from "../support/world.ts";

type Fault = "not done" | "answer lost";

/** A platform whose database fails writes as the test says. */
const faulty = (platform: Platform) => {
  let faultOf: (statements: readonly Statement[]) => Fault | null = () => null;
  const on: Platform = {
    ...platform,
    openSql: async () => {
      const opened = await platform.openSql();
      const batch: Sql["batch"] = async (statements, mode, withinMs) => {
        const fault = mode === "write" ? faultOf(statements) : null;
        if (fault === "not done") throw new Error("the database went away");
        const results = await opened.sql.batch(statements, mode, withinMs);
        if (fault === "answer lost") throw new Error("the answer was lost");
        return results;
      };
      return { sql: { batch }, close: () => opened.close() };
    },
  };
  /** Fails the n-th write (1-based) of statements that begin so; the others work. */
  const failOnce = (begins: RegExp, fault: Fault, n = 1): void => {
    let seen = 0;
    faultOf = (statements) => {
      if (!statements.some(({ sql }) => begins.test(sql))) return null;
      seen += 1;
      return seen === n ? fault : null;
    };
  };
  return { on, failOnce };
};

const SCHEDULE = /^\s*UPDATE schedules/;
const SESSION = /^\s*INSERT INTO sessions/;

/** What faults of the store cost: time, and neither a fire nor a second session. */
export const schedulesFaultsSuite = (platform: Platform): void => {
  const open = scheduleWorlds(platform);

  describe(`a store that fails while a schedule fires, ${platform.name}`, () => {
    const points: (readonly [string, RegExp, number])[] = [
      ["the decision", SCHEDULE, 1],
      ["the start", SESSION, 1],
      ["the record", SCHEDULE, 2],
    ];
    const cases = points.flatMap(([what, begins, n]) =>
      (["not done", "answer lost"] as const).map((fault) => [what, fault, begins, n] as const),
    );

    test.each(cases)("P8: %s, %s: the next sweep makes it one session and one fire", async (_, fault, begins, n) => {
      const { on, failOnce } = faulty(platform);
      const world = await open({}, on);
      await world.schedule({ overlap: "allow" });
      world.clock.advance(MINUTE);
      failOnce(begins, fault, n);
      await world.sweep();
      await world.sweep();
      expect(await world.fires()).toEqual(["started 08:01"]);
      expect(await world.sessions()).toHaveLength(1);
      await world.sweep();
      expect((await world.show()).counts).toEqual({ started: 1, skipped: 0, failed: 0, missed: 0 });
    });

    test("also when the record comes eight days later: our own keys do not expire", async () => {
      const { on, failOnce } = faulty(platform);
      const world = await open({}, on);
      await world.schedule({ cron: "1 8 22 11 *" });
      world.clock.advance(MINUTE);
      failOnce(SCHEDULE, "not done", 2);
      await world.sweep();
      const [first, ...none] = await world.sessions();
      expect([await world.fires(), none]).toEqual([[], []]);
      world.clock.advance(8 * DAY);
      await world.sweep();
      expect((await world.show()).lastFires).toMatchObject([{ outcome: "started", sessionId: first?.sessionId }]);
      expect(await world.sessions()).toHaveLength(1);
    });

    test("what was decided is what is done: a session that ends meanwhile does not turn a skip into a start", async () => {
      const { on, failOnce } = faulty(platform);
      const world = await open({}, on);
      await world.schedule({ overlap: "skip" });
      world.clock.advance(MINUTE);
      await world.sweep();
      world.clock.advance(MINUTE);
      failOnce(SCHEDULE, "answer lost");
      await world.sweep();
      await world.complete(String((await world.sessions())[0]?.sessionId));
      await world.sweep();
      expect(await world.fires()).toEqual(["started 08:01", "skipped 08:02 overlap"]);
    });

    test("a trigger without an answer: repeated with its key it is one session; the sweep starts it without", async () => {
      const { on, failOnce } = faulty(platform);
      const world = await open({}, on);
      await world.schedule();
      const key = { "Idempotency-Key": "k" };
      failOnce(SCHEDULE, "answer lost");
      expectProblem(await world.post("s/trigger", {}, key), 503, "store_unavailable");
      const again = await world.post("s/trigger", {}, key);
      expect(again.status).toBe(202);
      failOnce(SESSION, "not done");
      expectProblem(await world.post("s/trigger"), 503, "store_unavailable");
      await world.sweep();
      expect(await world.sessions()).toHaveLength(2);
      expect(await world.fires()).toEqual(["started 08:00", "started 08:00"]);
    });

    test("an edit, a pause and a delete while starts are pending", async () => {
      const { on, failOnce } = faulty(platform);
      const world = await open({}, on);
      await world.schedule({ initialPayload: { old: true }, overlap: "allow" });
      world.clock.advance(MINUTE);
      failOnce(SESSION, "not done");
      await world.sweep();
      expect(await world.sessions()).toEqual([]);
      await world.schedule({ initialPayload: { old: false }, overlap: "allow" });
      const [session] = await world.sessions();
      const log = await call(world, "GET", `/v1/opscore/sessions/${session?.sessionId}/log`);
      expect(log.text).toContain('"old":true');
      world.clock.advance(MINUTE);
      failOnce(SESSION, "not done");
      await world.sweep();
      expect((await world.post("s/pause")).status).toBe(200);
      await world.sweep();
      expect(await world.fires()).toEqual(["started 08:01", "started 08:02"]);
      await world.post("s/resume");
      world.clock.advance(MINUTE);
      failOnce(SESSION, "not done");
      await world.sweep();
      await call(world, "DELETE", `${SCHEDULES}/s`);
      await world.sweep();
      expect(await world.sessions()).toHaveLength(2);
    });

    test("a fault of ours sets one schedule aside for a minute, and stops no other", async () => {
      const logged: string[] = [];
      const world = await open({ log: { log: (_, message) => void logged.push(message) } });
      await world.schedule({}, "bad");
      await world.schedule({}, "good");
      await world.sql.batch(
        [{ sql: `UPDATE schedules SET spec = json_set(spec, '$.cron', 'x') WHERE id = 'bad'`, args: [] }],
        "write",
      );
      world.clock.advance(MINUTE);
      await world.sweep();
      await world.sweep();
      expect(await world.fires("good")).toEqual(["started 08:01"]);
      expect(logged.filter((message) => message === "a schedule could not be fired")).toHaveLength(1);
      await world.sql.batch(
        [{ sql: `UPDATE schedules SET spec = json_set(spec, '$.cron', '* * * * *') WHERE id = 'bad'`, args: [] }],
        "write",
      );
      world.clock.advance(MINUTE);
      await world.sweep();
      expect(await world.fires("bad")).toEqual(["started 08:01", "skipped 08:02 overlap"]);
    });

    test("ticks beside edits, pauses and triggers: each nominal time comes to one end", async () => {
      const world = await open();
      await world.schedule({ overlap: "allow" });
      for (let n = 0; n < 5; n += 1) {
        world.clock.advance(MINUTE);
        await Promise.allSettled([
          tickSchedule(world.deps, "s"),
          world.schedule({ overlap: "allow", description: `edit ${n}` }),
          tickSchedule(world.deps, "s"),
          world.post("s/trigger"),
          tickSchedule(world.deps, "s"),
        ]);
      }
      await world.sweep();
      const { counts, lastFires } = await world.show();
      const times = lastFires.filter(({ by }) => by === "calendar").map(({ at }) => at);
      expect(new Set(times).size).toBe(5);
      expect(times).toHaveLength(5);
      expect(await world.sessions()).toHaveLength(counts.started);
    });
  });
};
