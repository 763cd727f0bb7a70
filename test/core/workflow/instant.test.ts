import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseInstant } from "../../../src/core/workflow/instant.ts";

describe("an instant is an RFC 3339 date and time", () => {
  test.each([
    ["1970-01-01T00:00:00Z", 0],
    ["2030-01-31T08:00:00Z", 1_896_076_800_000],
    ["2030-01-31t08:00:00z", 1_896_076_800_000],
    ["2030-01-31 08:00:00", 1_896_076_800_000],
    ["2030-01-31T10:30:00+02:30", 1_896_076_800_000],
    ["2030-01-31T05:00:00-03:00", 1_896_076_800_000],
    ["2030-01-31T08:00:00.5Z", 1_896_076_800_500],
    ["2030-01-31T08:00:00.123456789Z", 1_896_076_800_123],
    ["2028-02-29T00:00:00Z", 1_835_395_200_000],
    ["2000-02-29T00:00:00Z", 951_782_400_000],
    ["1969-12-31T23:59:59.999Z", -1],
  ])("%s", (text, ms) => expect(parseInstant(text)).toBe(ms));

  test.each([
    "",
    "tomorrow",
    "2030-01-31",
    "2030-01-31T08:00Z",
    "2030-00-10T00:00:00Z",
    "2030-13-10T00:00:00Z",
    "2030-01-00T00:00:00Z",
    "2030-01-32T00:00:00Z",
    "2030-04-31T00:00:00Z",
    "2030-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2030-01-31T24:00:00Z",
    "2030-01-31T00:60:00Z",
    "2030-01-31T00:00:60Z",
    "2030-01-31T00:00:00+24:00",
    "2030-01-31T00:00:00+00:60",
    "2030-01-31T00:00:00.Z",
    " 2030-01-31T00:00:00Z",
    "2030-01-31T00:00:00Z ",
    "2030-01-31T00:00:00Z\n",
  ])("and nothing else: %j", (text) => expect(parseInstant(text)).toBeNull());

  test("any that a calendar knows is what the calendar says", () => {
    const dates = fc.date({ min: new Date("0000-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true }); // prettier-ignore
    fc.assert(
      fc.property(dates, (date) => {
        expect(parseInstant(date.toISOString())).toBe(date.getTime());
      }),
    );
  });
});
