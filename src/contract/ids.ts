import * as z from "zod";

/** Agent, workflow definition, session and task ids: safe in a path, a header, a log line and a file name. */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._~:-]{0,127}$/;

export const isId = (text: string): boolean => ID_PATTERN.test(text);

/**
 * An empty id is an ordinary schema fault (422); one outside the pattern is `invalid_id` (400), which `isIdFault`
 * recognises among the issues of a failed parse.
 */
export const idSchema = z
  .string()
  .min(1, { error: "An id may not be empty", abort: true })
  .regex(ID_PATTERN, { error: "An id starts with a letter or digit and has at most 128 of A-Z a-z 0-9 . _ ~ : -" });

export const isIdFault = (issue: z.core.$ZodIssue): boolean =>
  issue.code === "invalid_format" && issue.format === "regex" && issue.pattern === String(ID_PATTERN);
