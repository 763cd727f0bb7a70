import * as z from "zod";
import { idSchema } from "../ids.ts";
import { TASK_STATUSES } from "../queries.ts";
import {
  attemptId,
  count,
  failure,
  json,
  jsonObject,
  sessionId,
  taskId,
  text,
  time,
  transport,
  type Answer,
  orNull,
} from "./values.ts";

/** How an attempt can end without success. */
export const ATTEMPT_OUTCOMES = [
  "superseded",
  "heartbeat_deadline",
  "failed",
  "rejected",
  "agent_error",
  "refused",
  "start_deadline",
  "run_deadline",
  "agent_restarted",
  "agent_deregistered",
  "cancelled",
] as const;

/** One try of a task on one agent. */
export const attemptAnswer = z
  .strictObject({
    attempt: z.int().min(1).describe("Its number within the task, from 1: the fence."),
    id: attemptId("Its `opscore_task_id`, which the agent names when it reports or settles."),
    agentId: idSchema.describe("The agent that it was given to."),
    status: z
      .enum(["running", "completed", ...ATTEMPT_OUTCOMES])
      .describe(
        "`running` while it is open. `rejected` and `agent_error`: the agent refused the delivery, or answered it with an error. `refused`: it could not be delivered.",
      ),
    transport: transport.nullable().describe("How it was delivered; `null` if that is not known, or it was not."),
    dispatchedAt: time("When it was last sent."),
    startedAt: orNull(time("When the agent first said that it works on it; `null` if it has not.")),
    endedAt: orNull(time("When it ended; `null` while it is open.")),
    error: failure.nullable().describe("Why it ended without success; `null` otherwise."),
    counts: z.boolean().describe("Whether it counts against the task's `retry.maxAttempts`."),
    usage: orNull(jsonObject("What the agent says it used, as sent; `null` if it has said nothing.")),
    notes: z.array(z.string()).describe("Why a transport was not used or did not deliver, in words."),
    progress: json("What the newest heartbeat or report brought; `null` without one, and after the end."),
  })
  .meta({ id: "Attempt", description: "One try of a task on one agent." });

const fallback = z
  .strictObject({
    taskId: text("The task that stands in, by its id in the workflow definition."),
    status: z.enum(TASK_STATUSES).nullable().describe("How that one stands; `null`: it has not begun."),
  })
  .meta({ id: "Fallback", description: "What stands in for a failed task." });

const place = z
  .strictObject({
    taskId: text("The map, by its id in the workflow definition."),
    id: taskId("The map's own id."),
    index: count("Which item of it, from 0."),
  })
  .meta({ id: "MapPlace", description: "Which item of which map a task is." });

/** A task of a session, with all of its attempts. */
export const taskAnswer = z
  .strictObject({
    taskId: text("Its id in the workflow definition."),
    id: taskId("Its own id, over all sessions."),
    name: text("Its name in the definition; its `taskId` if it has none."),
    status: z.enum(TASK_STATUSES).describe("How it stands. `retrying`: its last attempt ended without success."),
    agentId: idSchema
      .nullable()
      .describe("The agent that works on it, or did last; `null`: none, or it waits for one."),
    parameters: jsonObject("Its parameters as rendered when it began. Secrets are shown by their names."),
    output: json("Its output once completed; `null` otherwise."),
    error: failure.nullable().describe("Why it failed, or its last attempt did; `null` otherwise."),
    fallback: fallback
      .nullable()
      .describe(
        "What stands in for it if it failed; once that is completed, later tasks see its output as this one's. `null`: nothing.",
      ),
    map: place.nullable().describe("Which item of which map it is; `null`: none."),
    lateResults: count("Results that came too late to change anything; the session's log has them."),
    attempts: z.array(attemptAnswer).describe("Its attempts on agents, in order."),
    carriedFrom: taskId(
      "The task of an earlier session whose result stands here; absent: it ran in this one.",
    ).exactOptional(),
  })
  .meta({ id: "Task", description: "A task of a session." });

/** `GET /tasks/{id}`: a task, and where it belongs. */
export const taskDetailAnswer = taskAnswer
  .extend({
    sessionId: sessionId("The session it belongs to."),
    workflowId: idSchema.describe("The workflow of that session; `opscore.single-task` for a task without one."),
  })
  .meta({ id: "TaskDetail", description: "A task, and where it belongs." });

/** A task in a list: where it stands, without parameters and output. */
export const taskSummaryAnswer = z
  .strictObject({
    taskId: text("Its id in the workflow definition."),
    id: taskId("Its own id, over all sessions."),
    name: text("Its name in the definition; its `taskId` if it has none."),
    status: z.enum(TASK_STATUSES).describe("How it stands."),
    sessionId: sessionId("The session it belongs to."),
    workflowId: idSchema.describe("The workflow of that session; `opscore.single-task` for a task without one."),
    agentId: idSchema.nullable().describe("The agent that works on it; of an ended task the last one that did."),
    attempts: count("How many attempts there were so far."),
    error: failure.nullable().describe("Why it failed, or its last attempt did, in short; `null` otherwise."),
    since: time("When it was sent (`running`), began to wait (`waiting`), was ready (`retrying`), or ended."),
  })
  .meta({ id: "TaskSummary", description: "A task in a list." });

/** A task without a workflow was enqueued; the same `Idempotency-Key` and body again get the same one. */
export const taskEnqueuedAnswer = z
  .strictObject({
    id: taskId("The task."),
    sessionId: sessionId("The session that was made for it alone."),
  })
  .meta({ id: "TaskEnqueued", description: "A single task was enqueued." });

/** A single task was cancelled: now (202), or before (200). */
export const taskCancelledAnswer = z
  .strictObject({
    id: taskId("The task."),
    status: z.literal("cancelled").describe("How it stands."),
  })
  .meta({ id: "TaskCancelled", description: "A single task is cancelled." });

/** The bodies as types. */
export type TaskAnswer = Answer<typeof taskAnswer>;
export type TaskDetailAnswer = Answer<typeof taskDetailAnswer>;
export type TaskSummaryAnswer = Answer<typeof taskSummaryAnswer>;
export type TaskEnqueuedAnswer = Answer<typeof taskEnqueuedAnswer>;
export type TaskCancelledAnswer = Answer<typeof taskCancelledAnswer>;
