import { parseArgs } from "node:util";
import type { Tampering } from "../src/app/verify/verify.ts";
import { databaseTarget } from "../src/entry/database-target.ts";
import { failureText } from "../src/entry/rebuild-database.ts";
import { tamperingLine, verifyDatabase, verifyLine, type VerifyWish } from "../src/entry/verify-database.ts";

const HELP = `npm run verify -- [options]

Reads all of the log of a database and says what was changed by other means than a commit: in the logs of sessions, in
the life-cycle streams of agents and in the audit chain. It only reads, and may run beside a server.

  --expect <hash>  the audit hash that an earlier run printed: it must still be in the chain
  --db <db>        a file, or a file:, libsql: or https: URL; default DATABASE_URL, else file:data/opscore.db
  --json           one JSON document instead of lines
  --help           this text

Whoever may write the whole database may also make a chain anew, with its head. Against them, keep the audit hash that
this prints where they cannot write, and give it with --expect. Exit code 0: nothing was found; 1: something was; 2: it
could not be read, and why. DATABASE_AUTH_TOKEN is used for servers.
`;

/** What is asked for; `null`: the help. Throws with a text for people. */
const read = (args: readonly string[]): (VerifyWish & { readonly json: boolean }) | null => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      expect: { type: "string" },
      json: { type: "boolean", default: false },
      db: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return null;
  const expected = values.expect ?? null;
  if (expected !== null && !/^[0-9a-f]{64}$/.test(expected)) throw new Error("--expect takes 64 hexadecimal digits.");
  return { expected, json: values.json, database: databaseTarget(values.db, process.env, { mustExist: true }) };
};

const main = async (args: readonly string[]): Promise<number> => {
  const asked = read(args);
  if (asked === null) {
    process.stdout.write(HELP);
    return 0;
  }
  const findings: Tampering[] = [];
  // Only a document needs them all at once.
  const tell = (finding: Tampering): void =>
    asked.json ? void findings.push(finding) : void process.stdout.write(`${tamperingLine(finding)}\n`);
  const report = await verifyDatabase(asked, tell);
  process.stdout.write(`${asked.json ? JSON.stringify({ ...report, findings }) : verifyLine(report)}\n`);
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
