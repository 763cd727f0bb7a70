import { describe, expect, test } from "vitest";
import type { SessionCommit, WaitingRow } from "../../src/app/store-port.ts";
import type { Agent } from "../../src/core/agent/agent.ts";
import {
  claim,
  commitOf,
  freshNonce,
  getAgent,
  getSession,
  putAgent,
  putSession,
  release,
  relying,
  reportOf,
  sessionId,
  stores,
  T0,
  waitingRow,
  type Stored,
} from "../support/stored.ts";
import type { Platform } from "../support/world.ts";

/** Who waits for whom, what is due, and the reads of the other side that keep wake-ups from being lost. */
export const storeQueueSuite = (platform: Platform): void => {
  const open = stores(platform);
  const matches = async ({ store }: Stored, limit = 100): Promise<readonly string[]> =>
    (await store.toSweep(T0, { due: 0, matched: limit, schedules: 0 })).matched.toSorted();
  const due = async ({ store }: Stored, now: number, limit: number): Promise<readonly string[]> =>
    (await store.toSweep(now, { due: limit, matched: 0, schedules: 0 })).due;
  /** Each row is the only waiting task of its session. */
  const waiting = async (stored: Stored, ...rows: readonly (readonly [string, number, string[]?])[]): Promise<void> => {
    for (const [at, [queue, order, notAgents]] of rows.entries()) {
      await putSession(stored, at + 1, { waitsAdded: [waitingRow(at + 1, queue, order, notAgents)] });
    }
  };
  const changed = async (stored: Stored, id: string, patch: Partial<Agent>): Promise<readonly string[]> => {
    const { agent } = await stored.store.loadAgent(id, null);
    if (agent === null) throw new Error(id);
    const log = { stream: `agent:${id}`, seq: agent.logSeq + 1, at: T0, cause: {}, events: "[]", hash: freshNonce() };
    const result = await stored.store.commitAgent({
      nonce: freshNonce(),
      seq: agent.agent.seq,
      agent: { ...agent.agent, ...patch },
      log,
      report: null,
      superseded: null,
      reroute: [],
      now: T0,
    });
    return result.kind === "committed" ? result.wake : ["stale"];
  };
  const wakeOf = async (stored: Stored, session: number, patch: Partial<SessionCommit>): Promise<readonly string[]> => {
    const result = await stored.store.commitSession(await commitOf(session, patch));
    expect(result.kind).toBe("committed");
    return result.kind === "committed" ? result.wake : [];
  };

  describe(`waiting tasks on ${platform.name}`, () => {
    test("a free agent is matched with the first task of all its queues, which it may take", async () => {
      const stored = await open();
      await waiting(stored, ["cap:x", 300], ["agent:a", 200], ["cap:y", 100, ["a"]], ["cap:z", 50], ["cap:y", 250]);
      expect(await matches(stored)).toEqual([]);
      await putAgent(stored, "a", { capabilities: ["x", "y"] });
      expect(await matches(stored)).toEqual([sessionId(2)]);
      await putAgent(stored, "b", { capabilities: ["y", "z"] });
      expect(await matches(stored)).toEqual([sessionId(2), sessionId(4)]);
      expect(await matches(stored, 1)).toHaveLength(1);
    });

    test("of two tasks with the same order the one with the smaller id goes first", async () => {
      const stored = await open();
      await waiting(stored, ["cap:x", 5], ["cap:x", 5]);
      await putAgent(stored, "a", { capabilities: ["x"] });
      expect(await matches(stored)).toEqual([sessionId(1)]);
    });

    test("agents that are gone, busy, lost or not free are matched with nothing", async () => {
      const stored = await open();
      await putAgent(stored, "a", { capabilities: ["x"] });
      await waiting(stored, ["cap:x", 1], ["agent:a", 2]);
      expect(await matches(stored)).toHaveLength(1);
      const { seq } = await getAgent(stored.store, "a");
      await stored.store.insertReport(await reportOf("a", 1, { state: "busy", meaning: "working" }), seq, false);
      expect(await matches(stored)).toEqual([]);
      const free = await stored.store.insertReport(await reportOf("a", 2), seq, true);
      expect(free).toEqual({ kind: "committed", wake: [sessionId(1)] });
      await changed(stored, "a", { admission: "deregistered" });
      expect(await matches(stored)).toEqual([]);
    });

    test("a provisional agent takes what waits for it by name, but nothing by capability", async () => {
      const stored = await open();
      await waiting(stored, ["cap:x", 1], ["agent:p", 2]);
      await putAgent(stored, "p", { admission: "provisional", capabilities: ["x"] });
      expect(await matches(stored)).toEqual([sessionId(2)]);
      expect(await changed(stored, "p", { admission: "registered" })).toEqual([sessionId(1)]);
    });

    test("what waits for an older id goes to the newest one, as long as the id leads there", async () => {
      const stored = await open();
      await waiting(stored, ["agent:old", 1], ["agent:new", 2]);
      await putAgent(stored, "new", { aliases: ["old"] });
      // No such older id, or one that leads elsewhere: core would not give its task to this agent.
      expect(await matches(stored)).toEqual([sessionId(2)]);
      await putAgent(stored, "old", { admission: "superseded", supersededBy: "elsewhere" });
      expect(await matches(stored)).toEqual([sessionId(2)]);
      await stored.rows("UPDATE agents SET superseded_by = 'new' WHERE id = 'old'");
      expect(await matches(stored)).toEqual([sessionId(1)]);
      await putSession(stored, 3, { needs: { rows: [], agents: ["old"], caps: [] } });
      const { facts } = await stored.store.loadSession({ sessionId: sessionId(3), historyOf: null });
      expect([facts.newest.get("old"), facts.ahead.get("new")]).toEqual(["new", 1]);
    });

    test("an id that is superseded late leads its own older ids on to the newest", async () => {
      const stored = await open();
      await putAgent(stored, "winner");
      await putAgent(stored, "oldest", { admission: "superseded", supersededBy: "late" });
      await putAgent(stored, "late", { aliases: ["oldest"] });
      await changed(stored, "late", { admission: "superseded", supersededBy: "winner" });
      expect(await getAgent(stored.store, "oldest")).toMatchObject({ supersededBy: "winner" });
    });
  });

  describe(`reads of the other side on ${platform.name}`, () => {
    test("a task that starts to wait while an agent is free wakes who waits first, and its own session", async () => {
      const stored = await open();
      await putAgent(stored, "a", { capabilities: ["x"] });
      const wakeFor = (n: number, queue: string, notAgents: string[] = []) =>
        wakeOf(stored, n, { waitsAdded: [waitingRow(n, queue, 1, notAgents)] });
      expect(await wakeFor(1, "cap:x")).toEqual([sessionId(1)]);
      expect(await wakeFor(2, "agent:a")).toEqual([sessionId(1), sessionId(2)]);
      expect(await wakeFor(3, "cap:x", ["a"])).toEqual([sessionId(1)]);
      expect(await wakeFor(4, "cap:none")).toEqual([]);
      expect(await wakeFor(5, "none")).toEqual([]);
    });

    test("a freed agent wakes its first waiting task, also when only its report makes it free", async () => {
      const stored = await open();
      const agent = await putAgent(stored, "a", { capabilities: ["x"] });
      const started = await putSession(stored, 9, { effects: [claim("a", 9)], agents: relying(agent) });
      await waiting(stored, ["cap:x", 2], ["cap:x", 1]);
      const held = await getAgent(stored.store, "a");
      const end = { previous: started, effects: [release("a", 9)], agents: relying(held), freed: ["a"] };
      expect(await wakeOf(stored, 9, end)).toEqual([sessionId(2)]);
      const previous = await getSession(stored.store, 9);
      expect(await wakeOf(stored, 9, { previous, report: await reportOf("a", 5) })).toEqual([sessionId(2)]);
    });

    test("who waited before is woken before the task that frees the agent and waits now", async () => {
      const stored = await open();
      const agent = await putAgent(stored, "a");
      const started = await putSession(stored, 9, { effects: [claim("a", 9)], agents: relying(agent) });
      await waiting(stored, ["agent:a", 1]);
      const held = await getAgent(stored.store, "a");
      const waitsAdded = [waitingRow(9, "agent:a", 5)];
      const end = { previous: started, effects: [release("a", 9)], agents: relying(held), freed: ["a"], waitsAdded };
      expect(await wakeOf(stored, 9, end)).toEqual([sessionId(1), sessionId(9)]);
    });

    test("a task that leaves its queue wakes the next one for an agent that is still free", async () => {
      const stored = await open();
      const rows: WaitingRow[] = [1, 2, 3].map((n) => waitingRow(n, "cap:x", n));
      for (const [at, row] of rows.entries()) await putSession(stored, at + 1, { waitsAdded: [row] });
      const [a] = [
        await putAgent(stored, "a", { capabilities: ["x"] }),
        await putAgent(stored, "b", { capabilities: ["x"] }),
      ];
      const take = async (n: number, agent: Agent) => ({
        previous: await getSession(stored.store, n),
        effects: [claim(agent.id, n)],
        agents: relying(agent),
        waitsRemoved: rows.slice(n - 1, n),
      });
      // Both agents were shown session 1 when they became free.
      expect(await wakeOf(stored, 1, await take(1, a))).toEqual([sessionId(2)]);
      expect(await wakeOf(stored, 2, await take(2, await getAgent(stored.store, "b")))).toEqual([]);
      expect(await stored.rows("SELECT session_id FROM waiting_tasks")).toEqual([{ session_id: sessionId(3) }]);
    });
  });

  describe(`timers on ${platform.name}`, () => {
    test("due: up to now, oldest first, at most so many; nextDue: the earliest of all", async () => {
      const stored = await open();
      expect(await stored.store.nextDue()).toBeNull();
      for (const [n, dueAt] of [
        [1, T0 + 30],
        [2, T0 + 10],
        [3, null],
        [4, T0 + 20],
        [5, T0 + 40],
      ] as const) {
        await putSession(stored, n, { dueAt });
      }
      expect(await due(stored, T0 + 30, 9)).toEqual([2, 4, 1].map(sessionId));
      expect(await due(stored, T0 + 30, 2)).toEqual([2, 4].map(sessionId));
      expect(await due(stored, T0 + 9, 9)).toEqual([]);
      expect(await stored.store.nextDue()).toBe(T0 + 10);
    });

    test("rearm moves the timer of a session that nobody has changed, and writes nothing else", async () => {
      const stored = await open();
      const first = await putSession(stored, 1, { dueAt: T0 });
      await stored.store.rearm(first, T0 + 50);
      const second = await getSession(stored.store, 1);
      expect(second).toEqual({ ...first, dueAt: T0 + 50 });
      // Set by somebody else since: a deregistration makes it due at once.
      await stored.store.rearm(first, T0 + 90);
      expect(await getSession(stored.store, 1)).toEqual(second);
      await stored.store.commitSession(await commitOf(1, { previous: second }));
      await stored.store.rearm(second, null);
      expect(await getSession(stored.store, 1)).toMatchObject({ seq: 2, dueAt: T0 + 50 });
      await stored.store.rearm(await getSession(stored.store, 1), null);
      expect(await stored.store.nextDue()).toBeNull();
    });

    test("postpone puts off a session that is still due", async () => {
      const stored = await open();
      await putSession(stored, 1, { dueAt: T0 });
      await putSession(stored, 2, { dueAt: T0 + 20 });
      for (const n of [1, 2]) await stored.store.postpone(sessionId(n), T0 + 10, T0 + 60_000);
      expect(await due(stored, T0 + 60_000, 9)).toEqual([sessionId(2), sessionId(1)]);
    });

    test("an agent that goes makes the sessions due whose tasks it held", async () => {
      const stored = await open();
      const agent = await putAgent(stored, "a", { capacity: 2 });
      await putSession(stored, 1, { dueAt: T0 + 9_000, effects: [claim("a", 1)], agents: relying(agent) });
      await putSession(stored, 2, { dueAt: T0 + 9_000 });
      expect(await changed(stored, "a", { admission: "deregistered" })).toEqual([sessionId(1)]);
      expect(await due(stored, T0, 9)).toEqual([sessionId(1)]);
    });

    test("a tick that began before an agent went does not put off its session, which was due already", async () => {
      const stored = await open();
      const agent = await putAgent(stored, "a", { capacity: 2 });
      const seen = await putSession(stored, 1, { dueAt: T0 - 5, effects: [claim("a", 1)], agents: relying(agent) });
      await changed(stored, "a", { admission: "deregistered" });
      await stored.store.rearm(seen, T0 + 400_000);
      expect(await due(stored, T0, 9)).toEqual([sessionId(1)]);
    });
  });
};
