import { configNames, type Config } from "../src/contract/config.ts";
import { SECRET_PREFIX } from "../src/contract/config-secrets.ts";
import { readConfig, runMain, serveAlone } from "../src/entry/run-server.ts";
import { readFlags } from "./flags.ts";

const HELP = `npm start [-- options]

Starts Ops-Core on http://127.0.0.1:8000 with its data in data/opscore.db and, to have something to look at,
three sample agents that run a sample workflow.

Options
  --no-sample  the server alone, logging to stdout, one JSON object a line
  --help       this text

The sample is also off when AGENTKIT_API_URL or OPSCORE_WEBHOOK_SECRET is set (there is a fleet already), when HOST
is not loopback, and when OPSCORE_EGRESS=public. With the sample the log goes to opscore.log beside the data or, if
LOG_LEVEL is set, to stderr.

Environment, all optional
  ${configNames.join("\n  ")}
  ${SECRET_PREFIX}<NAME>  what a definition refers to as secrets.NAME
`;

/** Why there is no sample fleet though nobody said so; `null`: there is one. */
const sampleOffReason = (config: Config, env: NodeJS.ProcessEnv): string | null => {
  const set = ["AGENTKIT_API_URL", "OPSCORE_WEBHOOK_SECRET"].filter((name) => env[name]?.trim());
  if (set.length > 0) return `${set.join(" and ")} ${set.length > 1 ? "are" : "is"} set`;
  if (!config.loopback) return "HOST is not loopback";
  return config.egress === "public" ? "OPSCORE_EGRESS is public and the sample agents are on loopback" : null;
};

await runMain(async () => {
  const flags = readFlags(["no-sample", "help"]);
  if (flags.has("help")) {
    process.stdout.write(HELP);
    return;
  }
  const config = readConfig(process.env);
  if (flags.has("no-sample")) return serveAlone(config);
  const reason = sampleOffReason(config, process.env);
  if (reason === null) {
    const { runSample } = await import("./samples/sample-run.ts");
    return runSample(config, Boolean(process.env["LOG_LEVEL"]?.trim()));
  }
  process.stderr.write(`No sample fleet: ${reason}.\n`);
  return serveAlone(config);
});
