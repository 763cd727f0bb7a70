import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { RawLogRow } from "../src/app/rebuild-port.ts";
import { openLibsqlReadOnly } from "../src/store/libsql-read-only.ts";
import { createRebuildStore } from "../src/store/rebuild-store.ts";
import { writeTrace } from "../test/support/trace.ts";

const HELP = `npm run trace -- NAME [--run graph|rerun | --db FILE [--about TEXT]]

Adds a golden log to test/traces: a complete log, and what it folds to from now on. Without an option it is the log of
the mixed run (test/support/mixed-run.ts), else of the graph run or the rerun run (test/support/graph-run.ts) or of a database. A trace that exists is never overwritten.
`;

const root = fileURLToPath(new URL("..", import.meta.url));
const PAGE = 500;

const readLog = async (file: string): Promise<readonly RawLogRow[]> => {
  const sql = await openLibsqlReadOnly({ url: file.startsWith("file:") ? file : `file:${file}` });
  try {
    const store = createRebuildStore(sql);
    const rows: RawLogRow[] = [];
    for (;;) {
      const page = await store.readLogAfter(rows.at(-1)?.pos ?? 0, PAGE);
      rows.push(...page);
      if (page.length < PAGE) return rows;
    }
  } finally {
    sql.close();
  }
};

/** These runs are made of tests' parts, so that they run among tests. */
const recordRun = (run: string, name: string): number => {
  const args = ["vitest", "run", "--config", "scripts/vitest.config.mts", "--project", "node", "test/core/traces"];
  const options = { cwd: root, stdio: "inherit", env: { ...process.env, OPSCORE_TRACE: name } } as const;
  return spawnSync("npx", [...args, "-t", `the ${run} run is recorded`], options).status ?? 1;
};

const { values, positionals } = parseArgs({
  options: {
    run: { type: "string", default: "mixed" },
    db: { type: "string" },
    about: { type: "string" },
    help: { type: "boolean", short: "h" },
  },
  allowPositionals: true,
});
const [name] = positionals;
if (
  values.help === true ||
  name === undefined ||
  positionals.length > 1 ||
  !["mixed", "graph", "rerun"].includes(values.run)
) {
  process.stdout.write(HELP);
  process.exitCode = values.help === true ? 0 : 2;
} else if (values.db === undefined) {
  process.exitCode = recordRun(values.run, name);
} else {
  try {
    const path = await writeTrace(name, values.about ?? "Recorded from a database.", await readLog(values.db));
    process.stdout.write(`${path}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
