import type { Command } from "commander";
import type { SessionDetailAnswer } from "../../contract/answers/session.ts";
import type { WorkflowDefinition } from "../../sdk/definition.ts";
import type { SessionFilter, SessionStart } from "../../sdk/inputs.ts";
import type { Act, Context } from "../context.ts";
import { exitCodeOfSession, usageError } from "../exit-codes.ts";
import { withHint } from "../hints.ts";
import { duration, given, positive, readObject } from "../inputs.ts";
import { printList, withPages, type ListOptions } from "../lists.ts";
import { createProgress } from "../progress.ts";
import { SESSION_COLUMNS, sessionText } from "../session-text.ts";
import { pairs, table } from "../text.ts";

/** The filter of lists, counts and bulk actions, as options. */
export interface FilterOptions {
  readonly status?: string;
  readonly workflow?: string;
  readonly agent?: string;
  readonly waitingFor?: string;
  readonly errorCode?: string;
  readonly startedAfter?: string;
  readonly startedBefore?: string;
  readonly endedAfter?: string;
  readonly endedBefore?: string;
  readonly text?: string;
  readonly parent?: string;
}

/** Adds the filter's options but for `--status`. */
export const withFilter = (command: Command): Command =>
  command
    .option("--workflow <workflow-id>", "of this workflow")
    .option("--agent <agent-id>", "started for this agent, or worked on by it now")
    .option("--waiting-for <code>", "waiting for this")
    .option("--error-code <code>", "failed with this code")
    .option("--started-after <time>", "started at this time or later (RFC 3339)")
    .option("--started-before <time>", "started before this time")
    .option("--ended-after <time>", "ended at this time or later")
    .option("--ended-before <time>", "ended before this time")
    .option("--text <text>", "part of its id, its workflow's id or the message it ended with")
    .option("--parent <session-id>", "the children of this session");

/** `--status`, where that may be asked for. */
export const withStatus = (command: Command): Command =>
  withFilter(command.option("--status <statuses>", "one or several of started, running … or open, ended"));

/** The filter that options stand for. */
export const filterOf = ({ workflow, agent, ...options }: FilterOptions): SessionFilter => {
  const { status, waitingFor, errorCode, startedAfter, startedBefore, endedAfter, endedBefore, text, parent } = options;
  const times = { startedAfter, startedBefore, endedAfter, endedBefore };
  const filter = { status, workflowId: workflow, agentId: agent, waitingFor, errorCode, text, parent, ...times };
  return given(filter) as SessionFilter;
};

const printSession = ({ printer }: Context, session: SessionDetailAnswer): void =>
  printer.result(session, () => sessionText(session, printer.paint));

const look = (sessions: Command, act: Act): void => {
  withStatus(
    withPages(sessions.command("list").description("sessions that pass all filters, the newest first")),
  ).action(
    act((context, options: ListOptions & FilterOptions) =>
      printList(
        context,
        "sessions",
        options,
        (page) => context.client().sessions.list({ ...filterOf(options), ...page }),
        SESSION_COLUMNS,
      ),
    ),
  );

  withFilter(sessions.command("counts").description("how many there are, by status")).action(
    act(async ({ client, printer }, options: FilterOptions) => {
      const counts = await client().sessions.counts(filterOf(options));
      const rows = Object.entries(counts.data).map(([status, count]) => [status, String(count)]);
      printer.result(counts, () => table(["STATUS", "SESSIONS"], [...rows, ["total", String(counts.total)]]));
      if (!counts.exact && !printer.json) printer.note("There are at least so many: too many to count.");
    }),
  );

  sessions
    .command("get <session-id>")
    .description("a session with its tasks")
    .action(
      act(async (context, sessionId: string) => printSession(context, await context.client().sessions.get(sessionId))),
    );
};

interface StartOptions {
  readonly definition?: string;
  readonly revision?: number;
  readonly agent?: string;
  readonly input?: string;
  readonly idempotencyKey?: string;
  readonly wait?: boolean;
  readonly timeout?: number;
}

const startOf = async (
  { io }: Context,
  workflowId: string | undefined,
  { definition, revision, agent, input }: StartOptions,
): Promise<SessionStart> => {
  if ((workflowId === undefined) === (definition === undefined)) {
    throw usageError("What is to be run? Name a saved workflow, or say --definition.");
  }
  const inline = definition === undefined ? undefined : await readObject(io, definition, "--definition");
  return given({
    workflowDefinitionId: workflowId,
    workflowDefinition: inline as WorkflowDefinition | undefined,
    revision,
    agentId: agent,
    initialPayload: input === undefined ? undefined : await readObject(io, input, "--input"),
  }) as SessionStart;
};

/** Waits for the end of a session and prints it; how it ended is the exit code. */
const waitAndPrint = async (context: Context, sessionId: string, timeoutMs: number | undefined): Promise<void> => {
  const { client, io, printer, endWith } = context;
  const progress = printer.json ? null : createProgress(io.stderr, printer.paintNote);
  const wait = given({ timeoutMs, onProgress: (now: SessionDetailAnswer) => progress?.show(now) });
  const session = await client()
    .sessions.wait(sessionId, { ...wait, signal: io.signal })
    .catch((error: unknown) => {
      // Without this a script that waits would never learn what it has started.
      throw withHint(error, `opscore sessions watch ${sessionId}`);
    });
  progress?.end();
  printSession(context, session);
  endWith(exitCodeOfSession(session.status));
};

const begin = (sessions: Command, act: Act): void => {
  sessions
    .command("start [workflow-id]")
    .description("start a session; with --wait its end is the exit code")
    .option("--input <json>", "its input: JSON, @FILE or -")
    .option("--revision <number>", "of the workflow; default: the newest", positive)
    .option("--definition <json>", "a definition of its own, instead of a saved one: JSON, @FILE or -")
    .option("--agent <agent-id>", "the agent that it is for")
    .option("--idempotency-key <key>", "names the wish: the same key again starts nothing more")
    .option("--wait", "until it has ended")
    .option("--timeout <duration>", "of --wait; the session goes on", duration)
    .action(
      act(async (context, workflowId: string | undefined, options: StartOptions) => {
        const { client, printer } = context;
        const { idempotencyKey, wait = false, timeout } = options;
        if (timeout !== undefined && !wait) throw usageError("--timeout goes with --wait.");
        const started = await client().sessions.start(
          await startOf(context, workflowId, options),
          given({ idempotencyKey }),
        );
        if (wait) return waitAndPrint(context, started.sessionId, timeout);
        printer.result(started, () => pairs({ session: started.sessionId, workflow: started.workflowId }));
      }),
    );

  sessions
    .command("rerun <session-id>")
    .description("run a session that has ended again, as a new one")
    .option("--from <task-id>", "what does not come after it and has settled is kept")
    .option("--input <json>", "another input: JSON, @FILE or -")
    .option("--parameters <json>", "laid over the parameters of --from: JSON, @FILE or -")
    .option("--reason <text>", "why")
    .option("--idempotency-key <key>", "names the wish: the same key again runs nothing again")
    .option("--wait", "until it has ended")
    .option("--timeout <duration>", "of --wait; the session goes on", duration)
    .action(
      act(async (context, sessionId: string, options: RerunOptions) => {
        const { from, input, parameters, reason, idempotencyKey, wait = false, timeout } = options;
        const { client, io, printer } = context;
        const body = given({
          fromTaskId: from,
          reason,
          initialPayload: input === undefined ? undefined : await readObject(io, input, "--input"),
          parameters: parameters === undefined ? undefined : await readObject(io, parameters, "--parameters"),
        });
        const again = await client().sessions.rerun(sessionId, body, given({ idempotencyKey }));
        if (wait) return waitAndPrint(context, again.sessionId, timeout);
        printer.result(again, () =>
          pairs({ session: again.sessionId, workflow: again.workflowId, message: again.message }),
        );
      }),
    );
};

interface RerunOptions {
  readonly from?: string;
  readonly input?: string;
  readonly parameters?: string;
  readonly reason?: string;
  readonly idempotencyKey?: string;
  readonly wait?: boolean;
  readonly timeout?: number;
}

const watch = (sessions: Command, act: Act): void => {
  sessions
    .command("watch <session-id>")
    .description("show how a session goes on until it ends; how it ends is the exit code")
    .option("--timeout <duration>", "stop looking; the session goes on", duration)
    .action(
      act(async (context, sessionId: string, { timeout }: { readonly timeout?: number }) => {
        const { client, io, printer, endWith } = context;
        const progress = createProgress(io.stdout, printer.paint);
        const onProgress = (session: SessionDetailAnswer): void =>
          printer.json ? printer.row(session, () => "") : progress.show(session);
        const options = { ...given({ timeoutMs: timeout }), onProgress, signal: io.signal };
        const session = await client().sessions.wait(sessionId, options);
        progress.end();
        endWith(exitCodeOfSession(session.status));
      }),
    );
};

/** `opscore sessions …` but for what is done to one and its tasks. */
export const sessionCommands = (program: Command, act: Act): Command => {
  const sessions = program.command("sessions").alias("session").description("runs of workflows");
  look(sessions, act);
  begin(sessions, act);
  watch(sessions, act);
  return sessions;
};
