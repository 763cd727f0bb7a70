import { CommanderError, type Command } from "commander";
import { OpsCoreError } from "../sdk/errors.ts";
import { candidates, COMPLETE } from "./completion.ts";
import { clientOf, type Act, type Context } from "./context.ts";
import { CliError, EXIT, exitCodeOf } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import { createPrinter, type Printer, type PrintOptions } from "./printer.ts";
import { createProgram, type GlobalOptions } from "./program.ts";
import { readSettings, SETTING_NAMES, type Settings } from "./settings.ts";

/** `--json` takes its fields by `=` alone: the next word is a command or an argument. */
const withFields = (args: readonly string[]): readonly string[] => {
  const end = args.indexOf("--");
  return args.map((arg, at) => (arg === "--json" && (end < 0 || at < end) ? "--json=" : arg));
};

const printOptionsOf = (
  json: string | true | undefined,
  noColour: boolean,
  secrets: readonly string[],
): PrintOptions => ({
  json: json !== undefined,
  fields:
    typeof json === "string"
      ? json
          .split(",")
          .map((field) => field.trim())
          .filter((field) => field !== "")
      : [],
  noColour,
  secrets,
});

/** What was wanted, where the command line could not be read: errors are printed in that form too. */
const guessedOptions = (args: readonly string[], io: Io): PrintOptions => {
  const json = args.find((arg) => arg.startsWith("--json="));
  const at = args.findIndex((arg) => arg === "--api-key");
  const secrets = [
    at < 0 ? undefined : args[at + 1],
    ...args.filter((arg) => /^--api-k[a-z]*=/.test(arg)).map((arg) => arg.replace(/^[^=]*=/, "")),
    io.env["OPSCORE_API_KEY"],
  ];
  return printOptionsOf(json === undefined ? undefined : "", args.includes("--no-color"), known(secrets));
};

/** Short ones would hide half of what is said. */
const known = (secrets: readonly (string | null | undefined)[]): readonly string[] =>
  secrets.filter((one): one is string => typeof one === "string" && one.length >= 6);

/** What commander says, in our words: without its prefix, its suggestion as the hint. */
const usageOf = ({ message, code }: CommanderError): CliError => {
  const [first = "", ...rest] = message.replace(/^error: /, "").split("\n");
  // What follows a `=` may be a secret that was meant for another option.
  const words = first.replaceAll(/(--[a-z-]+)=[^']*/g, "$1");
  const suggestion = rest.join(" ").replace(/^\(|\)$/g, "");
  if (code === "commander.help") return new CliError(EXIT.usage, "usage", "A verb is missing.");
  return new CliError(EXIT.usage, "usage", `${words.charAt(0).toUpperCase()}${words.slice(1)}`, {
    hint: suggestion === "" ? "`opscore --help`, or --help after any command." : suggestion,
  });
};

const isHelp = (error: unknown): boolean =>
  error instanceof CommanderError && ["commander.helpDisplayed", "commander.version"].includes(error.code);

/** A verb is missing: which ones there are. */
const verbsOf = (program: Command, args: readonly string[]): readonly string[] => {
  const noun = program.commands.find((one) => args.some((arg) => one.name() === arg || one.aliases().includes(arg)));
  return (noun ?? program).commands.map((one) => one.name());
};

/**
 * Runs one command line to its end. Resolves to the exit code and never rejects: what goes wrong is printed, with
 * `--json` as the one document on stdout.
 */
export const run = async (argv: readonly string[], io: Io): Promise<number> => {
  const args = withFields(argv);
  let printer: Printer = createPrinter(io, guessedOptions(args, io));
  let exitCode: number = EXIT.ok;

  const open = (command: Command): Context => {
    const options = command.optsWithGlobals<GlobalOptions>();
    let settings: Settings | undefined;
    const read = (): Settings => {
      settings ??= readSettings(io, {
        url: options.url ?? options.apiUrl,
        apiKey: options.apiKey,
        requestTimeout: options.requestTimeout,
      });
      return settings;
    };
    const secrets = (): readonly string[] => {
      try {
        return known(SETTING_NAMES.map((name) => read()[name]).map(({ secret, value }) => (secret ? value : null)));
      } catch {
        return known([options.apiKey, io.env["OPSCORE_API_KEY"]]); // told when the settings are asked for
      }
    };
    printer = createPrinter(io, printOptionsOf(options.json, !options.color, secrets()));
    return {
      io,
      printer,
      settings: read,
      client: () => clientOf(io, read()),
      endWith: (code) => {
        exitCode = code;
      },
    };
  };

  const act: Act =
    (work) =>
    async (...words) => {
      const command = words.at(-1) as unknown as Command;
      await work(open(command), ...words);
    };

  const program = createProgram(io, act);
  try {
    if (argv[0] === COMPLETE) {
      io.stdout.write(`${candidates(program, argv.slice(1)).join("\n")}\n`);
      return EXIT.ok;
    }
    if (args.length === 0) {
      program.outputHelp();
      return EXIT.ok;
    }
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (isHelp(error)) return EXIT.ok;
    if (error instanceof CommanderError) {
      const usage = usageOf(error);
      const verbs = error.code === "commander.help" ? { hint: `Verbs: ${verbsOf(program, args).join(", ")}` } : {};
      printer.failure(new CliError(EXIT.usage, "usage", usage.message, { hint: usage.hint ?? "", ...verbs }));
      return EXIT.usage;
    }
    const thrown =
      io.signal.aborted && error instanceof OpsCoreError ? new OpsCoreError("aborted", "Interrupted") : error;
    printer.failure(thrown);
    return exitCodeOf(thrown);
  }
};
