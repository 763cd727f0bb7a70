import * as z from "zod";
import * as attempts from "./attempt-events.ts";
import * as sessions from "./session-events.ts";
import * as tasks from "./task-events.ts";
import { actor, sha256Hex, text, time, type Answer, orNull } from "./values.ts";

/** Every event that a session's log can hold. */
export const sessionEventAnswer = z
  .discriminatedUnion("type", [
    sessions.sessionStarted,
    sessions.sessionWarned,
    sessions.sessionPaused,
    sessions.sessionResumed,
    sessions.deadlineMoved,
    sessions.signalReceived,
    sessions.tasksCarried,
    sessions.controlAnswered,
    sessions.compensationStarted,
    sessions.sessionCompleted,
    sessions.sessionFailed,
    sessions.sessionCancelled,
    tasks.taskEntered,
    tasks.taskWaited,
    tasks.taskSkipped,
    tasks.taskSlept,
    tasks.taskResolved,
    tasks.taskFailed,
    tasks.taskCancelled,
    tasks.taskHurried,
    tasks.taskAwaited,
    tasks.choiceMade,
    tasks.fallbackEnded,
    attempts.dispatchRequested,
    attempts.attemptEnded,
    attempts.taskCompleted,
    attempts.lateResultRecorded,
    attempts.callRequested,
    attempts.callFailed,
    attempts.childRequested,
  ])
  .meta({
    id: "SessionEvent",
    description: "One thing that happened in a session. Times in events are epoch milliseconds.",
  });

/** One row of a session's log: what one command changed, all of it or nothing. */
export const logRowAnswer = z
  .strictObject({
    seq: z.int().min(1).describe("Its number in the log, from 1 without a gap."),
    at: time("When it was written."),
    cause: z
      .strictObject({
        command: text("The command, such as `StartSession`."),
        actor: actor.describe("Who gave it."),
        requestId: orNull(text("The `X-Request-Id` of the request it came with; `null`: none.")),
      })
      .describe("Why it was written."),
    events: z.array(sessionEventAnswer).describe("What happened, in order."),
    hash: sha256Hex(
      "SHA-256 over the row and the hash of the row before: an edit of any row shows in every later one.",
    ),
  })
  .meta({ id: "LogRow", description: "One row of a session's log." });

/** The bodies as types. */
export type SessionEventAnswer = Answer<typeof sessionEventAnswer>;
export type LogRowAnswer = Answer<typeof logRowAnswer>;
