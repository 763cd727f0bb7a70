import * as z from "zod";
import { idSchema } from "../ids.ts";
import { event } from "./event.ts";
import { ATTEMPT_OUTCOMES } from "./task.ts";
import { attemptId, epochMs, failure, json, jsonObject, sessionId, text, transport, orNull } from "./values.ts";

/** Events of attempts: on agents, by calls that Ops-Core makes itself, and by child sessions. */

/** How an agent itself settled an attempt. */
export const SETTLED_BY = ["report", "call"] as const;

/** Where a task's output came from. */
export const OUTPUT_SOURCES = ["report", "answer", "none"] as const;

/** Why a result was too late, or nobody's. */
export const LATE_REASONS = ["stale_attempt", "other_agent", "result_conflict"] as const;

const task = {
  taskId: text("The task's id in the workflow definition."),
  n: z.int().min(1).describe("The task's number in the session, in order of creation from 1."),
};

const attempt = {
  ...task,
  attempt: z.int().min(1).describe("The number of the attempt within the task, from 1."),
  attemptId: attemptId("The attempt's `opscore_task_id`."),
};

const onAgent = { ...attempt, agentId: idSchema.describe("The agent that the attempt was given to.") };

const leaseUntil = epochMs("Until then only the process that requested it carries it out.");
const again = z.boolean().describe("True: its outcome is not known, and it is made once more under its old number.");
const repeats = z.int().min(1).exactOptional().describe("How often its outcome was lost so far; absent: never.");
const counts = z.boolean().describe("Whether it counts against `retry.maxAttempts`.");
const retryAt = orNull(epochMs("When the next attempt begins; `null`: none is planned by this event."));
const usage = jsonObject("What the agent says it used, as sent.").exactOptional();

const trace = z
  .strictObject({
    sentAt: epochMs("When it was last sent."),
    startedAt: orNull(epochMs("When the agent first said that it works on it.")),
    transport: orNull(transport),
    confirmedAt: orNull(epochMs("When the agent itself was known to have it.")),
    notes: z
      .array(z.string())
      .exactOptional()
      .describe("What kept a transport from being used, or makes the delivery doubtful."),
  })
  .describe("What is known of the way of the attempt.");

const result = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("completed").describe("It is done."),
      output: json("What it brought.").exactOptional(),
    }),
    z.strictObject({
      kind: z.literal("failed").describe("It failed."),
      error: failure.describe("Why."),
      retryable: z.boolean().exactOptional().describe("Whether the agent says that another attempt may succeed."),
      retryAfterMs: z.int().min(0).exactOptional().describe("How long the agent asks to wait, in milliseconds."),
    }),
  ])
  .describe("What was said of the attempt.");

/** A task is to be sent to an agent. */
export const dispatchRequested = event("DispatchRequested", "A task was given to an agent and is to be sent.", {
  ...onAgent,
  leaseUntil,
  again,
});

/** An attempt on an agent ended without success. */
export const attemptEnded = event("AttemptEnded", "An attempt on an agent ended without success.", {
  ...onAgent,
  outcome: z.enum(ATTEMPT_OUTCOMES).describe("How it ended."),
  error: failure.describe("Why."),
  counts,
  retryAt,
  trace,
  via: z.enum(SETTLED_BY).exactOptional().describe("How the agent said so itself; absent: it did not."),
  usage,
});

/** An attempt on an agent succeeded, and its task with it. */
export const taskCompleted = event("TaskCompleted", "An attempt on an agent succeeded, and the task with it.", {
  ...onAgent,
  output: json("The task's output."),
  outputFrom: z.enum(OUTPUT_SOURCES).describe("Where it came from; `answer`: the agent's HTTP answer to the delivery."),
  via: z.enum(SETTLED_BY).describe("How the agent settled it."),
  trace,
  usage,
});

/** A result came that changed nothing; it is kept for people. */
export const lateResultRecorded = event("LateResultRecorded", "A result came that changed nothing, kept for people.", {
  ...onAgent,
  reason: z.enum(LATE_REASONS).describe("Why it changed nothing."),
  from: orNull(text("Who sent it; `null`: not known.")),
  result,
  transport: orNull(transport),
});

/** A call that Ops-Core makes itself is to be made. */
export const callRequested = event("CallRequested", "A call is to be made by Ops-Core itself.", {
  ...attempt,
  leaseUntil,
  again,
  handedOn: z
    .literal(true)
    .exactOptional()
    .describe("Present if it is left to the queue's consumer, which requests it again before it makes it."),
  repeats,
  agentId: idSchema.exactOptional().describe("The agent whose tool it is; absent for `http`."),
});

/** A call or a child session ended without success. */
export const callFailed = event("CallFailed", "A call or a child session ended without success.", {
  ...attempt,
  error: failure.describe("Why."),
  counts,
  retryAt,
});

/** A child session is to be started. */
export const childRequested = event("ChildRequested", "A child session is to be started.", {
  ...attempt,
  sessionId: sessionId("The child."),
  leaseUntil,
  again,
  repeats,
});
