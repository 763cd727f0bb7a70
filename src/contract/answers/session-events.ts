import * as z from "zod";
import { idSchema } from "../ids.ts";
import { event } from "./event.ts";
import { actor, count, epochMs, failure, json, jsonObject, sessionId, sha256Hex, text, orNull } from "./values.ts";

/** Events of a session as a whole. */

const parent = z
  .strictObject({
    sessionId: sessionId("The session that started it."),
    n: z.int().min(1).describe("The number of the task there."),
    attempt: z.int().min(1).describe("The number of that task's attempt."),
    depth: z.int().min(1).describe("How many sessions stand above it."),
  })
  .exactOptional()
  .describe("The task that started it as its child.");

/** A session was started. */
export const sessionStarted = event("SessionStarted", "The session was started.", {
  sessionId: sessionId("The session."),
  definition: z
    .strictObject({
      workflowId: idSchema.describe("The workflow."),
      revision: count("The revision; 0: a definition of its own that came with the start."),
      hash: sha256Hex("SHA-256 of the definition as canonical JSON."),
    })
    .describe("The definition that it is pinned to."),
  home: idSchema.nullable().describe("The agent that it was started for; `null`: none."),
  input: jsonObject("Its initial payload."),
  actor: actor.describe("Who started it."),
  timeoutMs: z.int().min(0).exactOptional().describe("How long it may last, in milliseconds; absent: without a limit."),
  parent,
  rerunOf: z
    .strictObject({
      sessionId: sessionId("The session that it runs again."),
      fromTaskId: orNull(text("From which task; `null`: from its beginning.")),
      reason: orNull(text("Why; `null`: nothing was said.")),
    })
    .exactOptional()
    .describe("The session that it runs again; absent: none."),
});

/** Tasks of an earlier session stand as they did there. */
export const tasksCarried = event(
  "TasksCarried",
  "Tasks of an earlier session keep their results and are not run again.",
  {
    tasks: z
      .array(
        z.strictObject({
          taskId: text("The task's id in the workflow definition."),
          n: z.int().min(1).describe("Its number in this session."),
          status: z.enum(["completed", "failed", "skipped"]).describe("How it stands."),
          from: z
            .strictObject({
              sessionId: sessionId("The session in which it ran."),
              seq: z.int().min(1).describe("The row of that session's log which says what became of it."),
              n: z.int().min(1).describe("Its number there."),
            })
            .describe("Where its result is."),
          dead: z.literal(true).exactOptional().describe("Nothing led to it."),
          by: text("The fallback whose output stands for its own.").exactOptional(),
          chose: orNull(text("Which way was chosen after it; `null`: none.")).exactOptional(),
        }),
      )
      .describe("The tasks, in the order in which they ended."),
  },
);

/** What a person's word under an Idempotency-Key was answered. */
export const controlAnswered = event("ControlAnswered", "What a person's word under an Idempotency-Key was answered.", {
  key: text("The Idempotency-Key, behind the id of whose it is, unless it came with the root key."),
  request: text("Tells the request from another one under the same key."),
  status: text("The status of the session in the answer."),
  already: z.literal(true).exactOptional().describe("It was so already, and nothing changed."),
  signal: z.literal(true).exactOptional().describe("It was a signal."),
});

/** Something an operator should know that changes nothing. */
export const sessionWarned = event("SessionWarned", "Something an operator should know; it changes nothing.", {
  taskId: text("The task in question."),
  code: text("What it is about: a stable code."),
  message: text("The same in words."),
});

/** The session stands still. */
export const sessionPaused = event("SessionPaused", "The session was paused.", {
  reason: orNull(text("Why; `null`: nothing was said.")),
  actor: actor.describe("Who paused it."),
});

/** The session goes on. */
export const sessionResumed = event("SessionResumed", "The session goes on.", {
  actor: actor.describe("Who resumed it."),
});

/** The session had lasted too long while Ops-Core was away: the time is given back. */
export const deadlineMoved = event("DeadlineMoved", "Ops-Core was away; the time is given back to the session.", {
  until: epochMs("How long the session may last now."),
});

/** A signal came. */
export const signalReceived = event("SignalReceived", "A signal came; it is kept until a task waits for it.", {
  name: text("Its name."),
  payload: json("What it brought."),
  key: orNull(text("The Idempotency-Key it came with, as in `ControlAnswered`; `null`: none.")),
  actor: actor.describe("Who sent it."),
});

/** The session fails; what it did is undone first. */
export const compensationStarted = event("CompensationStarted", "The session fails; what it did is undone first.", {
  taskId: orNull(text("The task that made it fail; `null`: none.")),
  error: failure.describe("Why it fails."),
  tasks: z.array(z.string()).describe("The tasks that undo it, in their order."),
});

/** The session is done. */
export const sessionCompleted = event("SessionCompleted", "The session is completed.", {
  output: json("Of a child: what it hands to the task that started it.").exactOptional(),
});

/** The session failed. */
export const sessionFailed = event("SessionFailed", "The session has failed.", {
  taskId: orNull(text("The task that made it fail; `null`: none.")),
  error: failure.describe("Why."),
});

/** The session was cancelled. */
export const sessionCancelled = event("SessionCancelled", "The session was cancelled.", {
  reason: orNull(text("Why; `null`: nothing was said.")),
  actor: actor.describe("Who cancelled it."),
});
