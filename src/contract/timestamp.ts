/** An instant as an agent wrote it. Two reports may share a millisecond, so agents' times are kept in microseconds. */
export interface Timestamp {
  /** A safe integer: instants outside the years 1685 to 2255 are clamped to the nearest one that is. */
  readonly epochMicros: number;
}

// RFC 3339 section 5.6; the space and lower-case letters are its own notes, the missing offset (= UTC) is ours.
const pattern = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,32}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))?$/;

const MICROS_A_SECOND = 1_000_000;

/** Reads an RFC 3339 date-time; digits beyond microseconds are cut off. `null` for text that is no real instant. */
export const parseTimestamp = (text: string): Timestamp | null => {
  const parts = pattern.exec(text);
  if (parts === null) return null;
  const part = (index: number): number => Number(parts[index] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  const [offsetHour, offsetMinute] = [part(9), part(10)];
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 60 || offsetHour > 23 || offsetMinute > 59) return null;

  const offsetMinutes = (parts[8] === "-" ? -1 : 1) * (offsetHour * 60 + offsetMinute);
  const utcMinutes = epochDays(year, month, day) * 1440 + hour * 60 + minute - offsetMinutes;
  const leap = second === 60;
  // Leap seconds are inserted at the end of a UTC day and nowhere else.
  if (leap && modulo(utcMinutes, 1440) !== 1439) return null;
  const seconds = utcMinutes * 60 + (leap ? 59 : second);
  const micros = leap ? MICROS_A_SECOND - 1 : Number((parts[7] ?? "").slice(0, 6).padEnd(6, "0"));
  return { epochMicros: clampSafe(seconds * MICROS_A_SECOND + micros) };
};

/** RFC 3339 in UTC with milliseconds, as on every wire of ours. Clamped to the years 0000 to 9999. */
export const formatRfc3339 = (epochMs: number): string =>
  new Date(Math.min(Math.max(Math.trunc(epochMs), -62_167_219_200_000), 253_402_300_799_999)).toISOString();

/** The same, where there may be none. */
export const formatMoment = (epochMs: number | null | undefined): string | null =>
  epochMs === null || epochMs === undefined ? null : formatRfc3339(epochMs);

const modulo = (value: number, divisor: number): number => ((value % divisor) + divisor) % divisor;

const clampSafe = (value: number): number =>
  Math.min(Math.max(value, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);

const isLeapYear = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

const daysInMonth = (year: number, month: number): number => {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
};

/** Days since 1970-01-01 in the proleptic Gregorian calendar; a year is counted from March, so leap days come last. */
const epochDays = (year: number, month: number, day: number): number => {
  const marchYear = month <= 2 ? year - 1 : year;
  const dayOfMarchYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + dayOfMarchYear - 719_468;
};
