import * as z from "zod";
import { idSchema } from "../ids.ts";
import { notApplied } from "./legacy.ts";
import { attemptId, json, jsonObject, sessionId, text, time, transport, type Answer, orNull } from "./values.ts";

/** How far an agent is known. */
export const REGISTRATIONS = ["provisional", "registered", "deregistered", "superseded"] as const;

/** Whether an agent seems to be there. */
export const LIVENESS = ["live", "quiet", "lost"] as const;

/** Why an agent can take no further task now. */
export const UNAVAILABLE_CODES = ["agent_gone", "agent_lost", "agent_busy", "agent_not_free"] as const;

const heldTask = z.strictObject({
  id: attemptId("The attempt that the agent holds: its `opscore_task_id`."),
  sessionId: sessionId("The session it belongs to."),
  dispatchedAt: time("When it was last sent to the agent."),
  transport: transport.nullable().describe("How it was delivered; `null` while that is not known."),
  deliveryConfirmed: z
    .boolean()
    .describe("Whether the agent itself is known to have it; AgentKit's word is not enough."),
});

/** An agent with its four truths side by side: registered, reported, live, available. */
export const agentAnswer = z
  .strictObject({
    agentId: idSchema.describe("Its id. A restarted agent may come back under another one."),
    agentName: text("Its name, which is its identity over restarts; empty if it has none."),
    version: text("As registered."),
    capabilities: z.array(z.string()).describe("What tasks may ask for, as registered."),
    contactEndpoint: orNull(text("Where tasks are posted to; `null` if it is reached through AgentKit only.")),
    metadata: orNull(jsonObject("As registered; `config.maxConcurrentTasks` sets `capacity`.")),
    registration: z
      .enum(REGISTRATIONS)
      .describe(
        "`provisional`: it reported before it was registered. `superseded`: a newer id of the same name took its place.",
      ),
    supersededBy: idSchema.nullable().describe("The id that took its place."),
    registeredAt: time("When it was registered, or first reported."),
    state: text("What it reported last, exactly as sent; `UNKNOWN` before its first report."),
    stateReportedAt: orNull(time("When that report was received; `null` before the first.")),
    clockSkewMs: z
      .int()
      .nullable()
      .describe(
        "By how many milliseconds its clock was ahead of ours at that report; negative: behind, or the report was delayed.",
      ),
    liveness: z
      .enum(LIVENESS)
      .describe(
        "`quiet`: not heard of for 5 minutes. `lost`: it took a task and let the deadline pass in silence; it gets none for 10 minutes, or until it reports.",
      ),
    lastContactAt: time("When it was last heard of in any way."),
    available: z.boolean().describe("Whether it can take one more task now."),
    unavailableReason: z
      .strictObject({
        code: z.enum(UNAVAILABLE_CODES).describe("Which of its truths says no."),
        message: text("The same in words."),
      })
      .nullable()
      .describe("Why it can take none; `null` if it is available."),
    capacity: z.int().min(1).max(1_000).describe("How many tasks it takes at a time."),
    tasks: z.array(heldTask).describe("The attempts that it holds now."),
  })
  .meta({ id: "Agent", description: "An agent as it is registered, as it reports itself, and as it is judged." });

/** A state report in an agent's history, whatever came of it. */
export const agentReportAnswer = z
  .strictObject({
    state: text("Exactly as reported."),
    details: json("Exactly as reported; `null` if there were none."),
    timestamp: text("The agent's own time, exactly as sent (RFC 3339; without an offset UTC is meant)."),
    receivedAt: time("When it was received."),
    taskAttemptId: orNull(attemptId("The attempt that the report was tied to; `null`: none.")),
    ...notApplied,
  })
  .meta({ id: "AgentReport", description: "One state report of an agent." });

/** The bodies as types. */
export type AgentAnswer = Answer<typeof agentAnswer>;
export type AgentReportAnswer = Answer<typeof agentReportAnswer>;
