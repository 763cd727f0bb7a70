import { parseArgs } from "node:util";
import { createLocal } from "../src/entry/local.ts";
import { runDatabaseCommand } from "./database-command.ts";

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

const read = (args: readonly string[]) => {
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
  return { expected, json: values.json, ...(values.db === undefined ? {} : { database: values.db }) };
};

await runDatabaseCommand({ help: HELP, read, run: createLocal(process.env).verify });
