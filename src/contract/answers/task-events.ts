import * as z from "zod";
import { event } from "./event.ts";
import { NO_AGENT_CODES } from "../wait-codes.ts";
import { actor, count, epochMs, failure, json, jsonObject, text, orNull } from "./values.ts";

/** Events of tasks that need no attempt of an agent, and of the ways between tasks. */

/** Why a task was skipped. */
export const SKIP_REASONS = ["not_reached", "condition", "operator"] as const;

/** What finished a task without an attempt on an agent. */
export const RESOLVED_BY = ["timer", "operator", "call", "signal", "approval", "timeout", "map", "child"] as const;

/** What a task waits for that comes from outside. */
export const AWAITED = ["signal", "approval"] as const;

/** What follows the failure of a task instead of the session's. */
export const INSTEAD = ["fallback", "continue"] as const;

const task = {
  taskId: text("The task's id in the workflow definition."),
  n: z.int().min(1).describe("The task's number in the session, in order of creation from 1."),
};

const byPerson = actor.exactOptional().describe("Who said so, if it was a person.");

/** A task began; its parameters were rendered. */
export const taskEntered = event("TaskEntered", "A task has begun; its parameters were rendered.", {
  ...task,
  parameters: jsonObject("Its parameters as rendered. Secrets are shown by their names."),
  priority: z.int().min(0).max(99).exactOptional().describe("Its priority, where it is not the default of 50."),
  of: z.int().min(1).exactOptional().describe("Of an item: the number of its map."),
  index: count("Of an item: which one, from 0.").exactOptional(),
  items: z.array(json("An item.")).exactOptional().describe("Of a map: what it goes over."),
});

/** No agent can take a task yet. */
export const taskWaited = event("TaskWaited", "No agent can take the task yet.", {
  ...task,
  queue: text("The queue it waits in: `agent:` and an id, `cap:` and a capability, or `none`."),
  why: z
    .strictObject({
      code: z.enum(NO_AGENT_CODES).describe("Why no agent takes it."),
      message: text("The same in words."),
    })
    .describe("Why it waits."),
});

/** Nothing led to a task, its condition did not hold, or a person said so. */
export const taskSkipped = event("TaskSkipped", "A task was left out.", {
  ...task,
  reason: z
    .enum(SKIP_REASONS)
    .describe("`not_reached`: no way led to it. `condition`: its `when` is false. `operator`: a person said so."),
  actor: byPerson,
});

/** A wait began. */
export const taskSlept = event("TaskSlept", "A wait has begun.", {
  ...task,
  until: epochMs("When it ends."),
  fixed: z.boolean().describe("True: an instant of the calendar, which a pause does not move."),
});

/** A task is done without an attempt on an agent. */
export const taskResolved = event("TaskResolved", "A task is done without an attempt on an agent.", {
  ...task,
  output: json("Its output."),
  by: z.enum(RESOLVED_BY).describe("What finished it."),
  actor: byPerson,
  attempt: z.int().min(1).exactOptional().describe("Of a call or a child session: the number of the attempt."),
  signal: z
    .strictObject({ name: text("Its name."), seq: z.int().min(1).describe("The log row that it came with.") })
    .exactOptional()
    .describe("The signal that was taken."),
});

/** A task failed for good. */
export const taskFailed = event("TaskFailed", "A task has failed for good.", {
  ...task,
  error: failure.describe("Why."),
  attempt: z
    .int()
    .min(1)
    .exactOptional()
    .describe("The number of its last attempt; absent: it had none, or the log is older than this member."),
  instead: z.enum(INSTEAD).exactOptional().describe("What follows instead of the session's failure."),
  actor: byPerson,
});

/** A task was cancelled along with others. */
export const taskCancelled = event("TaskCancelled", "A task was cancelled along with its session or its map.", task);

/** A person wants the next attempt now. */
export const taskHurried = event("TaskHurried", "A person wants the next attempt now.", {
  ...task,
  actor: actor.describe("Who."),
});

/** A signal or a person is waited for. */
export const taskAwaited = event("TaskAwaited", "A signal or a person is waited for.", {
  ...task,
  what: z.enum(AWAITED).describe("What is waited for."),
  name: text("The name of the signal; of an approval the task's."),
  until: orNull(epochMs("Until when; `null`: for as long as it takes.")),
});

/** Which way goes on after a task. */
export const choiceMade = event("ChoiceMade", "A way was chosen after a task.", {
  taskId: text("The task after which was chosen."),
  chose: orNull(text("The task that follows; `null`: none.")),
});

/** The fallback of a failed task is done. */
export const fallbackEnded = event("FallbackEnded", "The fallback of a failed task is done.", {
  taskId: text("The task that failed."),
  by: text("The task that stood in for it."),
  status: z.enum(["completed", "failed"]).describe("How that one ended."),
});
