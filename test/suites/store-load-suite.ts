import { describe, expect, test } from "vitest";
import type { Agent } from "../../src/core/agent/agent.ts";
import {
  attemptOf,
  claim,
  commitOf,
  freshNonce,
  getAgent,
  getSession,
  putAgent,
  putSession,
  relying,
  reportOf,
  sessionId,
  stateOf,
  stores,
  T0,
  waitingRow,
  waitingTask,
  type Stored,
} from "../support/stored.ts";
import type { Platform } from "../support/world.ts";

/** What a decision is told is what was committed. */
export const storeLoadSuite = (platform: Platform): void => {
  const open = stores(platform);

  describe(`loads on ${platform.name}`, () => {
    const superseding = async (stored: Stored, id: string, old: Agent): Promise<Agent> => {
      const record = await stored.store.loadAgent(old.id, null);
      const log = {
        stream: `agent:${old.id}`,
        seq: (record.agent?.logSeq ?? 0) + 1,
        at: T0,
        cause: {},
        events: "[]",
        hash: freshNonce(),
      };
      const agent: Agent = { ...old, id, seq: 0, tasks: {}, aliases: [...old.aliases, old.id], supersededBy: null };
      const result = await stored.store.commitAgent({
        nonce: freshNonce(),
        seq: null,
        agent,
        log: { ...log, stream: `agent:${id}`, seq: 1 },
        report: null,
        reroute: [],
        superseded: { seq: old.seq, agent: old, log },
        now: T0,
      });
      expect(result.kind).toBe("committed");
      return getAgent(stored.store, id);
    };
    const load = (stored: Stored, historyOf: string | null = null) =>
      stored.store.loadSession({ sessionId: sessionId(1), historyOf });

    test("a session comes back as it was committed; one that is not there as nothing", async () => {
      const stored = await open();
      const state = stateOf(1, [waitingTask(1, "cap:x", ["b"])]);
      const commit = await commitOf(1, { state, dueAt: T0 + 5 });
      await stored.store.commitSession(commit);
      expect((await load(stored)).session).toEqual({ state, seq: 1, hash: commit.log.hash, dueAt: T0 + 5 });
      const missing = await stored.store.loadSession({ sessionId: sessionId(9), historyOf: null });
      expect([missing.session, missing.definition]).toEqual([null, null]);
    });

    test("named agents come with the newest one that replaced them, through every restart", async () => {
      const stored = await open();
      const first = await putAgent(stored, "a1");
      const second = await superseding(stored, "a2", first);
      const third = await superseding(stored, "a3", second);
      expect(third.aliases).toEqual(["a1", "a2"]);
      await putAgent(stored, "plain");
      await putSession(stored, 1, { needs: { rows: [], agents: ["a1", "a2", "a3", "plain", "unknown"], caps: [] } });
      const { agents, newest } = (await load(stored)).facts;
      expect(Object.fromEntries(newest)).toEqual({ a1: "a3", a2: "a3", a3: "a3", plain: "plain" });
      expect([...agents.keys()].toSorted()).toEqual(["a1", "a2", "a3", "plain"]);
      expect(agents.get("a1")?.admission).toBe("superseded");
      expect((await stored.store.readState("a1"))?.agent.id).toBe("a3");
    });

    test("an old id that comes back takes its place again and is nobody's older id", async () => {
      const stored = await open();
      const first = await putAgent(stored, "a1");
      const second = await superseding(stored, "a2", first);
      const old = await stored.store.loadAgent("a1", null);
      const other = await stored.store.loadAgent("a2", null);
      const log = (stream: string, seq: number) => ({
        stream,
        seq,
        at: T0,
        cause: {},
        events: "[]",
        hash: freshNonce(),
      });
      await stored.store.commitAgent({
        nonce: freshNonce(),
        seq: old.agent?.agent.seq ?? 0,
        agent: { ...first, supersededBy: null, aliases: ["a2"] },
        log: log("agent:a1", (old.agent?.logSeq ?? 0) + 1),
        report: null,
        reroute: [],
        superseded: { seq: second.seq, agent: second, log: log("agent:a2", (other.agent?.logSeq ?? 0) + 1) },
        now: T0,
      });
      await putSession(stored, 1, { needs: { rows: [], agents: ["a1", "a2"], caps: [] } });
      expect(await getAgent(stored.store, "a1")).toMatchObject({ admission: "registered", supersededBy: null });
      expect(Object.fromEntries((await load(stored)).facts.newest)).toEqual({ a1: "a1", a2: "a1" });
    });

    test("capabilities: known to anybody, and who is free, the longest unused first", async () => {
      const stored = await open();
      for (const id of ["c", "a", "b", "busy"]) await putAgent(stored, id, { capabilities: ["x", "y"] });
      const claimed = async (id: string, n: number, at: number) =>
        putSession(stored, n, {
          effects: [claim(id, n, 1, T0 + at)],
          agents: relying(await getAgent(stored.store, id)),
        });
      await claimed("busy", 2, 1);
      const used = await claimed("a", 3, 9);
      const held = await getAgent(stored.store, "a");
      await stored.store.commitSession(
        await commitOf(3, {
          previous: used,
          agents: relying(held),
          effects: [
            {
              kind: "release",
              agentId: "a",
              attemptId: attemptOf(3),
              settled: true,
              missedAt: null,
              contactAt: null,
              reachedByAgentKit: false,
              reportsPromptly: null,
            },
          ],
        }),
      );
      await putSession(stored, 1, { needs: { rows: [], agents: [], caps: ["x", "nobody has it"] } });
      const { capable } = (await load(stored)).facts;
      expect(capable.get("x")).toEqual({ registered: true, agentIds: ["b", "c", "a"] });
      expect(capable.get("nobody has it")).toEqual({ registered: false, agentIds: [] });
    });

    test("an agent that the decision may free is a candidate for its next task", async () => {
      const stored = await open();
      const agent = await putAgent(stored, "a", { capabilities: ["x"] });
      await putSession(stored, 1, {
        effects: [claim("a", 1)],
        agents: relying(agent),
        needs: { rows: [], agents: ["a"], caps: ["x"] },
      });
      expect((await load(stored)).facts.capable.get("x")?.agentIds).toEqual(["a"]);
    });

    test("agents that rejected a task do not hide the one that has not", async () => {
      const stored = await open();
      const ids = Array.from({ length: 12 }, (_, at) => `a${String(at).padStart(2, "0")}`);
      for (const id of ids) await putAgent(stored, id, { capabilities: ["x"], name: "" });
      const state = stateOf(1, [waitingTask(1, "cap:x", ids.slice(0, 11))]);
      await putSession(stored, 1, { state, needs: { rows: [], agents: [], caps: ["x"] } });
      expect((await load(stored)).facts.capable.get("x")?.agentIds).toContain(ids[11]);
    });

    test("who waits ahead, by the queues of the agent, without tasks that it may not take", async () => {
      const stored = await open();
      await putAgent(stored, "a", { capabilities: ["x"] });
      const waitsAdded = [
        waitingRow(2, "cap:x", 500),
        waitingRow(3, "agent:a", 700),
        waitingRow(4, "cap:x", 100, ["a"]),
        waitingRow(5, "cap:other", 1),
      ];
      await putSession(stored, 1, { waitsAdded, needs: { rows: [], agents: ["a"], caps: [] } });
      expect([...(await load(stored)).facts.ahead]).toEqual([["a", 500]]);
    });

    test("the log rows that it needs, and the history of one task only when asked", async () => {
      const stored = await open();
      const attempt = (n: number) => ({ type: "DispatchRequested", n, attemptId: attemptOf(1, n) }) as const;
      let previous = await putSession(stored, 1, { events: [attempt(1)] });
      for (const n of [11, 1]) {
        await stored.store.commitSession(
          await commitOf(1, { previous, events: [attempt(n)], needs: { rows: [1, 3, 7], agents: [], caps: [] } }),
        );
        previous = await getSession(stored.store, 1);
      }
      const plain = (await load(stored)).facts;
      expect([...plain.rows]).toEqual([
        [1, [attempt(1)]],
        [3, [attempt(1)]],
      ]);
      expect(plain.history).toBeNull();
      const asked = await load(stored, attemptOf(1, 1).replace(/:1$/, ""));
      expect(asked.facts.history).toEqual([attempt(1), attempt(1)]);
    });

    test("a report without a task id finds the session of the only task in flight; a repeat its answer", async () => {
      const stored = await open();
      const agent = await putAgent(stored, "a");
      await putSession(stored, 1, { effects: [claim("a", 1)], agents: relying(agent) });
      const held = await getAgent(stored.store, "a");
      const report = await reportOf("a", 1, { outcome: { applied: false, reason: "unknown_task" } });
      const { atMicros, digest } = report;
      const query = { agentId: "a", atMicros, sentMicros: atMicros, digest, sessionId: null, historyOf: null };
      const fresh = await stored.store.loadReport(query);
      expect(fresh).toMatchObject({ agent: held, session: { seq: 1 }, repeated: null });
      await stored.store.insertReport(report, held.seq, false);
      const again = await stored.store.loadReport({ ...query, atMicros: atMicros + 60_000_000 });
      expect(again.repeated).toEqual({ outcome: { applied: false, reason: "unknown_task" } });
      const stranger = await stored.store.loadReport({ ...query, agentId: "b", sessionId: "no session" });
      expect(stranger).toMatchObject({ agent: null, session: null, repeated: null });
    });

    test("a start reads the newest revision with what its first tasks need, and the home agent", async () => {
      const stored = await open();
      await putAgent(stored, "home");
      await putAgent(stored, "named");
      const definition = (hash: string) => ({ workflowId: "w", hash, body: `{"${hash}":1}`, createdAt: T0 });
      await stored.store.saveDefinition(definition("h1"), { rows: [], agents: [], caps: ["x"] });
      await stored.store.saveDefinition(definition("h2"), { rows: [], agents: ["named"], caps: ["y"] });
      const start = (revision: number | null) =>
        stored.store.loadStart({
          definition: { kind: "saved", workflowId: "w", revision },
          home: "home",
          idempotencyKey: null,
          now: T0,
        });
      const newest = await start(null);
      expect(newest.definition).toEqual({ ...definition("h2"), revision: 2 });
      expect([...newest.facts.agents.keys()].toSorted()).toEqual(["home", "named"]);
      expect([...newest.facts.capable.keys()]).toEqual(["y"]);
      const first = await start(1);
      expect(first.definition?.hash).toBe("h1");
      expect([...first.facts.capable.keys()]).toEqual(["x"]);
      expect((await start(3)).definition).toBeNull();
    });
  });
};
