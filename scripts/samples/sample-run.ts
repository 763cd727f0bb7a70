import { createWriteStream, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "../../src/contract/config.ts";
import { databaseFile } from "../../src/contract/database-file.ts";
import type { Log } from "../../src/app/ports.ts";
import { systemClock } from "../../src/entry/system.ts";
import { runServer, stopOnSignals } from "../../src/entry/run-server.ts";
import { createJsonLog } from "../../src/telemetry/json-log.ts";
import { createApiClient, type ApiClient } from "./api-client.ts";
import { startFleetAgentKit, type Fleet } from "./fleet.ts";
import { createPaint } from "./progress.ts";
import { followSession, openSampleSession, summaryLines } from "./sample-session.ts";

const MAX_LOG_BYTES = 10 * 1024 * 1024;

const dataFolder = ({ databaseUrl }: Config): string => {
  const file = databaseFile(databaseUrl);
  return file === null ? "data" : dirname(file);
};

/**
 * Where the server's log goes, out of the progress's way: a file or, if someone asked for a level, stderr.
 * An error is always shown.
 */
const openLog = (config: Config, toStderr: boolean): { readonly log: Log; readonly place: string } => {
  const options = { clock: systemClock, level: config.logLevel };
  const show = (line: string): void => void process.stderr.write(`${line}\n`);
  if (toStderr) return { log: createJsonLog({ ...options, write: show }), place: "stderr" };
  const place = join(dataFolder(config), "opscore.log");
  const size = statSync(place, { throwIfNoEntry: false })?.size ?? 0;
  const file = createWriteStream(place, { flags: size > MAX_LOG_BYTES ? "w" : "a" });
  file.on("error", (error) => show(`The log cannot be written: ${error.message}`));
  const log = createJsonLog({ ...options, write: (line) => void file.write(`${line}\n`) });
  const shown = createJsonLog({ ...options, level: "error", write: show });
  const both: Log["log"] = (level, message, fields) => {
    log.log(level, message, fields);
    shown.log(level, message, fields);
  };
  return { log: { log: both }, place };
};

/** Until every agent's registration has come by webhook; it follows the agent's own a few milliseconds later. */
const allRegistered = async (api: ApiClient, fleet: Fleet): Promise<void> => {
  for (let tries = 0; tries < 100; tries += 1) {
    const known = await api.agents();
    const isKnown = (id: string): boolean =>
      known.some(({ agentId, registration }) => agentId === id && registration === "registered");
    if (fleet.agents.every(({ agentId }) => isKnown(agentId))) return;
    await sleep(50);
  }
  throw new Error("the sample agents did not register in time");
};

const table = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd());
};

export const commandLines = (
  url: string,
  keyText: string,
  sessionId: string,
  workflowId: string,
): readonly string[] => {
  const api = `${url}/v1/opscore`;
  const key = `-H "Authorization: Bearer ${keyText}"`;
  const body = JSON.stringify({ workflowDefinitionId: workflowId, initialPayload: { topic: "volcanoes" } });
  return [
    "Next, in another terminal:",
    "",
    "  # this session: its tasks, every attempt, every output",
    `  curl -s ${key} ${api}/sessions/${sessionId}`,
    "",
    "  # start another session",
    `  curl -s ${key} -H "Content-Type: application/json" -d '${body}' ${api}/sessions`,
    "",
    "  # the agents: what they report and whether they can take work",
    `  curl -s ${key} ${api}/agents`,
  ];
};

/** Server, sample fleet and one sample session, whose progress is printed; then it keeps serving until a signal comes. */
export const runSample = async (base: Config, logToStderr: boolean): Promise<void> => {
  process.stdout.on("error", () => undefined); // `npm start | head` ends the reading, not the server
  const print = (line = ""): void => void process.stdout.write(`${line}\n`);
  const paint = createPaint(process.stdout.isTTY && !process.env["NO_COLOR"]);
  const since = Date.now();
  const stopping = new AbortController();
  let lazyLog: Log["log"] = () => undefined;
  const log: Log = { log: (level, message, fields) => lazyLog(level, message, fields) };
  const agentKit = await startFleetAgentKit({
    deliver: base.dispatch === "agentkit" ? "forward" : "swallow",
    log: (line) => log.log("info", "sample fleet", { line }),
  });
  const config = { ...base, agentkitApiUrl: `${agentKit.url}/v1`, webhookSecrets: [agentKit.webhookSecret] };
  const server = await runServer(config, { log });
  const opened = openLog(config, logToStderr);
  lazyLog = (level, message, fields) => opened.log.log(level, message, fields);
  const { url, key } = server;
  let fleet: Fleet | null = null;
  let openSession: string | null = null;
  stopOnSignals(async () => {
    print();
    print(
      openSession === null
        ? "Stopping."
        : `Stopping. Session ${openSession} is not finished: the next start goes on with it.`,
    );
    stopping.abort();
    await (fleet ?? agentKit).close();
    await server.stop();
  });

  const stored = key.file === null ? "from OPSCORE_API_KEY" : `kept in ${key.file}`;
  print(paint("bold", `Ops-Core listens on ${url}`));
  for (const line of table([
    ["data", databaseFile(config.databaseUrl) ?? config.databaseUrl],
    ["API key", key.isNew ? `${key.key}  (made now, shown once, ${stored})` : stored],
    ["log", opened.place],
  ]))
    print(line);

  const api = createApiClient(url, key.key);
  const before = new Set((await api.agents()).map(({ agentName }) => agentName));
  fleet = await agentKit.start({ url, apiKey: key.key });
  await allRegistered(api, fleet);
  const { agents } = fleet;
  print();
  print(`${paint("bold", "Sample fleet")}, off with: npm start -- --no-sample`);
  const manner =
    config.dispatch === "agentkit" ? "delivers every task" : "as the published one, it accepts tasks and delivers none";
  const rows = agents.map(({ name, capabilities, manner }) => [name, capabilities.join(","), manner]);
  for (const line of table([["AgentKit", "stand-in", manner], ...rows])) print(line);
  if (agents.some(({ name }) => before.has(name)))
    print("  They are new processes with new ids; each replaces the agent that had its name before.");

  const session = await openSampleSession(api);
  const { sessionId, workflowId } = session;
  openSession = sessionId;
  print();
  print(
    session.continued
      ? `${paint("bold", `Session ${sessionId}`)} was left open and goes on; so no new one is started.`
      : `${paint("bold", `Session ${sessionId}`)} of the workflow ${workflowId}${before.size === 0 ? "" : ", a new one: none was open"}.`,
  );
  if (session.others > 0) print(`  ${session.others} other open session(s) go on as well.`);
  const names = agents.map(({ name }) => name);
  const ended = await followSession(api, session, { names, paint, print, signal: stopping.signal, since });
  if (ended === null) return;
  openSession = null;
  print();
  for (const line of summaryLines(ended, paint)) print(line);
  print();
  const keyText = key.file === null ? "$OPSCORE_API_KEY" : `$(cat ${key.file})`;
  for (const line of commandLines(url, keyText, sessionId, workflowId)) print(line);
  print();
  print("Ops-Core keeps serving. Ctrl-C stops it; what is open goes on at the next start.");
};
