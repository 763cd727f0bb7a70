import * as z from "zod";

/** The body that a schema of an answer stands for, as its reader and its writer see it: nothing in it is changed. */
export type Answer<S extends z.ZodType> = Immutable<z.output<S>>;

type Immutable<T> = T extends object ? { readonly [K in keyof T]: Immutable<T[K]> } : T;

/** An instant of ours: RFC 3339, always in UTC and with milliseconds. */
export const time = (description: string) =>
  z
    .string()
    .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    .meta({ format: "date-time", description: `${description} RFC 3339 in UTC, with milliseconds.` });

/** An instant inside an event of a log, as it was written. */
export const epochMs = (description: string) => z.int().describe(`${description} Milliseconds since 1970-01-01 UTC.`);

/** Any JSON value; the member itself is always there. */
export const json = (description: string) =>
  z
    .unknown()
    .refine((value) => value !== undefined, { error: "Expected a JSON value" })
    .describe(description);

export const jsonObject = (description: string) => z.record(z.string(), z.unknown()).describe(description);

/** The same or `null`, under the one description. */
export const orNull = <S extends z.ZodType>(schema: S) =>
  schema
    .meta({ description: undefined as never })
    .nullable()
    .describe(schema.description ?? "");

/** Numbers of things: 0 and up. */
export const count = (description: string) => z.int().min(0).describe(description);

/** How many characters a text has is bounded by what clients may send, and not said again here. */
export const text = (description: string) => z.string().describe(description);

export const sessionId = (description: string) =>
  z
    .string()
    .regex(/^ses_[0-9A-Z]{28}$/)
    .describe(description);

export const taskId = (description: string) =>
  z
    .string()
    .regex(/^tsk_[0-9A-Z]{28}\.[1-9][0-9]*$/)
    .describe(description);

/** The `opscore_task_id` of an attempt. */
export const attemptId = (description: string) =>
  z
    .string()
    .regex(/^tsk_[0-9A-Z]{28}\.[1-9][0-9]*:[1-9][0-9]*$/)
    .describe(description);

/** SHA-256 in hexadecimal. */
export const sha256Hex = (description: string) =>
  z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe(description);

/** Why something failed. The codes are those of agents and of Ops-Core (`run_deadline`, `agent_rejected`, …): an open list. */
export const failure = z
  .strictObject({
    code: text("A stable code: one of Ops-Core, such as `run_deadline`, or what the agent gave."),
    message: text("The same in words, for people."),
  })
  .meta({ id: "Failure", description: "Why something failed." });

/** How a task reached its agent. */
export const TRANSPORTS = ["direct", "agentkit"] as const;

export const transport = z
  .enum(TRANSPORTS)
  .describe("How the task was handed over: posted to the agent's own endpoint, or through AgentKit.");

/** Who or what did something. */
export const ACTOR_KINDS = ["key", "user", "agent", "system"] as const;

export const actor = z
  .strictObject({
    kind: z
      .enum(ACTOR_KINDS)
      .describe(
        "What acted: an API key, somebody with a token of your identity provider, an agent, or Ops-Core itself.",
      ),
    id: text("Which key (`root` is `OPSCORE_API_KEY`), whose token, which agent or part of Ops-Core."),
    name: text("What the key is called.").exactOptional(),
  })
  .meta({ id: "Actor", description: "Who or what did something." });
