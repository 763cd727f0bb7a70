import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseConfig } from "../../src/contract/config.ts";
import { startServer } from "../../src/entry/node-server.ts";
import { createAgent, TaskError } from "../../src/sdk/agent.ts";
import { buildWorker, runWorker } from "../support/built-worker.ts";
import { createMask, runCli, transcript } from "../support/cli.ts";

const KEY = "a-key-long-enough-for-workers";
const SECRET = "webhook-secret";
const LIMIT_MS = 60_000;

const files = {
  "report.yaml":
    "id: report\nname: Report\ntasks:\n  - taskId: draft\n    agentCapability: write\n  - taskId: polish\n    agentCapability: write\n",
  "failing.yaml": "id: failing\nname: Failing\ntasks:\n  - taskId: refuse\n    agentCapability: write\n",
  "asking.yaml": "id: asking\nname: Asking\ntasks:\n  - taskId: ask\n    type: approval\n",
  "hearing.yaml": "id: hearing\nname: Hearing\ntasks:\n  - taskId: hear\n    type: signal\n",
  "bad.json": '{"id":"bad","name":"Bad","tasks":[{"taskId":"a","dependsOn":["b"]}]}',
};

/** `{n}`: the n-th session that was started. What differs from run to run is not asked for. */
const script = [
  "agents list --json",
  "agents get writer --json=registration,capabilities,capacity",
  "agents get nobody --json=code",
  "agents list --api-key another-key --json",
  "workflows validate bad.json --json",
  "workflows validate report.yaml",
  "workflows save report.yaml --json=workflowId,revision,hash",
  "workflows save failing.yaml --json=revision",
  "workflows save asking.yaml --json=revision",
  "workflows save hearing.yaml --json=revision",
  "workflows test report --json=status,elapsedMs,defaulted",
  'sessions start report --input \'{"topic":"tides"}\' --wait --json=status,tasks.output,tasks.attempts.status',
  "sessions start failing --wait --json=status,error",
  "sessions start asking --json",
  "sessions watch {1} --timeout 300ms --json=status",
  "sessions pause {1} --json=status",
  "sessions resume {1} --json=status",
  "sessions approve {1} ask --by me",
  "sessions watch {1}",
  "sessions pause {1} --json",
  "sessions log {1} --follow --json=seq,cause.command",
  "sessions rerun {1} --json=workflowId",
  "sessions start hearing --json",
  "sessions signal {2} hear --payload '{\"a\":1}' --json=status,signal",
  "sessions start asking --json",
  "sessions cancel {3} --reason 'not needed'",
  "sessions watch {3} --json=status,reason",
  "sessions counts --json=data",
  "sessions list --status failed --json=status,error.code",
  "sessions bulk cancel --workflow asking --status open --yes --json=skipped,nextCursor",
  "tasks enqueue --agent writer --name single --json=nothing",
  "tasks list --agent nobody --json",
  "schedules create --id nightly --cron @daily --workflow report --json=cron,timeZone",
  "schedules pause nightly --json=paused,nextFireAt",
  "schedules trigger nightly --json=scheduleId",
  "schedules delete nightly --json",
  "schedules get nightly",
  "agent update-state writer idle --json",
  "agent get-state writer --json=agentId,state,details",
  "workflow trigger writer asking --json=workflowId,message",
  "api GET /health",
  "api GET sessions?limit=0 --json=status",
  "doctor --no-here --json=healthy",
];

/** An agent that writes, and refuses where it is asked to. */
const startAgent = async (url: string): Promise<Server> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const agent = createAgent({
    name: "writer",
    capabilities: ["write"],
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    maxConcurrentTasks: 50,
    baseUrl: url,
    apiKey: KEY,
    handle: (task) => {
      if (task.name === "refuse") throw new TaskError("refused", "I will not", { retryable: false });
      return Promise.resolve(`A text of ${task.name}`);
    },
  });
  server.on("request", agent.listener);
  await agent.register();
  return server;
};

const servers = {
  "Node and libSQL": async (folder: string) => {
    const env = {
      PORT: "0",
      DATABASE_URL: `file:${join(folder, "x.db")}`,
      OPSCORE_API_KEY: KEY,
      OPSCORE_WEBHOOK_SECRET: SECRET,
    };
    const parsed = parseConfig(env, "node");
    if (!parsed.ok) throw new Error(parsed.problems.join());
    const server = await startServer(parsed.config, { apiKey: KEY, lock: null, log: { log: () => undefined } });
    return { url: server.url, stop: () => server.stop() };
  },
  "Workers and D1": async (folder: string) => {
    const miniflare = await runWorker(await buildWorker(folder), {
      OPSCORE_API_KEY: KEY,
      OPSCORE_WEBHOOK_SECRET: SECRET,
    });
    return { url: (await miniflare.ready).origin, stop: () => miniflare.dispose() };
  },
};

describe.each(Object.entries(servers))("the command line over HTTP: %s", (_name, serve) => {
  const folder = mkdtempSync(join(tmpdir(), "opscore-cli-platform-"));
  let server: { readonly url: string; readonly stop: () => Promise<void> };
  let agent: Server;

  beforeAll(async () => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    server = await serve(folder);
    agent = await startAgent(server.url);
  }, LIMIT_MS);

  afterAll(async () => {
    agent.closeAllConnections();
    agent.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test(
    "every noun, and every exit code that a server brings about: the same on both",
    async () => {
      const env = { HOME: folder, OPSCORE_URL: server.url, OPSCORE_API_KEY: KEY, OPSCORE_WEBHOOK_SECRET: SECRET };
      const mask = createMask();
      const started: string[] = [];
      const parts: string[] = [];
      for (const line of script) {
        const words = (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll(/^'|'$/g, ""));
        const argv = words.map((word) =>
          word.replaceAll(/\{(\d+)\}/g, (_, at: string) => started[Number(at) - 1] ?? `nothing ${at}`),
        );
        const ran = await runCli(argv, { env, folder });
        if (line.startsWith("sessions start")) {
          const [id] = /ses_[0-9A-Z]{28}/.exec(ran.out) ?? [];
          if (id !== undefined) started.push(id);
        }
        parts.push(mask(transcript(argv, ran)));
      }
      const all = parts
        .join("\n")
        .replaceAll(server.url, "http://SERVER")
        .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
        .replaceAll(/"contactEndpoint": "[^"]+"/g, '"contactEndpoint": "ENDPOINT"');
      await expect(all).toMatchFileSnapshot("../fixtures/cli/platforms.txt");
    },
    LIMIT_MS,
  );
});
