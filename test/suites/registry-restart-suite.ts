import { describe, expect, test } from "vitest";
import {
  call,
  notification,
  oneTask,
  register,
  report,
  sessionOf,
  silentAgents,
  start,
  stateOf,
  worldsOf,
  type Json,
} from "../support/api.ts";
import { notifySigned, unixSeconds } from "../support/sign-webhook.ts";
import type { Platform, World } from "../support/world.ts";

const SECRET = "secret";

const agentOf = async (world: World, id: string): Promise<Json> =>
  (await call(world, "GET", `/v1/opscore/agents/${id}`)).body;

const retried = (agentId: string, id: string): Json => ({
  id,
  name: id,
  tasks: [{ taskId: "t1", agentId, retry: { maxAttempts: 3, initialInterval: "0s" } }],
});

/** A new id for the name of a registered agent is that agent, restarted. */
export const registryRestartSuite = (platform: Platform): void => {
  describe(`restarted agents on ${platform.name}`, () => {
    const open = worldsOf(platform);

    test("the old id is superseded; its path and its reports do not bring it back", async () => {
      const world = await open();
      await register(world, { agentId: "old", agentName: "Worker" });
      await report(world, "old", "busy");
      world.clock.advance(1_000);
      await register(world, { agentId: "new", agentName: "Worker" });
      expect(await agentOf(world, "old")).toMatchObject({ registration: "superseded", supersededBy: "new" });
      expect(await agentOf(world, "new")).toMatchObject({ registration: "registered", supersededBy: null });
      expect(await stateOf(world, "old")).toMatchObject({ agentId: "new", state: "UNKNOWN" });
      world.clock.advance(1_000);
      expect((await report(world, "old", "idle")).status).toBe(202);
      expect(await agentOf(world, "old")).toMatchObject({ registration: "superseded", available: false });
      expect(await stateOf(world, "old")).toMatchObject({ agentId: "new", state: "UNKNOWN" });
      const history = await call(world, "GET", "/v1/opscore/agents/old/history");
      expect((history.body["data"] as Json[]).map(({ state }) => state)).toEqual(["idle", "busy"]);
    });

    test("P9: of two ids that register for one name at one moment, one replaces the other", async () => {
      const world = await open({ webhookSecrets: [SECRET] });
      const at = unixSeconds(world.clock.now());
      const ids = ["a", "b", "c"];
      const registered = ids.map((agentId, place) =>
        notifySigned(
          world,
          SECRET,
          notification("REGISTER", { agentId, agentName: "Worker" }),
          `${Number(at) + (2 - place)}`,
        ),
      );
      expect((await Promise.all(registered)).map(({ status }) => status)).toEqual([200, 200, 200]);
      await world.flush();
      const after = await Promise.all(ids.map((id) => agentOf(world, id)));
      expect(after.map(({ registration }) => registration)).toEqual(["registered", "superseded", "superseded"]);
      // Which of the newer ones came first is open; whoever replaced whom, every path leads to the newest.
      const [byNobody, byA, byNewer] = after.map(({ supersededBy }) => supersededBy);
      expect([byNobody, byA]).toEqual([null, "a"]);
      expect(["a", "b"]).toContain(byNewer);
      for (const id of ids) expect(await stateOf(world, id)).toMatchObject({ agentId: "a" });
    });

    test("an id that comes back takes up what had gone on to its successor", async () => {
      const agents = silentAgents();
      const world = await open({ call: agents.call });
      await register(world, { agentId: "x1", agentName: "Worker" });
      const session = await start(world, { workflowDefinition: retried("x1", "w") });
      world.clock.advance(1_000);
      await register(world, { agentId: "x2", agentName: "Worker" });
      await world.flush();
      world.clock.advance(1_000);
      await call(world, "POST", "/v1/opscore/internal/agent/notify", notification("DEREGISTER", { agentId: "x2" }));
      await world.flush();
      expect(await sessionOf(world, session)).toMatchObject({ status: "waiting", waitingFor: { code: "agent_gone" } });
      world.clock.advance(1_000);
      await register(world, { agentId: "x1", agentName: "Worker" });
      await world.flush();
      expect(await sessionOf(world, session)).toMatchObject({ status: "running", tasks: [{ agentId: "x1" }] });
    });

    test("a late registration of a replaced id gives up what that id held, at once", async () => {
      const agents = silentAgents();
      const world = await open({ call: agents.call, webhookSecrets: [SECRET] });
      const signed = (seconds: number) => unixSeconds(world.clock.now() + seconds * 1_000);
      const put = { version: "1", capabilities: [], contactEndpoint: "http://agent.test/o1" };
      await call(world, "PUT", "/v1/opscore/agents/o1", { ...put, agentName: "Other" });
      const session = await start(world, { workflowDefinition: retried("o1", "w") });
      await notifySigned(world, SECRET, notification("REGISTER", { agentId: "n1", agentName: "Worker" }), signed(5));
      await notifySigned(world, SECRET, notification("REGISTER", { agentId: "o1", agentName: "Worker" }), signed(2));
      await world.flush();
      expect(await agentOf(world, "o1")).toMatchObject({ registration: "superseded", supersededBy: "n1" });
      const { tasks } = await sessionOf(world, session);
      expect(tasks).toMatchObject([{ agentId: "n1", attempts: [{ status: "agent_restarted" }, { agentId: "n1" }] }]);
    });

    test("its attempts in flight end agent_restarted and count; the task goes to the new id at once", async () => {
      const agents = silentAgents();
      const world = await open({ call: agents.call });
      await register(world, { agentId: "old", agentName: "Worker" });
      const session = await start(world, { workflowDefinition: retried("old", "w") });
      expect(agents.sent).toHaveLength(1);
      world.clock.advance(1_000);
      await register(world, { agentId: "new", agentName: "Worker", contactEndpoint: "http://agent.test/new" });
      await world.flush();
      const { tasks } = await sessionOf(world, session);
      expect(tasks[0]?.attempts).toEqual([
        expect.objectContaining({ agentId: "old", status: "agent_restarted", counts: true }),
        expect.objectContaining({ agentId: "new", status: "running" }),
      ]);
      expect(agents.sent.map(({ url }) => url)).toEqual(["http://agent.test/task", "http://agent.test/new"]);
    });

    test("a task, a home and a path that name an older id mean the newest, over several restarts", async () => {
      const agents = silentAgents();
      const world = await open({ call: agents.call });
      for (const agentId of ["v1", "v2", "v3"]) {
        world.clock.advance(1_000);
        await register(world, { agentId, agentName: "Worker", contactEndpoint: `http://agent.test/${agentId}` });
      }
      const session = await start(world, { workflowDefinition: oneTask("v1", "w") });
      expect((await sessionOf(world, session)).tasks[0]?.agentId).toBe("v3");
      const home = { id: "h", name: "H", tasks: [{ taskId: "t1" }] };
      const reply = await call(world, "POST", "/v1/opscore/agent/v2/workflow", { workflowDefinition: home });
      await world.flush();
      expect((await sessionOf(world, reply.body["sessionId"] as string))["agentId"]).toBe("v3");
      for (const id of ["v1", "v2"]) expect((await agentOf(world, id))["supersededBy"]).toBe("v3");
    });

    test("P9: a registration of the old id that comes late does not take the name back", async () => {
      const world = await open({ allowUnsigned: false, webhookSecrets: [SECRET] });
      const now = world.clock.now();
      await notifySigned(world, SECRET, notification("REGISTER", { agentId: "new", agentName: "Worker" }));
      const late = notification("REGISTER", { agentId: "old", agentName: "Worker" });
      expect((await notifySigned(world, SECRET, late, unixSeconds(now - 60_000))).status).toBe(200);
      expect(await agentOf(world, "old")).toMatchObject({ registration: "superseded", supersededBy: "new" });
      expect(await agentOf(world, "new")).toMatchObject({ registration: "registered" });
    });

    test("a provisional agent whose name is registered under another id becomes its successor", async () => {
      const world = await open();
      await register(world, { agentId: "old", agentName: "Worker" });
      world.clock.advance(1_000);
      await report(world, "new", "idle", { fresh: true });
      await register(world, { agentId: "new", agentName: "Worker" });
      expect(await agentOf(world, "old")).toMatchObject({ registration: "superseded", supersededBy: "new" });
      expect(await stateOf(world, "old")).toMatchObject({ agentId: "new", state: "idle", details: { fresh: true } });
    });

    test("an older id that registers again is the newest once more", async () => {
      const world = await open({ call: silentAgents().call });
      for (const agentId of ["v1", "v2", "v1"]) {
        world.clock.advance(1_000);
        await register(world, { agentId, agentName: "Worker" });
      }
      expect(await agentOf(world, "v1")).toMatchObject({ registration: "registered", supersededBy: null });
      expect(await agentOf(world, "v2")).toMatchObject({ registration: "superseded", supersededBy: "v1" });
      for (const id of ["v1", "v2"]) expect(await stateOf(world, id)).toMatchObject({ agentId: "v1" });
      const session = await start(world, { workflowDefinition: oneTask("v2") });
      expect((await sessionOf(world, session)).tasks[0]?.agentId).toBe("v1");
      world.clock.advance(1_000);
      await register(world, { agentId: "v3", agentName: "Worker" });
      for (const id of ["v1", "v2"]) expect((await agentOf(world, id))["supersededBy"]).toBe("v3");
      expect((await agentOf(world, "v3"))["supersededBy"]).toBeNull();
    });

    test("empty names never replace one another, and a deregistered agent is not replaced", async () => {
      const world = await open();
      for (const agentId of ["a", "b"]) await register(world, { agentId, agentName: "" });
      expect([(await agentOf(world, "a"))["registration"], (await agentOf(world, "b"))["registration"]]).toEqual([
        "registered",
        "registered",
      ]);
      await register(world, { agentId: "c", agentName: "Worker" });
      await call(world, "POST", "/v1/opscore/internal/agent/notify", notification("DEREGISTER", { agentId: "c" }));
      world.clock.advance(1_000);
      await register(world, { agentId: "d", agentName: "Worker" });
      expect(await agentOf(world, "c")).toMatchObject({ registration: "deregistered", supersededBy: null });
    });

    test("a deregistered agent's attempt ends without counting and the task waits for an agent", async () => {
      const world = await open({ call: silentAgents().call });
      await register(world, { agentId: "a1" });
      const session = await start(world, { workflowDefinition: oneTask("a1") });
      await call(world, "POST", "/v1/opscore/internal/agent/notify", notification("DEREGISTER", { agentId: "a1" }));
      await world.flush();
      const view = await sessionOf(world, session);
      expect(view.tasks[0]?.attempts).toEqual([
        expect.objectContaining({ agentId: "a1", status: "agent_deregistered", counts: false }),
      ]);
      expect(view).toMatchObject({ status: "waiting", waitingFor: { code: "agent_gone" } });
      world.clock.advance(2_000);
      await register(world, { agentId: "a1" });
      await world.flush();
      expect((await sessionOf(world, session))["status"]).toBe("running");
    });

    test("L3: an agent that is back before its attempts were ended gets them anew, not when its time is up", async () => {
      const agents = silentAgents();
      const world = await open({ call: agents.call });
      await register(world, { agentId: "a1" });
      const session = await start(world, { workflowDefinition: oneTask("a1") });
      // The worker dies after each commit: nothing is woken.
      const whole = { ...world.deps.defer };
      Object.assign(world.deps.defer, { defer: () => undefined });
      await call(world, "POST", "/v1/opscore/internal/agent/notify", notification("DEREGISTER", { agentId: "a1" }));
      world.clock.advance(2_000);
      await register(world, { agentId: "a1" });
      Object.assign(world.deps.defer, whole);
      await world.sweep();
      expect((await sessionOf(world, session)).tasks[0]?.attempts).toEqual([
        expect.objectContaining({ agentId: "a1", status: "agent_deregistered", counts: false }),
        expect.objectContaining({ agentId: "a1", status: "running" }),
      ]);
      expect(agents.sent).toHaveLength(2);
    });

    test("PUT counts as said now: also after a webhook that was signed by a fast clock", async () => {
      const world = await open({ allowUnsigned: false, webhookSecrets: [SECRET] });
      const now = world.clock.now();
      const content = notification("REGISTER", { agentId: "a1", version: "1" });
      await notifySigned(world, SECRET, content, unixSeconds(now + 200_000));
      const put = { agentName: "A1", version: "2", capabilities: [], contactEndpoint: "http://agent.test/" };
      const reply = await call(world, "PUT", "/v1/opscore/agents/a1", put);
      expect([reply.status, reply.body["version"]]).toEqual([200, "2"]);
    });
  });
};
