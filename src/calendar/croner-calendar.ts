import { Cron } from "croner";
import type { Calendar, CalendarFault } from "../app/ports.ts";

/** Longer expressions are refused before anybody reads them. */
const MAX_LENGTH = 256;

const NICKNAME = /^@(?:hourly|daily|midnight|weekly|monthly|yearly|annually)$/;

/** `Region/City` or one of the old short names; offsets such as `+02:00` are no zones. */
const ZONE = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/;

/** An instant before all that anybody asks for: an expression without a time after it has none at all. */
const EARLY_MS = Date.UTC(2020, 0, 1);

const isZone = (zone: string): boolean => {
  if (zone.length > 64 || !ZONE.test(zone)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
};

/** Five fields: croner takes dates and seconds as well, which are something else. */
const read = (cron: string, zone: string): Cron => new Cron(cron, { timezone: zone, mode: "5-part" });

const faultOf = (cron: string, zone: string): CalendarFault | null => {
  const fault = (code: string, message: string): CalendarFault => ({ field: "cron", code, message });
  if (cron.length > MAX_LENGTH) return fault("limit", `At most ${MAX_LENGTH} characters.`);
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5 && !NICKNAME.test(cron)) {
    const hint = fields.length === 6 ? " Seconds are not supported." : "";
    return fault(
      "invalid_cron",
      `Expected five fields (minute hour day-of-month month day-of-week) or @hourly, @daily, @weekly, @monthly, @yearly.${hint}`,
    );
  }
  try {
    const never = read(cron, zone).nextRun(new Date(EARLY_MS)) === null;
    return never ? fault("never_fires", "No date fits this expression: it would never fire.") : null;
  } catch (error) {
    const message = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : "It cannot be read.";
    return fault("invalid_cron", `${message.slice(0, 200)}${message.endsWith(".") ? "" : "."}`);
  }
};

/**
 * Croner's reading of cron. Days: a day of the month and a day of the week are either-or, as in Vixie cron. Over a
 * change of clocks: a fixed time (`30 2 * * *`) that does not exist fires at the first one that does, one that comes
 * twice fires once; steps, lists and ranges of the hour or minute leave out what does not exist and fire at both.
 */
export const cronerCalendar: Calendar = {
  check: (cron, zone) => {
    const zoneFault: CalendarFault | null = isZone(zone)
      ? null
      : {
          field: "timeZone",
          code: "unknown_time_zone",
          message: "Expected the IANA name of a time zone, such as Europe/Berlin.",
        };
    return [faultOf(cron, zoneFault === null ? zone : "UTC"), zoneFault].filter((fault) => fault !== null);
  },
  next: (cron, zone, afterMs) => read(cron, zone).nextRun(new Date(afterMs))?.getTime() ?? null,
};
