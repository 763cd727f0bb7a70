import * as z from "zod";
import { closed, issue } from "./closed.ts";
import { idSchema } from "./ids.ts";
import { duration } from "./workflow-values.ts";

/** What a calendar has to say about a cron expression in a time zone; nothing: both are fine. */
export type CheckCalendar = (
  cron: string,
  timeZone: string,
) => readonly { readonly field: "cron" | "timeZone"; readonly code: string; readonly message: string }[];

const DEFAULT_ZONE = "UTC";

/** What becomes of a fire while a session of the same schedule is still open. */
export const OVERLAPS = ["skip", "buffer_one", "allow", "cancel_other"] as const;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The body that makes or replaces a schedule. An optional field may be `null`, so that what was read can be sent back. */
export const scheduleBody = closed({
  scheduleId: idSchema.optional(),
  cron: z.string(),
  timeZone: z.string().default(DEFAULT_ZONE),
  workflowDefinitionId: idSchema,
  revision: z.int().min(1).nullish(),
  agentId: idSchema.nullish(),
  initialPayload: z
    .record(z.string(), z.unknown())
    .nullish()
    .transform((value) => value ?? {}),
  overlap: z.enum(OVERLAPS).default("skip"),
  catchUp: duration(0).default("1h"),
  paused: z.boolean().optional(),
  description: z.string().max(1_024).nullish(),
});

/** `scheduleBody`; what the calendar has to say is reported next to all other faults. */
export const scheduleSchema = (check: CheckCalendar) =>
  scheduleBody.superRefine(
    (value, context) => {
      const { cron, timeZone = DEFAULT_ZONE } = value as Record<string, unknown>;
      if (typeof cron !== "string" && typeof timeZone !== "string") return;
      // One of the two may be checked while the other has no shape at all.
      const faults = check(
        typeof cron === "string" ? cron : "* * * * *",
        typeof timeZone === "string" ? timeZone : DEFAULT_ZONE,
      );
      for (const { field, code, message } of faults) context.addIssue(issue([field], message, { code }));
    },
    { when: ({ value }) => isObject(value) },
  );

export type ScheduleBody = z.output<ReturnType<typeof scheduleSchema>>;

/** Bodies of the calls that need none. */
export const emptySchema = closed({});
