import type { Command } from "commander";
import type { ScheduleDetailAnswer } from "../../contract/answers/schedule.ts";
import type { NewSchedule, ScheduleSpec } from "../../sdk/inputs.ts";
import type { Act, Context } from "../context.ts";
import { usageError } from "../exit-codes.ts";
import { given, positive, readObject, readObjectFile } from "../inputs.ts";
import { printList, withPages, type ListOptions } from "../lists.ts";
import { cell, pairs } from "../text.ts";

interface SpecOptions {
  readonly file?: string;
  readonly id?: string;
  readonly cron?: string;
  readonly workflow?: string;
  readonly timeZone?: string;
  readonly revision?: number;
  readonly agent?: string;
  readonly input?: string;
  readonly overlap?: ScheduleSpec["overlap"];
  readonly catchUp?: string;
  readonly description?: string;
  readonly paused?: boolean;
}

const withSpec = (command: Command): Command =>
  command
    .option("--cron <fields>", "five fields, or @hourly, @daily, @weekly, @monthly, @yearly")
    .option("--workflow <workflow-id>", "the workflow that it starts")
    .option("--time-zone <zone>", "in which cron is meant; default UTC")
    .option("--revision <number>", "default: the newest at each fire", positive)
    .option("--agent <agent-id>", "the agent that its sessions are for")
    .option("--input <json>", "what its sessions are started with: JSON, @FILE or -")
    .option("--overlap <way>", "skip, buffer_one, allow or cancel_other")
    .option("--catch-up <duration>", "how late a fire may be")
    .option("--description <text>", "what it is for")
    .option("--paused", "not to fire yet")
    .option("--file <file>", "a schedule as JSON; - is standard input");

/** What the file says, and what options say instead of it. */
const specOf = async ({ io }: Context, options: SpecOptions): Promise<ScheduleSpec> => {
  const { file, input, workflow, agent, cron, timeZone, revision, overlap, catchUp, description, paused } = options;
  const base = file === undefined ? {} : await readObjectFile<Partial<ScheduleSpec>>(io, file);
  const said = given({
    cron,
    timeZone,
    revision,
    overlap,
    catchUp,
    description,
    paused,
    workflowDefinitionId: workflow,
    agentId: agent,
    initialPayload: input === undefined ? undefined : await readObject(io, input, "--input"),
  });
  const spec = { ...base, ...said };
  const { cron: when, workflowDefinitionId } = spec;
  if (when === undefined || workflowDefinitionId === undefined) {
    throw usageError("When, and which workflow? Say --cron and --workflow, or --file.");
  }
  return { ...spec, cron: when, workflowDefinitionId };
};

const scheduleText = (schedule: ScheduleDetailAnswer): string =>
  pairs({
    schedule: schedule.scheduleId,
    cron: `${schedule.cron} (${schedule.timeZone})`,
    workflow: schedule.workflowDefinitionId,
    revision: schedule.revision ?? "the newest",
    agent: schedule.agentId,
    description: schedule.description,
    overlap: schedule.overlap,
    "catch up": schedule.catchUp,
    paused: schedule.paused ? "yes" : "no",
    next: schedule.nextFires,
    running: schedule.runningSessions,
    fires: Object.entries(schedule.counts)
      .map(([outcome, count]) => `${outcome} ${count}`)
      .join(", "),
    last: schedule.lastFires.slice(0, 5).map(({ at, outcome }) => `${at} ${outcome}`),
  });

const change = (schedules: Command, act: Act): void => {
  withSpec(schedules.command("create").description("make a schedule"))
    .option("--id <schedule-id>", "its id; default: one is made")
    .action(
      act(async (context, options: SpecOptions) => {
        const schedule: NewSchedule = { ...(await specOf(context, options)), ...given({ scheduleId: options.id }) };
        const made = await context.client().schedules.create(schedule);
        context.printer.result(made, () => scheduleText(made));
      }),
    );

  withSpec(schedules.command("put <schedule-id>").description("make or replace a schedule")).action(
    act(async (context, scheduleId: string, options: SpecOptions) => {
      const put = await context.client().schedules.put(scheduleId, await specOf(context, options));
      context.printer.result(put, () => scheduleText(put));
    }),
  );

  schedules
    .command("delete <schedule-id>")
    .description("delete a schedule; what it has started goes on")
    .action(
      act(async ({ client, printer }, scheduleId: string) => {
        await client().schedules.delete(scheduleId);
        printer.result({ scheduleId, deleted: true }, () => `${scheduleId} is deleted`);
      }),
    );

  for (const [verb, description] of [
    ["pause", "fire no more until `resume`"],
    ["resume", "fire again"],
  ] as const) {
    schedules
      .command(`${verb} <schedule-id>`)
      .description(description)
      .action(
        act(async ({ client, printer }, scheduleId: string) => {
          const schedule = await client().schedules[verb](scheduleId);
          printer.result(schedule, () => scheduleText(schedule));
        }),
      );
  }

  schedules
    .command("trigger <schedule-id>")
    .description("start a session of it now")
    .option("--idempotency-key <key>", "names the wish: the same key again starts nothing more")
    .action(
      act(async ({ client, printer }, scheduleId: string, options: { readonly idempotencyKey?: string }) => {
        const started = await client().schedules.trigger(scheduleId, given(options));
        printer.result(started, () => pairs({ session: started.sessionId, workflow: started.workflowId }));
      }),
    );
};

/** `opscore schedules …`. */
export const scheduleCommands = (program: Command, act: Act): void => {
  const schedules = program.command("schedules").description("sessions started by the calendar");

  withPages(schedules.command("list").description("all schedules")).action(
    act((context, options: ListOptions) =>
      printList(context, "schedules", options, (query) => context.client().schedules.list(query), [
        ["SCHEDULE", (schedule) => cell(schedule.scheduleId)],
        ["CRON", (schedule) => cell(schedule.cron)],
        ["ZONE", (schedule) => cell(schedule.timeZone)],
        ["WORKFLOW", (schedule) => cell(schedule.workflowDefinitionId)],
        ["NEXT", (schedule) => (schedule.paused ? "paused" : cell(schedule.nextFireAt))],
      ]),
    ),
  );

  schedules
    .command("get <schedule-id>")
    .description("a schedule with the next times and the last fires")
    .action(
      act(async ({ client, printer }, scheduleId: string) => {
        const schedule = await client().schedules.get(scheduleId);
        printer.result(schedule, () => scheduleText(schedule));
      }),
    );

  change(schedules, act);
};
