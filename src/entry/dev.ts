import type { DevOptions } from "../cli/local.ts";
import { withoutCredentials } from "../cli/text.ts";
import { createJsonLog } from "../telemetry/json-log.ts";
import { startDevAgent } from "./dev-agent.ts";
import { readConfig, runServer } from "./run-server.ts";
import { systemClock } from "./system.ts";

type Env = Readonly<Record<string, string | undefined>>;

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });

/**
 * Ops-Core on this machine, as `npm start` runs it, with a sample agent in the same process. Its log goes to stderr,
 * from warnings on unless `LOG_LEVEL` asks for more. Resolves once the signal is aborted and all is stopped; throws
 * `StartRefused` if it cannot start.
 */
export const runDev = async (env: Env, { sample, port, signal, listening }: DevOptions): Promise<void> => {
  const config = readConfig(port === undefined ? env : { ...env, PORT: String(port) });
  const level = (env["LOG_LEVEL"]?.trim() ?? "") === "" ? "warn" : config.logLevel;
  const write = (line: string): void => void process.stderr.write(`${line}\n`);
  const server = await runServer(config, {
    log: createJsonLog({ write, clock: systemClock, level }),
    again: (another) => `opscore dev --port ${another}`,
  });
  try {
    // A fleet of its own needs no sample, and one that is on loopback cannot be reached under the public policy.
    const isWanted = sample && config.loopback && config.egress === "local";
    const agent = isWanted ? await startDevAgent(server.url, server.key.key) : null;
    try {
      listening({
        url: server.url,
        database: withoutCredentials(config.databaseUrl),
        keyFile: server.key.file,
        workflow: agent?.workflow ?? null,
      });
      await aborted(signal);
    } finally {
      await agent?.stop();
    }
  } finally {
    await server.stop();
  }
};
