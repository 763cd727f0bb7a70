import * as z from "zod";
import { idSchema } from "../ids.ts";
import { sessionStatus } from "./session.ts";
import { sessionId, taskId, text, type Answer, orNull } from "./values.ts";

/** What a person's word came to: 202 if it changed something now, 200 if it was so before. */

/** A session is cancelled. */
export const sessionCancelledAnswer = z
  .strictObject({
    sessionId: sessionId("The session."),
    status: z.literal("cancelled").describe("How it stands."),
  })
  .meta({ id: "SessionCancelled", description: "A session is cancelled." });

/** A session was paused or goes on. */
export const sessionStandingAnswer = z
  .strictObject({
    sessionId: sessionId("The session."),
    status: sessionStatus,
  })
  .meta({ id: "SessionStanding", description: "How a session stands after a person's word." });

/** A signal was handed to the task that waits for it, or is kept for the one that will. */
export const signalSentAnswer = z
  .strictObject({
    sessionId: sessionId("The session."),
    signal: idSchema.describe("The name of the signal."),
    status: sessionStatus,
  })
  .meta({ id: "SignalSent", description: "A session has received a signal." });

/** A person decided about a task. */
export const taskControlledAnswer = z
  .strictObject({
    sessionId: sessionId("The session."),
    taskId: text("The task's id in the workflow definition; of an item of a map that has ended, its own id."),
    id: orNull(taskId("The task's own id; `null` if it has none that is known.")),
    status: sessionStatus,
  })
  .meta({ id: "TaskControlled", description: "How a session stands after a person's word about one of its tasks." });

/** The bodies as types. */
export type SessionCancelledAnswer = Answer<typeof sessionCancelledAnswer>;
export type SessionStandingAnswer = Answer<typeof sessionStandingAnswer>;
export type SignalSentAnswer = Answer<typeof signalSentAnswer>;
export type TaskControlledAnswer = Answer<typeof taskControlledAnswer>;
