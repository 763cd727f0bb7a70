import { describe, expect, test } from "vitest";
import type { AgentGatewayOptions } from "../../src/agentkit/gateway.ts";
import type { DeliveryOutcome, TaskMessage } from "../../src/app/ports.ts";
import { gateway, message } from "../support/agentkit-gateway.ts";
import { recording, recordings } from "../support/agentkit-recordings.ts";
import { answering, blackHole, closedPort, neverAnswers, resetsAfterRequest } from "../support/faulty-servers.ts";

const direct = async (host: string, options: Partial<AgentGatewayOptions> = {}): Promise<DeliveryOutcome> =>
  gateway("127.0.0.1:9", { mode: "direct", ...options }).deliver(
    { agentId: "a-1", contactEndpoint: `http://${host}/task?key=secret` },
    message,
  );

describe("direct: what is sent", () => {
  test("the forwarded-task recordings have the same top-level keys, all present, as what direct sends", async () => {
    const agent = await answering(200, "{}");
    await direct(agent.host);
    const sent = JSON.parse(agent.seen[0]?.body ?? "") as TaskMessage;
    const forwarded = recordings(/^forward-(?!.*-run$)/);
    expect(forwarded.length).toBeGreaterThan(5);
    for (const { request } of forwarded)
      expect(Object.keys(JSON.parse(request.body_raw) as object)).toEqual(Object.keys(sent));
    const { sessionContext } = JSON.parse(recording("forward-all-fields").request.body_raw) as TaskMessage;
    expect(Object.keys(sent.sessionContext)).toEqual(Object.keys(sessionContext));
  });

  test("goes to the endpoint as JSON, without the AgentKit key", async () => {
    const agent = await answering(200, "{}");
    await direct(agent.host, { agentKitApiKey: "kit-key" });
    expect(agent.seen).toHaveLength(1);
    expect(agent.seen[0]?.path).toBe("/task?key=secret");
    expect(JSON.parse(agent.seen[0]?.body ?? "")).toEqual(message);
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
      doubt: expect.stringMatching(/^delivered, outcome unknown: http:\/\/127\.0\.0\.1:\d+\/\S* \S/) as string,
      refusals: [],
    });
  });

  test.each([
    ["cut off", `{"a":"${"x".repeat(70_000)}"}`],
    ["not strict JSON", '{"a":1,"a":2}'],
  ])("an answer that is %s is not kept, and that is said", async (_, body) => {
    const { host } = await answering(200, body, { "content-type": "application/json" });
    expect(await direct(host)).toMatchObject({
      kind: "delivered",
      silent: false,
      answer: null,
      doubt: expect.stringContaining("was not kept") as string,
    });
  });

  test("an answer that is no JSON raises no doubt", async () => {
    const { host } = await answering(200, "ok", { "content-type": "text/plain" });
    expect(await direct(host)).not.toHaveProperty("doubt");
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
