import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

export const usage = `npm run bench [-- state-reports | agent-steps | long-session | long-map] [options]

  --seconds N     how long each variant of agent-steps starts new sessions (6)
  --sessions N    at most so many sessions a variant
  --agents N      agents, and sessions at a time, of agent-steps (50)
  --target T      home: each session stays on its agent; capability: any free agent (home)
  --variant V     reports, settle or both (both)
  --reports N     reports of state-reports (5000)
  --quick         a small run of everything, some seconds; times are not judged
  --json          one JSON object instead of tables
  --server FILE   the server's entry, to compare two checkouts
  --cpu-prof DIR  CPU profiles of the server`;

export interface Options {
  readonly benches: readonly string[];
  readonly seconds: number;
  readonly sessions: number;
  readonly agents: number;
  readonly target: "home" | "capability";
  readonly variants: readonly ("reports" | "settle")[];
  readonly reports: number;
  /** Whether a time that grew too much is a failure. */
  readonly judges: boolean;
  /** Of the long map. */
  readonly items: number;
  readonly json: boolean;
  readonly server: string;
  readonly profiles: string | null;
}

export const machine = { node: process.version, platform: process.platform, cores: availableParallelism() };

const benches = ["state-reports", "agent-steps", "long-session", "long-map"] as const;

const whole = (name: string, text: string | undefined, usual: number): number => {
  const value = text === undefined ? usual : Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new TypeError(`--${name}: "${text ?? ""}" is not a whole number above 0`);
};

const oneOf = <T extends string>(name: string, text: string, values: readonly T[]): T => {
  const found = values.find((value) => value === text);
  if (found !== undefined) return found;
  throw new TypeError(`${name}: "${text}" is not one of: ${values.join(", ")}`);
};

/** Reads the command line. Throws a `TypeError` that says what is wrong with it; `null`: only the usage is wanted. */
export const readOptions = (args: readonly string[]): Options | null => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seconds: { type: "string" },
      sessions: { type: "string" },
      agents: { type: "string" },
      target: { type: "string", default: "home" },
      variant: { type: "string", default: "both" },
      reports: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      server: { type: "string" },
      "cpu-prof": { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  const variant = oneOf("--variant", values.variant, ["reports", "settle", "both"]);
  const { quick } = values;
  return {
    benches: (positionals.length === 0 ? benches : positionals).map((name) => oneOf("benchmark", name, benches)),
    seconds: whole("seconds", values.seconds, 6),
    sessions: whole("sessions", values.sessions, quick ? 20 : 1_000_000),
    agents: whole("agents", values.agents, quick ? 5 : 50),
    target: oneOf("--target", values.target, ["home", "capability"]),
    variants: variant === "both" ? ["reports", "settle"] : [variant],
    reports: whole("reports", values.reports, quick ? 300 : 5_000),
    judges: !quick,
    items: quick ? 100 : 1_000,
    json: values.json,
    server: values.server ?? fileURLToPath(new URL("../../src/entry/node.ts", import.meta.url)),
    profiles: values["cpu-prof"] ?? null,
  };
};
