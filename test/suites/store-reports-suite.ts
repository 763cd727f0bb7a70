import { describe, expect, test } from "vitest";
import type { Delivered, ReportRow } from "../../src/app/store-port.ts";
import type { Agent } from "../../src/core/agent/agent.ts";
import { taskNamedIn } from "../../src/core/report/interpret.ts";
import {
  attemptOf,
  claim,
  commitOf,
  getAgent,
  getSession,
  putAgent,
  putSession,
  release,
  relying,
  reportOf,
  stores,
  T0,
  type Stored,
} from "../support/stored.ts";
import type { Platform } from "../support/world.ts";

/** What agents say: state reports, heartbeats, and the outcomes of deliveries to them. */
export const storeReportsSuite = (platform: Platform): void => {
  const open = stores(platform);
  const reports = (stored: Stored) => stored.rows("SELECT * FROM agent_log ORDER BY at, received_at, digest");
  /** An agent that holds the only attempt of session 1. */
  const busy = async (stored: Stored, patch: Partial<Agent> = {}): Promise<Agent> => {
    const agent = await putAgent(stored, "a", patch);
    await putSession(stored, 1, { effects: [claim("a", 1)], agents: relying(agent) });
    return getAgent(stored.store, "a");
  };

  describe(`insertReport on ${platform.name}`, () => {
    test("P9: the newest report by the agent's clock is its state; older ones join the history", async () => {
      const stored = await open();
      const { seq } = await putAgent(stored, "a");
      for (const offset of [3_000, 1_000, 2_000]) {
        const report = await reportOf("a", offset, { state: `s${offset}`, receivedAt: T0 + 10 });
        expect(await stored.store.insertReport(report, seq, false)).toEqual({ kind: "committed", wake: [] });
      }
      expect((await stored.store.readState("a"))?.report?.state).toBe("s3000");
      const history = await stored.store.readHistory("a", { after: null, limit: 9 });
      expect(history?.map(({ state }) => state)).toEqual(["s3000", "s2000", "s1000"]);
      expect((await getAgent(stored.store, "a")).seq).toBe(seq);
    });

    test("a repeat inserts nothing, also when the copies of a fast clock come in together", async () => {
      const stored = await open();
      const { seq } = await putAgent(stored, "a");
      const fast = { sentMicros: (T0 + 60_000) * 1_000 };
      const copies = await Promise.all([5, 0, 9].map((ms) => reportOf("a", 0, { ...fast, receivedAt: T0 + ms })));
      const plain = await reportOf("a", 7);
      for (const report of [...copies, plain, { ...plain, receivedAt: plain.receivedAt + 900 }]) {
        expect((await stored.store.insertReport(report, seq, false)).kind).toBe("committed");
      }
      expect(await reports(stored)).toHaveLength(2);
    });

    test("reports of the same instant are both kept, in the same order everywhere", async () => {
      const stored = await open();
      const { seq } = await putAgent(stored, "a");
      for (const digest of ["b", "a", "c"]) {
        await stored.store.insertReport(await reportOf("a", 5, { digest, state: digest }), seq, false);
      }
      expect((await reports(stored)).map((row) => row["digest"])).toEqual(["a", "b", "c"]);
      expect((await stored.store.readState("a"))?.report?.state).toBe("c");
    });

    test("a report read with another version of the agent is stale and not written", async () => {
      const stored = await open();
      const before = await putAgent(stored, "a");
      await putSession(stored, 1, { effects: [claim("a", 1)], agents: relying(before) });
      expect(await stored.store.insertReport(await reportOf("a", 1), before.seq, true)).toEqual({ kind: "stale" });
      expect(await stored.store.insertReport(await reportOf("b", 1), 1, true)).toEqual({ kind: "stale" });
      expect(await reports(stored)).toEqual([]);
    });

    test.each(["working", "free"] as const)(
      "the second half of a pair is stale if %s came since it was read",
      async (first) => {
        const stored = await open();
        const { seq } = await busy(stored);
        const attemptId = attemptOf(1);
        const half = (meaning: "working" | "free", offset: number, patch: Partial<ReportRow> = {}) =>
          reportOf("a", offset, { meaning, state: meaning, attemptId, ...patch });
        const pair = { working: await half("working", 1_000), free: await half("free", 2_000) };
        const second = first === "working" ? "free" : "working";
        expect((await stored.store.insertReport(pair[first], seq, false)).kind).toBe("committed");
        expect((await stored.store.insertReport(pair[second], seq, false)).kind).toBe("stale");
        // By the agent's own clock these two do not belong together, and a named task needs no pair.
        const apart = await half(second, second === "free" ? 500 : 3_000);
        expect((await stored.store.insertReport(apart, seq, false)).kind).toBe("committed");
        const named = await half(second, second === "free" ? 2_500 : 900, { details: { task_id: attemptId } });
        expect((await stored.store.insertReport(named, seq, false)).kind).toBe("committed");
      },
    );

    test("what was heard of an attempt is told with it, whatever year the agent's clock shows", async () => {
      for (const year of [1969, 2026, 2200]) {
        const stored = await open();
        const { seq } = await busy(stored);
        const sentMicros = Date.UTC(year, 5, 1) * 1_000;
        const heard = { attemptId: attemptOf(1), receivedAt: T0 + 60_000, details: { progress: { "a|b": 1 } } };
        const at = (offset: number, meaning: "working" | "free") =>
          reportOf("a", 0, { ...heard, sentMicros: sentMicros + offset, meaning, outcome: { applied: false } });
        for (const report of [
          await at(2, "working"),
          await at(1, "working"),
          await at(-2, "free"),
          await at(-1, "free"),
        ]) {
          await stored.store.insertReport(report, seq, false);
        }
        const { atMicros, digest } = await at(7, "free");
        const query = { agentId: "a", atMicros, sentMicros: atMicros, digest, sessionId: null, historyOf: null };
        const { pair, facts, session } = await stored.store.loadReport(query);
        expect(session?.seq).toBe(1);
        expect(pair.earliestWorking).toEqual({ sentMicros: sentMicros + 1, receivedAt: T0 + 60_000 });
        expect(pair.latestFree).toMatchObject({ sentMicros: sentMicros - 1, receivedAt: T0 + 60_000 });
        expect(facts.signs.get(attemptOf(1))).toEqual({
          workingAt: T0 + 60_000,
          reported: true,
          progress: { "a|b": 1 },
          lastAt: T0 + 60_000,
        });
      }
    });
  });

  describe(`reports that name a task on ${platform.name}`, () => {
    test.each([
      [{ taskId: "x" }, false],
      [{ opscore_task_id: "", task_id: "x" }, false],
      [{ taskId: "", task_id: null }, true],
      [{ task_id: 42 }, true],
      [null, true],
    ])("%j: can be half of a pair: %s", async (details, half) => {
      const stored = await open();
      const { seq } = await busy(stored);
      expect(taskNamedIn(details) === null).toBe(half);
      const heard = { attemptId: attemptOf(1), outcome: { applied: false } };
      await stored.store.insertReport(await reportOf("a", 1, { ...heard, meaning: "working", details }), seq, false);
      const at = T0 * 1_000 + 2;
      const query = { agentId: "a", atMicros: at, sentMicros: at, digest: "", sessionId: null, historyOf: null };
      const { pair } = await stored.store.loadReport(query);
      expect(pair.earliestWorking !== null).toBe(half);
    });
  });

  describe(`what happens between load and commit on ${platform.name}`, () => {
    test("a heartbeat is not lost by a claim or a release of another task", async () => {
      const stored = await open();
      const agent = await busy(stored, { capacity: 2 });
      expect(await stored.store.recordBeat("a", attemptOf(1), T0 + 100, { percent: 5 })).toBe(true);
      await putSession(stored, 2, { effects: [claim("a", 2)], agents: relying(agent) });
      const claimed = await getAgent(stored.store, "a");
      expect(claimed.tasks[attemptOf(1)]).toMatchObject({ beatAt: T0 + 100, progress: { percent: 5 } });
      expect(claimed.contactAt).toBe(T0 + 100);
      expect(await stored.store.recordBeat("a", attemptOf(1), T0 + 200, undefined)).toBe(true);
      const previous = await getSession(stored.store, 2);
      const end = await commitOf(2, { previous, effects: [release("a", 2)], agents: relying(claimed) });
      expect((await stored.store.commitSession(end)).kind).toBe("committed");
      const after = await getAgent(stored.store, "a");
      expect(Object.keys(after.tasks)).toEqual([attemptOf(1)]);
      expect(after.tasks[attemptOf(1)]).toMatchObject({ beatAt: T0 + 200, progress: { percent: 5 } });
      expect(after.contactAt).toBe(T0 + 200);
    });

    test("a heartbeat of an attempt that the agent does not hold changes nothing", async () => {
      const stored = await open();
      await busy(stored);
      const before = await stored.dump();
      expect(await stored.store.recordBeat("a", attemptOf(1, 1, 2), T0, 1)).toBe(false);
      expect(await stored.store.recordBeat("b", attemptOf(1), T0, 1)).toBe(false);
      expect(await stored.dump()).toBe(before);
    });

    test("an agent nobody was in touch with stays so", async () => {
      const stored = await open();
      expect((await busy(stored)).contactAt).toBeNull();
    });
  });

  describe(`recordDelivery on ${platform.name}`, () => {
    const confirmed = (patch: Partial<Delivered["patch"]> = {}, unlessReported = false): Delivered => ({
      agentId: "a",
      attemptId: attemptOf(1),
      patch: { transport: "direct", confirmedAt: T0 + 9, ...patch },
      unlessReported,
    });

    test("is kept once and makes every other writer of the agent load again", async () => {
      const stored = await open();
      const { seq } = await busy(stored);
      await stored.store.recordDelivery(confirmed({ answer: { ok: [1, null] }, refused: ['why\'s "that"'] }));
      const once = await getAgent(stored.store, "a");
      expect(once.seq).toBe(seq + 1);
      expect(once.tasks[attemptOf(1)]).toMatchObject({
        transport: "direct",
        confirmedAt: T0 + 9,
        answer: { ok: [1, null] },
        refused: ['why\'s "that"'],
      });
      await stored.store.recordDelivery(confirmed({ transport: "agentkit", acceptedAt: T0 + 20 }));
      expect(await getAgent(stored.store, "a")).toEqual(once);
    });

    test("is not written if a report came first, unless it says more", async () => {
      const stored = await open();
      const { seq } = await busy(stored);
      const working = await reportOf("a", 1, { meaning: "working", attemptId: attemptOf(1) });
      await stored.store.insertReport(working, seq, false);
      await stored.store.recordDelivery(confirmed({}, true));
      expect((await getAgent(stored.store, "a")).seq).toBe(seq);
      await stored.store.recordDelivery(confirmed({ answer: 1 }, false));
      expect((await getAgent(stored.store, "a")).seq).toBe(seq + 1);
    });

    test("is ignored for an attempt that has ended", async () => {
      const stored = await open();
      const agent = await busy(stored);
      const previous = await getSession(stored.store, 1);
      await stored.store.commitSession(
        await commitOf(1, { previous, effects: [release("a", 1)], agents: relying(agent) }),
      );
      const before = await stored.dump();
      await stored.store.recordDelivery(confirmed());
      await stored.store.recordDelivery(confirmed({}, true));
      expect(await stored.dump()).toBe(before);
    });
  });
};
