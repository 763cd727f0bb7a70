import type { Signature } from "./expression-functions.ts";
import { fieldsOf, isTime, parseTimeSpan, parseTimestamp, TimeValue, timeText } from "./expression-time.ts";
import { Failure, type ExpressionType, type Value } from "./expression-value.ts";

const time = (kind: TimeValue["kind"], ms: number | null, hint: string): TimeValue => {
  if (ms === null || !isTime(kind, ms))
    throw new Failure("expression_error", `the value is no ${kind}; write ${hint}.`);
  return new TimeValue(kind, ms);
};

const toTimestamp = ([value]: readonly Value[]): Value => {
  if (value instanceof TimeValue) return value;
  const ms = typeof value === "string" ? parseTimestamp(value) : Math.trunc(Number(value) * 1_000);
  return time("timestamp", ms, "for example 2026-01-31T12:00:00Z, or the seconds since 1970");
};

const toDuration = ([value]: readonly Value[]): Value =>
  value instanceof TimeValue ? value : time("duration", parseTimeSpan(value as string), "for example 1h30m or 1.5s");

const msOf = (value: Value | undefined): number => (value as TimeValue).ms;

const one = (param: ExpressionType, result: ExpressionType, of: (args: readonly Value[]) => Value): Signature => ({
  params: [param],
  result,
  call: of,
});

type Fields = ReturnType<typeof fieldsOf>;

/** A method of a timestamp, and of a duration where that has one too. */
const method = (
  name: string,
  read: (fields: Fields) => number,
  unitMs: number | null = null,
): readonly [string, readonly Signature[]] => {
  const ofTimestamp = one("timestamp", "int", ([value]) => BigInt(read(fieldsOf(msOf(value)))));
  if (unitMs === null) return [name, [ofTimestamp]];
  return [name, [ofTimestamp, one("duration", "int", ([value]) => BigInt(Math.trunc(msOf(value) / unitMs)))]];
};

/** How a timestamp and a duration become texts and numbers: `string(x)`, `int(x)` (seconds since 1970). */
export const timeConversions = {
  string: (["timestamp", "duration"] as const).map((kind) =>
    one(kind, "string", ([value]) => timeText(value as TimeValue)),
  ),
  int: [one("timestamp", "int", ([value]) => BigInt(Math.floor(msOf(value) / 1_000)))],
} satisfies Record<string, readonly Signature[]>;

/** Functions and methods of time, in UTC only: zones would need a database that differs from machine to machine. */
export const timeFunctions: readonly (readonly [string, readonly Signature[]])[] = [
  ["timestamp", (["string", "int", "timestamp"] as const).map((from) => one(from, "timestamp", toTimestamp))],
  ["duration", (["string", "duration"] as const).map((from) => one(from, "duration", toDuration))],
  method(".getFullYear", ({ year }) => year),
  method(".getMonth", ({ month }) => month - 1),
  method(".getDate", ({ day }) => day),
  method(".getDayOfMonth", ({ day }) => day - 1),
  method(".getDayOfWeek", ({ dayOfWeek }) => dayOfWeek),
  method(".getDayOfYear", ({ dayOfYear }) => dayOfYear),
  method(".getHours", ({ hours }) => hours, 3_600_000),
  method(".getMinutes", ({ minutes }) => minutes, 60_000),
  method(".getSeconds", ({ seconds }) => seconds, 1_000),
  method(".getMilliseconds", ({ milliseconds }) => milliseconds, 1),
];
