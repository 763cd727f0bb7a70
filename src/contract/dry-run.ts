import * as z from "zod";
import { closed, issue } from "./closed.ts";
import { idSchema } from "./ids.ts";
import { parseTimestamp } from "./timestamp.ts";
import { duration } from "./workflow-values.ts";

/** What a mock may say that a task comes to; one of them. Which of them a task can have depends on its type. */
export const mockOutcomes = ["output", "error", "noAnswer", "refused", "signal", "approve", "reject", "never"] as const;

/** Nothing more comes of these, so there is no time after which it does. */
const timeless = ["noAnswer", "refused", "never"] as const;

const yes = z.literal(true, { error: "Expected true" });
const decision = z.union([
  z.literal(true),
  closed({ by: z.string().min(1).max(256).optional(), comment: z.string().max(1_024).optional() }),
]);

const mock = closed({
  output: z.unknown().optional(),
  error: closed({
    code: z.string().min(1).max(128),
    message: z.string().max(8_192).optional(),
    retryable: z.boolean().optional(),
    retryAfterMs: z
      .int()
      .min(0)
      .max(365 * 86_400_000)
      .optional(),
  }).optional(),
  noAnswer: yes.optional(),
  refused: yes.optional(),
  signal: z.unknown().optional(),
  approve: decision.optional(),
  reject: decision.optional(),
  never: yes.optional(),
  after: duration(0).optional(),
}).superRefine((value: Record<string, unknown>, context) => {
  const [first, ...others] = mockOutcomes.filter((key) => value[key] !== undefined);
  for (const key of others) {
    const message = `Either \`${first ?? ""}\` or \`${key}\`, not both.`;
    context.addIssue(issue([key], message, { code: "not_allowed" }));
  }
  if (value["after"] === undefined || !timeless.some((key) => key === first)) return;
  context.addIssue(issue(["after"], `\`after\` does not go with \`${first ?? ""}\`.`, { code: "not_allowed" }));
});

/** One mock, or one for each attempt (of a map: for each item, and of each item for each attempt). */
const mocks = z.union([mock, z.array(z.union([mock, z.null(), z.array(mock.nullable()).max(100)])).max(1_000)]);

// An instant beyond these is not told apart from the last.
const instant = z.string().transform((text, context) => {
  const micros = parseTimestamp(text)?.epochMicros ?? -1;
  if (micros >= 0 && micros < Number.MAX_SAFE_INTEGER) return Math.floor(micros / 1_000);
  const message = "Expected an RFC 3339 date and time from 1970 to 2255-06-05T23:47:34Z";
  context.addIssue(issue([], message, { code: "invalid_timestamp" }));
  return z.NEVER;
});

const jsonObject = z.record(z.string(), z.unknown());

/** A dry run of a workflow: of its newest revision, of another, or of a definition that comes along. */
export const dryRunSchema = closed({
  revision: z.int().min(1).optional(),
  workflowDefinition: jsonObject.optional(),
  agentId: idSchema.optional(),
  initialPayload: jsonObject.nullish().transform((value) => value ?? {}),
  mocks: z.record(z.string(), mocks).default({}),
  startAt: instant.optional(),
}).superRefine(({ revision, workflowDefinition }, context) => {
  if (revision === undefined || workflowDefinition === undefined) return;
  const message = "Either a saved revision or a workflowDefinition, not both.";
  context.addIssue(issue(["revision"], message, { code: "not_allowed" }));
});

/** A mock as it is sent. */
export type MockBody = z.output<typeof mock>;

/** What is sent for one task. */
export type MocksBody = z.output<typeof mocks>;
