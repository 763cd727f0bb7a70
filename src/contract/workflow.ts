import * as z from "zod";
import { closed, issue } from "./closed.ts";
import { inputSchemaFaults } from "./input-schema.ts";
import { taskSchema } from "./workflow-task.ts";
import * as value from "./workflow-values.ts";

/** A definition may have this many tasks. */
export const maxTasks = 200;

const input = z.record(z.string(), z.unknown()).superRefine((schema, context) => {
  for (const { path, message, ...params } of inputSchemaFaults(schema)) {
    context.addIssue({ ...issue([], message, params), path: [...path] });
  }
});

/**
 * A workflow definition as authors write it, JSON or YAML. `null` counts as absent where the original format allowed
 * it; only `nextTaskId: null` means something else (the path ends).
 */
export const workflowSchema = closed({
  id: value.id.describe("By this name sessions are started."),
  name: z.string().min(1).max(256).describe("Shown to people."),
  description: z.string().max(16_384).nullish(),
  version: z
    .union([z.string().max(128), z.number()])
    .nullish()
    .describe("The author's label, without meaning here."),
  input: input.optional().describe("JSON Schema that the input of a session must fit; without references."),
  timeout: value.duration(1).optional().describe("How long a session may run."),
  defaults: closed({
    retry: value.retry.optional(),
    timeout: value.timeout.optional(),
    priority: value.priority.optional(),
  })
    .optional()
    .describe("For every task that does not say it itself."),
  // Counted here, not by `max`: that would stop every other check of the document.
  tasks: z
    .array(taskSchema)
    .min(1)
    .superRefine(
      (tasks, context) => {
        if (tasks.length > maxTasks) context.addIssue(issue([], `At most ${maxTasks} tasks.`, { code: "limit" }));
      },
      { when: ({ value: tasks }) => Array.isArray(tasks) },
    )
    .meta({ maxItems: maxTasks }),
});

/** A definition that fits the schema; the graph is not checked yet. */
export type WorkflowDocument = z.infer<typeof workflowSchema>;
