import type { Command } from "commander";
import { OpsCoreError } from "../../sdk/errors.ts";
import type { Act, Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { positive } from "../inputs.ts";
import { flat } from "../text.ts";
import { fault, type Finding } from "./finding.ts";
import { checkFleet } from "./fleet.ts";
import { checkAgentKit, checkMachine } from "./machine.ts";
import { checkKey, checkServer } from "./server.ts";
import { checkWebhook } from "./webhook.ts";

interface DoctorOptions {
  readonly here?: boolean;
  readonly minFree: number;
}

const isOfThisMachine = ({ settings }: Context): boolean => {
  const { value } = settings().url;
  return value !== null && URL.canParse(value) && /^(?:localhost|127\.[0-9.]+|\[::1\])$/.test(new URL(value).hostname);
};

/** What stopped a look half-way is a fault too. */
const looked = async (check: string, look: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> => {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof OpsCoreError) || error.code === "aborted") throw error;
    return [fault(check, `could not be looked at: ${error.detail} (${error.code})`, "See the server's log.")];
  }
};

/** Everything that can be looked at, in order; what depends on a fault is left out. */
const examine = async (context: Context, { here, minFree }: DoctorOptions): Promise<readonly Finding[]> => {
  context.client(); // a URL or a key that cannot be meant is a usage error, not a fault of the server
  const server = await checkServer(context);
  const findings: Finding[] = [];
  if (here === true || (here !== false && isOfThisMachine(context))) {
    const seen = await context.io.local.inspect();
    findings.push(...(await checkMachine(seen, { works: server.answers && server.works, minFreeMb: minFree })));
    const agentKit = await checkAgentKit(seen, (context.io.fetch ?? globalThis.fetch) as typeof globalThis.fetch);
    if (agentKit !== null) findings.push(agentKit);
  }
  findings.push(...server.findings);
  if (!server.works) return findings;
  findings.push(...(await looked("webhook", () => checkWebhook(context))));
  const key = await checkKey(context);
  findings.push(...key.findings);
  if (key.works) findings.push(...(await looked("fleet", () => checkFleet(context))));
  return findings;
};

/** `opscore doctor`: looks for what is wrong and says what to do about it. Changes nothing. */
export const doctorCommand = (program: Command, act: Act): void => {
  program
    .command("doctor")
    .description("look for what is wrong, and say what to do about it; faults end with 1; changes nothing")
    .option("--here", "look at this machine too, though the URL is another's")
    .option("--no-here", "do not look at this machine, though the URL is its")
    .option("--min-free <megabytes>", "less room than this on the disk is a fault", positive, 256)
    .action(
      act(async (context, options: DoctorOptions) => {
        const { printer, endWith } = context;
        const findings = await examine(context, options);
        const faults = findings.filter(({ status }) => status === "fault");
        printer.result({ healthy: faults.length === 0, data: findings }, () =>
          findings
            .map(({ check, status, message, fix }) =>
              status === "ok"
                ? `${printer.paint("green", "ok   ")} ${check}: ${flat(message)}`
                : `${printer.paint("red", "FAULT")} ${check}: ${flat(message)}\n      ${printer.paint("dim", "fix:")} ${flat(fix ?? "")}`,
            )
            .join("\n"),
        );
        if (!printer.json) printer.note(faults.length === 0 ? "Nothing is wrong." : `${faults.length} found.`);
        if (faults.length > 0) endWith(EXIT.failure);
      }),
    );
};
