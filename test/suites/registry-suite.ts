import { describe, expect, test } from "vitest";
import {
  call,
  expectProblem,
  oneTask,
  register,
  report,
  sessionOf,
  silentAgents,
  stamp,
  start,
  stateOf,
  worldsOf,
  type Json,
} from "../support/api.ts";
import type { Platform, World } from "../support/world.ts";

const agentOf = async (world: World, id: string): Promise<Json> =>
  (await call(world, "GET", `/v1/opscore/agents/${id}`)).body;

const historyOf = async (
  world: World,
  id: string,
  query = "",
): Promise<{ data: Json[]; nextCursor: string | null }> => {
  const reply = await call(world, "GET", `/v1/opscore/agents/${id}/history${query}`);
  expect(reply.status, reply.text).toBe(200);
  return reply.body as never;
};

const put = { agentName: "A", version: "1", capabilities: ["work"], contactEndpoint: "http://agent.test/task" };

/** Agents: provisional adoption, history, lists and details, registration by hand. */
export const registrySuite = (platform: Platform): void => {
  describe(`the agents on ${platform.name}`, () => {
    const open = worldsOf(platform);

    test("a reporting agent that nobody registered is listed as provisional, without capabilities", async () => {
      const world = await open();
      await report(world, "a1", "idle", { reason: "Initial startup complete" });
      expect(await agentOf(world, "a1")).toMatchObject({
        agentId: "a1",
        agentName: "",
        registration: "provisional",
        capabilities: [],
        contactEndpoint: null,
        state: "idle",
        available: true,
        tasks: [],
      });
      const { data } = (await call(world, "GET", "/v1/opscore/agents")).body as { data: Json[] };
      expect(data.map(({ agentId }) => agentId)).toEqual(["a1"]);
    });

    test("a provisional agent gets only work that names it, through AgentKit", async () => {
      const agents = silentAgents();
      const world = await open({ call: agents.call });
      await report(world, "a1", "idle");
      const named = await start(world, { workflowDefinition: oneTask("a1", "named") });
      expect(agents.sent.map(({ url }) => url)).toEqual(["http://agentkit.test/v1/agents/a1/run"]);
      const capable = { id: "c", name: "C", tasks: [{ taskId: "t1", agentCapability: "work" }] };
      const waiting = await start(world, { workflowDefinition: capable });
      expect((await sessionOf(world, named))["status"]).toBe("running");
      expect(await sessionOf(world, waiting)).toMatchObject({ status: "started", waitingFor: { code: "no_agent" } });
    });

    test("its REGISTER completes the same row: reported state, history and work stay", async () => {
      const world = await open({ call: silentAgents().call });
      await report(world, "a1", "idle", { n: 1 });
      const session = await start(world, { workflowDefinition: oneTask("a1") });
      const before = await stateOf(world, "a1");
      world.clock.advance(100);
      await register(world, { agentId: "a1", agentName: "One", capabilities: ["work"] });
      expect(await stateOf(world, "a1")).toEqual(before);
      const agent = await agentOf(world, "a1");
      expect(agent).toMatchObject({ agentName: "One", registration: "registered", capabilities: ["work"] });
      expect(agent["tasks"]).toEqual([expect.objectContaining({ sessionId: session })]);
      expect((await historyOf(world, "a1")).data).toHaveLength(1);
      expect(((await call(world, "GET", "/v1/opscore/agents")).body["data"] as Json[]).length).toBe(1);
    });

    test("reports and the registration of one agent at the same moment all count, in one row", async () => {
      const world = await open();
      const sent = [1, 2, 3, 4, 5, 6].map((n) => report(world, "a1", `s${n}`, { n }, stamp(world, n)));
      const replies = await Promise.all([...sent, register(world, { agentId: "a1" })]);
      expect(replies.slice(0, -1).map((reply) => reply?.status)).toEqual([202, 202, 202, 202, 202, 202]);
      expect(await agentOf(world, "a1")).toMatchObject({ registration: "registered", state: "s6" });
      expect((await historyOf(world, "a1")).data.map(({ state }) => state)).toEqual([
        "s6",
        "s5",
        "s4",
        "s3",
        "s2",
        "s1",
      ]);
      expect((await call(world, "GET", "/v1/opscore/agents")).body["data"]).toHaveLength(1);
    });

    test("a waiting task goes to the agent whose registration brings the capability", async () => {
      const agents = silentAgents();
      const world = await open({ call: agents.call });
      await report(world, "a1", "idle");
      const capable = { id: "c", name: "C", tasks: [{ taskId: "t1", agentCapability: "work" }] };
      const session = await start(world, { workflowDefinition: capable });
      await register(world, { agentId: "a1", capabilities: ["work"] });
      await world.flush();
      expect((await sessionOf(world, session)).tasks[0]).toMatchObject({ status: "running", agentId: "a1" });
    });

    test("P9: a report from a deregistered agent is 202, goes to its history and brings nothing back", async () => {
      const world = await open({ call: silentAgents().call });
      await register(world, { agentId: "a1" });
      await call(world, "POST", "/v1/opscore/internal/agent/notify", {
        event_type: "DEREGISTER",
        agent_details: { agentId: "a1" },
      });
      const reply = await report(world, "a1", "idle", { n: 1 });
      expect(reply.text).toBe('{"status":"success","message":"State update accepted"}');
      expect(await agentOf(world, "a1")).toMatchObject({
        registration: "deregistered",
        available: false,
        unavailableReason: { code: "agent_gone" },
      });
      expect((await historyOf(world, "a1")).data).toEqual([expect.objectContaining({ state: "idle" })]);
      const trigger = await call(world, "POST", "/v1/opscore/agent/a1/workflow", { workflowDefinition: oneTask("a1") });
      expectProblem(trigger, 409, "conflict");
    });

    test("P8: the same report twice is one entry and one answer, also when its task part was not applied", async () => {
      const world = await open();
      for (const details of [{ n: 1 }, { opscore_task_id: "nothing" }]) {
        const timestamp = stamp(world, 7);
        const first = await report(world, "a1", "idle", details, timestamp);
        world.clock.advance(2_000);
        const again = await report(world, "a1", "idle", details, timestamp);
        expect([first.status, again.status]).toEqual([202, 202]);
        expect(again.text).toBe(first.text);
      }
      expect((await historyOf(world, "a1")).data).toHaveLength(2);
    });

    test("a report from the future counts as now; the skew is shown on the agent", async () => {
      const world = await open();
      const future = new Date(world.clock.now() + 3_600_000).toISOString();
      await report(world, "a1", "busy", {}, future);
      expect(await agentOf(world, "a1")).toMatchObject({ state: "busy", clockSkewMs: 3_600_000 });
      expect((await stateOf(world, "a1"))["timestamp"]).toBe(future);
      world.clock.advance(1_000);
      await report(world, "a1", "idle");
      expect(await agentOf(world, "a1")).toMatchObject({ state: "idle", clockSkewMs: 0 });
    });

    test("P9: reports are ordered by microseconds, and the text of state and timestamp is kept as sent", async () => {
      const world = await open();
      const at = "2026-11-22T07:59:59";
      await report(world, "a1", "Busy / working ✓", { n: 2 }, `${at}.000002`);
      await report(world, "a1", "first", { n: 1 }, `${at}.000001+00:00`);
      expect(await stateOf(world, "a1")).toEqual({
        agentId: "a1",
        state: "Busy / working ✓",
        details: { n: 2 },
        timestamp: `${at}.000002`,
      });
      world.clock.advance(1);
      await report(world, "a1", "third", null, "2026-11-22T09:59:59.000002900+02:00");
      expect(await stateOf(world, "a1")).toMatchObject({ state: "third", details: null });
    });

    test("P9: two reports of a clock that is ahead keep their order, whichever arrives first", async () => {
      const world = await open();
      await report(world, "a1", "idle", { n: 2 }, "2026-11-22T08:05:00.004000");
      world.clock.advance(12);
      await report(world, "a1", "active", { n: 1 }, "2026-11-22T08:05:00.001000");
      expect(await agentOf(world, "a1")).toMatchObject({ state: "idle", available: true });
      world.clock.advance(9_000);
      await report(world, "a1", "active", { n: 3 }, "2026-11-22T08:05:09.000000");
      await report(world, "a1", "idle", { n: 2 }, "2026-11-22T08:05:00.004000");
      expect(await agentOf(world, "a1")).toMatchObject({ state: "active" });
      const history = await world.request("GET", "/v1/opscore/agents/a1/history");
      const { data } = (await history.json()) as { data: { details: unknown }[] };
      expect(data.map(({ details }) => details)).toEqual([{ n: 3 }, { n: 2 }, { n: 1 }]);
      // What a clock said that was set right since is not held against it.
      world.clock.advance(1_000);
      await report(world, "a1", "idle", { n: 4 }, "2026-11-22T08:00:10.000000");
      expect(await agentOf(world, "a1")).toMatchObject({ state: "idle" });
    });

    test("P9: what is later by the agent's clock is newer, also when our own clocks are minutes apart", async () => {
      const world = await open();
      world.clock.advance(240_000);
      await report(world, "a1", "active", null, "2026-11-22T08:06:40.000000");
      world.clock.advance(-179_000);
      await report(world, "a1", "idle", null, "2026-11-22T08:07:41.000000");
      expect(await agentOf(world, "a1")).toMatchObject({ state: "idle" });
      world.clock.advance(-1_000);
      await report(world, "a1", "active", { same: "moment" }, "2026-11-22T08:07:41.000000");
      await report(world, "a1", "active", { same: "moment" }, "2026-11-22T08:07:41.000000");
      const history = await world.request("GET", "/v1/opscore/agents/a1/history");
      expect(((await history.json()) as { data: unknown[] }).data).toHaveLength(3);
    });

    test.each(["idle", "FINISHED", "Completed", "ready"])("%s means free: the agent is available", async (state) => {
      const world = await open();
      await report(world, "a1", state);
      expect(await agentOf(world, "a1")).toMatchObject({ available: true, unavailableReason: null, state });
    });

    test.each(["active", "BUSY", "Working", "running", "processing", "error", "FAILED", "initializing", "lunch"])(
      "%s is not free: the agent is not available and says why",
      async (state) => {
        const world = await open();
        await report(world, "a1", state);
        expect(await agentOf(world, "a1")).toMatchObject({
          available: false,
          unavailableReason: { code: "agent_not_free", message: expect.stringContaining(state) as string },
        });
      },
    );

    test("the history has every report, newest first, in pages that stay stable under new reports", async () => {
      const world = await open();
      for (let n = 1; n <= 5; n += 1) {
        world.clock.advance(1_000);
        await report(world, "a1", `s${n}`, { n });
      }
      const first = await historyOf(world, "a1", "?limit=2");
      expect(first.data).toEqual([
        expect.objectContaining({ state: "s5", details: { n: 5 }, timestamp: stamp(world), taskAttemptId: null }),
        expect.objectContaining({ state: "s4" }),
      ]);
      world.clock.advance(1_000);
      await report(world, "a1", "s6");
      const second = await historyOf(world, "a1", `?limit=2&cursor=${first.nextCursor}`);
      expect(second.data.map(({ state }) => state)).toEqual(["s3", "s2"]);
      const third = await historyOf(world, "a1", `?limit=2&cursor=${second.nextCursor}`);
      expect([third.data.map(({ state }) => state), third.nextCursor]).toEqual([["s1"], null]);
      expectProblem(await call(world, "GET", "/v1/opscore/agents/a2/history"), 404, "agent_not_found");
    });

    test("PUT registers an agent: 201 when it is new, 200 afterwards, with the agent as the answer", async () => {
      const world = await open();
      const created = await call(world, "PUT", "/v1/opscore/agents/a1", { ...put, metadata: { k: 1 } });
      expect([created.status, created.body]).toEqual([
        201,
        expect.objectContaining({ agentId: "a1", ...put, metadata: { k: 1 }, registration: "registered" }),
      ]);
      for (const version of ["2", "2", "3"]) {
        const again = await call(world, "PUT", "/v1/opscore/agents/a1", { ...put, version });
        expect([again.status, again.body["version"], again.body["metadata"]]).toEqual([200, version, null]);
      }
      expect(await agentOf(world, "a1")).toMatchObject({ version: "3" });
      await report(world, "p1", "idle");
      expect((await call(world, "PUT", "/v1/opscore/agents/p1", { ...put, agentName: "P" })).status).toBe(200);
      expect(await agentOf(world, "p1")).toMatchObject({ registration: "registered", state: "idle" });
    });

    test.each([
      ["agentName", undefined, "required"],
      ["version", 1, "invalid_type"],
      ["capabilities", "work", "invalid_type"],
      ["contactEndpoint", "ftp://agent.test/", "invalid"],
      ["contactEndpoint", "agent.test", "invalid"],
      ["metadata", [], "invalid_type"],
      ["unknown", 1, "unknown_key"],
    ])("PUT with %s = %j is 422", async (key, value, code) => {
      const world = await open();
      const reply = await call(world, "PUT", "/v1/opscore/agents/a1", { ...put, [key]: value });
      expect(expectProblem(reply, 422, "validation_failed")["errors"]).toEqual([
        expect.objectContaining({ pointer: `/${key}`, code }),
      ]);
      expect((await call(world, "PUT", "/v1/opscore/agents/a1", { ...put, "x-own": 1 })).status).toBe(201);
    });

    test("UNKNOWN comes with null details and the time of registration; an unknown agent is 404", async () => {
      const world = await open();
      await register(world, { agentId: "a1" });
      const registeredAt = new Date(world.clock.now()).toISOString();
      world.clock.advance(5_000);
      await register(world, { agentId: "a1", version: "2" });
      expect(await stateOf(world, "a1")).toEqual({
        agentId: "a1",
        state: "UNKNOWN",
        details: null,
        timestamp: registeredAt,
      });
      for (const path of ["/v1/opscore/agent/a2/state", "/v1/opscore/agents/a2"]) {
        expectProblem(await call(world, "GET", path), 404, "agent_not_found");
      }
    });
  });
};
