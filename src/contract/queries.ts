import * as z from "zod";
import { idSchema } from "./ids.ts";
import { sealedPageQuery } from "./pages.ts";
import { parseTimestamp } from "./timestamp.ts";
import { WAIT_CODES } from "./wait-codes.ts";

/** Filters of lists, as query parameters. All texts; a bad one is a fault of its own, so that all come at once. */

/** What a session's `status` can be, in the order in which counts are given. */
export const SESSION_STATUSES = [
  "started",
  "running",
  "waiting",
  "paused",
  "completed",
  "failed",
  "cancelled",
] as const;
export type SessionStatusText = (typeof SESSION_STATUSES)[number];

/** What a task's `status` can be. */
export const TASK_STATUSES = ["waiting", "retrying", "running", "completed", "failed", "cancelled", "skipped"] as const;
export type TaskStatusText = (typeof TASK_STATUSES)[number];

type Groups<S> = Readonly<Record<string, readonly S[]>>;

const sessionGroups: Groups<SessionStatusText> = {
  open: ["started", "running", "waiting", "paused"],
  ended: ["completed", "failed", "cancelled"],
};

const taskGroups: Groups<TaskStatusText> = {
  open: ["waiting", "retrying", "running"],
  ended: ["completed", "failed", "cancelled", "skipped"],
};

/** One or several, comma separated, or a group; the output has each once, in the order of `all`. */
const statuses = <S extends string>(all: readonly S[], groups: Groups<S>) =>
  z.string().transform((text, context): readonly S[] => {
    const chosen = new Set<string>();
    for (const name of text.split(",")) {
      const group = Object.hasOwn(groups, name) ? groups[name] : undefined;
      if (group === undefined && !all.some((one) => one === name)) {
        const known = [...all, ...Object.keys(groups)].join(", ");
        context.addIssue({
          code: "custom",
          message: `Expected one or several of ${known}, separated by commas`,
          params: { code: "unknown_status" },
        });
        return z.NEVER;
      }
      for (const one of group ?? [name]) chosen.add(one);
    }
    return all.filter((one) => chosen.has(one));
  });

/** RFC 3339 to epoch ms, up to the next whole one: what is compared with it has milliseconds. */
export const instant = z.string().transform((text, context) => {
  const parsed = parseTimestamp(text);
  if (parsed !== null) return Math.ceil(parsed.epochMicros / 1_000);
  context.addIssue({
    code: "custom",
    message: "Expected an RFC 3339 date and time (in a URL the + of an offset is sent as %2B)",
    params: { code: "invalid_timestamp" },
  });
  return z.NEVER;
});

/** A text of 1 to so many characters. */
export const words = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine((text) => !text.includes("\0"), { error: "A NUL is in no text that is stored" });

const sessionId = z.string().regex(/^ses_[0-9A-Z]{28}$/, { error: "Expected the id of a session" });

const sessionParameters = {
  workflowId: idSchema.optional().describe("Of this workflow."),
  agentId: idSchema.optional().describe("Started for this agent, or worked on by it now."),
  waitingFor: z.enum(WAIT_CODES).optional().describe("Waiting for this: a code of `waitingFor`."),
  errorCode: words(128).optional().describe("Failed with this code."),
  startedAfter: instant
    .optional()
    .describe("Started at this time or later. RFC 3339; in a URL the + of an offset is sent as %2B."),
  startedBefore: instant.optional().describe("Started before this time."),
  endedAfter: instant.optional().describe("Ended at this time or later."),
  endedBefore: instant.optional().describe("Ended before this time."),
  text: words(200)
    .optional()
    .describe("Part of its id, of its workflow's id or of the message it ended with; `A`–`Z` in either case."),
  parent: sessionId.optional().describe("The children of this session."),
};

/** The filters of counts of sessions. */
export const sessionCountsQuery = z.strictObject(sessionParameters);

/** The filters of a list of sessions. */
export const sessionsQuery = sessionCountsQuery.extend({
  status: statuses(SESSION_STATUSES, sessionGroups)
    .optional()
    .describe(
      `One or several, separated by commas: ${SESSION_STATUSES.join(", ")}; \`open\` and \`ended\` stand for several.`,
    ),
});

/** The filters of a list of tasks. */
const tasksQuery = z.strictObject({
  status: statuses(TASK_STATUSES, taskGroups)
    .optional()
    .describe(
      `One or several, separated by commas: ${TASK_STATUSES.join(", ")}; \`open\` and \`ended\` stand for several.`,
    ),
  agentId: idSchema.optional().describe("Held by this agent."),
  sessionId: sessionId.optional().describe("Of this session; without it only open tasks are listed."),
  workflowId: idSchema.optional().describe("Of sessions of this workflow."),
});

/** Ended tasks are in their sessions' logs only, so without a session they cannot be listed. */
const endedNeedSession = (asked: { readonly status?: unknown; readonly sessionId?: unknown }): boolean =>
  asked.sessionId !== undefined ||
  !Array.isArray(asked.status) ||
  !asked.status.some((one) => taskGroups["ended"]?.some((ended) => ended === one));

/** Told along with whatever else is wrong. */
const endedNeedSessionFault = {
  error: "Ended tasks are listed with sessionId only",
  path: ["status"],
  params: { code: "not_allowed" },
  when: () => true,
};

/** A list of sessions, page by page. */
export const sessionPageQuery = sessionsQuery.extend(sealedPageQuery(/^ses_[0-9A-Z]{28}$/));

/** A list of tasks, page by page. */
export const taskPageQuery = tasksQuery
  .extend(sealedPageQuery(/^ses_[0-9A-Z]{28}\.[0-9]{1,6}$/))
  .refine(endedNeedSession, endedNeedSessionFault);

/** Which revision of a definition. */
export const revisionQuery = z.strictObject({
  revision: z
    .string()
    .regex(/^[1-9][0-9]{0,8}$/, { error: "Expected a revision number" })
    .optional()
    .describe("The revision, from 1; the newest unless said."),
});
