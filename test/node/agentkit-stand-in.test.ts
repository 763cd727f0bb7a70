import { createHmac } from "node:crypto";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { webhookBody, webhookSignature, type RegisteredAgent } from "../../scripts/samples/agentkit-webhook.ts";
import {
  startStandInAgentKit,
  type StandInAgentKit,
  type StandInAgentKitOptions,
} from "../../scripts/samples/stand-in-agentkit.ts";
import { recording, recordings, type Recording } from "../support/agentkit-recordings.ts";
import { answering, closedPort, type Seen } from "../support/faulty-servers.ts";

const start = async (options: Partial<StandInAgentKitOptions> = {}): Promise<StandInAgentKit> => {
  const kit = await startStandInAgentKit({ deliver: "swallow", ...options });
  onTestFinished(() => kit.close());
  return kit;
};

/** Sends a recorded request as it was, but for the hop's own headers. */
const replay = async (
  kit: StandInAgentKit,
  { request }: Recording,
  path = request.path,
): Promise<{ status: number; body: unknown }> => {
  const type = request.headers["Content-Type"];
  const answer = await fetch(kit.url + path, {
    method: request.method,
    ...(request.body_raw === "" ? {} : { body: request.body_raw }),
    headers: type === undefined ? {} : { "content-type": type },
  });
  return { status: answer.status, body: await answer.json() };
};

const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const withoutIds = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replace(uuid, "<uuid>"));
const recorded = ({ response }: Recording): { status: number; body: unknown } => ({
  status: response?.status ?? 0,
  body: JSON.parse(response?.body_raw ?? "null"),
});

const register = async (
  kit: StandInAgentKit,
  name: string,
  contactEndpoint = "http://agent.example.com/",
): Promise<string> => {
  const body = JSON.stringify({ agentName: name, version: "1", contactEndpoint });
  const answer = await fetch(`${kit.url}/v1/agents/register`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { data: { agentId: string } }).data.agentId;
};

const run = (kit: StandInAgentKit, agentId: string, signal?: AbortSignal): Promise<Response> =>
  fetch(`${kit.url}/v1/agents/${agentId}/run`, {
    method: "POST",
    body: '{"senderId":"s","messageType":"workflow_task","payload":{}}',
    headers: { "content-type": "application/json" },
    signal: signal ?? null,
  });

const receiver = (): ReturnType<typeof answering> => answering(200, "{}");

describe("the stand-in answers as the real AgentKit was recorded to", () => {
  test.each(recordings(/^register-/).map((one) => [one.name, one] as const))("%s", async (name, one) => {
    const kit = await start();
    if (name.endsWith("duplicate-name")) await register(kit, "OrderAgent");
    expect(withoutIds(await replay(kit, one))).toEqual(withoutIds(recorded(one)));
  });

  /** What the tool behind a recording answered to AgentKit, as far as that can be told from what AgentKit said. */
  const toolAnswers: Readonly<Record<string, readonly [status: number, body: string]>> = {
    "run-tool-ok": [200, '{"status":"success","result":3}'],
    "run-tool-reports-error": [200, '{"status":"error","error_message":"boom"}'],
    "run-tool-http-500": [500, '{"detail":"x"}'],
  };

  const startWithTool = async (name: string): Promise<StandInAgentKit> => {
    const told = toolAnswers[name];
    // In the recording nobody has this name.
    if (told === undefined) return start({ externalTools: { mock_tool: "http://mock_tool:9001/invoke" } });
    return start({ externalTools: { mock_tool: (await answering(...told)).url } });
  };

  const runs = recordings(/^(run-(?!tool-forwarded)|forward-.*-run)/);
  test.each(runs.map((one) => [one.name, one] as const))("%s", async (name, one) => {
    const kit = await startWithTool(name);
    const agentId = await register(kit, "Recorded");
    const path = name.startsWith("run-unknown-agent") ? one.request.path : `/v1/agents/${agentId}/run`;
    expect(withoutIds(await replay(kit, one, path))).toEqual(withoutIds(recorded(one)));
  });

  test.each(recordings(/^agentkit-/).map((one) => [one.name, one] as const))("%s", async (_, one) => {
    expect(await replay(await start(), one)).toEqual(recorded(one));
  });
});

describe("the webhook", () => {
  test.each(recordings(/^webhook-register-/).map((one) => [one.name, one] as const))(
    "%s has the recorded bytes and signature",
    (_, { request, secret = "" }) => {
      const { agent_details: agent } = JSON.parse(request.body_raw) as { agent_details: RegisteredAgent };
      expect(webhookBody(agent)).toBe(request.body_raw);
      const timestamp = request.headers["X-AgentKit-Timestamp"] ?? "";
      expect(webhookSignature(secret, timestamp, request.body_raw)).toBe(request.headers["X-AgentKit-Signature"]);
    },
  );

  test.each(
    recordings(/^webhook-register-/)
      .map((one) => [one.name, one.name.replace("webhook-", "").replace("-with-", "-sdk-with-")] as const)
      .map(
        ([hook, cause]) =>
          [hook, cause === "register-metadata-null" ? "register-sdk-without-metadata" : cause] as const,
      ),
  )("%s follows %s", async (hook, cause) => {
    const opsCore = await receiver();
    const kit = await start({ webhookUrl: `${opsCore.url}/v1/opscore/internal/agent/notify`, webhookSecret: "s3cret" });
    expect((await replay(kit, recording(cause))).status).toBe(201);
    await vi.waitFor(() => expect(opsCore.seen).toHaveLength(1));
    const { path, headers, body } = opsCore.seen[0] as Seen;
    const expected = recording(hook).request;
    expect(path).toBe(expected.path);
    const time = /"registration_time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"/;
    const normal = (raw: string): string => raw.replace(uuid, "<uuid>").replace(time, "<time>");
    expect(normal(body)).toBe(normal(expected.body_raw));
    const timestamp = String(headers["x-agentkit-timestamp"]);
    expect(timestamp).toMatch(/^\d{10}$/);
    const mac = createHmac("sha256", "s3cret").update(`${timestamp}.${body}`).digest("hex");
    expect(headers["x-agentkit-signature"]).toBe(mac);
  });

  test("is not sent for a refused registration, without a secret, or while it is lost", async () => {
    const opsCore = await receiver();
    const kit = await start({ webhookUrl: opsCore.url, webhookSecret: "s3cret", fault: { webhook: "lost" } });
    await register(kit, "Lost");
    kit.setFault(null);
    expect((await replay(kit, recording("register-missing-version"))).status).toBe(422);
    await register(await start({ webhookUrl: opsCore.url }), "No secret");
    await register(kit, "Sent");
    await vi.waitFor(() =>
      expect(opsCore.seen.map(({ body }) => /"agentName":"(\w+)"/.exec(body)?.[1])).toEqual(["Sent"]),
    );
  });

  test("can be late", async () => {
    const opsCore = await receiver();
    const kit = await start({ webhookUrl: opsCore.url, webhookSecret: "s3cret" });
    kit.setFault({ webhook: { delayMs: 60 } });
    await register(kit, "Late");
    kit.setFault(null);
    await register(kit, "Prompt");
    await vi.waitFor(() => expect(opsCore.seen).toHaveLength(2));
    expect(opsCore.seen[0]?.body).toContain("Prompt");
  });
});

describe("delivery", () => {
  const pairs = ["forward-all-fields", "forward-minimal", "forward-extra-top-level", "forward-session-context-only"];

  test.each(pairs)("%s: the agent receives the recorded body", async (name) => {
    const agent = await receiver();
    const kit = await start({ deliver: "forward" });
    const agentId = await register(kit, "Recorded", `${agent.url}/task`);
    await replay(kit, recording(`${name}-run`), `/v1/agents/${agentId}/run`);
    await vi.waitFor(() => expect(agent.seen).toHaveLength(1));
    const expected = recording(name).request;
    const sent = JSON.parse(recording(`${name}-run`).request.body_raw) as { timestamp?: string };
    const normal = (raw: string): string =>
      sent.timestamp === undefined ? raw.replace(/"timestamp":"[\d-]{10}T[\d:]{8}\.\d{6}Z"/, "<time>") : raw;
    expect(normal(agent.seen[0]?.body ?? "")).toBe(normal(expected.body_raw));
  });

  test("as published, nothing is delivered", async () => {
    const agent = await receiver();
    const published = await start({ deliver: "swallow" });
    const corrected = await start({ deliver: "forward" });
    for (const kit of [published, corrected]) {
      expect((await run(kit, await register(kit, "Agent", agent.url))).status).toBe(202);
      expect(kit.runs).toHaveLength(1);
    }
    await vi.waitFor(() => expect(agent.seen).toHaveLength(1));
  });

  test("a failed delivery is logged and nothing else", async () => {
    const lines: string[] = [];
    const kit = await start({ deliver: "forward", log: (line) => lines.push(line) });
    const agentId = await register(kit, "Down", `http://${await closedPort()}/`);
    expect((await run(kit, agentId)).status).toBe(202);
    await vi.waitFor(() =>
      expect(lines).toEqual([expect.stringMatching(`Delivery to ${agentId} failed.*ECONNREFUSED`)]),
    );
  });
});

describe("tools", () => {
  const invoke = async (kit: StandInAgentKit, tool: string, given: unknown): Promise<unknown> => {
    const answer = await fetch(`${kit.url}/v1/agents/${await register(kit, "User")}/run`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        senderId: "s",
        messageType: "tool_invocation",
        payload: { tool_name: tool, arguments: given },
      }),
    });
    expect(answer.status).toBe(202);
    return answer.json();
  };

  test("run-tool-forwarded-call: an external tool receives the recorded body", async () => {
    const { request, response } = recording("run-tool-forwarded-call");
    const tool = await answering(response?.status ?? 0, response?.body_raw);
    const kit = await start({ externalTools: { mock_tool: `${tool.url}${request.path}` } });
    expect(await invoke(kit, "mock_tool", { x: 1, y: 2 })).toMatchObject({ data: { status: "success", result: 3 } });
    expect(tool.seen).toMatchObject([{ method: request.method, path: request.path, body: request.body_raw }]);
    expect(kit.runs).toEqual([]);
  });

  test("there are samples to try, one that works and one that does not", async () => {
    expect(await invoke(await start(), "word_count", { text: " as the  tide" })).toEqual({
      status: "success",
      message: "Local tool 'word_count' executed successfully.",
      data: { status: "success", result: { words: 3, characters: 13 } },
      error_code: null,
    });
    expect(await invoke(await start(), "always_fails", {})).toMatchObject({
      status: "error",
      error_code: "LOCAL_TOOL_EXECUTION_FAILED",
    });
  });
});

describe("faults", () => {
  test("run can answer 404 or 500, or hang, until told otherwise", async () => {
    const kit = await start();
    const agentId = await register(kit, "Faulty");
    for (const status of [404, 500] as const) {
      kit.setFault({ run: status });
      expect((await run(kit, agentId)).status).toBe(status);
    }
    kit.setFault({ run: "hang" });
    await expect(run(kit, agentId, AbortSignal.timeout(100))).rejects.toThrow("timeout");
    kit.setFault(null);
    expect((await run(kit, agentId)).status).toBe(202);
    expect(kit.runs).toHaveLength(1);
  });

  test("a restart forgets every id and frees the names", async () => {
    const kit = await start();
    const before = await register(kit, "Same");
    kit.forgetAgents();
    expect((await run(kit, before)).status).toBe(404);
    expect(await register(kit, "Same")).not.toBe(before);
  });

  test("close cuts what hangs and frees the port at once", async () => {
    const kit = await start({ fault: { run: "hang" } });
    const hanging = run(kit, "any");
    hanging.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await kit.close();
    await expect(hanging).rejects.toThrow();
    const again = await start({ port: Number(new URL(kit.url).port) });
    expect(again.url).toBe(kit.url);
  });
});
