import { CommanderError, type Command } from "commander";
import { usageError, type CliError } from "./exit-codes.ts";

/** What can be wrong with a command line, in our words. */

/** `--json` takes its fields by `=` alone: the next word is a command or an argument. */
export const withFields = (args: readonly string[]): readonly string[] => {
  const end = args.indexOf("--");
  return args.map((arg, at) => (arg === "--json" && (end < 0 || at < end) ? "--json=" : arg));
};

/** Help or the version was asked for, and told; not because a verb is missing. */
export const isHelp = (error: unknown): error is CommanderError =>
  error instanceof CommanderError &&
  (["commander.helpDisplayed", "commander.version"].includes(error.code) ||
    (error.code === "commander.help" && error.exitCode === 0));

/** Which verbs there are, where one is missing. */
const verbsOf = (program: Command, args: readonly string[]): readonly string[] => {
  const noun = program.commands.find((one) => args.some((arg) => one.name() === arg || one.aliases().includes(arg)));
  const shown = program.createHelp().visibleCommands(noun ?? program);
  return shown.map((one) => one.name()).filter((name) => name !== "help");
};

const hintOf = ({ code }: CommanderError, suggestion: string, args: readonly string[]): string => {
  if (suggestion !== "") return suggestion;
  const fields = args[args.indexOf("--json=") + 1];
  if (code === "commander.excessArguments" && args.includes("--json=") && fields !== undefined) {
    return "Fields go behind a `=`: --json=a,b.";
  }
  return "`opscore --help`, or --help after any command.";
};

/** What commander says, without its prefix, its suggestion as the hint. */
const ofCommander = (error: CommanderError, program: Command, args: readonly string[]): CliError => {
  if (error.code === "commander.help") {
    const what = args.includes("help") ? "There is no such command." : "A verb is missing.";
    return usageError(what, `Verbs: ${verbsOf(program, args).join(", ")}`);
  }
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  // What follows a `=` may be a secret that was meant for another option.
  const words = first.replaceAll(/(--[a-z-]+)=[^']*/g, "$1");
  const suggestion = rest.join(" ").replace(/^\(|\)$/g, "");
  return usageError(`${words.charAt(0).toUpperCase()}${words.slice(1)}`, hintOf(error, suggestion, args));
};

/** The usage error that an error stands for; `null`: it is none. */
export const usageOf = (error: unknown, program: Command, args: readonly string[]): CliError | null => {
  if (error instanceof CommanderError) return ofCommander(error, program, args);
  // Said by the client before anything is sent: an empty one or `..` would lead elsewhere.
  if (error instanceof TypeError && error.message.endsWith(" is no id")) {
    return usageError(`${error.message}.`);
  }
  return null;
};
