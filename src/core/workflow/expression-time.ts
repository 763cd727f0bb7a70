/** A moment in UTC or a length of time, in whole milliseconds. */
export class TimeValue {
  readonly kind: "timestamp" | "duration";
  readonly ms: number;
  constructor(kind: "timestamp" | "duration", ms: number) {
    this.kind = kind;
    this.ms = ms;
  }
}

const dayMs = 86_400_000;

/** The years 1 to 9999, and as long a time: what has a text. */
const firstMs = -62_135_596_800_000;
const lastMs = 253_402_300_799_999;

/** Whether a timestamp or a duration of so many milliseconds has a text of its own. */
export const isTime = (kind: TimeValue["kind"], ms: number): boolean =>
  kind === "timestamp" ? ms >= firstMs && ms <= lastMs : Math.abs(ms) <= lastMs - firstMs;

/** Days since 1970-01-01 of a date of the Gregorian calendar (Howard Hinnant's `days_from_civil`). */
const daysOf = (year: number, month: number, day: number): number => {
  const shifted = month > 2 ? year : year - 1;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
};

/** A timestamp taken apart, in UTC. Month and day count from 1, the day of the week from Sunday, that of the year from 0. */
export const fieldsOf = (ms: number) => {
  const days = Math.floor(ms / dayMs);
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfShifted = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfShifted + 2) / 153);
  const month = ((shiftedMonth + 2) % 12) + 1;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const inDay = ms - days * dayMs;
  return {
    year,
    month,
    day: dayOfShifted - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
    dayOfWeek: (((days + 4) % 7) + 7) % 7,
    dayOfYear: days - daysOf(year, 1, 1),
    hours: Math.floor(inDay / 3_600_000),
    minutes: Math.floor(inDay / 60_000) % 60,
    seconds: Math.floor(inDay / 1_000) % 60,
    milliseconds: inDay % 1_000,
  };
};

const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|(?<sign>[+-])(?<hours>\d\d):(?<minutes>\d\d))$/;

/** The milliseconds since 1970 of an RFC 3339 text (finer parts are cut off); null if it is none. */
export const parseTimestamp = (text: string): number | null => {
  const match = rfc3339.exec(text);
  if (match === null) return null;
  const [year, month, day, hours, minutes, seconds] = match.slice(1, 7).map(Number) as [number, ...number[]];
  const { sign, hours: offsetHours = "0", minutes: offsetMinutes = "0" } = match.groups!;
  if (hours! > 23 || minutes! > 59 || seconds! > 59 || Number(offsetHours) > 23 || Number(offsetMinutes) > 59)
    return null;
  const midnight = daysOf(year, month!, day!) * dayMs;
  const date = fieldsOf(midnight);
  if (date.month !== month || date.day !== day) return null;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === "-" ? -60_000 : 60_000);
  const fraction = Number((match[7] ?? "").padEnd(3, "0").slice(0, 3));
  const ms = midnight + hours! * 3_600_000 + minutes! * 60_000 + seconds! * 1_000 + fraction - offset;
  return isTime("timestamp", ms) ? ms : null;
};

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: dayMs };

/** The milliseconds of `90s`, `1h30m`, `-1.5d` (finer parts are cut off); null if it is none. */
export const parseTimeSpan = (text: string): number | null => {
  if (!/^[+-]?(?:\d{1,12}(?:\.\d{1,9})?(?:ms|s|m|h|d)){1,5}$/.test(text)) return null;
  let ms = 0;
  for (const [, number, unit] of text.matchAll(/([\d.]+)([a-z]+)/g)) ms += Number(number) * unitMs[unit!]!;
  const signed = Math.trunc(text.startsWith("-") ? -ms : ms);
  return isTime("duration", signed) ? signed : null;
};

const padded = (value: number, width: number): string => String(value).padStart(width, "0");

/** RFC 3339 in UTC with milliseconds; a duration as a definition writes one: `90s`, or `1500ms`. */
export const timeText = ({ kind, ms }: TimeValue): string => {
  if (kind === "duration") return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
  const { year, month, day, hours, minutes, seconds, milliseconds } = fieldsOf(ms);
  const date = `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`;
  return `${date}T${padded(hours, 2)}:${padded(minutes, 2)}:${padded(seconds, 2)}.${padded(milliseconds, 3)}Z`;
};
