import * as z from "zod";
import { closed, issue } from "./closed.ts";
import { itemTypes, taskTypes, typeIssues, typeRules } from "./workflow-types.ts";
import * as value from "./workflow-values.ts";

const maxItems = 1_000;

/** What a task of any type and an item of a map have in common. */
const workShape = {
  name: z.string().min(1).max(256).nullish().describe("Shown to people and sent as `task_name`; else the `taskId`."),
  agentCapability: z.string().min(1).max(256).nullish().describe("Any agent that has this capability."),
  agentId: value.id.nullish().describe("This agent; wins over `agentCapability`."),
  parameters: z.record(z.string(), z.unknown()).nullish().describe("What the work is given; `${…}` is CEL."),
  retry: value.retry.optional().describe("How often and after what time it is tried again."),
  timeout: value.timeout.optional().describe("Deadlines: durations such as `90s`, `15m`, `24h`."),
  priority: value.priority.optional().describe("0–99, default 50; each point is worth 30 s of waiting."),
  onFailure: value.word("fail", "continue").optional().describe("`continue`: a failure does not fail the whole."),
  tool: z.string().min(1).max(256).optional().describe("The tool of AgentKit to call."),
  url: value.url.optional().describe("Where the call goes; may hold `${…}`."),
  method: value
    .word("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    .optional()
    .describe("Default `GET`, with a `body` `POST`."),
  headers: value.headers.optional().describe("May hold `${secrets.NAME}`."),
  body: z.unknown().optional().describe("Sent as JSON, a text as it is."),
  success: value.statuses.optional().describe("Statuses that are a success; default `2xx`."),
  workflowDefinitionId: value.id.optional().describe("The definition that the child session runs."),
  revision: z.int().min(1).optional().describe("Of that definition; the newest by default."),
};

const withTypeIssues = (task: Record<string, unknown>, context: z.RefinementCtx): void => {
  for (const found of typeIssues(task)) context.addIssue(found);
};

const whenObject = {
  when: ({ value: given }: { readonly value: unknown }) =>
    typeof given === "object" && given !== null && !Array.isArray(given),
};

const orderKeys = [
  "taskId", "dependsOn", "join", "when", "next", "nextTaskId", "fallbackTaskId", "compensateWith",
  "for", "until", "signal", "onTimeout", "forEach", "maxConcurrency", "task",
] as const; // prettier-ignore

const itemType = z
  .string()
  .superRefine((type, context) => {
    if (itemTypes.some((known) => known === type)) return;
    const known = itemTypes.map((one) => `\`${one}\``).join(", ");
    const isTask = taskTypes.some((one) => one === type);
    const message = isTask
      ? `An item of a map is one of ${known}.`
      : `This type of task is unknown; there are ${known}.`;
    const hint = isTask ? { code: "not_allowed" } : { code: "invalid_value", written: type, known: itemTypes };
    context.addIssue(issue([], message, hint));
  })
  .meta({ enum: itemTypes });

/** What a map does for each item. */
const item = closed(
  { type: itemType.optional(), ...workShape },
  { misplaced: new Map(orderKeys.map((key) => [key, `\`${key}\` belongs to a task, not to an item of a map.`])) },
)
  .superRefine((task, context) => {
    if (task.type === undefined || itemTypes.some((known) => known === task.type)) withTypeIssues(task, context);
  }, whenObject)
  .meta({ allOf: typeRules(itemTypes) });

const choice = closed({
  when: value.condition
    .optional()
    .describe("CEL; without it the choice is always taken, so only the last may lack it."),
  taskId: value.taskName.nullable().describe("`null`: the path ends."),
});

const choices = z
  .array(choice)
  .min(1)
  .max(20)
  .superRefine(
    (all, context) => {
      for (const [at, { when }] of all.slice(0, -1).entries()) {
        if (when !== undefined) continue;
        const message = "Only the last choice may lack `when`: those after it would never be taken.";
        context.addIssue({ ...issue([], message, { code: "required" }), path: [at, "when"] });
      }
    },
    {
      when: ({ value: given }) => Array.isArray(given) && given.every((one) => typeof one === "object" && one !== null),
    },
  );

const forEach = z
  .unknown()
  .superRefine((list, context) => {
    if (list === undefined) return;
    if (Array.isArray(list)) {
      if (list.length > maxItems) context.addIssue(issue([], `At most ${maxItems} items.`, { code: "limit" }));
    } else if (typeof list !== "string") {
      context.addIssue(issue([], "Expected a list, or `${…}` that gives one.", { code: "invalid_type" }));
    }
  })
  .meta({
    anyOf: [
      { type: "array", maxItems },
      { type: "string", pattern: "^\\$\\{" },
    ],
  });

/** One task of a definition. */
export const taskSchema = closed({
  taskId: value.id.describe("By this name other tasks refer to it."),
  type: value
    .word(...taskTypes)
    .optional()
    .describe("What is done; default `agent`."),
  ...workShape,
  dependsOn: z.array(value.taskName).max(50).optional().describe("Entered when these have ended; `[]` starts at once."),
  join: value.word("all", "any").optional().describe("`any`: the first of those before it is enough."),
  when: value.condition.optional().describe("CEL; if it is false, the task is skipped."),
  next: choices.optional().describe("The first choice that holds follows."),
  nextTaskId: value.taskName.nullish().describe("What follows; `null` ends the path; without it the task below."),
  fallbackTaskId: value.taskName.nullish().describe("Takes the place of this task if it fails for good."),
  compensateWith: value.taskName.nullish().describe("Undoes this task if the session fails after it."),
  for: value.waitFor.optional().describe("How long to wait."),
  until: value.waitUntil.optional().describe("Until when to wait."),
  signal: value.id.optional().describe("The signal that is waited for; default the `taskId`."),
  onTimeout: value
    .word("fail", "continue", "approve", "reject")
    .optional()
    .describe("What happens if nobody acts in time."),
  forEach: forEach.optional().describe("A list, or `${…}` that gives one; at most 1,000 items."),
  maxConcurrency: z.int().min(1).max(50).optional().describe("Items under way at a time; default 10."),
  task: item.optional().describe("What is done for each `item`; it knows its `index` too."),
})
  .superRefine((task, context) => {
    withTypeIssues(task, context);
    if (task.next === undefined || task.nextTaskId === undefined) return;
    context.addIssue(issue(["nextTaskId"], "Either `next` or `nextTaskId`, not both.", { code: "not_allowed" }));
  }, whenObject)
  .meta({ allOf: [...typeRules(taskTypes), { not: { required: ["next", "nextTaskId"] } }] });
