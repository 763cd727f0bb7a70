import { describe, expect, test } from "vitest";
import { SCOPES, type Operation } from "../../src/contract/operations/operation.ts";
import { operations } from "../../src/contract/operations/table.ts";
import { call, expectProblem, oneTask, silentAgents, start, stamp, worldsOf, type Json } from "../support/api.ts";
import { BASE, makeKey, withKey } from "../support/keys.ts";
import type { Platform, World } from "../support/world.ts";

const AGENTS = "/v1/opscore/agents";
const registration = (agentName: string): Json => ({
  agentName,
  version: "1",
  capabilities: ["write"],
  contactEndpoint: `http://${agentName}.test/`,
});

/** Which key may do what, and who is named for it. */
export const keyScopesSuite = (platform: Platform): void => {
  const open = worldsOf(platform);
  const keyOf = async (world: World, ...scopes: readonly string[]): Promise<string> =>
    (await makeKey(world, { scopes })).key;

  describe(`scopes on ${platform.name}`, () => {
    test("each operation wants its scope of the table: with all others it is 403 and named, with it alone it is not", async () => {
      const world = await open({ call: silentAgents().call });
      const all = await keyOf(world, ...SCOPES);
      const but = new Map<string, string>();
      const only = new Map<string, string>();
      for (const scope of SCOPES) {
        but.set(scope, await keyOf(world, ...SCOPES.filter((one) => one !== scope)));
        only.set(scope, await keyOf(world, scope));
      }
      for (const [name, { scope, example, body }] of Object.entries<Operation>(operations)) {
        if (scope === null) continue;
        const [method = "", template = ""] = name.split(" ");
        const path = template.replaceAll(/\{(\w+)\}/g, (_, key: string) => example.path[key] ?? "");
        const problem = expectProblem(
          await withKey(world, but.get(scope) ?? "", method, path, body?.example),
          403,
          "forbidden",
        );
        expect([name, problem["detail"]]).toEqual([name, `The key lacks the scope ${scope}`]);
        // What is made of keys by an example is more than this one may give away.
        if (scope === "keys:write") continue;
        for (const key of [only.get(scope) ?? "", all]) {
          const reply = await withKey(world, key, method, path, body?.example);
          expect([name, reply.status, reply.body["detail"]]).not.toEqual([name, 403, expect.anything()]);
        }
      }
    });

    test("who may start sessions starts what is saved; a definition of one's own wants the right to save one", async () => {
      const world = await open({ call: silentAgents().call });
      await call(world, "PUT", `${AGENTS}/a`, registration("a"));
      await call(world, "POST", "/v1/opscore/workflows", { ...oneTask("a"), id: "saved" });
      const [starter, author] = [
        await keyOf(world, "sessions:write"),
        await keyOf(world, "sessions:write", "workflows:write"),
      ];
      for (const path of ["/v1/opscore/sessions", "/v1/opscore/agent/a/workflow"]) {
        const saved = await withKey(world, starter, "POST", path, { workflowDefinitionId: "saved" });
        expect([saved.status, saved.text]).toEqual([202, expect.anything()]);
        const own = { workflowDefinition: { ...oneTask("a"), id: "own" } };
        const refused = await withKey(world, starter, "POST", path, own);
        expect(expectProblem(refused, 403, "forbidden")["detail"]).toBe("The key lacks the scope workflows:write");
        expectProblem(await call(world, "GET", "/v1/opscore/workflows/own"), 404, "workflow_not_found");
      }
      for (const path of ["/v1/opscore/sessions", "/v1/opscore/agent/a/workflow"]) {
        const own = { workflowDefinition: { ...oneTask("a"), id: "own" } };
        expect((await withKey(world, author, "POST", path, own)).status).toBe(202);
      }
    });

    test("the missing scope is in the header as well, for programs", async () => {
      const world = await open();
      const reply = await withKey(world, await keyOf(world, "agents:read"), "GET", "/v1/opscore/sessions");
      expect(reply.headers.get("WWW-Authenticate")).toBe('Bearer error="insufficient_scope", scope="sessions:read"');
    });

    test("roles: a viewer reads, an operator steers, an admin makes keys; nobody of them speaks for agents but the admin", async () => {
      const world = await open();
      const may = async (role: string, method: string, path: string, body?: unknown): Promise<boolean> =>
        (await withKey(world, (await makeKey(world, { role })).key, method, path, body)).status !== 403;
      const table: readonly (readonly [string, string, unknown, readonly string[]])[] = [
        ["GET", "/v1/opscore/sessions", undefined, ["viewer", "operator", "admin"]],
        ["POST", "/v1/opscore/workflows/validate", oneTask("a"), ["viewer", "operator", "admin"]],
        ["POST", "/v1/opscore/workflows", oneTask("a"), ["operator", "admin"]],
        ["PUT", `${AGENTS}/a`, registration("a"), ["operator", "admin"]],
        ["POST", "/v1/opscore/agent/a/state", {}, ["admin"]],
        ["POST", "/v1/opscore/tasks/tsk_1/complete", {}, ["admin"]],
        ["GET", BASE, undefined, ["admin"]],
        ["POST", BASE, {}, ["admin"]],
      ];
      for (const [method, path, body, roles] of table) {
        const found: string[] = [];
        for (const role of ["viewer", "operator", "admin"]) if (await may(role, method, path, body)) found.push(role);
        expect([method, path, found]).toEqual([method, path, roles]);
      }
    });

    test("`x:*` is both; nothing is served to a key where nothing is served", async () => {
      const world = await open();
      const key = await keyOf(world, "sessions:*");
      expect((await withKey(world, key, "GET", "/v1/opscore/sessions")).status).toBe(200);
      expect((await withKey(world, key, "POST", "/v1/opscore/sessions", {})).status).toBe(422);
      expectProblem(await withKey(world, key, "GET", "/v1/opscore/nothing"), 404, "not_found");
      expectProblem(await withKey(world, key, "DELETE", "/v1/opscore/agents"), 405, "method_not_allowed");
      expect((await withKey(world, key, "HEAD", "/v1/opscore/sessions")).status).toBe(200);
      expect((await withKey(world, key, "HEAD", "/v1/opscore/agents")).status).toBe(403);
    });
  });

  describe(`keys of one agent on ${platform.name}`, () => {
    const report = (world: World, key: string, agentId: string, details: Json = {}) =>
      withKey(world, key, "POST", `/v1/opscore/agent/${agentId}/state`, {
        agentId: decodeURIComponent(agentId),
        timestamp: stamp(world),
        state: "idle",
        details,
      });

    test("a report for another agent is 403, however its id is written; in the body 400", async () => {
      const world = await open();
      for (const id of ["a", "b"]) await call(world, "PUT", `${AGENTS}/${id}`, registration(id));
      const key = await keyOf(world, "state:write:a");
      expect((await report(world, key, "a")).status).toBe(202);
      expect((await report(world, key, "%61")).status).toBe(202);
      for (const other of ["b", "%62", "A", "a%2F..%2Fb"]) {
        const problem = expectProblem(await report(world, key, other), 403, "forbidden");
        expect(problem["detail"]).toContain("The key lacks the scope state:write for the agent ");
      }
      const body = { agentId: "b", timestamp: stamp(world), state: "idle" };
      expectProblem(await withKey(world, key, "POST", "/v1/opscore/agent/a/state", body), 400, "id_mismatch");
      expect((await call(world, "GET", `${AGENTS}/b`)).body["stateReportedAt"]).toBeNull();
    });

    test("its attempt is settled, another's is 403 and nothing is kept, while it runs and when it has ended", async () => {
      const { sent, call: take } = silentAgents();
      const world = await open({ call: take });
      for (const id of ["a", "b"]) await call(world, "PUT", `${AGENTS}/${id}`, registration(id));
      const key = await keyOf(world, "tasks:write:a");
      const settle = (attempt: string, verb: string, body: Json = {}) =>
        withKey(world, key, "POST", `/v1/opscore/tasks/${attempt}/${verb}`, body);
      const sessionId = await start(world, { workflowDefinition: oneTask("b") });
      const log = () => call(world, "GET", `/v1/opscore/sessions/${sessionId}/log`);
      const attempt = sent.at(-1)?.taskId ?? "";
      const failure = { error: { code: "x", message: "x" } };
      const before = (await log()).text;
      const refused = async (): Promise<void> => {
        for (const [verb, body] of [
          ["complete", {}],
          ["fail", failure],
          ["heartbeat", {}],
        ] as const) {
          for (const id of [attempt, attempt.slice(0, -2)]) {
            const problem = expectProblem(await settle(id, verb, body), 403, "forbidden");
            expect(problem["detail"]).toContain("tasks:write for the agent b");
          }
        }
      };
      await refused();
      expect((await log()).text).toBe(before);
      await call(world, "POST", `/v1/opscore/tasks/${attempt}/complete`, { output: 1 });
      const ended = (await log()).text;
      await refused();
      expect((await log()).text).toBe(ended);
      await start(world, { workflowDefinition: oneTask("a") });
      const own = sent.at(-1)?.taskId ?? "";
      expect((await settle(own, "heartbeat")).status).toBe(200);
      expect((await settle(own, "complete")).status).toBe(200);
      expect((await settle(own, "complete")).status).toBe(200);
      expectProblem(await settle("tsk_none", "complete"), 404, "task_not_found");
      expectProblem(await settle(`${own.slice(0, -1)}9`, "heartbeat"), 404, "task_not_found");
    });

    test("a key for several agents settles for each of them", async () => {
      const { sent, call: take } = silentAgents();
      const world = await open({ call: take });
      for (const id of ["a", "b"]) await call(world, "PUT", `${AGENTS}/${id}`, registration(id));
      const key = await keyOf(world, "tasks:write:a", "tasks:write:b");
      for (const id of ["a", "b"]) {
        await start(world, { workflowDefinition: oneTask(id) });
        const path = `/v1/opscore/tasks/${sent.at(-1)?.taskId ?? ""}/complete`;
        expect((await withKey(world, key, "POST", path, {})).status).toBe(200);
      }
    });

    test("it registers itself, and neither another nor in another's place", async () => {
      const world = await open();
      await call(world, "PUT", `${AGENTS}/b`, registration("b"));
      const key = await keyOf(world, "agents:*:a");
      const put = (id: string, name: string) => withKey(world, key, "PUT", `${AGENTS}/${id}`, registration(name));
      expect([(await put("a", "a")).status, (await put("a", "a2")).status]).toEqual([201, 200]);
      expectProblem(await put("b", "b"), 403, "forbidden");
      expect(expectProblem(await put("a", "b"), 403, "forbidden")["detail"]).toContain("the agent b");
      expect((await call(world, "GET", `${AGENTS}/b`)).body["registration"]).toBe("registered");
      expect((await withKey(world, key, "GET", `${AGENTS}/a`)).status).toBe(200);
      expectProblem(await withKey(world, key, "GET", `${AGENTS}/b`), 403, "forbidden");
      expectProblem(await withKey(world, key, "GET", AGENTS), 403, "forbidden");
    });
  });

  describe(`what keys give and are named for on ${platform.name}`, () => {
    test("nobody gives what they have not, neither with a new key nor with another secret of one", async () => {
      const world = await open();
      const maker = await keyOf(world, "keys:*", "sessions:read", "state:write:a");
      const make = (body: Json) => withKey(world, maker, "POST", BASE, { name: "n", ...body });
      for (const scopes of [["sessions:read"], ["state:write:a"], ["keys:read", "keys:write"], ["keys:*"]]) {
        expect((await make({ scopes })).status).toBe(201);
      }
      for (const body of [
        { scopes: ["sessions:write"] },
        { scopes: ["sessions:*"] },
        { scopes: ["state:write"] },
        { scopes: ["state:write:b"] },
        { scopes: ["sessions:read", "agents:read"] },
        { role: "viewer" },
        { role: "admin" },
      ]) {
        expectProblem(await make(body), 403, "forbidden");
      }
      expect(expectProblem(await make({ scopes: ["state:write:b"] }), 403, "forbidden")["detail"]).toContain(
        "missing: state:write:b",
      );
      const admin = await makeKey(world, { role: "admin" });
      expectProblem(await withKey(world, maker, "POST", `${BASE}/${admin.keyId}/rotate`), 403, "forbidden");
      const other = await makeKey(world, { scopes: ["sessions:read"] });
      expect((await withKey(world, maker, "POST", `${BASE}/${other.keyId}/rotate`)).status).toBe(200);
      expect((await withKey(world, admin.key, "POST", BASE, { name: "n", role: "admin" })).status).toBe(201);
      expect((await withKey(world, maker, "POST", `${BASE}/${admin.keyId}/revoke`)).status).toBe(200);
    });

    test("a key that ends makes none that outlives it", async () => {
      const world = await open();
      const maker = await makeKey(world, { role: "admin", expiresIn: "1h" });
      const make = (body: Json) => withKey(world, maker.key, "POST", BASE, { name: "n", role: "viewer", ...body });
      const plain = await make({});
      expect([plain.status, plain.body["expiresAt"]]).toEqual([201, maker.reply.body["expiresAt"]]);
      expect((await make({ expiresIn: "1h" })).status).toBe(201);
      expectProblem(await make({ expiresIn: "61m" }), 403, "forbidden");
      const forever = await makeKey(world, { role: "viewer" });
      expectProblem(await withKey(world, maker.key, "POST", `${BASE}/${forever.keyId}/rotate`), 403, "forbidden");
    });

    test("what is done with a key names it, in the log and in what it has made; the root key stays root", async () => {
      const world = await open();
      const { key, keyId } = await makeKey(world, { name: "ada's laptop", role: "admin" });
      const actor = { kind: "key", id: keyId, name: "ada's laptop" };
      const definition = { ...oneTask("a"), tasks: [{ taskId: "ask", type: "approval" }] };
      const started = await withKey(world, key, "POST", "/v1/opscore/sessions", { workflowDefinition: definition });
      const path = `/v1/opscore/sessions/${String(started.body["sessionId"])}`;
      await withKey(world, key, "POST", `${path}/pause`);
      await call(world, "POST", `${path}/resume`);
      await withKey(world, key, "POST", `${path}/tasks/ask/approve`, { by: "ada" });
      const rows = (await call(world, "GET", `${path}/log`)).body["data"] as Json[];
      expect(rows.map(({ cause }) => (cause as Json)["actor"])).toEqual([
        actor,
        actor,
        { kind: "key", id: "root" },
        actor,
      ]);
      expect(JSON.stringify(rows[1])).toContain(
        `"type":"SessionPaused","reason":null,"actor":${JSON.stringify(actor)}`,
      );
      const other = await withKey(world, key, "POST", BASE, { name: "other", role: "viewer" });
      expect(other.body["createdBy"]).toEqual(actor);
      const revoked = await withKey(world, key, "POST", `${BASE}/${String(other.body["keyId"])}/revoke`);
      expect(revoked.body["revokedBy"]).toEqual(actor);
    });
  });
};
