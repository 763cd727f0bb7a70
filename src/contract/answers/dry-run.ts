import * as z from "zod";
import { idSchema } from "../ids.ts";
import { faultSchema } from "../problem.ts";
import { logRowAnswer } from "./session-log.ts";
import { sessionDetailAnswer, sessionStatus } from "./session.ts";
import { count, orNull, text, time, type Answer } from "./values.ts";

/** Why a dry run came to a halt before its session ended. */
export const STOP_CODES = ["waiting", "limit_steps", "limit_log", "limit_time", "limit_work"] as const;

const awaited = z
  .strictObject({
    taskId: text("The task that waits, by its id in the definition."),
    code: z.enum(["approval", "signal", "child"]).describe("What it waits for."),
    until: orNull(time("Its deadline; `null`: it has none.")),
  })
  .meta({ id: "DryRunAwaited", description: "A task of a dry run that waits for what no mock says." });

const stop = z
  .strictObject({
    code: z
      .enum(STOP_CODES)
      .describe("`waiting`: nothing more happens by itself, `for` says why. `limit_…`: a dry run does no more."),
    message: text("The same in words."),
    for: z.array(awaited).describe("The tasks that wait for what no mock says; empty for a limit."),
  })
  .meta({ id: "DryRunStop", description: "Why a dry run came to a halt before its session ended." });

const cut = (what: string) =>
  z
    .strictObject({ shown: count(`How many ${what} are shown: the first ones.`), of: count("How many there are.") })
    .describe(`How many of the ${what} are shown.`);

/** `POST /workflows/{workflowId}/test`: what a definition comes to against mocks. All times are virtual. */
export const dryRunAnswer = z
  .strictObject({
    workflowId: idSchema.describe("The workflow."),
    revision: z.int().min(1).nullable().describe("Its revision; `null`: a definition that came with the request."),
    status: sessionStatus,
    reason: orNull(text("Why it stands where it stands, in one sentence; `null` once completed.")),
    startedAt: time("When it started."),
    endedAt: orNull(time("When it ended; `null` if it came to a halt before.")),
    elapsedMs: count("How long it took, in milliseconds."),
    stopped: stop.nullable().describe("Why it came to a halt; `null`: the session has ended."),
    session: sessionDetailAnswer.describe("The session as `GET /sessions/{sessionId}` would show it."),
    log: z.array(logRowAnswer).describe("Its log as `GET /sessions/{sessionId}/log` would show it."),
    warnings: z.array(faultSchema).describe("What is no fault of the definition, but probably not meant."),
    defaulted: z.array(text("A task.")).describe("Tasks that had no mock and were done at once instead."),
    unused: z.array(text("A task.")).describe("Tasks whose mocks nothing asked for."),
    truncated: z
      .strictObject({ tasks: cut("tasks"), log: cut("rows of the log") })
      .nullable()
      .describe("What the answer leaves out, so as not to be larger than 1 MiB; `null`: nothing."),
  })
  .meta({ id: "DryRun", description: "What a workflow came to against mocks, in virtual time." });

/** The body as a type. */
export type DryRunAnswer = Answer<typeof dryRunAnswer>;
