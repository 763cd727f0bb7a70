import * as z from "zod";
import { closed } from "./closed.ts";
import { idSchema } from "./ids.ts";
import { parseTimestamp } from "./timestamp.ts";

/** Bodies that clients send. Legacy bodies ignore unknown fields; all others refuse them, but for `x-…`. */

const jsonObject = z.record(z.string(), z.unknown());

/** RFC 3339; without an offset it means UTC. Kept as sent, and as µs since the epoch. */
const instant = z.string().transform((text, context) => {
  const parsed = parseTimestamp(text);
  if (parsed !== null) return { text, epochMicros: parsed.epochMicros };
  context.addIssue({
    code: "custom",
    message: "Expected an RFC 3339 date and time",
    params: { code: "invalid_timestamp" },
  });
  return z.NEVER;
});

export const stateReportSchema = z.object({
  agentId: idSchema,
  timestamp: instant,
  state: z.string().min(1).max(1_024),
  details: jsonObject.nullish(),
});

/**
 * REGISTER and DEREGISTER of AgentKit; a DEREGISTER needs no more than the id. Bounded by the body alone: AgentKit
 * never sends a refused one again, and the agent would be lost for good.
 */
export const notifySchema = z.object({
  event_type: z.string().max(64),
  agent_details: z.object({
    agentId: idSchema,
    agentName: z.string().nullish(),
    version: z.string().nullish(),
    // AgentKit lets an empty one through, which no task can ask for.
    capabilities: z
      .array(z.string())
      .nullish()
      .transform((list) => (list ?? []).filter((capability) => capability !== "")),
    contactEndpoint: z.string().nullish(),
    metadata: jsonObject.nullish(),
  }),
});

const input = jsonObject.nullish().transform((value) => value ?? {});

export const triggerSchema = z.object({
  workflowDefinitionId: idSchema.nullish(),
  workflowDefinition: jsonObject.nullish(),
  initialPayload: input,
});

export const startSchema = closed({
  workflowDefinitionId: idSchema.optional(),
  revision: z.int().min(1).optional(),
  workflowDefinition: jsonObject.optional(),
  agentId: idSchema.optional(),
  initialPayload: input,
});

const httpUrl = z
  .string()
  .max(2_048)
  .refine((text) => /^https?:\/\/[^\s/?#]/i.test(text) && URL.canParse(text), {
    error: "Expected an http or https URL",
  });

export const putAgentSchema = closed({
  agentName: z.string().max(512),
  version: z.string().max(128),
  capabilities: z.array(z.string().min(1).max(256)).max(200),
  contactEndpoint: httpUrl,
  metadata: jsonObject.nullish(),
});

export const cancelSchema = closed({ reason: z.string().max(1_024).optional() });

const usage = jsonObject.optional();

export const completeSchema = closed({ output: z.unknown().optional(), usage });

export const failSchema = closed({
  error: closed({
    code: z.string().min(1).max(128),
    message: z.string().max(8_192),
    retryable: z.boolean().optional(),
    retryAfterMs: z
      .int()
      .min(0)
      .max(365 * 86_400_000)
      .optional(),
  }),
  usage,
});

export const beatSchema = closed({ progress: z.unknown().optional() });
