import { Command, Option } from "commander";
import { apiCommand } from "./api.ts";
import { completionCommand } from "./completion.ts";
import { configCommand } from "./config.ts";
import type { Act } from "./context.ts";
import { doctorCommand } from "./doctor/command.ts";
import { EXIT_HELP } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import { localCommands } from "./local-commands.ts";
import { agentCommands } from "./nouns/agents.ts";
import { keyCommands } from "./nouns/keys.ts";
import { getState, updateState } from "./nouns/legacy.ts";
import { scheduleCommands } from "./nouns/schedules.ts";
import { sessionControlCommands } from "./nouns/session-control.ts";
import { sessionTaskCommands } from "./nouns/session-tasks.ts";
import { sessionCommands } from "./nouns/sessions.ts";
import { taskCommands } from "./nouns/tasks.ts";
import { webhookCommands } from "./nouns/webhooks.ts";
import { workflowCommands } from "./nouns/workflows.ts";

/** What may be said with every command. */
export interface GlobalOptions {
  readonly json?: string | true;
  readonly url?: string;
  readonly apiUrl?: string;
  readonly apiKey?: string;
  readonly requestTimeout?: string;
  /** False with `--no-color`. */
  readonly color: boolean;
}

/** Gets the text of a help or a version. */
type Tell = (text: string) => void;

const settle = (command: Command, { stdout, stderr }: Pick<Io, "stdout" | "stderr">, tell: Tell): void => {
  command.exitOverride().configureOutput({
    writeOut: tell,
    writeErr: () => undefined, // told by `run`, in the form that is wanted
    getOutHelpWidth: () => Math.min(120, stdout.columns),
    getErrHelpWidth: () => Math.min(120, stderr.columns),
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
  command.configureHelp({ showGlobalOptions: false, sortSubcommands: false });
  for (const one of command.commands) settle(one, { stdout, stderr }, tell);
};

/** Every command of `opscore`. `act` says what becomes of their results and errors, `tell` gets help. */
export const createProgram = (io: Io, act: Act, tell: Tell): Command => {
  const program = new Command("opscore")
    .description("The command line of Ops-Core.")
    .usage("<noun> <verb> [options]")
    .version(io.version, "--version", "the version of this command line")
    .enablePositionalOptions(false)
    .option("--json [=fields]", "print one JSON document (streams: one a line), or only these fields of it: --json=a,b")
    .option("--url <url>", "where Ops-Core is; default http://127.0.0.1:8000")
    .addOption(new Option("--api-url <url>", "the same").hideHelp())
    .option("--api-key <key>", "the key; better by OPSCORE_API_KEY or a file")
    .option("--request-timeout <duration>", "of each call; default 30s")
    .option("--no-color", "no colours; NO_COLOR does the same")
    .helpOption("-h, --help", "what a command does and takes")
    .addHelpText("after", `\n${EXIT_HELP}`);

  agentCommands(program, act);
  workflowCommands(program, act);
  const sessions = sessionCommands(program, act);
  sessionControlCommands(sessions, act);
  sessionTaskCommands(sessions, act);
  taskCommands(program, act);
  scheduleCommands(program, act);
  keyCommands(program, act);
  webhookCommands(program, act);
  localCommands(program, act);
  doctorCommand(program, act);
  apiCommand(program, act);
  configCommand(program, act);
  completionCommand(program, act);
  getState(program.command("get-state <agent-id>", { hidden: true }), act);
  updateState(program.command("update-state <agent-id> <state>", { hidden: true }), act);
  settle(program, io, tell);
  return program;
};
