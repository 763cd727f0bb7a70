import type { Command } from "commander";
import { OpsCoreError } from "../sdk/errors.ts";
import { isHelp, usageOf, withFields } from "./command-line.ts";
import { candidates, COMPLETE } from "./completion.ts";
import { clientOf, type Act, type Context } from "./context.ts";
import { CliError, EXIT, exitCodeOf } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import { createPrinter, type Printer, type PrintOptions } from "./printer.ts";
import { createProgram, type GlobalOptions } from "./program.ts";
import { readSettings, SETTING_NAMES, type Settings } from "./settings.ts";

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
  const end = args.indexOf("--");
  const json = args.slice(0, end < 0 ? args.length : end).find((arg) => arg.startsWith("--json="));
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

/** What else goes wrong once somebody has interrupted it is of no interest, unless it is about this machine. */
const told = (error: unknown, { signal }: Io): unknown => {
  if (!signal.aborted || error instanceof CliError) return error;
  return new OpsCoreError("aborted", "Interrupted", { hint: error instanceof OpsCoreError ? error.hint : null });
};

/**
 * Runs one command line to its end. Resolves to the exit code and never rejects: what goes wrong is printed, with
 * `--json` as the one document on stdout.
 */
export const run = async (argv: readonly string[], io: Io): Promise<number> => {
  const args = withFields(argv);
  let printer: Printer = createPrinter(io, guessedOptions(args, io));
  let help = "";
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

  const program = createProgram(io, act, (text) => {
    help += text;
  });
  try {
    if (argv[0] === COMPLETE) {
      io.stdout.write(`${candidates(program, argv.slice(1)).join("\n")}\n`);
      return EXIT.ok;
    }
    if (args.length === 0) {
      program.outputHelp();
      io.stdout.write(help);
      return EXIT.ok;
    }
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (isHelp(error)) {
      const text = help.trimEnd();
      printer.result(error.code === "commander.version" ? { version: text } : { help: text }, () => text);
      return EXIT.ok;
    }
    const thrown = usageOf(error, program, args) ?? told(error, io);
    printer.failure(thrown);
    return exitCodeOf(thrown);
  }
};
