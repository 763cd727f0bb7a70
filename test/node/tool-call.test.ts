import { describe, expect, test } from "vitest";
import type { CallOutcome } from "../../src/app/call-port.ts";
import { recording } from "../support/agentkit-recordings.ts";
import { answering, neverAnswers, type Seen } from "../support/faulty-servers.ts";
import { nodePlatform } from "../support/node-platform.ts";
import { callerOf, secret, toolTask } from "../support/task-calls.ts";

const KEY = "hush-agentkit-key";
const json = { "content-type": "application/json" };

/** An AgentKit that always answers this: what the caller makes of it, and what it was sent. */
const said = async (status: number, body: string, headers: Readonly<Record<string, string>> = json) => {
  const kit = await answering(status, body, headers);
  const caller = callerOf(nodePlatform, { agentKitUrl: `${kit.url}/v1`, agentKitApiKey: KEY });
  const outcome = await caller.tool(toolTask("mock_tool"));
  return { outcome, who: `AgentKit at ${kit.url}`, sent: kit.seen[0] as Seen };
};

const replayed = (name: string) => {
  const { response } = recording(name);
  return said(response?.status ?? 0, response?.body_raw ?? "");
};

const failed = { kind: "failed", sent: true, retryAfterMs: null } as const;

describe("a tool of the real AgentKit", () => {
  test("run-tool-ok: sends what was recorded, with our ids, and takes the result", async () => {
    const { outcome, sent } = await replayed("run-tool-ok");
    expect(outcome).toEqual({ kind: "answered", output: 3 });
    const { payload, messageType } = JSON.parse(recording("run-tool-ok").request.body_raw) as Record<string, unknown>;
    expect([sent.method, sent.path]).toEqual(["POST", "/v1/agents/agent-1/run"]);
    expect(JSON.parse(sent.body)).toEqual({
      senderId: "opscore_system_id",
      messageType,
      payload,
      sessionContext: { sessionId: "ses_1", priorMessages: [] },
      opscore_session_id: "ses_1",
      opscore_task_id: "tsk_1.1:2",
    });
    expect(sent.headers).toMatchObject({
      "content-type": "application/json",
      authorization: `Bearer ${KEY}`,
      "idempotency-key": "tsk_1.1",
    });
  });

  test.each([
    ["run-tool-reports-error", "EXTERNAL_TOOL_EXECUTION_FAILED", true, "boom"],
    [
      "run-tool-local-error",
      "LOCAL_TOOL_EXECUTION_FAILED",
      true,
      "Missing required parameters: 'model' and 'messages'.",
    ],
    [
      "run-tool-http-500",
      "tool_failed",
      true,
      "answered 500 (External tool 'mock_tool' returned error: Status 500 - Response: {'detail': 'x'})",
    ],
    [
      "run-tool-unreachable",
      "tool_failed",
      true,
      "answered 503 (Could not connect to external tool 'mock_tool' at http://mock_tool:9001/invoke.)",
    ],
    [
      "run-tool-missing-name",
      "tool_failed",
      false,
      "answered 400 (Missing 'tool_name' in payload for tool_invocation message type.)",
    ],
    [
      "run-tool-unknown",
      "tool_unknown",
      false,
      "answered 404 (Tool 'no_such_tool' not found in registry (local or external).)",
    ],
    ["run-unknown-agent", "agent_unknown", true, "answered 404 (Agent with ID "],
    ["run-invalid-payload-null", "tool_failed", false, "answered 422 ("],
    ["run-workflow-task", "tool_failed", false, "took the call of a tool for a task: its result will never come"],
  ])("%s: %s, retryable is %s", async (name, code, retryable, message) => {
    const { outcome } = await replayed(name);
    expect(outcome).toMatchObject({
      ...failed,
      code,
      retryable,
      message: expect.stringContaining(message) as string,
      answer: JSON.parse(recording(name).response?.body_raw ?? "") as unknown,
    });
  });
});

describe("what else may be said of a tool", () => {
  const outcomeOf = async (...args: Parameters<typeof said>): Promise<CallOutcome> => (await said(...args)).outcome;
  const success = (data: unknown) => outcomeOf(202, JSON.stringify({ status: "success", data }));

  test.each([
    ["null", { status: "success", result: null }, null],
    ["a list", { status: "success", result: [1, { a: "ü" }] }, [1, { a: "ü" }]],
    ["no result", { status: "success", words: 2 }, { status: "success", words: 2 }],
    ["no object", [1], [1]],
    ["no data", undefined, null],
  ])("a result of %s", async (_, data, output) => {
    expect(await success(data)).toEqual({ kind: "answered", output });
  });

  test("a success by 200, as documented", async () => {
    expect(await outcomeOf(200, '{"status":"success","data":{"result":1}}')).toEqual({ kind: "answered", output: 1 });
  });

  test.each([
    ["", null],
    ["[]", []],
    ['{"status":"maybe"}', { status: "maybe" }],
    ['{"status":"success","data":{"result":9007199254740993}}', null],
  ])("%s is no result", async (body, answer) => {
    expect(await outcomeOf(202, body)).toMatchObject({ ...failed, code: "tool_failed", retryable: false, answer });
  });

  test.each([
    [{ error_code: "RATE_LIMITED", message: "slow down" }, "RATE_LIMITED", "slow down"],
    [{ error_code: "not a code", data: { error_message: "m" } }, "tool_failed", "m"],
    [{ error_code: 7, message: " " }, "tool_failed", "the tool failed and did not say why"],
  ])("an error of %o", async (body, code, message) => {
    const outcome = await outcomeOf(202, JSON.stringify({ status: "error", ...body }));
    expect(outcome).toMatchObject({ ...failed, code, message, retryable: true });
  });

  test.each([
    [404, '{"detail":"Not Found"}', "tool_failed", false, null],
    [404, "", "tool_failed", false, null],
    [401, '{"detail":"Unauthorized"}', "tool_failed", false, null],
    [302, "", "redirect", false, null],
    [429, "", "tool_failed", true, 7_000],
    [503, "<html>", "tool_failed", true, 7_000],
  ])("%i %s", async (status, body, code, retryable, retryAfterMs) => {
    const outcome = await outcomeOf(status, body, { ...json, "retry-after": "7", location: "http://x.test/" });
    expect(outcome).toMatchObject({ ...failed, code, retryable, retryAfterMs });
  });

  test("more than 256 KiB", async () => {
    const { outcome, who } = await said(202, `"${"a".repeat(256 * 1024)}"`);
    expect(outcome).toMatchObject({ code: "too_large", message: `${who} answered 202 with more than 256 KiB` });
  });

  test("nothing in time", async () => {
    const agentKitUrl = `http://${await neverAnswers()}/v1`;
    const outcome = await callerOf(nodePlatform, { agentKitUrl }).tool(toolTask("mock_tool", { timeoutMs: 300 }));
    expect(outcome).toMatchObject({ ...failed, code: "timeout", retryable: true });
  });
});

describe("secrets of a tool", () => {
  const echoing = async (names: ReadonlyMap<string, string>) => {
    const kit = await answering(401, `{"detail":"bad key ${KEY} or token hush-token-0815"}`, json);
    const caller = callerOf(nodePlatform, { agentKitUrl: `${kit.url}/v1`, agentKitApiKey: KEY, secrets: names });
    const outcome = await caller.tool(toolTask("mock_tool", { arguments: { token: secret("TOKEN") } }));
    return { outcome, seen: kit.seen };
  };

  test("P13: are filled in, and neither they nor AgentKit's key come back", async () => {
    const { outcome, seen } = await echoing(new Map([["TOKEN", "hush-token-0815"]]));
    expect(JSON.parse(seen[0]?.body ?? "")).toMatchObject({ payload: { arguments: { token: "hush-token-0815" } } });
    expect(outcome).toMatchObject({ message: expect.stringMatching(/\(bad key \*\*\* or token \*\*\*\)$/) as string });
    expect(JSON.stringify(outcome)).not.toContain("hush");
  });

  test("that are missing stop the call", async () => {
    const { outcome, seen } = await echoing(new Map());
    expect(outcome).toMatchObject({ code: "secret_missing", retryable: false, sent: false });
    expect(seen).toEqual([]);
  });
});
