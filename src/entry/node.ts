import { parseConfig } from "../contract/config.ts";
import { createJsonLog } from "../telemetry/json-log.ts";
import { loadApiKey } from "./api-key.ts";
import { systemClock } from "./assemble.ts";
import { PortTaken, startServer } from "./node-server.ts";

/** `node src/entry/node.ts`: the server alone. Logs to stdout, one JSON object a line. */
const parsed = parseConfig(process.env, "node");
if (!parsed.ok) {
  for (const problem of parsed.problems) process.stderr.write(`${problem}\n`);
  process.exit(2);
}
const { config } = parsed;
const log = createJsonLog({
  write: (line) => process.stdout.write(`${line}\n`),
  clock: systemClock,
  level: config.logLevel,
});
const key = loadApiKey(config);
if (key.isNew) process.stderr.write(`A root key was generated and is kept in ${key.file}: ${key.key}\n`);
try {
  const server = await startServer(config, { apiKey: key.key, log });
  log.log("info", "listening", { url: server.url });
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    log.log("info", "stopping");
    void server.stop().then(() => process.exit(0));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
} catch (error) {
  if (!(error instanceof PortTaken)) throw error;
  process.stderr.write(`Port ${config.port} is in use. Choose another: PORT=8080 npm start\n`);
  process.exit(1);
}
