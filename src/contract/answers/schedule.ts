import * as z from "zod";
import { idSchema } from "../ids.ts";
import { OVERLAPS } from "../schedules.ts";
import { count, failure, jsonObject, sessionId, text, time, type Answer, orNull } from "./values.ts";

/** What made a fire happen. */
export const FIRE_ORIGINS = ["calendar", "hand"] as const;

/** What became of a fire. */
export const FIRE_OUTCOMES = ["started", "skipped", "failed", "missed"] as const;

const fire = z.strictObject({
  at: time("Its nominal time; of a start by hand the time it was asked for."),
  by: z.enum(FIRE_ORIGINS).describe("Whether it was the calendar's or asked for by `trigger`."),
  outcome: z
    .enum(FIRE_OUTCOMES)
    .describe(
      "`skipped`: a session was still open. `failed`: the start was refused. `missed`: it was older than `catchUp`.",
    ),
  sessionId: orNull(sessionId("The session that it became; `null`: none.")),
  reason: failure.nullable().describe("Why there is no session; `null` if there is one."),
  count: z.int().min(1).describe("More than 1 only where fires were missed in a row: `at` is the last of them."),
});

/** A schedule in a list: without its payload and its fires. */
export const scheduleAnswer = z
  .strictObject({
    scheduleId: idSchema.describe("The schedule."),
    cron: text("Five fields, or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`; as written."),
    timeZone: text("The IANA time zone in which `cron` is meant."),
    workflowDefinitionId: idSchema.describe("The workflow that it starts."),
    revision: z.int().min(1).nullable().describe("The revision that it starts; `null`: the newest at each fire."),
    agentId: idSchema.nullable().describe("The agent that sessions are started for; `null`: none."),
    overlap: z.enum(OVERLAPS).describe("What becomes of a fire while a session of the schedule is still open."),
    catchUp: text("How late a fire may be after a time away, as a duration (`1h`); older ones are missed."),
    description: orNull(text("What its author says of it; `null`: nothing.")),
    paused: z.boolean().describe("Whether it stands still. What would fire meanwhile is not made up for."),
    nextFireAt: orNull(time("The next nominal time; `null` while paused, or if there is none.")),
    counts: z
      .strictObject({
        started: count("Fires that became a session."),
        skipped: count("Fires left out because a session was still open."),
        failed: count("Fires whose start was refused."),
        missed: count("Fires that were too old after a time away; at least so many."),
      })
      .describe("How many fires came to what, ever."),
    createdAt: time("When it was made."),
    updatedAt: time("When it was last changed by a request."),
  })
  .meta({ id: "Schedule", description: "Starts sessions of a workflow by the calendar." });

/** A schedule with what it starts, what it did lately, and what it will do. */
export const scheduleDetailAnswer = scheduleAnswer
  .extend({
    initialPayload: jsonObject("What its sessions are started with."),
    nextFires: z.array(time("A nominal time.")).max(5).describe("The nominal times to come; none while paused."),
    runningSessions: z.array(sessionId("A session.")).describe("Sessions that it started and that are open."),
    bufferedFire: orNull(time("The nominal time that waits for one of `runningSessions` to end; `null`: none.")),
    lastFires: z.array(fire).max(20).describe("The newest fires and what became of them, newest first."),
  })
  .meta({ id: "ScheduleDetail", description: "A schedule with its fires." });

/** A session was started by hand; the same `Idempotency-Key` again gets the same one. */
export const scheduleTriggeredAnswer = z
  .strictObject({
    sessionId: sessionId("The session that was started."),
    workflowId: idSchema.describe("The workflow that it runs."),
    scheduleId: idSchema.describe("The schedule."),
  })
  .meta({ id: "ScheduleTriggered", description: "A session was started by hand." });

/** The bodies as types. */
export type ScheduleAnswer = Answer<typeof scheduleAnswer>;
export type ScheduleDetailAnswer = Answer<typeof scheduleDetailAnswer>;
export type ScheduleTriggeredAnswer = Answer<typeof scheduleTriggeredAnswer>;
