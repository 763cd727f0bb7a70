import * as z from "zod";
import { closed } from "./closed.ts";
import { idSchema } from "./ids.ts";
import { parseTimestamp } from "./timestamp.ts";
import { duration, priority, retry, timeout } from "./workflow-values.ts";

const instant = z.string().refine((text) => parseTimestamp(text) !== null, {
  error: "Expected an RFC 3339 date and time",
  params: { code: "invalid_timestamp" },
});

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
}).superRefine(({ agentId, agentCapability, delay, at }, context) => {
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
});

export const cancelTaskSchema = closed({ reason: z.string().max(1_024).optional() });
