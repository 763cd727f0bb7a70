import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { AgentGatewayOptions } from "../../src/agentkit/gateway.ts";
import type { DeliveryOutcome } from "../../src/app/ports.ts";
import { startSampleAgent } from "../../scripts/samples/agent.ts";
import { startStandInAgentKit } from "../../scripts/samples/stand-in-agentkit.ts";
import { gateway, message } from "../support/agentkit-gateway.ts";
import { recording } from "../support/agentkit-recordings.ts";
import { answering, closedPort, neverAnswers } from "../support/faulty-servers.ts";

const viaAgentKit = async (host: string, options: Partial<AgentGatewayOptions> = {}): Promise<DeliveryOutcome> =>
  gateway(host, { mode: "agentkit", ...options }).deliver(
    { agentId: "a-1", contactEndpoint: "http://127.0.0.1:9/" },
    message,
  );

describe("agentkit", () => {
  test("posts the same fields to run, with the key and an escaped id", async () => {
    const kit = await answering(202, recording("run-workflow-task").response?.body_raw);
    const outcome = await gateway(kit.host, { mode: "agentkit", agentKitApiKey: "kit-key" }).deliver(
      { agentId: "team:a~1/x", contactEndpoint: null },
      message,
    );
    expect(outcome).toEqual({ kind: "accepted", transport: "agentkit", unsure: false, refusals: [] });
    expect(kit.seen[0]?.path).toBe("/v1/agents/team%3Aa~1%2Fx/run");
    expect(JSON.parse(kit.seen[0]?.body ?? "")).toEqual(message);
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

  // At the end of what is kept of a message its beginning would be left.
  test.each([0, 188])("P13: an answer that repeats the key after %i characters does not pass it on", async (before) => {
    const key = 'hush-"key\\-1234567890';
    const { host } = await answering(401, JSON.stringify({ detail: `${"x".repeat(before)} Bearer ${key}` }));
    const outcome = await viaAgentKit(host, { agentKitApiKey: key });
    const reason = expect.stringMatching(/^AgentKit answered 401 \(x* ?Bearer/) as string;
    expect(outcome).toMatchObject({ refusals: [{ reason }] });
    expect(JSON.stringify(outcome)).not.toContain("hu");
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

test("a sample agent gets the same task either way", async () => {
  const kit = await startStandInAgentKit({ deliver: "forward" });
  onTestFinished(() => kit.close());
  const agent = await startSampleAgent({
    name: "Either",
    capabilities: [],
    behaviour: "simulated",
    agentKitUrl: kit.url,
    opsCoreUrl: "http://127.0.0.1:9",
    apiKey: "test-api-key",
  });
  onTestFinished(() => agent.close());
  const recipient = { agentId: agent.agentId, contactEndpoint: agent.endpoint };
  const host = new URL(kit.url).host;
  const direct = await gateway(host, { mode: "direct" }).deliver(recipient, message);
  expect(direct).toMatchObject({ kind: "delivered", answer: { status: "success" } });
  expect(await gateway(host, { mode: "agentkit" }).deliver(recipient, message)).toMatchObject({ kind: "accepted" });
  await vi.waitFor(() => expect(agent.received).toHaveLength(2));
  const timestamp = "2026-01-02T03:04:05.678000Z"; // as AgentKit writes it
  expect(agent.received).toEqual([message, { ...message, timestamp }]);
});
