import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { webhookBody, webhookSignature } from "../../scripts/samples/agentkit-webhook.ts";
import type { ReceivedTask } from "../../scripts/samples/agent-options.ts";
import { startListener, type Listener } from "../../scripts/samples/listener.ts";
import { buildWorker, runWorker } from "../support/built-worker.ts";

const LIMIT_MS = 60_000;
const KEY = "a-key-long-enough-for-workers";
const SECRET = "webhook-secret";
const AGENT = "11111111-2222-4333-8444-555555555555";

/** The vitest pool allows what production does not (`new Function`), so the built bundle runs here under plain workerd. */
describe("the built Worker", () => {
  const folder = mkdtempSync(join(tmpdir(), "opscore-bundle-"));
  const received: ReceivedTask[] = [];
  let miniflare: Miniflare;
  let agent: Listener;
  let bundle: string;

  beforeAll(async () => {
    agent = await startListener(0, ({ body }) => {
      received.push(JSON.parse(body) as ReceivedTask);
      return { status: 200, body: { status: "received" } };
    });
    bundle = await buildWorker(folder);
    miniflare = await runWorker(bundle, { OPSCORE_API_KEY: KEY, OPSCORE_WEBHOOK_SECRET: SECRET });
  }, LIMIT_MS);

  afterAll(async () => {
    await miniflare.dispose();
    await agent.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const call = async (method: string, path: string, body?: string, headers: Record<string, string> = {}) => {
    const response = await miniflare.dispatchFetch(`https://ops-core.test${path}`, {
      method,
      headers: { Authorization: `Bearer ${KEY}`, "Content-Type": "application/json", ...headers },
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, value: (await response.json()) as Record<string, unknown> };
  };

  const report = (state: string, details: object) => {
    const body = { agentId: AGENT, timestamp: new Date().toISOString(), state, details };
    return call("POST", `/v1/opscore/agent/${AGENT}/state`, JSON.stringify(body));
  };

  test("fits: less than a megabyte compressed", () => {
    expect(gzipSync(bundle).length).toBeLessThan(1_000_000);
  });

  test("answers its health check and checks its database", async () => {
    expect(await call("GET", "/health")).toEqual({ status: 200, value: { status: "ok" } });
    expect(await call("GET", "/ready")).toEqual({ status: 200, value: { status: "ready" } });
  });

  test(
    "a signed webhook, a session, a retry by the tick alone, and the end",
    async () => {
      const notify = "/v1/opscore/internal/agent/notify";
      const text = webhookBody({
        agentId: AGENT,
        agentName: "worker",
        capabilities: ["web_search"],
        version: "1",
        contactEndpoint: `${agent.url}/`,
        metadata: null,
        registration_time: "2026-11-22T08:00:00.000001Z",
      });
      const timestamp = String(Math.floor(Date.now() / 1_000));
      const signed = (signature: string) => ({ "X-AgentKit-Timestamp": timestamp, "X-AgentKit-Signature": signature });
      expect((await call("POST", notify, text, signed("0".repeat(64)))).status).toBe(401);
      const right = signed(webhookSignature(SECRET, timestamp, text));
      expect((await call("POST", notify, text, right)).status).toBe(200);

      const yaml = [
        "id: two-tries",
        "name: Two tries",
        "tasks:",
        "  - taskId: search",
        "    agentCapability: web_search",
        "    parameters: { topic: '${input.topic}' }",
        "    retry: { maxAttempts: 2, initialInterval: 1ms }",
      ].join("\n");
      const saved = await call("POST", "/v1/opscore/workflows", yaml, { "Content-Type": "application/yaml" });
      expect(saved.status).toBe(201);
      const start = { workflowDefinitionId: "two-tries", initialPayload: { topic: "tides" } };
      const { status, value } = await call("POST", "/v1/opscore/sessions", JSON.stringify(start));
      expect(status).toBe(202);
      const path = `/v1/opscore/sessions/${String(value["sessionId"])}`;
      const arrived = (count: number) => vi.waitFor(() => expect(received).toHaveLength(count), 10_000);
      await arrived(1);
      expect(received[0]?.payload["task_parameters"]).toEqual({ topic: "tides" });
      expect((await report("error", { opscore_task_id: received[0]?.opscore_task_id, message: "no" })).status).toBe(
        202,
      );
      expect((await call("GET", path)).value).toMatchObject({ status: "waiting", waitingFor: { code: "retry" } });

      // It sweeps for almost a minute; its first sweep is enough.
      const worker = await miniflare.getWorker();
      void worker.scheduled({ cron: "* * * * *" }).catch(() => undefined);
      await arrived(2);
      expect(received[1]?.payload["attempt"]).toBe(2);
      await report("idle", { opscore_task_id: received[1]?.opscore_task_id, result: { found: 3 } });
      expect((await call("GET", path)).value).toMatchObject({
        status: "completed",
        tasks: [{ output: { found: 3 }, attempts: [{ status: "failed" }, { status: "completed" }] }],
      });
    },
    LIMIT_MS,
  );

  test("takes hints from its queue", async () => {
    const worker = await miniflare.getWorker();
    const body = { sessionId: "ses_0001M8149T005WFVAED5FS98FYCY" };
    const result = await worker.queue("opscore-hints", [{ id: "1", timestamp: new Date(), attempts: 1, body }]);
    expect(result).toMatchObject({ outcome: "ok", explicitAcks: ["1"] });
  });
});
