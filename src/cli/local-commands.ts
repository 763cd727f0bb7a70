import type { Command } from "commander";
import { OpsCoreError } from "../sdk/errors.ts";
import type { Act, Context } from "./context.ts";
import { CliError, EXIT, usageError } from "./exit-codes.ts";
import { positiveOrZero, sha256Hex } from "./inputs.ts";
import type { DatabaseReport, DevServer, TellFinding } from "./local.ts";
import { flat, pairs, withoutCredentials } from "./text.ts";

/** Rejects once the signal is aborted. */
const leaving = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const leave = (): void => reject(new OpsCoreError("aborted", "Interrupted"));
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave);
  });

/**
 * Of a database or a server on this machine: its words are the message. With a signal the work is left where it is, so
 * that is for work that only looks.
 */
const failing = async <T>(work: Promise<T>, signal?: AbortSignal): Promise<T> => {
  try {
    return await (signal === undefined ? work : Promise.race([work, leaving(signal)]));
  } catch (error) {
    if (error instanceof OpsCoreError && error.code === "aborted") throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.failure, "local_failure", withoutCredentials(message), { cause: error });
  }
};

/** Tells each finding as it comes, or all in one document; findings end with 1. */
const reported = async (
  { io, printer, endWith }: Pick<Context, "io" | "printer" | "endWith">,
  look: (tell: TellFinding) => Promise<DatabaseReport>,
  onlyLooks: boolean,
): Promise<void> => {
  const findings: object[] = [];
  const { clean, document, words } = await failing(
    look((finding, line) => {
      if (printer.json) findings.push(finding);
      else io.stdout.write(`${flat(line)}\n`);
    }),
    onlyLooks ? io.signal : undefined,
  );
  printer.result({ ...document, findings }, () => words);
  endWith(clean ? EXIT.ok : EXIT.failure);
};

const devText = ({ url, database, keyFile, workflow }: DevServer): string => {
  const facts = pairs({ "Ops-Core": url, data: database, key: keyFile ?? "OPSCORE_API_KEY" });
  const other = url.endsWith(":8000") ? "" : ` --url ${url}`;
  const next =
    workflow === null
      ? [`opscore agents list${other}`]
      : [
          `opscore sessions start ${workflow} --input '{"name":"you"}' --wait${other}`,
          `opscore agents list${other}`,
          `opscore doctor${other}`,
        ];
  return [facts, "", "Next, in another terminal in this folder:", ...next.map((line) => `  npx ${line}`)].join("\n");
};

/** `opscore dev`, `rebuild`, `verify`, `migrate`: on this very machine. */
export const localCommands = (program: Command, act: Act): void => {
  program
    .command("dev")
    .description("run Ops-Core here: server, migrations, and a sample agent with a workflow to try")
    .option("--port <port>", "default: PORT, else 8000; 0 takes a free one", positiveOrZero)
    .option("--no-sample", "the server alone")
    .action(
      act(async ({ io, printer }, { port, sample }: { readonly port?: number; readonly sample: boolean }) => {
        await failing(
          io.local.dev({
            sample,
            ...(port === undefined ? {} : { port }),
            signal: io.signal,
            listening: (server) => printer.row(server, () => devText(server)),
          }),
        );
      }),
    );

  program
    .command("rebuild")
    .description("fold the logs of a database anew and compare its rows; differences end with 1")
    .option("--check", "only compare; may run beside a server")
    .option("--write", "repair what differs; the server must be stopped")
    .option("--remove-unknown", "with --write: remove sessions and agents that have a row and no log at all")
    .option("--db <database>", "a file or a URL; default DATABASE_URL, else file:data/opscore.db")
    .action(
      act(async ({ io, printer, endWith }, options: RebuildOptions) => {
        const { check = false, write = false, removeUnknown = false, db } = options;
        if (check === write) throw usageError("Say either --check or --write.");
        if (removeUnknown && !write) throw usageError("--remove-unknown goes with --write.");
        const wish = { write, removeUnknown, ...(db === undefined ? {} : { database: db }) };
        await reported({ io, printer, endWith }, (tell) => io.local.rebuild(wish, tell), !write);
      }),
    );

  program
    .command("verify")
    .description(
      "find what was changed in the logs and the audit chain by other means than a commit; findings end with 1",
    )
    .option("--expect <hash>", "the audit hash that an earlier run printed: it must still be in the chain", sha256Hex)
    .option("--db <database>", "a file or a URL; default DATABASE_URL, else file:data/opscore.db")
    .action(
      act(async ({ io, printer, endWith }, { expect, db }: { readonly expect?: string; readonly db?: string }) => {
        const wish = { expected: expect ?? null, ...(db === undefined ? {} : { database: db }) };
        await reported({ io, printer, endWith }, (tell) => io.local.verify(wish, tell), true);
      }),
    );

  program
    .command("migrate")
    .description("bring a database to the schema of this release; the start of a server does the same")
    .option("--check", "only say what is missing; that ends with 1")
    .option("--db <database>", "a file or a URL; default DATABASE_URL, else file:data/opscore.db")
    .action(
      act(
        async ({ io, printer, endWith }, { check = false, db }: { readonly check?: boolean; readonly db?: string }) => {
          const migrated = await failing(io.local.migrate({ check, ...(db === undefined ? {} : { database: db }) }));
          const { database, applied, pending, unknown } = migrated;
          printer.result(migrated, () =>
            pairs({
              database,
              applied: applied.length === 0 && !check ? "nothing: it is up to date" : applied,
              missing: check && pending.length === 0 ? "nothing" : pending,
              unknown: unknown === 0 ? null : `${unknown} of a newer release`,
            }),
          );
          if (pending.length > 0) endWith(EXIT.failure);
        },
      ),
    );
};

interface RebuildOptions {
  readonly check?: boolean;
  readonly write?: boolean;
  readonly removeUnknown?: boolean;
  readonly db?: string;
}
