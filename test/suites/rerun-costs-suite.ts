import { afterEach, describe, expect, test } from "vitest";
import { AUDIT_ROWS } from "../support/audit.ts";
import { openMeter, type Meter } from "../support/meter.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { SESSIONS } from "../support/reruns.ts";
import type { Counts, Platform } from "../support/world.ts";

const on = (taskId: string, parameters: JsonObject = {}): JsonObject => ({
  ...{ taskId, agentId: "a", retry: { maxAttempts: 1 }, parameters },
});

/** What it costs to run sessions again, one or many, and to say a word under a key. */
export const rerunCostsSuite = (platform: Platform): void => {
  describe(`costs of reruns on ${platform.name}`, () => {
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
    const tell = (meter: Meter, verb: string, body: object) =>
      meter.ask(200, "POST", `/v1/opscore/tasks/${meter.sent.at(-1)}/${verb}`, body);
    const begin = async (): Promise<Meter> => {
      const meter = await openMeter(platform);
      meters.push(meter);
      await meter.agent("a");
      const reading = { of: "${tasks.one.output}" };
      await meter.save({ id: "w", name: "w", tasks: [on("one"), on("two", reading), on("three", reading)] });
      return meter;
    };
    /** A session of which the second task has failed. */
    const failed = async (meter: Meter): Promise<string> => {
      const { sessionId } = await meter.start({ workflowDefinitionId: "w" });
      await meter.background();
      await tell(meter, "complete", { output: "first" });
      await meter.background();
      await tell(meter, "fail", { error: { code: "boom", message: "it broke" } });
      await meter.background();
      return sessionId;
    };

    test("a rerun: the load of the old session and a start, 3 round trips and the audit head; 6 rows and the audit row; 1 row more with a key", async () => {
      const meter = await begin();
      const path = `${SESSIONS}/${await failed(meter)}/rerun`;
      costs(await meter.ask(202, "POST", path, {}, { "Idempotency-Key": "k" }), 4, 7 + AUDIT_ROWS);
      costs(await meter.ask(202, "POST", path, {}, { "Idempotency-Key": "k" }), 2, 0);
      await meter.background();
      await tell(meter, "fail", { error: { code: "boom", message: "it broke" } });
      await meter.background();
      costs(await meter.ask(202, "POST", path), 4, 6 + AUDIT_ROWS);
    });

    test("from a task: the rows its parameters read cost one round trip, and none as it goes on", async () => {
      const meter = await begin();
      const path = `${SESSIONS}/${await failed(meter)}/rerun`;
      costs(await meter.ask(202, "POST", path, { fromTaskId: "two" }), 5, 6 + AUDIT_ROWS);
      await meter.background();
      costs(await tell(meter, "complete", { output: "second" }), 2, 4);
    });

    test("bulk: a dry run is 2 round trips and writes nothing", async () => {
      const meter = await begin();
      for (let n = 0; n < 3; n += 1) await failed(meter);
      const body = { action: "rerun", filter: { status: "failed" }, dryRun: true };
      const preview = await meter.ask(200, "POST", `${SESSIONS}/bulk`, body);
      costs(preview, 2, 0);
      expect(preview.body).toMatchObject({ matched: 3, capped: false });
    });

    test("bulk: one read, then 4 a rerun (2 for one made before under the key), 3 a cancellation, 3 for a key", async () => {
      const meter = await begin();
      for (let n = 0; n < 4; n += 1) await failed(meter);
      const again = { action: "rerun", filter: { status: "failed" }, limit: 3 };
      const key = { "Idempotency-Key": "k" };
      // The agent takes one task at a time: the first rerun gets it, the others wait (1 row each, no agent row).
      costs(await meter.ask(200, "POST", `${SESSIONS}/bulk`, again, key), 3 + 1 + 3 * 4, 4 + 3 * (7 + AUDIT_ROWS));
      costs(await meter.ask(200, "POST", `${SESSIONS}/bulk`, again, key), 1, 0);
      meter.world.clock.advance(7 * 86_400_000);
      costs(await meter.ask(200, "POST", `${SESSIONS}/bulk`, again, key), 3 + 1 + 3 * 2, 1 + 3);
      const cancel = { action: "cancel", filter: { workflowId: "w" } };
      // Head and its place in the lists' index, log 2; the agent of the first, the waiting row of the others.
      const done = await meter.ask(200, "POST", `${SESSIONS}/bulk`, cancel);
      costs(done, 1 + 3 * 3, 3 * (5 + AUDIT_ROWS));
      expect(done.body).toMatchObject({ done: [{}, {}, {}], skipped: [], nextCursor: null });
    });

    test("a word under a key costs as much as one without", async () => {
      const meter = await begin();
      const { sessionId } = await meter.start({ workflowDefinitionId: "w" });
      await meter.background();
      const path = (verb: string): string => `${SESSIONS}/${sessionId}/${verb}`;
      const plain = await meter.ask(202, "POST", path("pause"));
      await meter.ask(202, "POST", path("resume"));
      const key = { "Idempotency-Key": "k" };
      const keyed = await meter.ask(202, "POST", path("pause"), {}, key);
      expect([keyed.roundTrips, keyed.rowsWritten]).toEqual([plain.roundTrips, plain.rowsWritten]);
      costs(await meter.ask(202, "POST", path("pause"), {}, key), 1, 0);
    });
  });
};
