import * as z from "zod";
import { idSchema } from "../ids.ts";
import { SESSION_STATUSES } from "../queries.ts";
import { WAIT_CODES } from "../wait-codes.ts";
import { taskAnswer } from "./task.ts";
import { count, failure, sessionId, text, time, type Answer, orNull } from "./values.ts";

/** How a session stands, as people read it. */
export const sessionStatus = z
  .enum(SESSION_STATUSES)
  .describe("`started`: no task was sent yet. `waiting`: nothing is being worked on now; `waitingFor` says why.");

const waitingFor = z
  .strictObject({
    code: z
      .enum(WAIT_CODES)
      .describe(
        "What is waited for: an agent to take a task (`agent_…`, `no_…`, `queued`; `ready`: one can), an agent's or our own work (`agent`, `call`, `items`, `child`), a person (`signal`, `approval`, `paused`), or a time (`retry`, `timer`).",
      ),
    message: text("The same in words."),
    taskId: text("The task in question, by its id in the workflow definition."),
    until: orNull(time("When it goes on by itself at the latest; `null` if nothing is planned.")),
  })
  .meta({ id: "WaitingFor", description: "What an open session waits for." });

const rerunOf = z
  .strictObject({
    sessionId: sessionId("The session that is run again."),
    fromTaskId: orNull(text("The task it is run again from; `null`: from its beginning.")),
  })
  .meta({ id: "RerunOf", description: "The session that another one runs again." });

/** A session without its tasks. */
export const sessionAnswer = z
  .strictObject({
    sessionId: sessionId("The session."),
    workflowId: idSchema.describe("The workflow that it runs."),
    revision: z
      .int()
      .min(1)
      .nullable()
      .describe("The revision that it is pinned to; `null`: a definition of its own that came with the start."),
    status: sessionStatus,
    reason: orNull(text("Why it stands where it stands, in one sentence; `null` once completed.")),
    error: failure.nullable().describe("Why it failed; `null` unless it did."),
    waitingFor: waitingFor.nullable().describe("What it waits for; `null` once it has ended."),
    agentId: idSchema.nullable().describe("The agent that it was started for; `null`: none."),
    rerunOf: rerunOf.nullable().describe("The session that it runs again; `null`: none."),
    startedAt: time("When it was started."),
    updatedAt: time("When it last changed."),
    endedAt: orNull(time("When it ended; `null` while it is open.")),
    nextAt: orNull(time("When the next thing happens by itself; `null` if nothing is planned.")),
  })
  .meta({ id: "Session", description: "One run of a workflow." });

/** `GET /sessions/{sessionId}`: a session with its tasks in the order in which they began. */
export const sessionDetailAnswer = sessionAnswer
  .extend({ tasks: z.array(taskAnswer).describe("Its tasks, in the order in which they began.") })
  .meta({ id: "SessionDetail", description: "One run of a workflow, with its tasks." });

/** A session was started; the same `Idempotency-Key` and body again get the same one. */
export const sessionStartedAnswer = z
  .strictObject({
    sessionId: sessionId("The session."),
    workflowId: idSchema.describe("The workflow that it runs."),
  })
  .meta({ id: "SessionStarted", description: "A session was started." });

/** A session that has ended is run again, as a new one; under the same `Idempotency-Key` the same request gets the same. */
export const sessionRerunAnswer = z
  .strictObject({
    sessionId: sessionId("The new session."),
    workflowId: idSchema.describe("The workflow that it runs."),
    message: text("What was done, in words."),
  })
  .meta({ id: "SessionRerun", description: "A session is run again, as a new one." });

/** What a bulk action did, or with `dryRun` what it would be for. */
export const bulkAnswer = z.union([
  z
    .strictObject({
      done: z
        .array(
          z.strictObject({
            sessionId: sessionId("The session."),
            newSessionId: sessionId("The session that runs it again.").exactOptional(),
          }),
        )
        .describe("What was done."),
      skipped: z
        .array(
          z.strictObject({
            sessionId: sessionId("The session."),
            code: text("Why it was left as it is: the code of a problem."),
            detail: text("The same in words."),
          }),
        )
        .describe("What was left as it is."),
      nextCursor: orNull(text("Where to go on; `null`: the end.")),
    })
    .meta({ id: "BulkDone", description: "What a bulk action did." }),
  z
    .strictObject({
      matched: count("Sessions that it would be for."),
      capped: z.boolean().describe("True: there are at least so many; only the newest were counted."),
      sample: z.array(sessionId("A session.")).describe("The newest of them."),
    })
    .meta({ id: "BulkPreview", description: "What a bulk action would be for." }),
]);

/** How many sessions pass a filter. */
export const sessionCountsAnswer = z
  .strictObject({
    data: z.record(z.enum(SESSION_STATUSES), count("Sessions.")).describe("How many there are, by status."),
    total: count("How many there are in all."),
    exact: z.boolean().describe("False: there were too many to count; there are at least so many."),
  })
  .meta({ id: "SessionCounts", description: "How many sessions pass a filter." });

/** The bodies as types. */
export type SessionAnswer = Answer<typeof sessionAnswer>;
export type SessionDetailAnswer = Answer<typeof sessionDetailAnswer>;
export type SessionStartedAnswer = Answer<typeof sessionStartedAnswer>;
export type SessionCountsAnswer = Answer<typeof sessionCountsAnswer>;
export type SessionRerunAnswer = Answer<typeof sessionRerunAnswer>;
export type BulkAnswer = Answer<typeof bulkAnswer>;
