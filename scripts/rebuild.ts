import { parseArgs } from "node:util";
import { createLocal } from "../src/entry/local.ts";
import { runDatabaseCommand } from "./database-command.ts";

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

const read = (args: readonly string[]) => {
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
  return {
    write: values.write,
    removeUnknown,
    json: values.json,
    ...(values.db === undefined ? {} : { database: values.db }),
  };
};

await runDatabaseCommand({ help: HELP, read, run: createLocal(process.env).rebuild });
