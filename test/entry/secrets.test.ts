import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { startListener, type Incoming } from "../../scripts/samples/listener.ts";
import { dataFolder, runToEnd, startProcess } from "../support/server-process.ts";
import { signatureOf, unixSeconds } from "../support/sign-webhook.ts";

const SLOW_MS = 60_000;

const API_KEY = "opscore_hush-root-key-4711";
const NEW_SECRET = "hush-webhook-secret-new";
const OLD_SECRET = "hush-webhook-secret-old";
const AGENTKIT_KEY = "hush-agentkit-key-0815";
/** What a caller gets wrong may be the key of something else. */
const WRONG_KEY = "hush-key-of-another-server";
const STORE_TOKEN = "hush-store-token";

const HELLO = JSON.stringify({
  event_type: "REGISTER",
  agent_details: {
    agentId: "hooked",
    agentName: "Hooked",
    version: "1",
    capabilities: ["hook"],
    contactEndpoint: "http://127.0.0.1:1/",
    metadata: null,
  },
});

const workflow = (agentId: string) => ({
  workflowDefinition: { id: `for-${agentId}`, name: "For", tasks: [{ taskId: "one", agentId, parameters: {} }] },
});

test(
  "P13: no key, secret or signature is in a log line, an answer, a delivery, or the database",
  async () => {
    const asked: Incoming[] = [];
    const delivered: Incoming[] = [];
    // It says whom it refuses, as some servers do.
    const agentKit = await startListener(0, (incoming) => {
      asked.push(incoming);
      return { status: 401, body: { detail: `Invalid key: ${incoming.headers.authorization ?? ""}` } };
    });
    const agent = await startListener(0, (incoming) => {
      delivered.push(incoming);
      return { status: 200, body: { status: "received" } };
    });
    onTestFinished(async () => void (await Promise.all([agentKit.close(), agent.close()])));
    const folder = dataFolder();
    const server = await startProcess(folder, {
      LOG_LEVEL: "debug",
      OPSCORE_DISPATCH: "auto",
      OPSCORE_API_KEY: API_KEY,
      OPSCORE_WEBHOOK_SECRET: `${NEW_SECRET},${OLD_SECRET}`,
      AGENTKIT_API_URL: agentKit.url,
      AGENTKIT_API_KEY: AGENTKIT_KEY,
      OPSCORE_SECRET_CRM: "hush-key-of-the-crm",
    });

    const answers: string[] = [];
    const signatures: string[] = [];
    const send = async (method: string, path: string, body?: string, headers: Record<string, string> = {}) => {
      const init = {
        method,
        headers: { Authorization: `Bearer ${API_KEY}`, "Content-Type": "application/json", ...headers },
      };
      const answer = await fetch(`${server.url}${path}`, body === undefined ? init : { ...init, body });
      const text = await answer.text();
      answers.push(text, JSON.stringify([...answer.headers]));
      return { status: answer.status, value: JSON.parse(text) as Record<string, unknown> };
    };
    const ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
      send(method, `/v1/opscore${path}`, body === undefined ? undefined : JSON.stringify(body), headers);
    const notify = async (secret: string, body: string) => {
      const timestamp = unixSeconds(Date.now());
      const signature = await signatureOf(secret, timestamp, body);
      signatures.push(signature);
      const headers = { "X-AgentKit-Timestamp": timestamp, "X-AgentKit-Signature": signature };
      return send("POST", "/v1/opscore/internal/agent/notify", body, headers);
    };

    const near = { agentName: "near", version: "1", capabilities: ["work"], contactEndpoint: `${agent.url}/` };
    await ask("PUT", "/agents/near", near);
    await ask("PUT", "/agents/far", { ...near, agentName: "far", contactEndpoint: "http://127.0.0.1:1/" });
    const [, far] = await Promise.all(["near", "far"].map((id) => ask("POST", "/sessions", workflow(id))));
    const statuses = [
      await notify(NEW_SECRET, HELLO),
      await notify(OLD_SECRET, HELLO),
      await notify(WRONG_KEY, HELLO),
      await notify(NEW_SECRET, `{"event_type":`),
      await ask("GET", "/agents", undefined, { Authorization: `Bearer ${WRONG_KEY}` }),
      await ask("GET", "/agents", undefined, { Authorization: `Basic ${btoa(`root:${API_KEY}`)}` }),
      await ask("GET", `/agents?token=${API_KEY}`),
      await ask("POST", "/sessions", { workflowDefinition: 1 }),
      await ask("GET", "/nowhere"),
    ].map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 401, 400, 401, 401, 400, 422, 404]);

    const place = `/sessions/${String(far?.value["sessionId"])}`;
    await vi.waitFor(
      async () => {
        expect([asked.length, delivered.length].every((count) => count > 0)).toBe(true);
        expect(JSON.stringify((await ask("GET", place)).value)).toMatch(/401|refused|unreachable|backoff/);
      },
      { timeout: 20_000, interval: 50 },
    );
    for (const path of [place, `${place}/log`, "/agents", "/agents/far", "/agents/hooked", "/sessions", "/workflows"]) {
      expect((await ask("GET", path)).status, path).toBe(200);
    }
    server.child.kill("SIGTERM");
    const { code, stdout, stderr } = await server.ended;
    expect(code).toBe(0);

    const files = readdirSync(folder).filter((name) => name !== "api-key");
    const kept = {
      logs: stdout + stderr,
      answers: answers.join("\n"),
      deliveries: JSON.stringify(delivered),
      ...Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name), "latin1")])),
    };
    // The places are the ones where it would be.
    expect(kept.logs).toContain('"status":401');
    expect(kept).toHaveProperty(["opscore.db"], expect.stringContaining("hooked"));
    expect(asked.map(({ headers }) => headers.authorization)).toContain(`Bearer ${AGENTKIT_KEY}`);
    const secrets = ["hush", btoa(`root:${API_KEY}`), ...signatures];
    const leaks = Object.entries(kept).flatMap(([where, text]) =>
      secrets.flatMap((secret) => {
        const at = text.indexOf(secret);
        return at === -1 ? [] : [`${where}: ${text.slice(Math.max(0, at - 150), at + 60)}`];
      }),
    );
    expect(leaks).toEqual([]);
  },
  SLOW_MS,
);

test.each([
  ["a key that is too short", { HOST: "0.0.0.0", PORT: "0", OPSCORE_API_KEY: "hush-short" }],
  ["an address that holds a password", { PORT: "0", DATABASE_URL: "https://root:hush-password@127.0.0.1:1" }],
  [
    "a store that is not there",
    { PORT: "0", OPSCORE_API_KEY: API_KEY, DATABASE_URL: "https://127.0.0.1:1", DATABASE_AUTH_TOKEN: STORE_TOKEN },
  ],
  [
    "an AgentKit that is none",
    { PORT: "0", AGENTKIT_API_URL: "ftp://root:hush-password@x/", AGENTKIT_API_KEY: "hush" },
  ],
  ["secrets that are none", { PORT: "0", OPSCORE_SECRET_SHORT: "hush", OPSCORE_SECRET_lower: "hush-password" }],
])(
  "P13: a start that is refused for %s does not tell it",
  async (_what, env) => {
    const { code, stdout, stderr } = await runToEnd(env);
    expect(code, stderr).toBeGreaterThan(0);
    expect(stderr).not.toBe("");
    expect(stdout + stderr).not.toContain("hush");
  },
  SLOW_MS,
);
