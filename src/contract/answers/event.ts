import * as z from "zod";

/** An event of a session's log. `type` tells them apart; all that an event says was so when it was written. */
export const event = <T extends string, S extends z.core.$ZodLooseShape>(type: T, description: string, shape: S) =>
  z
    .strictObject({
      id: z
        .string()
        .regex(/^evt_[0-9A-Z]{28}\.[1-9][0-9]*\.[0-9]+$/)
        .describe("The event's id: its session, the number of its log row, and its place in that row from 0."),
      type: z.literal(type).describe("What happened."),
      ...shape,
    })
    .meta({ id: `${type}Event`, description });
