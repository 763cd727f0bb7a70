import * as z from "zod";
import { closed, issue } from "./closed.ts";
import { ID_PATTERN, isId } from "./ids.ts";

/** Words of the workflow language that a later version builds; until then a definition that uses one is refused. */
const laterTaskKeys = [
  "dependsOn", "join", "when", "next", "fallbackTaskId", "compensateWith", "onFailure", "onTimeout", "priority",
  "forEach", "maxConcurrency", "task", "for", "until",
] as const; // prettier-ignore
const laterTypes = ["tool", "http", "wait", "signal", "approval", "map", "workflow"] as const;
const laterDefinitionKeys = ["input", "timeout"] as const;

/** As `idSchema`, but a fault here does not keep the checks around it from running. */
const id = z
  .string()
  .superRefine((text, context) => {
    const message = "An id starts with a letter or digit and has at most 128 of A-Z a-z 0-9 . _ ~ : -.";
    if (text === "") context.addIssue(issue([], "An id may not be empty.", { code: "limit" }));
    else if (!isId(text)) context.addIssue(issue([], message, { code: "invalid_id" }));
  })
  .meta({ pattern: ID_PATTERN.source });

const maxTasks = 200;

const msOf = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const durationPattern = /^([0-9]{1,11})(ms|s|m|h|d)$/;

/** A duration as text; at most 365 days. */
export const duration = (least: 0 | 1) =>
  z
    .string()
    .superRefine((text, context) => {
      const [, digits, unit] = durationPattern.exec(text) ?? [];
      const ms = unit === undefined ? -1 : Number(digits) * msOf[unit as keyof typeof msOf];
      if (ms >= least && ms <= 365 * msOf.d) return;
      const message = `A duration is an integer and ms, s, m, h or d, such as 90s; from ${least}ms to 365d.`;
      context.addIssue(issue([], message, { code: "invalid_duration" }));
    })
    .meta({ pattern: durationPattern.source });

const retrySchema = closed({
  maxAttempts: z.int().min(1).max(100).optional(),
  initialInterval: duration(0).optional(),
  backoffCoefficient: z.number().min(1).max(100).optional(),
  maximumInterval: duration(0).optional(),
  nonRetryableErrors: z.array(z.string().min(1).max(128)).max(100).optional(),
});

const timeoutSchema = closed(
  { queue: duration(1).optional(), start: duration(1).optional(), run: duration(1).optional() },
  { later: ["heartbeat"] },
);

const typeSchema = z
  .string()
  .superRefine((type, context) => {
    if (type === "agent") return;
    const known = ["agent", ...laterTypes];
    context.addIssue(
      known.includes(type)
        ? issue([], `Tasks of the type \`${type}\` are not supported yet.`, { code: "not_supported" })
        : issue([], "This type of task is unknown.", { code: "invalid_value", written: type, known }),
    );
  })
  .meta({ enum: ["agent"] });

const taskShape = {
  taskId: id,
  name: z.string().min(1).max(256).nullish(),
  type: typeSchema.optional(),
  agentCapability: z.string().min(1).max(256).nullish(),
  agentId: id.nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  retry: retrySchema.optional(),
  timeout: timeoutSchema.optional(),
  /** Any text: one that is no id names no task, and that is the more helpful fault. */
  nextTaskId: z.string().nullish(),
};

const isLaterType = (type: unknown): boolean => laterTypes.some((later) => later === type);

/** Does this task, as it came, use a construct that may change which task follows which? */
export const usesLaterConstruct = (task: Record<string, unknown>): boolean =>
  (task["type"] !== undefined && task["type"] !== "agent") || laterTaskKeys.some((key) => Object.hasOwn(task, key));

/**
 * A workflow definition as authors write it, JSON or YAML. `null` counts as absent where the original format allowed
 * it; only `nextTaskId: null` means something else (the path ends).
 */
export const workflowSchema = closed(
  {
    id,
    name: z.string().min(1).max(256),
    description: z.string().max(16_384).nullish(),
    version: z.union([z.string().max(128), z.number()]).nullish(),
    defaults: closed({ retry: retrySchema.optional(), timeout: timeoutSchema.optional() }).optional(),
    // Counted here, not by `max`: that would stop every other check of the document.
    tasks: z
      .array(closed(taskShape, { later: laterTaskKeys, isOpen: ({ type }) => isLaterType(type) }))
      .min(1)
      .superRefine(
        (tasks, context) => {
          if (tasks.length > maxTasks) context.addIssue(issue([], `At most ${maxTasks} tasks.`, { code: "limit" }));
        },
        { when: ({ value }) => Array.isArray(value) },
      )
      .meta({ maxItems: maxTasks }),
  },
  { later: laterDefinitionKeys },
);

/** A definition that fits the schema; the graph is not checked yet. */
export type WorkflowDocument = z.infer<typeof workflowSchema>;
