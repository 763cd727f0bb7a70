import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { configNames } from "../src/contract/config.ts";
import { SECRET_PREFIX } from "../src/contract/config-secrets.ts";
import { readConfig, runMain, StartRefused, stopOnSignals } from "../src/entry/run-server.ts";
import { readFlags } from "./flags.ts";
import { createApiClient } from "./samples/api-client.ts";
import { startFleetAgentKit, type Fleet } from "./samples/fleet.ts";
import { createPaint } from "./samples/progress.ts";
import { commandLines } from "./samples/sample-run.ts";
import { followSession, openSampleSession, summaryLines } from "./samples/sample-session.ts";

const HELP = `npm run dev:worker [-- options]

Runs the Worker locally, offline and without an account: D1 and Queues are simulated, their data is kept in .wrangler.
The cron tick, which wrangler never fires by itself, is fired every 60 s.

Options
  --sample  with the sample agents and the sample workflow
  --help    this text

PORT is 8787 unless set; OPSCORE_API_KEY and the other names of the Worker's configuration are handed to it if set.
`;

const LOCAL_KEY = "opscore-local-development-key";
const LOCAL_PEPPER = "opscore-local-development-pepper";
const TICK_EVERY_MS = 60_000;
const READY_WITHIN_MS = 60_000;
const wrangler = fileURLToPath(new URL("../node_modules/wrangler/bin/wrangler.js", import.meta.url));
const root = fileURLToPath(new URL("..", import.meta.url));
const print = (line = ""): void => void process.stdout.write(`${line}\n`);

/** `CI` makes it ask nothing; the rest keeps it off the network. */
const environment = {
  ...process.env,
  CI: "1",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_LOG_PATH: ".wrangler/logs",
};

const run = (args: readonly string[], quiet: boolean): ChildProcess =>
  spawn(process.execPath, [wrangler, ...args], {
    cwd: root,
    env: environment,
    stdio: ["ignore", quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"],
    // A group of its own: wrangler's children would get the terminal's Ctrl-C before we can stop it in order.
    detached: true,
  });

const exited = (child: ChildProcess): Promise<number> =>
  new Promise((resolve) => {
    if (child.exitCode !== null) resolve(child.exitCode);
    else child.once("exit", (code) => resolve(code ?? 1));
  });

const migrate = async (): Promise<void> => {
  const child = run(["d1", "migrations", "apply", "DB", "--local"], true);
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const code = await exited(child);
  if (code !== 0) throw new StartRefused(["The D1 migrations failed:", said.trim()], 1);
};

const ready = async (url: string, child: ChildProcess): Promise<void> => {
  const end = Date.now() + READY_WITHIN_MS;
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new StartRefused([`wrangler dev ended with ${child.exitCode}.`], 1);
    const isUp = await fetch(`${url}/ready`, { signal: AbortSignal.timeout(2_000) }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return;
    await sleep(200);
  }
  throw new StartRefused(["wrangler dev did not get ready."], 1);
};

const stopped = async (child: ChildProcess): Promise<void> => {
  const { pid } = child;
  if (child.exitCode !== null || pid === undefined) return;
  process.kill(-pid, "SIGTERM");
  const inTime = await Promise.race([exited(child), sleep(5_000, null, { ref: false })]);
  if (inTime === null) process.kill(-pid, "SIGKILL");
};

/** Fires the tick now and every minute; each lasts almost until the next. */
const tick = async (url: string, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    const since = Date.now();
    try {
      await (await fetch(url, { signal })).text();
    } catch (error) {
      if (!signal.aborted) print(`The tick failed: ${String(error)}`);
    }
    await sleep(Math.max(0, since + TICK_EVERY_MS - Date.now()), null, { signal }).catch(() => null);
  }
};

const varsOf = (values: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(values).flatMap(([name, value]) => ["--var", `${name}:${value}`]);

await runMain(async () => {
  const flags = readFlags(["sample", "help"]);
  const withSample = flags.has("sample");
  if (flags.has("help")) return print(HELP.trimEnd());
  const port = process.env["PORT"]?.trim() || "8787";
  readConfig({ PORT: port });
  const url = `http://127.0.0.1:${port}`;
  const secretNames = Object.keys(process.env).filter((name) => name.startsWith(SECRET_PREFIX));
  const given = [...configNames, ...secretNames]
    .filter((name) => !["PORT", "HOST", "DATABASE_URL", "DATABASE_AUTH_TOKEN"].includes(name) && process.env[name])
    .map((name) => [name, process.env[name] ?? ""] as const);
  const stopping = new AbortController();
  const quietly = { deliver: "swallow", log: () => undefined } as const;
  const agentKit = withSample ? await startFleetAgentKit(quietly) : null;
  const vars: Record<string, string> = {
    OPSCORE_API_KEY: LOCAL_KEY,
    OPSCORE_KEY_PEPPER: LOCAL_PEPPER,
    OPSCORE_WEBHOOK_SECRET: "opscore-local-webhook-secret",
    OPSCORE_EGRESS: "local",
    LOG_LEVEL: withSample ? "warn" : "info",
    ...Object.fromEntries(given),
    ...(agentKit === null
      ? {}
      : { AGENTKIT_API_URL: `${agentKit.url}/v1`, OPSCORE_WEBHOOK_SECRET: agentKit.webhookSecret }),
  };
  const key = vars["OPSCORE_API_KEY"] ?? LOCAL_KEY;
  let worker: ChildProcess | null = null;
  let fleet: Fleet | null = null;
  const stop = async (): Promise<void> => {
    stopping.abort();
    await (fleet ?? agentKit)?.close();
    if (worker !== null) await stopped(worker);
  };
  stopOnSignals(stop);
  print("Applying the D1 migrations to the local database …");
  await migrate();
  const level = withSample ? ["--log-level", "warn"] : [];
  const listener = ["--ip", "127.0.0.1", "--port", port, "--inspector-port", "0"];
  worker = run(["dev", "--local", ...listener, ...level, ...varsOf(vars)], false);
  try {
    await ready(url, worker);
  } catch (error) {
    await stop();
    throw error;
  }
  worker.once("exit", (code) => {
    if (!stopping.signal.aborted) process.exit(code ?? 1);
  });
  print();
  print(`The Worker runs on ${url}; its key is ${key}`);
  print(`The cron tick is fired every 60 s; by hand: curl ${url}/cdn-cgi/local/scheduled`);
  const ticking = tick(`${url}/cdn-cgi/local/scheduled`, stopping.signal);
  if (agentKit !== null) {
    const api = createApiClient(url, key);
    const paint = createPaint(process.stdout.isTTY && !process.env["NO_COLOR"]);
    const since = Date.now();
    fleet = await agentKit.start({ url, apiKey: key });
    const session = await openSampleSession(api);
    const names = fleet.agents.map(({ name }) => name);
    print();
    print(`Session ${session.sessionId}${session.continued ? " was left open and goes on" : ""}.`);
    const ended = await followSession(api, session, { names, paint, print, signal: stopping.signal, since });
    if (ended !== null) {
      print();
      for (const line of [...summaryLines(ended, paint), ""]) print(line);
      for (const line of commandLines(url, key, ended.sessionId, ended.workflowId)) print(line);
    }
  }
  await ticking;
});
