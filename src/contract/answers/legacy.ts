import * as z from "zod";
import { idSchema } from "../ids.ts";
import { parseTimestamp } from "../timestamp.ts";
import { jsonObject, sessionId, text, type Answer, orNull } from "./values.ts";

/** What the first Ops-Core answered: AgentKit, its SDK and the Python clients depend on each member. */

/** Why the part of a report that speaks of a task changed nothing. */
export const NOT_APPLIED_REASONS = ["stale_attempt", "unknown_task", "other_agent"] as const;

/** Set together, and only where a report names a task that it could not settle or touch. */
export const notApplied = {
  applied: z
    .literal(false)
    .exactOptional()
    .describe("Present if the report speaks of a task and that part changed nothing; the agent's state may have."),
  reason: z
    .enum(NOT_APPLIED_REASONS)
    .exactOptional()
    .describe(
      "Why: the attempt is no longer open, there is no such task, or the task is another agent's. Present with `applied`.",
    ),
};

/** `GET /health`: the process is there. Says nothing of its store. */
export const healthAnswer = z
  .strictObject({ status: z.literal("ok").describe("The process answers.") })
  .meta({ id: "Health", description: "The process answers." });

/** `GET /ready`: the store answers as well, and the server is not shutting down. */
export const readyAnswer = z
  .strictObject({ status: z.literal("ready").describe("The store answers and requests are taken.") })
  .meta({ id: "Ready", description: "The server takes requests." });

/** A webhook of AgentKit was taken, or said what was known already. */
export const notifiedAnswer = z
  .strictObject({
    status: z.literal("success").describe("The fact is known now; repeating it changes nothing."),
    message: text("What became of it, in words."),
  })
  .meta({ id: "AgentNotified", description: "A REGISTER or DEREGISTER was taken." });

/** A state report was taken and is committed. A repeat of the same report gets the same answer. */
export const stateAcceptedAnswer = z
  .strictObject({
    status: z.literal("success").describe("The report is stored."),
    message: text("The same in words."),
    ...notApplied,
  })
  .meta({ id: "StateAccepted", description: "A state report was taken." });

/** What an agent said last of itself. */
export const agentStateAnswer = z
  .strictObject({
    agentId: idSchema.describe("The agent; where the id asked for was replaced, the newest id of that agent."),
    state: text("Exactly as reported; `UNKNOWN` before the first report."),
    details: orNull(jsonObject("Exactly as reported; `null` if there were none.")),
    timestamp: z
      .string()
      .refine((written) => parseTimestamp(written) !== null, { error: "Expected an RFC 3339 date and time" })
      .describe(
        "The agent's own time of the report, exactly as sent (RFC 3339; without an offset UTC is meant). Before the first report: when the agent was registered.",
      ),
  })
  .meta({ id: "AgentState", description: "The newest state that an agent has reported." });

/** A session was started through an agent. */
export const workflowTriggeredAnswer = z
  .strictObject({
    sessionId: sessionId("The session that runs the workflow."),
    workflowId: idSchema.describe("The workflow that it runs."),
    message: text("The same in words."),
  })
  .meta({ id: "WorkflowTriggered", description: "A session was started for an agent." });

/** The bodies as types. */
export type HealthAnswer = Answer<typeof healthAnswer>;
export type ReadyAnswer = Answer<typeof readyAnswer>;
export type NotifiedAnswer = Answer<typeof notifiedAnswer>;
export type StateAcceptedAnswer = Answer<typeof stateAcceptedAnswer>;
export type AgentStateAnswer = Answer<typeof agentStateAnswer>;
export type WorkflowTriggeredAnswer = Answer<typeof workflowTriggeredAnswer>;
