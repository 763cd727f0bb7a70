import * as z from "zod";
import { count, taskId, text, type Answer } from "./values.ts";

/** An agent's call about its attempt was taken. The same call again gets the same answer. */
export const settledAnswer = z
  .strictObject({
    taskId: text("The task's id in the workflow definition."),
    id: taskId("The task's own id."),
    attempt: count("The number of the attempt, from 1."),
    status: z
      .enum(["running", "completed", "failed"])
      .describe("How the attempt stands: after a heartbeat `running`, otherwise as it was settled."),
  })
  .meta({ id: "Settled", description: "How an attempt stands after its agent's call." });

/** The body as a type. */
export type SettledAnswer = Answer<typeof settledAnswer>;
