import fc from "fast-check";
import { expect, test } from "vitest";
import { cronerCalendar } from "../../src/calendar/croner-calendar.ts";

const zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"];
const field = (least: number, most: number) =>
  fc.oneof(
    fc.constant("*"),
    fc.integer({ min: least, max: most }).map(String),
    fc.integer({ min: 1, max: most }).map((step) => `*/${step}`),
    fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most })).map(([a, b]) => `${a},${b}`),
  );
const crons = fc
  .tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7))
  .map((fields) => fields.join(" "));

test("whatever passes the check has a next time, strictly later, on a whole minute, and the first one", () => {
  fc.assert(
    fc.property(
      crons,
      fc.constantFrom(...zones),
      fc.integer({ min: 1_577_836_800_000, max: 2_500_000_000_000 }),
      (cron, zone, after) => {
        const faults = cronerCalendar.check(cron, zone);
        if (faults.length > 0) {
          expect(faults).toMatchObject([{ field: "cron", code: "never_fires" }]);
          return;
        }
        const next = cronerCalendar.next(cron, zone, after);
        expect(next).toBeGreaterThan(after);
        expect(next! % 60_000).toBe(0);
        // From anywhere before it, the same time comes.
        expect(cronerCalendar.next(cron, zone, next! - 1)).toBe(next);
        expect(cronerCalendar.next(cron, zone, Math.floor((after + next!) / 2))).toBe(next);
      },
    ),
    { numRuns: 500 },
  );
});

test("names of zones in any form that the platform knows", () => {
  for (const zone of ["UTC", "Europe/Kyiv", "America/Argentina/Buenos_Aires", "Etc/GMT+2", "EST5EDT"]) {
    expect(cronerCalendar.check("@daily", zone)).toEqual([]);
  }
});
