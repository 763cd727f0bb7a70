import { afterEach, describe, expect, test } from "vitest";
import type { JsonObject } from "../../src/core/json.ts";
import { answered, openMeter, type Meter } from "../support/meter.ts";
import type { Counts, Platform } from "../support/world.ts";

const workflow = (id: string, tasks: readonly JsonObject[]): JsonObject => ({ id, name: id, tasks });
const onAgent = (agentId: string, count: number): JsonObject[] =>
  Array.from({ length: count }, (_, at) => ({ taskId: `t${at}`, agentId }));

const sum = (all: readonly Counts[]): Counts => ({
  roundTrips: all.reduce((total, { roundTrips }) => total + roundTrips, 0),
  rowsWritten: all.reduce((total, { rowsWritten }) => total + rowsWritten, 0),
});

/** The table "Costs we count": counts do not depend on the machine, and rows are the price of the product. */
export const costsSuite = (platform: Platform): void => {
  describe(`costs on ${platform.name}`, () => {
    const meters: Meter[] = [];
    afterEach(async () => {
      for (const { world } of meters.splice(0)) await world.close();
    });
    const open = async (): Promise<Meter> => {
      const meter = await openMeter(platform);
      meters.push(meter);
      return meter;
    };
    /** Two agents, `a` with the capability `work-a` and `b` with `work-b`, and a workflow of five steps on `a`. */
    const fleet = async (): Promise<Meter> => {
      const meter = await open();
      await meter.agent("a", ["work-a"]);
      await meter.agent("b", ["work-b"]);
      await meter.save(workflow("five", onAgent("a", 5)));
      return meter;
    };
    /** Exactly so many round trips and, where the database counts them, rows. */
    const costs = (counts: Counts, roundTrips: number, rows: number): void => {
      const { rowsWritten } = counts;
      expect({ roundTrips: counts.roundTrips, rowsWritten }).toEqual({
        roundTrips,
        rowsWritten: platform.name === "d1" ? rows : 0,
      });
    };
    const complete = (meter: Meter, attempt = meter.sent.at(-1)) =>
      meter.ask(200, "POST", `/v1/opscore/tasks/${attempt}/complete`, { output: { ok: true } });

    test("a state report that touches no session: 1 row; repeated: none", async () => {
      const meter = await fleet();
      const at = (meter.world.clock.now() + 5_000) * 1_000;
      costs(await meter.say("a", "idle", {}, at), 2, 1);
      costs(await meter.say("a", "idle", {}, at), 1, 0);
      costs(await meter.background(), 0, 0);
    });

    test("working for the task in flight: 1 row; a heartbeat too", async () => {
      const meter = await fleet();
      await meter.start({ workflowDefinitionId: "five" });
      await meter.background();
      costs(await meter.say("a", "active"), 2, 1);
      costs(await meter.background(), 0, 0);
      const beat = `/v1/opscore/tasks/${meter.sent.at(-1)}/heartbeat`;
      costs(await meter.ask(200, "POST", beat, { progress: { percent: 40 } }), 2, 1);
      costs(await meter.ask(200, "POST", beat, {}), 2, 1);
      costs(await meter.background(), 0, 0);
    });

    test("a confirmed delivery: 1 row, none if a report came first and the answer says nothing", async () => {
      const meter = await fleet();
      await meter.start({ workflowDefinitionId: "five" });
      costs(await meter.background(), 1, 1);
      await meter.say("a", "active");
      await meter.say("a", "idle");
      await meter.say("a", "active");
      costs(await meter.background(), 1, 0);
      await meter.say("a", "idle");
      await meter.say("a", "active");
      meter.answer(answered(200, '{"x":1}'));
      costs(await meter.background(), 1, 1);
    });

    test("a report that completes a step, the next step on the same agent: 2 round trips, 5 rows", async () => {
      const meter = await fleet();
      await meter.start({ workflowDefinitionId: "five" });
      await meter.background();
      await meter.say("a", "active");
      costs(await meter.say("a", "idle"), 2, 5);
    });

    test("the same where the next step asks for a capability that this agent has", async () => {
      const meter = await fleet();
      const tasks = [1, 2, 3].map((n) => ({ taskId: `t${n}`, agentCapability: "work-a" }));
      await meter.save(workflow("capable", tasks));
      await meter.start({ workflowDefinitionId: "capable" });
      await meter.background();
      await meter.say("a", "active");
      costs(await meter.say("a", "idle"), 2, 5);
      await meter.background();
      costs(await complete(meter), 2, 4);
    });

    test("a whole step: two reports and the dispatch 7 rows, 6 if a report is faster; one settle call 5", async () => {
      const meter = await fleet();
      await meter.start({ workflowDefinitionId: "five" });
      await meter.background();
      const calm = [await meter.say("a", "active"), await meter.say("a", "idle"), await meter.background()];
      costs(sum(calm), 5, 7);
      const fast = [await meter.say("a", "active"), await meter.say("a", "idle")];
      const active = await meter.say("a", "active");
      costs(sum([...fast, await meter.background()]), 5, 6);
      costs(active, 2, 1);
      await meter.say("a", "idle");
      await meter.background();
      costs(sum([await complete(meter), await meter.background()]), 3, 5);
    });

    test("plain steps send no queue messages", async () => {
      const meter = await fleet();
      await meter.start({ workflowDefinitionId: "five" });
      for (let step = 0; step < 5; step += 1) {
        await meter.background();
        await meter.say("a", "active");
        await meter.say("a", "idle");
      }
      expect(await meter.messages()).toBe(0);
    });

    test("a step that had to wait for its agent: 5 rows more", async () => {
      const meter = await fleet();
      await meter.save(workflow("relay", [...onAgent("a", 1), { taskId: "next", agentCapability: "work-b" }]));
      await meter.save(workflow("other", onAgent("b", 1)));
      const run = async (): Promise<Counts> => {
        await meter.start({ workflowDefinitionId: "relay" });
        await meter.background();
        const completed = await complete(meter);
        return { roundTrips: completed.roundTrips, rowsWritten: completed.rowsWritten };
      };
      const straight = await run();
      costs(straight, 2, 5);
      await meter.background();
      await complete(meter);
      await meter.start({ workflowDefinitionId: "other" });
      await meter.background();
      const busy = meter.sent.at(-1);
      const waited = await run();
      costs(await meter.background(), 0, 0);
      costs(await complete(meter, busy), 2, 5);
      const woken = await meter.background();
      costs(woken, 3, 6);
      const delivered = { roundTrips: 1, rowsWritten: platform.name === "d1" ? 1 : 0 };
      costs(sum([waited, woken]), straight.roundTrips + 2 + delivered.roundTrips, 5 + 5 + delivered.rowsWritten);
      expect(await meter.messages()).toBe(0);
    });

    test("starting a session and assigning its first task: 2 round trips, 5 rows and one for the lists' index", async () => {
      const meter = await fleet();
      costs(await meter.start({ workflowDefinitionId: "five" }), 2, 6);
    });

    test("one row more each for an Idempotency-Key and an unseen inline definition", async () => {
      const meter = await fleet();
      costs(await meter.start({ workflowDefinitionId: "five" }, { "Idempotency-Key": "k" }), 2, 7);
      const inline = { workflowDefinition: workflow("inline", onAgent("b", 2)) };
      costs(await meter.start(inline), 2, 7);
      await meter.agent("c");
      const seen = { workflowDefinition: workflow("inline-c", onAgent("c", 1)) };
      await meter.save(seen.workflowDefinition);
      costs(await meter.start(seen), 2, 6);
    });

    test("the same Idempotency-Key again: 1 round trip, nothing written", async () => {
      const meter = await fleet();
      const headers = { "Idempotency-Key": "k" };
      const { sessionId } = await meter.start({ workflowDefinitionId: "five" }, headers);
      const again = await meter.start({ workflowDefinitionId: "five" }, headers);
      expect(again.sessionId).toBe(sessionId);
      costs(again, 1, 0);
    });

    test("not delivered: 4 rows and one for the timer that gets earlier; then 4 and the timer again", async () => {
      const meter = await fleet();
      meter.answer({ kind: "unreachable", reason: "refused the connection" });
      await meter.start({ workflowDefinitionId: "five" });
      costs(await meter.background(), 2, 5);
      expect(await meter.messages()).toBe(1);
      meter.world.clock.advance(2_000);
      meter.answer(answered(200));
      // The read of the sweep, then load and commit, then the delivery.
      costs(await meter.sweep(), 4, 6);
    });

    test("not delivered after another deadline was set anyway: 4 rows", async () => {
      const meter = await fleet();
      const headers = { get: (name: string) => (name.toLowerCase() === "retry-after" ? "60" : null) };
      meter.answer({ kind: "answer", status: 503, headers, body: "", truncated: false });
      await meter.start({ workflowDefinitionId: "five" });
      costs(await meter.background(), 2, 4);
    });

    test("a run deadline: 4 rows and one for the timer, which has to move on; 5 if the session ends", async () => {
      const meter = await fleet();
      const once = { retry: { maxAttempts: 2 }, timeout: { run: "20s" } };
      await meter.save(workflow("short", [{ taskId: "t", agentId: "a", ...once }]));
      await meter.start({ workflowDefinitionId: "short" });
      await meter.background();
      meter.world.clock.advance(20_000);
      costs(await meter.sweep(), 3, 5);
      await meter.say("a", "idle");
      meter.world.clock.advance(2_000);
      costs(await meter.sweep(), 4, 6);
      meter.world.clock.advance(20_000);
      costs(await meter.sweep(), 3, 5);
    });

    test("a tick that only re-arms: 2 rows", async () => {
      const meter = await fleet();
      await meter.start({ workflowDefinitionId: "five" });
      await meter.background();
      meter.world.clock.advance(30_000);
      costs(await meter.sweep(), 3, 2);
      costs(await meter.sweep(), 1, 0);
    });

    test("reading a state: 1 round trip, nothing written", async () => {
      const meter = await fleet();
      await meter.say("a", "idle");
      costs(await meter.ask(200, "GET", "/v1/opscore/agent/a/state"), 1, 0);
    });

    test("a plain step costs the same at step 100 as at step 2", { timeout: 120_000 }, async () => {
      const meter = await fleet();
      await meter.save(workflow("long", onAgent("a", 150)));
      const { sessionId } = await meter.start({ workflowDefinitionId: "long" });
      await meter.background();
      for (let step = 1; step < 150; step += 1) {
        if (step % 7 === 2) {
          costs(await meter.say("a", "active"), 2, 1);
          costs(await meter.say("a", "idle"), 2, 5);
        } else {
          costs(await complete(meter), 2, 4);
        }
        costs(await meter.background(), 1, 1);
      }
      costs(await complete(meter), 2, 5); // the session has ended: its place in the lists' index
      const session = await meter.ask(200, "GET", `/v1/opscore/sessions/${sessionId}`);
      expect(session.body["status"]).toBe("completed");
    });
  });
};
