import * as z from "zod";
import { closed, issue } from "./closed.ts";
import { ID_PATTERN, isId } from "./ids.ts";
import { STATUS_RULE } from "./status-rule.ts";
import { parseTimestamp } from "./timestamp.ts";

/** As `idSchema`, but a fault here does not keep the checks around it from running. */
export const id = z
  .string()
  .superRefine((text, context) => {
    const message = "An id starts with a letter or digit and has at most 128 of A-Z a-z 0-9 . _ ~ : -.";
    if (text === "") context.addIssue(issue([], "An id may not be empty.", { code: "limit" }));
    else if (!isId(text)) context.addIssue(issue([], message, { code: "invalid_id" }));
  })
  .meta({ pattern: ID_PATTERN.source });

/** The name of a task. Any text: one that is no id names no task, and that is the more helpful fault. */
export const taskName = z.string();

const msOf = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const durationPattern = /^([0-9]{1,11})(ms|s|m|h|d)$/;

const isDuration = (text: string, least: 0 | 1): boolean => {
  const [, digits, unit] = durationPattern.exec(text) ?? [];
  const ms = unit === undefined ? -1 : Number(digits) * msOf[unit as keyof typeof msOf];
  return ms >= least && ms <= 365 * msOf.d;
};

const durationMessage = (least: 0 | 1): string =>
  `A duration is an integer and ms, s, m, h or d, such as 90s; from ${least}ms to 365d.`;

/** A duration as text; at most 365 days. */
export const duration = (least: 0 | 1) =>
  z
    .string()
    .superRefine((text, context) => {
      if (!isDuration(text, least)) context.addIssue(issue([], durationMessage(least), { code: "invalid_duration" }));
    })
    .meta({ pattern: durationPattern.source, examples: ["90s", "15m", "24h"] });

/** One of these words; another gets the nearest of them as a hint. */
export const word = <Word extends string>(...known: readonly Word[]) =>
  z
    .string()
    .superRefine((written, context) => {
      if (known.some((one) => one === written)) return;
      const message = `Expected ${known.map((one) => `\`${one}\``).join(", ")}.`;
      context.addIssue(issue([], message, { code: "invalid_value", written, known }));
    })
    .meta({ enum: [...known] });

/** Is it filled in only when the task is entered? */
const isTemplate = (text: string): boolean => text.includes("${");

const template = "\\$\\{";

/** How long a `wait` takes: a duration, or a template that renders to one. */
export const waitFor = z
  .string()
  .superRefine((text, context) => {
    if (isTemplate(text) || isDuration(text, 0)) return;
    context.addIssue(issue([], durationMessage(0), { code: "invalid_duration" }));
  })
  .meta({ pattern: `${durationPattern.source}|${template}` });

/** When a `wait` ends: an instant, or a template that renders to one. */
export const waitUntil = z
  .string()
  .superRefine((text, context) => {
    if (isTemplate(text) || parseTimestamp(text) !== null) return;
    context.addIssue(issue([], "Expected an RFC 3339 date and time.", { code: "invalid_timestamp" }));
  })
  .meta({ pattern: `^\\d{4}-\\d{2}-\\d{2}[Tt ]|${template}`, examples: ["2030-01-31T09:00:00Z"] });

const urlPattern = /^https?:\/\/[^\s/?#]/i;

export const url = z
  .string()
  .max(8_192)
  .superRefine((text, context) => {
    if (isTemplate(text) || (urlPattern.test(text) && URL.canParse(text))) return;
    context.addIssue(issue([], "Expected an http or https URL.", { code: "invalid_value" }));
  })
  .meta({ pattern: `^[Hh][Tt][Tt][Pp][Ss]?://[^\\s/?#]|${template}` });

const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;

export const headers = z
  .record(z.string(), z.string().max(8_192))
  .superRefine(
    (value, context) => {
      const names = Object.keys(value);
      if (names.length > 50) context.addIssue(issue([], "At most 50 headers.", { code: "limit" }));
      for (const name of names.filter((one) => !headerName.test(one))) {
        context.addIssue(issue([name], "This is no name of a header.", { code: "invalid_value" }));
      }
    },
    { when: ({ value }) => typeof value === "object" && value !== null },
  )
  .meta({ maxProperties: 50, propertyNames: { pattern: headerName.source } });

/** Which statuses of an answer are a success. */
export const statuses = z
  .array(
    z
      .union([z.string(), z.number()])
      .superRefine((value, context) => {
        if (STATUS_RULE.test(String(value))) return;
        context.addIssue(issue([], "Expected a status such as 200, 2xx or 200-204.", { code: "invalid_value" }));
      })
      .meta({ examples: [200, "2xx", "200-204"] }),
  )
  .min(1)
  .max(20);

/** CEL; whether it can be read is for the check of expressions to say. */
export const condition = z
  .string()
  .min(1)
  .max(4_096)
  .meta({ examples: ["input.count > 3"] });

export const retry = closed({
  maxAttempts: z.int().min(1).max(100).optional(),
  initialInterval: duration(0).optional(),
  backoffCoefficient: z.number().min(1).max(100).optional(),
  maximumInterval: duration(0).optional(),
  nonRetryableErrors: z.array(z.string().min(1).max(128)).max(100).optional(),
});

export const timeout = closed({
  queue: duration(1).optional(),
  start: duration(1).optional(),
  run: duration(1).optional(),
  heartbeat: duration(1).optional(),
});

export const priority = z.int().min(0).max(99);
