import { parseArgs } from "node:util";
import type { Finding } from "../src/app/rebuild/findings.ts";
import { databaseTarget } from "../src/entry/database-target.ts";
import {
  failureText,
  findingLine,
  rebuildDatabase,
  reportLine,
  type RebuildWish,
} from "../src/entry/rebuild-database.ts";

const HELP = `npm run rebuild -- --check | --write [options]

Folds every log of a database anew and compares the rows, which are a cache of it.

  --check      only compares; may run beside a server. Exit code 1 if there is any difference or damage, else 0
  --write      repairs what differs, from the log. The server must be stopped. Exit code 1 if anything is left
  --remove-unknown
               with --write: also removes sessions and agents that have a row and no log at all
  --db <db>    a file, or a file:, libsql: or https: URL; default DATABASE_URL, else file:data/opscore.db
  --json       one JSON document instead of lines
  --help       this text

A log that was changed, cannot be read, misses a row or is gone as a whole is reported as damage with the row at which
it breaks; nothing is written from it, nor what hangs on it. A log that a newer release has written to is refused before
anything is written. Exit code 2: nothing, or not everything, could be compared; the reason is told. DATABASE_AUTH_TOKEN
is used for servers.
`;

interface Asked extends RebuildWish {
  readonly json: boolean;
}

/** What is asked for; `null`: the help. Throws with a text for people. */
const read = (args: readonly string[]): Asked | null => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      check: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      "remove-unknown": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      db: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return null;
  if (values.check === values.write) throw new Error("Say either --check or --write.");
  const removeUnknown = values["remove-unknown"];
  if (removeUnknown && !values.write) throw new Error("--remove-unknown goes with --write.");
  const database = databaseTarget(values.db, process.env, { mustExist: true });
  return { write: values.write, removeUnknown, json: values.json, database };
};

const main = async (args: readonly string[]): Promise<number> => {
  const asked = read(args);
  if (asked === null) {
    process.stdout.write(HELP);
    return 0;
  }
  const findings: Finding[] = [];
  // Only a document needs them all at once.
  const tell = (finding: Finding): void =>
    asked.json ? void findings.push(finding) : void process.stdout.write(`${findingLine(finding)}\n`);
  const report = await rebuildDatabase(asked, tell);
  process.stdout.write(`${asked.json ? JSON.stringify({ ...report, findings }) : reportLine(report)}\n`);
  return report.clean ? 0 : 1;
};

// Whoever reads may have seen enough.
process.stdout.on("error", () => process.exit(1));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const message = failureText(error);
  if (process.argv.includes("--json")) process.stdout.write(`${JSON.stringify({ error: message })}\n`);
  else process.stderr.write(`${message}\n`);
  process.exitCode = 2;
}
