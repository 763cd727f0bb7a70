import type { DatabaseReport, TellFinding } from "../src/cli/local.ts";

/** A command that looks at one database and tells what it finds. */
interface DatabaseCommand<Wish> {
  readonly help: string;
  /** What is asked for; `null`: the help. Throws with a text for people. */
  readonly read: (args: readonly string[]) => Wish | null;
  /** Throws an `Error` whose message is for people. */
  readonly run: (wish: Wish, tell: TellFinding) => Promise<DatabaseReport>;
}

const runAsked = async <Wish extends { readonly json: boolean }>(
  command: DatabaseCommand<Wish>,
  args: readonly string[],
): Promise<number> => {
  const wish = command.read(args);
  if (wish === null) {
    process.stdout.write(command.help);
    return 0;
  }
  const findings: object[] = [];
  // Only a document needs them all at once.
  const { clean, document, words } = await command.run(wish, (finding, line) =>
    wish.json ? void findings.push(finding) : void process.stdout.write(`${line}\n`),
  );
  process.stdout.write(`${wish.json ? JSON.stringify({ ...document, findings }) : words}\n`);
  return clean ? 0 : 1;
};

/** Runs the command with this process's arguments; exit code 0: nothing found, 1: something, 2: could not look. */
export const runDatabaseCommand = async <Wish extends { readonly json: boolean }>(
  command: DatabaseCommand<Wish>,
): Promise<void> => {
  // Whoever reads may have seen enough.
  process.stdout.on("error", () => process.exit(1));
  const args = process.argv.slice(2);
  try {
    process.exitCode = await runAsked(command, args);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (args.includes("--json")) process.stdout.write(`${JSON.stringify({ error: message })}\n`);
    else process.stderr.write(`${message}\n`);
    process.exitCode = 2;
  }
};
