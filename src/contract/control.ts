import * as z from "zod";
import { closed } from "./closed.ts";

/** Bodies by which people steer a session. */

const text = z.string().max(1_024);
const by = z.string().min(1).max(256).optional();

export const pauseSchema = closed({ reason: text.optional() });

export const resumeSchema = closed({});

export const signalSchema = closed({ payload: z.unknown().optional() });

export const decideSchema = closed({ by, comment: text.optional() });

export const retryNowSchema = closed({});

export const skipSchema = closed({});

export const completeByHandSchema = closed({ output: z.unknown().optional() });

export const failByHandSchema = closed({
  error: closed({ code: z.string().min(1).max(128).optional(), message: z.string().max(8_192) }).optional(),
});
