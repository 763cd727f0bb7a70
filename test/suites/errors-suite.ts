import { describe, expect, test } from "vitest";
import {
  call,
  callRaw,
  expectProblem,
  notification,
  NOTIFY,
  oneTask,
  register,
  rowCount,
  silentAgents,
  start,
  worldsOf,
  type Json,
  type Reply,
} from "../support/api.ts";
import type { Sql } from "../../src/store/sql-port.ts";
import type { Platform } from "../support/world.ts";

const BASE = "/v1/opscore";
const STATE = `${BASE}/agent/a1/state`;

/** A platform whose database stops answering when told. */
const faulty = (platform: Platform) => {
  const switched = { off: false };
  const broken: Platform = {
    ...platform,
    openSql: async () => {
      const opened = await platform.openSql();
      const batch: Sql["batch"] = (...args) =>
        switched.off ? Promise.reject(new Error("SQLITE_IOERR: disk, params: secret")) : opened.sql.batch(...args);
      return { ...opened, sql: { batch } };
    },
  };
  return { broken, switched };
};

/** Every row of the contract's table of errors, but 403 and 429, which nothing says yet. */
export const errorsSuite = (platform: Platform): void => {
  describe(`errors on ${platform.name}`, () => {
    const open = worldsOf(platform);

    test("X-Request-Id is echoed on every answer, in the body of a problem as well", async () => {
      const world = await open();
      const headers = { "X-Request-Id": "abc-1:2" };
      for (const [method, path] of [
        ["GET", "/health"],
        ["GET", "/nowhere"],
        ["GET", `${BASE}/agents`],
        ["DELETE", `${BASE}/agents`],
        ["POST", STATE],
      ] as const) {
        const reply = await call(world, method, path, undefined, headers);
        expect(reply.headers.get("X-Request-Id")).toBe("abc-1:2");
        if (reply.status >= 400) expect(reply.body["requestId"]).toBe("abc-1:2");
      }
      const made = await call(world, "GET", "/nowhere", undefined, { "X-Request-Id": "a b" });
      expect(made.body["requestId"]).toMatch(/^req_[0-9a-f]{24}$/);
    });

    test("400: malformed JSON and YAML, path against body, event type, query, id, header", async () => {
      const world = await open();
      const report = { agentId: "a2", timestamp: "2026-11-22T08:00:00Z", state: "idle" };
      const yaml = { "Content-Type": "application/yaml" };
      const started = { workflowDefinition: oneTask("a1") };
      const rows: readonly (readonly [string, Promise<Reply>])[] = [
        ["malformed_json", call(world, "POST", STATE, '{"agentId":')],
        ["malformed_yaml", call(world, "POST", `${BASE}/workflows`, "a: [", yaml)],
        ["id_mismatch", call(world, "POST", STATE, report)],
        ["unknown_event_type", call(world, "POST", NOTIFY, notification("RENAME", { agentId: "a1" }))],
        ["invalid_query", call(world, "GET", `${BASE}/agents?color=red`)],
        ["invalid_query", call(world, "GET", `${BASE}/agents?limit=201`)],
        ["invalid_id", call(world, "GET", `${BASE}/agents/a%20b`)],
        ["invalid_header", call(world, "POST", `${BASE}/sessions`, started, { "Idempotency-Key": "a b" })],
        ["invalid_header", call(world, "POST", `${BASE}/sessions`, started, { "Idempotency-Key": "k".repeat(256) })],
      ];
      for (const [code, reply] of rows) expectProblem(await reply, 400, code);
      expect(await rowCount(world)).toBe(0);
    });

    test.each([
      ["no credential", null],
      ["another scheme", "Basic dGVzdA=="],
      ["a wrong key", "Bearer wrong"],
      ["no key", "Bearer"],
      ["an empty header", ""],
      ["a prefix of the key", "Bearer test-api-ke"],
      ["the key and more", "Bearer test-api-key2"],
    ])("401 with %s, on everything under /v1 but the webhook", async (_, Authorization) => {
      const world = await open();
      for (const [method, path] of [
        ["GET", `${BASE}/agents`],
        ["GET", STATE],
        ["POST", STATE],
        ["PUT", `${BASE}/agents/a1`],
        ["POST", `${BASE}/sessions`],
        ["POST", `${BASE}/workflows/w/test`],
        ["POST", `${BASE}/tasks/x/complete`],
        ["POST", `${BASE}/sessions/x/resume`],
        ["POST", `${BASE}/sessions/x/signals/go`],
        ["POST", `${BASE}/sessions/x/rerun`],
        ["POST", `${BASE}/sessions/bulk`],
        ["POST", `${BASE}/sessions/x/tasks/t/approve`],
        ["GET", `${BASE}/nowhere`],
        ["DELETE", `${BASE}/agents`],
      ] as const) {
        const reply = await call(world, method, path, undefined, { Authorization });
        expectProblem(reply, 401, "unauthorized");
        expect(reply.headers.get("WWW-Authenticate")).toBe("Bearer");
      }
      expect((await call(world, "GET", "/health", undefined, { Authorization })).body).toEqual({ status: "ok" });
      expect((await call(world, "GET", "/ready", undefined, { Authorization })).status).toBe(200);
    });

    test.each(["Bearer", "bearer", "BEARER", "bEaReR"])("`%s` is taken in any case", async (scheme) => {
      const world = await open();
      const headers = { Authorization: `${scheme} test-api-key` };
      expect((await call(world, "GET", `${BASE}/agents`, undefined, headers)).status).toBe(200);
    });

    test("401 for a webhook without a signature", async () => {
      const world = await open({ allowUnsigned: false, webhookSecrets: ["secret"] });
      const reply = await call(world, "POST", NOTIFY, notification("REGISTER", { agentId: "a1" }));
      expectProblem(reply, 401, "invalid_signature");
    });

    test("404: nothing there, agent, definition, revision, session, log, task", async () => {
      const world = await open();
      await call(world, "POST", `${BASE}/workflows`, oneTask("a1", "known"));
      const session = `ses_00${"0".repeat(26)}`;
      const rows: readonly (readonly [string, string, string, unknown?])[] = [
        ["not_found", "GET", "/nowhere"],
        ["not_found", "GET", `${BASE}/nowhere`],
        ["agent_not_found", "GET", `${BASE}/agents/a1`],
        ["agent_not_found", "GET", `${BASE}/agents/a1/history`],
        ["agent_not_found", "GET", STATE],
        ["agent_not_found", "POST", `${BASE}/agent/a1/workflow`, { workflowDefinitionId: "known" }],
        ["agent_not_found", "POST", `${BASE}/sessions`, { workflowDefinitionId: "known", agentId: "a1" }],
        ["workflow_not_found", "GET", `${BASE}/workflows/unknown`],
        ["workflow_not_found", "GET", `${BASE}/workflows/known?revision=2`],
        ["workflow_not_found", "POST", `${BASE}/workflows/unknown/test`],
        ["workflow_not_found", "POST", `${BASE}/workflows/known/test`, { revision: 2 }],
        ["workflow_not_found", "POST", `${BASE}/sessions`, { workflowDefinitionId: "unknown" }],
        ["workflow_not_found", "POST", `${BASE}/sessions`, { workflowDefinitionId: "known", revision: 2 }],
        ["session_not_found", "GET", `${BASE}/sessions/${session}`],
        ["session_not_found", "GET", `${BASE}/sessions/nothing`],
        ["session_not_found", "GET", `${BASE}/sessions/${session}/log`],
        ["session_not_found", "POST", `${BASE}/sessions/${session}/cancel`],
        ["session_not_found", "POST", `${BASE}/sessions/${session}/pause`],
        ["session_not_found", "POST", `${BASE}/sessions/${session}/resume`],
        ["session_not_found", "POST", `${BASE}/sessions/${session}/signals/go`],
        ["session_not_found", "POST", `${BASE}/sessions/nothing/signals/go`],
        ["session_not_found", "POST", `${BASE}/sessions/${session}/rerun`],
        ["session_not_found", "POST", `${BASE}/sessions/${session}/tasks/t1/skip`],
        ["task_not_found", "POST", `${BASE}/tasks/tsk_00${"0".repeat(26)}.1:1/complete`],
        ["task_not_found", "POST", `${BASE}/tasks/nothing/heartbeat`],
      ];
      for (const [code, method, path, body] of rows) {
        expectProblem(await call(world, method, path, body), 404, code);
      }
    });

    test.each([
      ["PUT", STATE, "GET, HEAD, OPTIONS, POST"],
      ["GET", NOTIFY, "OPTIONS, POST"],
      ["POST", `${BASE}/agents`, "GET, HEAD, OPTIONS"],
      ["DELETE", `${BASE}/agents/a1`, "GET, HEAD, OPTIONS, PUT"],
      ["PATCH", `${BASE}/sessions`, "GET, HEAD, OPTIONS, POST"],
      ["GET", `${BASE}/tasks/x/fail`, "OPTIONS, POST"],
      ["GET", `${BASE}/workflows/w/test`, "OPTIONS, POST"],
      ["GET", `${BASE}/sessions/x/pause`, "OPTIONS, POST"],
      ["GET", `${BASE}/sessions/x/rerun`, "OPTIONS, POST"],
      ["PUT", `${BASE}/sessions/x/signals/go`, "OPTIONS, POST"],
      ["DELETE", `${BASE}/sessions/x/tasks/t/approve`, "OPTIONS, POST"],
      ["POST", "/health", "GET, HEAD, OPTIONS"],
    ])("405 with Allow: %s %s", async (method, path, allow) => {
      const reply = await call(await open(), method, path);
      expectProblem(reply, 405, "method_not_allowed");
      expect(reply.headers.get("Allow")).toBe(allow);
    });

    test("409: conflict, stale attempt, another result, session ended", async () => {
      const world = await open({ call: silentAgents().call });
      await register(world, { agentId: "a1" });
      const session = await start(world, { workflowDefinition: oneTask("a1") });
      const task = `tsk_${session.slice(4)}.1:1`;
      const complete = (output: number) => call(world, "POST", `${BASE}/tasks/${task}/complete`, { output });
      expect((await complete(1)).status).toBe(200);
      expectProblem(await complete(2), 409, "result_conflict");
      expectProblem(await call(world, "POST", `${BASE}/sessions/${session}/cancel`), 409, "session_ended");
      const other = await start(world, { workflowDefinition: oneTask("a1", "two") });
      const cancel = (reason: string) => call(world, "POST", `${BASE}/sessions/${other}/cancel`, { reason });
      expect([(await cancel("a")).status, (await cancel("b")).status]).toEqual([202, 200]);
      const late = await call(world, "POST", `${BASE}/tasks/tsk_${other.slice(4)}.1:1/complete`, {});
      expectProblem(late, 409, "stale_attempt");
      await call(world, "POST", NOTIFY, notification("DEREGISTER", { agentId: "a1" }));
      const body = { workflowDefinition: oneTask("a1", "three"), agentId: "a1" };
      expectProblem(await call(world, "POST", `${BASE}/sessions`, body), 409, "conflict");
    });

    test("413 by the bytes that come, whatever Content-Length says", async () => {
      const world = await open();
      const chunk = new Uint8Array(16 * 1024).fill(0x20);
      const body = (chunks: number) =>
        new ReadableStream<Uint8Array>({
          pull: (controller) => (chunks-- > 0 ? controller.enqueue(chunk) : controller.close()),
        });
      const send = (chunks: number, length?: string) =>
        callRaw(world, STATE, {
          method: "POST",
          body: body(chunks),
          duplex: "half",
          headers: length === undefined ? {} : { "Content-Length": length },
        } as RequestInit);
      expectProblem(await send(4), 400, "malformed_json");
      expectProblem(await send(5), 413, "payload_too_large");
      expectProblem(await send(5, "10"), 413, "payload_too_large");
      expectProblem(await send(1_000_000), 413, "payload_too_large");
      expectProblem(await send(1, "70000"), 413, "payload_too_large");
    });

    test("415: media type, character set, content coding", async () => {
      const world = await open();
      const send = (headers: Record<string, string>) => call(world, "POST", STATE, "{}", headers);
      expectProblem(await send({ "Content-Type": "text/plain" }), 415, "unsupported_media_type");
      expectProblem(await send({ "Content-Type": "application/yaml" }), 415, "unsupported_media_type");
      expectProblem(await send({ "Content-Type": "application/json; charset=latin1" }), 415, "unsupported_media_type");
      expectProblem(await send({ "Content-Encoding": "gzip" }), 415, "unsupported_encoding");
      for (const type of ["application/json; charset=UTF-8", "application/vnd.agent+json", "APPLICATION/JSON"]) {
        expectProblem(await send({ "Content-Type": type }), 422, "validation_failed");
      }
    });

    test("422 against the schema names every fault by its pointer", async () => {
      const world = await open();
      const { errors } = expectProblem(
        await call(world, "POST", STATE, { state: 1, details: [] }),
        422,
        "validation_failed",
      );
      expect((errors as Json[]).map(({ pointer, code }) => [pointer, code])).toEqual([
        ["/agentId", "required"],
        ["/timestamp", "required"],
        ["/state", "invalid_type"],
        ["/details", "invalid_type"],
      ]);
    });

    test("422 for a start that is meaningless", async () => {
      const world = await open();
      await call(world, "POST", `${BASE}/workflows`, oneTask("a1", "known"));
      const homeless = { id: "h", name: "H", tasks: [{ taskId: "t1" }] };
      for (const body of [
        {},
        { workflowDefinitionId: "known", workflowDefinition: oneTask("a1") },
        { workflowDefinition: oneTask("a1"), revision: 1 },
        { workflowDefinitionId: "known", revision: 0 },
        { workflowDefinitionId: "known", initialPayload: [] },
        { workflowDefinitionId: "known", unknown: 1 },
        { workflowDefinition: homeless },
      ]) {
        expectProblem(await call(world, "POST", `${BASE}/sessions`, body), 422, "validation_failed");
      }
      expect(
        (await call(world, "POST", `${BASE}/sessions`, { workflowDefinitionId: "known", "x-own": 1 })).status,
      ).toBe(202);
    });

    test("503 with Retry-After when the store does not answer, without its words; /ready says so too", async () => {
      const { broken, switched } = faulty(platform);
      const world = await open({}, broken);
      switched.off = true;
      for (const [method, path, body] of [
        ["GET", "/ready"],
        ["GET", `${BASE}/agents`],
        ["GET", `${BASE}/workflows`],
        ["GET", `${BASE}/sessions`],
        ["GET", STATE],
        ["POST", STATE, { agentId: "a1", timestamp: "2026-11-22T08:00:00Z", state: "idle" }],
        ["POST", NOTIFY, notification("REGISTER", { agentId: "a1" })],
        ["POST", `${BASE}/workflows`, oneTask("a1")],
        ["POST", `${BASE}/workflows/one/test`],
        ["POST", `${BASE}/sessions`, { workflowDefinition: oneTask("a1") }],
        ["POST", `${BASE}/sessions/ses_00${"0".repeat(26)}/cancel`],
        ["POST", `${BASE}/sessions/ses_00${"0".repeat(26)}/pause`],
        ["POST", `${BASE}/sessions/ses_00${"0".repeat(26)}/signals/go`],
        ["POST", `${BASE}/sessions/ses_00${"0".repeat(26)}/rerun`],
        ["POST", `${BASE}/sessions/bulk`, { action: "cancel", all: true }],
        ["POST", `${BASE}/sessions/ses_00${"0".repeat(26)}/tasks/t1/retry`],
        ["POST", `${BASE}/tasks/tsk_00${"0".repeat(26)}.1:1/complete`],
        ["POST", `${BASE}/tasks/tsk_00${"0".repeat(26)}.1:1/heartbeat`],
      ] as const) {
        const reply = await call(world, method, path, body);
        const problem = expectProblem(reply, 503, "store_unavailable");
        expect(problem["retryable"]).toBe(true);
        expect(reply.text).not.toMatch(/SQLITE|params|secret/);
      }
      expect((await call(world, "GET", "/health")).status).toBe(200);
      switched.off = false;
      expect((await call(world, "GET", "/ready")).body).toEqual({ status: "ready" });
      expect(await rowCount(world)).toBe(0);
    });

    test("503 not_configured without a key, naming what sets it; health and the webhook need none", async () => {
      const world = await open({ apiKey: null });
      const problem = expectProblem(await call(world, "GET", `${BASE}/agents`), 503, "not_configured");
      expect(problem["hint"]).toBe("set the key");
      expectProblem(
        await call(world, "GET", `${BASE}/agents`, undefined, { Authorization: null }),
        503,
        "not_configured",
      );
      expect((await call(world, "GET", "/health")).status).toBe(200);
      const notify = notification("REGISTER", { agentId: "a1" });
      expect((await call(world, "POST", NOTIFY, notify, { Authorization: null })).status).toBe(200);
    });
  });
};
