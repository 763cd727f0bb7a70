import { Argument, type Command } from "commander";
import type { LogRowAnswer } from "../../contract/answers/session-log.ts";
import type { BulkAnswer } from "../../contract/answers/session.ts";
import type { Act, Context } from "../context.ts";
import type { Bulk } from "../../sdk/inputs.ts";
import { OpsCoreError } from "../../sdk/errors.ts";
import { usageError } from "../exit-codes.ts";
import { withHint } from "../hints.ts";
import { given, positive, positiveOrZero, readJson } from "../inputs.ts";
import { logText } from "../session-text.ts";
import { flat, pairs, table } from "../text.ts";
import { filterOf, withStatus, type FilterOptions } from "./sessions.ts";

interface KeyOptions {
  readonly idempotencyKey?: string;
}

const withKey = (command: Command): Command =>
  command.option("--idempotency-key <key>", "names the wish: the same key again changes nothing more");

const standing = (sessions: Command, act: Act): void => {
  sessions
    .command("cancel <session-id>")
    .description("end a session and what is open in it")
    .option("--reason <text>", "why")
    .action(
      act(async ({ client, printer }, sessionId: string, options: { readonly reason?: string }) => {
        const cancelled = await client().sessions.cancel(sessionId, given(options));
        printer.result(cancelled, () => pairs({ session: cancelled.sessionId, status: cancelled.status }));
      }),
    );

  withKey(sessions.command("pause <session-id>").description("nothing new begins until `resume`"))
    .option("--reason <text>", "why")
    .action(
      act(async ({ client, printer }, sessionId: string, options: KeyOptions & { readonly reason?: string }) => {
        const { reason, ...key } = options;
        const paused = await client().sessions.pause(sessionId, given({ reason }), given(key));
        printer.result(paused, () => pairs({ session: paused.sessionId, status: paused.status }));
      }),
    );

  withKey(sessions.command("resume <session-id>").description("go on")).action(
    act(async ({ client, printer }, sessionId: string, options: KeyOptions) => {
      const resumed = await client().sessions.resume(sessionId, given(options));
      printer.result(resumed, () => pairs({ session: resumed.sessionId, status: resumed.status }));
    }),
  );

  withKey(sessions.command("signal <session-id> <name>").description("for the task that waits for it, or will"))
    .option("--payload <json>", "what it says: JSON, @FILE or -")
    .action(
      act(
        async (
          { client, io, printer },
          sessionId: string,
          name: string,
          options: KeyOptions & { readonly payload?: string },
        ) => {
          const { payload, ...key } = options;
          const body = payload === undefined ? {} : { payload: await readJson(io, payload, "--payload") };
          const sent = await client().sessions.signal(sessionId, name, body, given(key));
          printer.result(sent, () => pairs({ session: sent.sessionId, signal: sent.signal, status: sent.status }));
        },
      ),
    );
};

interface LogOptions {
  readonly follow?: boolean;
  readonly after: number;
}

const log = (sessions: Command, act: Act): void => {
  sessions
    .command("log <session-id>")
    .description("all that happened in a session; with --follow what happens too, until it ends")
    .option("--follow", "go on as it grows")
    .option("--after <seq>", "rows after this number", positiveOrZero, 0)
    .action(
      act(async ({ client, io, printer }, sessionId: string, { follow = false, after }: LogOptions) => {
        if (follow) {
          const rows = client().sessions.follow(sessionId, { afterSeq: after, signal: io.signal });
          for await (const row of rows) printer.row(row, () => logText(row));
          return;
        }
        const data: LogRowAnswer[] = [];
        for await (const row of client().sessions.log(sessionId, { limit: 200 })) if (row.seq > after) data.push(row);
        printer.result({ data, nextCursor: null }, () => data.map(logText).join("\n"));
      }),
    );
};

interface BulkOptions extends FilterOptions, KeyOptions {
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly reason?: string;
  readonly limit?: number;
}

type Done = Extract<BulkAnswer, { readonly done: unknown }>;
type Preview = Extract<BulkAnswer, { readonly matched: unknown }>;

const isDone = (answer: BulkAnswer): answer is Done => "done" in answer;

const confirm = async ({ io }: Context, action: string, { matched, capped }: Preview, limit: number): Promise<void> => {
  if (io.ask === null) throw usageError("There is no terminal to ask at: say --yes, or --dry-run.");
  const count = matched > limit ? `${limit} of ${matched}` : `${capped ? "at least " : ""}${matched}`;
  const answer = await io.ask(`${action} ${count} sessions? [y/N] `);
  if (!/^y(?:es)?$/i.test(answer.trim())) throw usageError("Nothing was done.");
};

const bulkText = ({ done, skipped }: Done): string => {
  const rows = [
    ...done.map(({ sessionId, newSessionId }) => [sessionId, "done", newSessionId ?? ""]),
    ...skipped.map(({ sessionId, code, detail }) => [sessionId, code, flat(detail)]),
  ];
  return rows.length === 0 ? "" : table(["SESSION", "RESULT", ""], rows);
};

/** All pages, under one key: said again under it, what was done is not done twice. */
const throughPages = async (
  { client }: Context,
  body: Omit<Bulk, "dryRun" | "limit" | "cursor">,
  limit: number,
  idempotencyKey: string,
): Promise<Done> => {
  const done: Done["done"][number][] = [];
  const skipped: Done["skipped"][number][] = [];
  let cursor: string | null = null;
  try {
    do {
      const wanted = Math.min(100, limit - done.length - skipped.length);
      const page = { ...body, limit: wanted, ...(cursor === null ? {} : { cursor }) };
      const part = await client().sessions.bulk(page, { idempotencyKey });
      if (!isDone(part)) break;
      done.push(...part.done);
      skipped.push(...part.skipped);
      cursor = part.nextCursor;
    } while (cursor !== null && done.length + skipped.length < limit);
  } catch (error) {
    if (done.length === 0 && error instanceof OpsCoreError && error.status !== null) throw error;
    throw withHint(error, `${done.length} done before. To go on, the same with --idempotency-key ${idempotencyKey}`);
  }
  return { done, skipped, nextCursor: cursor };
};

const bulk = (sessions: Command, act: Act): void => {
  withKey(
    withStatus(
      sessions
        .command("bulk")
        .addArgument(new Argument("<action>", "what is done to each").choices(["cancel", "rerun"]))
        .description("cancel or run again all sessions that pass a filter"),
    ),
  )
    .option("--all", "no filter: all of them")
    .option("--dry-run", "only say how many they would be")
    .option("--yes", "do not ask")
    .option("--reason <text>", "why")
    .option("--limit <count>", "so many at most; default: all that pass", positive)
    .action(
      act(async (context, action: "cancel" | "rerun", options: BulkOptions) => {
        const { client, printer } = context;
        const { all, dryRun = false, yes = false, reason, limit = Infinity } = options;
        const filter = filterOf(options);
        if (Object.keys(filter).length === 0 && all !== true)
          throw usageError("Which sessions? Say a filter, or --all.");
        const body = { action, filter, ...given({ all, reason }) };
        if (dryRun || !yes) {
          const preview = await client().sessions.bulk({ ...body, dryRun: true });
          if (isDone(preview)) throw usageError("The server took the preview for the action.");
          if (dryRun) {
            const { matched, capped, sample } = preview;
            printer.result(preview, () =>
              pairs({ action, sessions: capped ? `at least ${matched}` : matched, "the newest": sample }),
            );
            return;
          }
          await confirm(context, action, preview, limit);
        }
        const total = await throughPages(context, body, limit, options.idempotencyKey ?? crypto.randomUUID());
        printer.result(total, () => bulkText(total));
        if (!printer.json) printer.note(`${total.done.length} done, ${total.skipped.length} skipped.`);
      }),
    );
};

/** `opscore sessions …`: what is done to sessions. */
export const sessionControlCommands = (sessions: Command, act: Act): void => {
  standing(sessions, act);
  log(sessions, act);
  bulk(sessions, act);
};
