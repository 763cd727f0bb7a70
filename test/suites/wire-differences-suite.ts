import { describe, expect, test } from "vitest";
import {
  call,
  expectProblem,
  notification,
  NOTIFY,
  oneTask,
  register,
  report,
  sessionOf,
  silentAgents,
  stateOf,
  worldsOf,
} from "../support/api.ts";
import type { Platform } from "../support/world.ts";

const STATE = "/v1/opscore/agent/a1/state";
const TRIGGER = "/v1/opscore/agent/a1/workflow";
const at = "2026-11-22T08:00:00Z";

/** What we answer on purpose otherwise than the original service did. */
export const wireDifferencesSuite = (platform: Platform): void => {
  describe(`deliberate differences from the original service on ${platform.name}`, () => {
    const open = worldsOf(platform);

    test("malformed JSON is 400, where it was 422", async () => {
      const world = await open();
      for (const path of [STATE, TRIGGER, NOTIFY]) {
        expectProblem(await call(world, "POST", path, '{"agentId":'), 400, "malformed_json");
      }
    });

    test("a report of an unknown agent is 202 and makes it known, where it was 404", async () => {
      const world = await open();
      expect((await report(world, "a1", "idle")).status).toBe(202);
      expect((await stateOf(world, "a1"))["state"]).toBe("idle");
    });

    test("an unsigned notify is 401 and changes nothing, where it was 200", async () => {
      const world = await open({ allowUnsigned: false, webhookSecrets: ["secret"] });
      const reply = await call(world, "POST", NOTIFY, notification("REGISTER", { agentId: "a1" }));
      expectProblem(reply, 401, "invalid_signature");
      expectProblem(await call(world, "GET", "/v1/opscore/agents/a1"), 404, "agent_not_found");
    });

    test("metadata null is 200, where it was 422", async () => {
      const world = await open();
      const reply = await call(world, "POST", NOTIFY, notification("REGISTER", { agentId: "a1", metadata: null }));
      expect(reply.status).toBe(200);
      expect((await call(world, "GET", "/v1/opscore/agents/a1")).body["metadata"]).toBeNull();
    });

    test("an empty agentId is 422, in the webhook and in a report", async () => {
      const world = await open();
      const notify = await call(world, "POST", NOTIFY, notification("REGISTER", { agentId: "" }));
      expectProblem(notify, 422, "validation_failed");
      const state = await call(world, "POST", STATE, { agentId: "", timestamp: at, state: "idle" });
      expectProblem(state, 422, "validation_failed");
    });

    test.each(["not-a-date", "", "2026-11-22", "2026-02-30T00:00:00Z", "1795333505", "2026-11-22T24:00:00Z"])(
      "a timestamp that is no date is 422, where it was 202: %j",
      async (timestamp) => {
        const world = await open();
        const reply = await report(world, "a1", "idle", {}, timestamp);
        const { errors } = expectProblem(reply, 422, "validation_failed");
        expect(errors).toEqual([expect.objectContaining({ pointer: "/timestamp", code: "invalid_timestamp" })]);
      },
    );

    test("an older report does not win: it goes into the history and leaves the state alone", async () => {
      const world = await open();
      await report(world, "a1", "idle", { n: 1 });
      const before = await stateOf(world, "a1");
      expect((await report(world, "a1", "old", { n: 0 }, "2020-01-01T00:00:00+00:00")).status).toBe(202);
      expect(await stateOf(world, "a1")).toEqual(before);
      const history = await call(world, "GET", "/v1/opscore/agents/a1/history");
      expect((history.body["data"] as { state: string }[]).map(({ state }) => state)).toEqual(["idle", "old"]);
    });

    test("a definition without tasks is 422, where it was 202", async () => {
      const world = await open();
      await register(world, { agentId: "a1" });
      const reply = await call(world, "POST", TRIGGER, { workflowDefinition: { id: "w", name: "W", tasks: [] } });
      const { errors } = expectProblem(reply, 422, "invalid_definition");
      expect(errors).toEqual([expect.objectContaining({ pointer: "/workflowDefinition/tasks" })]);
    });

    test("initialPayload is merged over the first task's parameters, where it replaced them", async () => {
      const world = await open();
      await register(world, { agentId: "a1" });
      const reply = await call(world, "POST", TRIGGER, {
        workflowDefinition: oneTask("a1", "w", { parameters: { kept: 1, replaced: { x: 1 } } }),
        initialPayload: { replaced: { y: 2 }, added: [3] },
      });
      const session = await sessionOf(world, reply.body["sessionId"] as string);
      expect(session.tasks[0]?.parameters).toEqual({ kept: 1, replaced: { y: 2 }, added: [3] });
    });

    test.each([[null], [{}], [undefined]])("initialPayload %j is none", async (initialPayload) => {
      const world = await open();
      await register(world, { agentId: "a1" });
      const reply = await call(world, "POST", TRIGGER, {
        workflowDefinition: oneTask("a1", "w", { parameters: { kept: 1 } }),
        ...(initialPayload === undefined ? {} : { initialPayload }),
      });
      const session = await sessionOf(world, reply.body["sessionId"] as string);
      expect(session.tasks[0]?.parameters).toEqual({ kept: 1 });
    });

    test("REGISTER again updates the data and keeps state and work", async () => {
      const world = await open({ call: silentAgents().call });
      await register(world, { agentId: "a1", version: "1" });
      await report(world, "a1", "idle", { n: 1 });
      const reply = await call(world, "POST", TRIGGER, { workflowDefinition: oneTask("a1") });
      await world.flush();
      const state = await stateOf(world, "a1");
      world.clock.advance(1_000);
      await register(world, { agentId: "a1", version: "2", capabilities: ["other"] });
      expect(await stateOf(world, "a1")).toEqual(state);
      const agent = await call(world, "GET", "/v1/opscore/agents/a1");
      expect(agent.body).toMatchObject({ version: "2", capabilities: ["other"], registration: "registered" });
      expect(agent.body["tasks"]).toHaveLength(1);
      await world.sweep();
      const session = await sessionOf(world, reply.body["sessionId"] as string);
      expect(session.tasks[0]?.attempts.map(({ status }) => status)).toEqual(["running"]);
    });

    const badIds = ["a b", "é", "-a", ".", "a/b", "a?b", "a".repeat(129), "a\nb", "%00", "😀", "~a"];

    test.each(badIds)("the id %j is outside the pattern: 400 in paths and in bodies", async (id) => {
      const world = await open();
      const path = `/v1/opscore/agent/${encodeURIComponent(id)}`;
      // A lone dot is removed from a URL before it is sent.
      if (id !== ".") {
        const sent = await call(world, "POST", `${path}/state`, { agentId: id, timestamp: at, state: "idle" });
        expectProblem(sent, 400, "invalid_id");
        expectProblem(await call(world, "GET", `${path}/state`), 400, "invalid_id");
        expectProblem(await call(world, "POST", `${path}/workflow`, { workflowDefinitionId: "w" }), 400, "invalid_id");
      }
      expectProblem(await call(world, "POST", NOTIFY, notification("REGISTER", { agentId: id })), 400, "invalid_id");
      expectProblem(await call(world, "POST", TRIGGER, { workflowDefinitionId: id }), 400, "invalid_id");
      expectProblem(await call(world, "POST", TRIGGER, { workflowDefinition: oneTask("a1", id) }), 400, "invalid_id");
    });

    test("an id of 128 characters is taken, with every character that the pattern allows", async () => {
      const world = await open();
      const id = `A9z._~:-${"x".repeat(120)}`;
      await register(world, { agentId: id });
      expect((await report(world, id, "idle")).status).toBe(202);
      expect((await stateOf(world, id))["agentId"]).toBe(id);
    });
  });
};
