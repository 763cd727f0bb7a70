import * as z from "zod";
import { closed } from "./closed.ts";
import { idSchema } from "./ids.ts";
import { parseTimestamp } from "./timestamp.ts";
import { duration, priority, retry, timeout } from "./workflow-values.ts";

const instant = z.string().refine((text) => parseTimestamp(text) !== null, {
  error: "Expected an RFC 3339 date and time",
  params: { code: "invalid_timestamp" },
});

/** Names of parameters that wait are read by expressions, and a definition's are bounded: one, and all of them. */
const MAX_NAME = 4_000;
const MAX_NAMES = 32_000;

/** Whether names, written as JSON, can be read by the definition of a delayed task. */
const areReadable = (names: readonly string[]): boolean => {
  const lengths = names.map((name) => JSON.stringify(name).length + `input[]`.length);
  return Math.max(0, ...lengths) <= MAX_NAME && lengths.reduce((sum, length) => sum + length, 0) <= MAX_NAMES;
};

/** One task for an agent or a capability, without a workflow; now, after a while, or at an instant. */
export const singleTaskSchema = closed({
  agentId: idSchema.optional(),
  agentCapability: z.string().min(1).max(256).optional(),
  name: z.string().min(1).max(256).optional(),
  parameters: z.record(z.string(), z.unknown()).optional(),
  priority: priority.optional(),
  delay: duration(0).optional(),
  at: instant.optional(),
  retry: retry.optional(),
  timeout: timeout.optional(),
}).superRefine(({ agentId, agentCapability, delay, at, parameters = {} }, context) => {
  if (agentId === undefined && agentCapability === undefined) {
    context.addIssue({
      code: "custom",
      path: [],
      message: "Name an agentId or an agentCapability.",
      params: { code: "required" },
    });
  }
  if (delay !== undefined && at !== undefined) {
    context.addIssue({
      code: "custom",
      path: ["at"],
      message: "Either delay or at, not both.",
      params: { code: "not_allowed" },
    });
  }
  if ((delay !== undefined || at !== undefined) && !areReadable(Object.keys(parameters))) {
    context.addIssue({
      code: "custom",
      path: ["parameters"],
      message: `With delay or at, a parameter's name may have ${MAX_NAME} characters at most, and all of them ${MAX_NAMES}.`,
      params: { code: "too_long" },
    });
  }
});

export const cancelTaskSchema = closed({ reason: z.string().max(1_024).optional() });
