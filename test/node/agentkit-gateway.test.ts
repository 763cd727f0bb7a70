import type { IncomingHttpHeaders } from "node:http";
import { describe, expect, test } from "vitest";
import { createAgentGateway, type AgentGatewayOptions } from "../../src/agentkit/gateway.ts";
import { createUndiciCall } from "../../src/agentkit/undici-call.ts";
import type { AgentGateway, DeliveryOutcome, TaskMessage } from "../../src/app/ports.ts";
import { recording, recordings } from "../support/agentkit-recordings.ts";
import { blackHole, closedPort, httpServer, neverAnswers, resetsAfterRequest } from "../support/faulty-servers.ts";

const message: TaskMessage = {
  senderId: "opscore_system_id",
  timestamp: "2026-01-02T03:04:05.678Z",
  messageType: "workflow_task",
  payload: { task_name: "First Step", task_parameters: { text: "café 🤖" }, attempt: 1 },
  sessionContext: { sessionId: "ses_1", priorMessages: [] },
  task_name: "First Step",
  opscore_session_id: "ses_1",
  opscore_task_id: "tsk_1.1:1",
};

interface Seen {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** Answers every request the same way and keeps what it got. */
const answering = async (
  status: number,
  body = "",
  headers: Record<string, string> = {},
): Promise<{ host: string; seen: Seen[] }> => {
  const seen: Seen[] = [];
  const host = await httpServer(async (request, response) => {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk as string;
    seen.push({ path: request.url ?? "", headers: request.headers, body: JSON.parse(text) });
    response.writeHead(status, headers).end(body);
  });
  return { host, seen };
};

const gateway = (agentKitHost: string, options: Partial<AgentGatewayOptions> = {}): AgentGateway =>
  createAgentGateway({
    call: createUndiciCall({ connectTimeoutMs: 300 }),
    agentKitUrl: `http://${agentKitHost}/v1`,
    mode: "auto",
    egress: "local",
    timeoutMs: 400,
    ...options,
  });

const direct = async (host: string, options: Partial<AgentGatewayOptions> = {}): Promise<DeliveryOutcome> =>
  gateway("127.0.0.1:9", { mode: "direct", ...options }).deliver(
    { agentId: "a-1", contactEndpoint: `http://${host}/task?key=secret` },
    message,
  );

const viaAgentKit = async (host: string, options: Partial<AgentGatewayOptions> = {}): Promise<DeliveryOutcome> =>
  gateway(host, { mode: "agentkit", ...options }).deliver(
    { agentId: "a-1", contactEndpoint: "http://127.0.0.1:9/" },
    message,
  );

describe("direct: what is sent", () => {
  test("the forwarded-task recordings have the same top-level keys, all present, as what direct sends", async () => {
    const agent = await answering(200, "{}");
    await direct(agent.host);
    const forwarded = recordings(/^forward-(?!.*-run$)/);
    expect(forwarded.length).toBeGreaterThan(5);
    for (const { request } of forwarded)
      expect(Object.keys(JSON.parse(request.body_raw) as object)).toEqual(Object.keys(agent.seen[0]?.body as object));
    const { sessionContext } = JSON.parse(recording("forward-all-fields").request.body_raw) as TaskMessage;
    expect(Object.keys((agent.seen[0]?.body as TaskMessage).sessionContext)).toEqual(Object.keys(sessionContext));
  });

  test("goes to the endpoint as JSON, without the AgentKit key", async () => {
    const agent = await answering(200, "{}");
    await direct(agent.host, { agentKitApiKey: "kit-key" });
    expect(agent.seen).toHaveLength(1);
    expect(agent.seen[0]).toMatchObject({ path: "/task?key=secret", body: message });
    expect(agent.seen[0]?.headers).toMatchObject({ "content-type": "application/json", connection: "close" });
    expect(agent.seen[0]?.headers.authorization).toBeUndefined();
  });
});

describe("direct: what the answer means", () => {
  test.each(["simulated-agent-task", "aware-agent-task"])("%s is delivered with its JSON", async (name) => {
    const { response } = recording(name);
    const agent = await answering(response?.status ?? 0, response?.body_raw);
    expect(await direct(agent.host)).toEqual({
      kind: "delivered",
      transport: "direct",
      silent: false,
      answer: JSON.parse(response?.body_raw ?? "") as unknown,
      refusals: [],
    });
  });

  test.each([
    ["no body", 204, ""],
    ["text", 200, "ok"],
    ["JSON null", 200, "null"],
    ["cut-off JSON", 200, `"${"a".repeat(70_000)}"`],
    ["JSON with a NUL", 200, '{"a":"\\u0000"}'],
    ["JSON with a __proto__ key", 200, '{"__proto__":{"a":1}}'],
    ["JSON too deep to store", 200, "[".repeat(40) + "]".repeat(40)],
  ])("%s is delivered without an answer", async (_, status, body) => {
    const agent = await answering(status, body);
    expect(await direct(agent.host)).toMatchObject({ kind: "delivered", silent: false, answer: null });
  });

  test("an ignored message is rejected with the agent's reason", async () => {
    const agent = await answering(200, recording("aware-agent-ignored-type").response?.body_raw);
    expect(await direct(agent.host)).toEqual({
      kind: "rejected",
      transport: "direct",
      message: "Unhandled message type: other_type",
      refusals: [],
    });
  });

  test("a recorded 400 is rejected with its detail on one line of at most 200 characters", async () => {
    const { response } = recording("simulated-agent-task-rejected");
    const agent = await answering(response?.status ?? 0, response?.body_raw);
    const outcome = await direct(agent.host);
    expect(outcome.kind).toBe("rejected");
    const text = outcome.kind === "rejected" ? outcome.message : "";
    expect(text).toMatch(/^Invalid task payload: 1 validation error for TaskPayload task_name/);
    expect([...text]).toHaveLength(200);
  });

  test.each([
    [400, '{"error":"no such tool"}', "no such tool"],
    [401, '{"error":{"code":"x","message":"no key"}}', "no key"],
    [403, "<html>", "answered 403"],
    [409, '{"detail":""}', "answered 409"],
    [422, '{"detail":[{"loc":["body"],"msg":"Field required"}]}', "Field required"],
  ])("%i %s is rejected", async (status, body, text) => {
    const agent = await answering(status, body);
    expect(await direct(agent.host)).toMatchObject({ kind: "rejected", transport: "direct", message: text });
  });

  test("a recorded 500 is the agent's error", async () => {
    const { response } = recording("forward-agent-500");
    const agent = await answering(response?.status ?? 0, response?.body_raw);
    expect(await direct(agent.host)).toMatchObject({
      kind: "agent_error",
      transport: "direct",
      message: "agent failed",
    });
  });

  test.each([500, 505, 507, 599])("%i is the agent's error", async (status) => {
    expect(await direct((await answering(status)).host)).toMatchObject({ kind: "agent_error" });
  });

  test.each([
    ["a hang", neverAnswers],
    ["a reset after the request", resetsAfterRequest],
    ["504", async () => (await answering(504)).host],
  ])("%s is delivered, outcome unknown", async (_, server) => {
    expect(await direct(await server())).toEqual({
      kind: "delivered",
      transport: "direct",
      silent: true,
      answer: null,
      refusals: [],
    });
  });

  test.each([301, 302, 303, 307, 308, 404, 405, 410, 429, 501, 502, 503])("%i is not delivered", async (status) => {
    const { host } = await answering(status, "", { location: "http://127.0.0.1:9/" });
    expect(await direct(host)).toEqual({
      kind: "refused",
      retryAfterMs: null,
      refusals: [{ transport: "direct", reason: `http://${host}/task answered ${status}` }],
    });
  });

  test("a closed port is not delivered, and the reason shows the endpoint without its query", async () => {
    const host = await closedPort();
    expect(await direct(host)).toEqual({
      kind: "refused",
      retryAfterMs: null,
      refusals: [{ transport: "direct", reason: `http://${host}/task refused the connection` }],
    });
  });

  test("a black hole is not delivered", async () => {
    const outcome = await direct(await blackHole(), { timeoutMs: 5_000 });
    expect(outcome).toMatchObject({ kind: "refused" });
  });
});

describe("Retry-After", () => {
  const now = (): number => Date.parse("2026-01-02T03:04:05Z");

  test.each([
    ["7", 7_000],
    ["0", null],
    ["86400", 3_600_000],
    ["Fri, 02 Jan 2026 03:04:35 GMT", 30_000],
    ["Fri, 02 Jan 2026 03:00:00 GMT", null],
    ["Sat, 03 Jan 2026 03:04:05 GMT", 3_600_000],
    ["soon", null],
    ["-5", null],
  ])("%s", async (value, expected) => {
    const { host } = await answering(503, "", { "retry-after": value });
    expect(await direct(host, { now })).toMatchObject({ kind: "refused", retryAfterMs: expected });
  });

  test("the longer of two counts", async () => {
    const agent = await answering(429, "", { "retry-after": "30" });
    const kit = await answering(503, "", { "retry-after": "5" });
    const outcome = await gateway(kit.host).deliver(
      { agentId: "a-1", contactEndpoint: `http://${agent.host}/` },
      message,
    );
    expect(outcome).toMatchObject({ kind: "refused", retryAfterMs: 30_000 });
  });
});

describe("agentkit", () => {
  test("posts the same fields to run, with the key and an escaped id", async () => {
    const kit = await answering(202, recording("run-workflow-task").response?.body_raw);
    const outcome = await gateway(kit.host, { mode: "agentkit", agentKitApiKey: "kit-key" }).deliver(
      { agentId: "team:a~1/x", contactEndpoint: null },
      message,
    );
    expect(outcome).toEqual({ kind: "accepted", transport: "agentkit", unsure: false, refusals: [] });
    expect(kit.seen[0]).toMatchObject({ path: "/v1/agents/team%3Aa~1%2Fx/run", body: message });
    expect(kit.seen[0]?.headers.authorization).toBe("Bearer kit-key");
  });

  test("without a key there is no Authorization", async () => {
    const kit = await answering(202);
    await viaAgentKit(kit.host);
    expect(kit.seen[0]?.headers.authorization).toBeUndefined();
  });

  test("a 202 is accepted whatever its body says", async () => {
    const kit = await answering(202, '{"status":"error","message":"boom"}');
    expect(await viaAgentKit(kit.host)).toMatchObject({ kind: "accepted", unsure: false });
  });

  test("a recorded 404 says that AgentKit does not know the agent", async () => {
    const { response } = recording("run-unknown-agent");
    const kit = await answering(response?.status ?? 0, response?.body_raw);
    expect(await viaAgentKit(kit.host)).toEqual({
      kind: "refused",
      retryAfterMs: null,
      refusals: [{ transport: "agentkit", reason: "AgentKit answered 404 (agent unknown there)" }],
    });
  });

  test.each([200, 204, 307, 400, 401, 422, 500, 503, 504])("any other answer (%i) is not accepted", async (status) => {
    const { host } = await answering(status);
    expect(await viaAgentKit(host)).toMatchObject({
      kind: "refused",
      refusals: [{ transport: "agentkit", reason: `AgentKit answered ${status}` }],
    });
  });

  test("unreachable is not accepted", async () => {
    const host = await closedPort();
    expect(await viaAgentKit(host)).toMatchObject({
      kind: "refused",
      refusals: [{ transport: "agentkit", reason: `AgentKit at http://${host}/v1 refused the connection` }],
    });
  });

  test("silence may be acceptance", async () => {
    expect(await viaAgentKit(await neverAnswers())).toEqual({
      kind: "accepted",
      transport: "agentkit",
      unsure: true,
      refusals: [],
    });
  });
});

describe("auto", () => {
  const auto = async (
    contactEndpoint: string | null,
    kitHost: string,
    options: Partial<AgentGatewayOptions> = {},
  ): Promise<DeliveryOutcome> => gateway(kitHost, options).deliver({ agentId: "a-1", contactEndpoint }, message);

  test("goes direct where it can, and leaves AgentKit alone", async () => {
    const agent = await answering(200, "{}");
    const kit = await answering(202);
    expect(await auto(`http://${agent.host}/`, kit.host)).toMatchObject({ kind: "delivered", refusals: [] });
    expect([agent.seen.length, kit.seen.length]).toEqual([1, 0]);
  });

  test("falls over to AgentKit at once if the agent cannot be reached", async () => {
    const host = await closedPort();
    const kit = await answering(202);
    expect(await auto(`http://${host}/`, kit.host)).toEqual({
      kind: "accepted",
      transport: "agentkit",
      unsure: false,
      refusals: [{ transport: "direct", reason: `http://${host}/ refused the connection` }],
    });
    expect(kit.seen).toHaveLength(1);
  });

  test("does not send a second copy after silence", async () => {
    const kit = await answering(202);
    expect(await auto(`http://${await neverAnswers()}/`, kit.host)).toMatchObject({ kind: "delivered", silent: true });
    expect(kit.seen).toHaveLength(0);
  });

  test("does not try AgentKit after a rejection", async () => {
    const agent = await answering(400);
    const kit = await answering(202);
    expect(await auto(`http://${agent.host}/`, kit.host)).toMatchObject({ kind: "rejected" });
    expect(kit.seen).toHaveLength(0);
  });

  test("an agent without an endpoint is reached through AgentKit", async () => {
    const kit = await answering(202);
    expect(await auto(null, kit.host)).toEqual({
      kind: "accepted",
      transport: "agentkit",
      unsure: false,
      refusals: [{ transport: "direct", reason: "the agent has not told an endpoint yet" }],
    });
  });

  test("an endpoint that the egress policy refuses is never called", async () => {
    const agent = await answering(200);
    const kit = await answering(202);
    expect(await auto(`http://${agent.host}/`, kit.host, { egress: "public" })).toMatchObject({
      kind: "accepted",
      refusals: [{ transport: "direct", reason: "egress policy refuses loopback address 127.0.0.1" }],
    });
    expect(agent.seen).toHaveLength(0);
  });

  test("if nothing delivers, every reason is told", async () => {
    const agent = await closedPort();
    const kit = await answering(404, recording("run-unknown-agent").response?.body_raw);
    expect(await auto(`http://${agent}/`, kit.host)).toEqual({
      kind: "refused",
      retryAfterMs: null,
      refusals: [
        { transport: "direct", reason: `http://${agent}/ refused the connection` },
        { transport: "agentkit", reason: "AgentKit answered 404 (agent unknown there)" },
      ],
    });
  });
});
