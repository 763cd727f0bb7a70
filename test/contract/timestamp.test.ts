import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatRfc3339, parseTimestamp } from "../../src/contract/timestamp.ts";

const micros = (text: string): number | undefined => parseTimestamp(text)?.epochMicros;

describe("timestamps of state reports", () => {
  it.each([
    ["1970-01-01T00:00:00Z", 0],
    ["2026-11-22T07:55:48.304931+00:00", 1_795_334_148_304_931],
    ["2026-11-22T07:55:48.304931", 1_795_334_148_304_931],
    ["2026-11-22 07:55:48.304931z", 1_795_334_148_304_931],
    ["2026-11-22t09:25:48.304931999+01:30", 1_795_334_148_304_931],
    ["2026-11-22T07:55:48.3-00:00", 1_795_334_148_300_000],
    ["2024-02-29T00:00:00Z", 1_709_164_800_000_000],
    ["2000-02-29T00:00:00Z", 951_782_400_000_000],
    ["2016-12-31T23:59:60Z", 1_483_228_799_999_999],
    ["2017-01-01T01:59:60.5+02:00", 1_483_228_799_999_999],
    ["1969-12-31T23:59:59.999999Z", -1],
  ])("reads %s", (text, expected) => {
    expect(micros(text)).toBe(expected);
  });

  it.each([
    "",
    "now",
    "0",
    "1795334148",
    "2026-11-22",
    "2026-11-22T07:55Z",
    "2026-11-22T07:55:48.Z",
    "2026-11-22T07:55:48,5Z",
    "2026-11-22T07:55:48+0000",
    "2026-11-22T07:55:48+24:00",
    "2026-11-22T07:55:48+00:60",
    "2026-11-22T24:00:00Z",
    "2026-11-22T07:60:00Z",
    "2026-11-22T07:55:61Z",
    "2026-11-22T07:55:60Z",
    "2026-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-00-10T00:00:00Z",
    "2026-13-10T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "+2026-01-01T00:00:00Z",
    "12026-01-01T00:00:00Z",
    " 2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00Z\n",
    "2026-01-01T00:00:00 Z",
    "२०२६-01-01T00:00:00Z",
    `2026-01-01T00:00:00.${"1".repeat(100_000)}Z`,
  ])("refuses %.40j", (text) => {
    expect(parseTimestamp(text)).toBeNull();
  });

  it("clamps instants that microseconds cannot hold to the nearest safe integer", () => {
    expect(micros("9999-12-31T23:59:59.999999Z")).toBe(Number.MAX_SAFE_INTEGER);
    expect(micros("0001-01-01T00:00:00Z")).toBe(-Number.MAX_SAFE_INTEGER);
  });

  it("agrees with Date on every millisecond it can hold", () => {
    fc.assert(
      fc.property(fc.integer({ min: -9_000_000_000_000, max: 9_000_000_000_000 }), (epochMs) => {
        expect(micros(new Date(epochMs).toISOString())).toBe(epochMs * 1000);
      }),
      { numRuns: 2000 },
    );
  });

  it("never throws, and yields a safe integer or nothing", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([zZ]|[+-]\d\d:\d\d)?$/)),
        (text) => {
          const value = micros(text);
          expect(value === undefined || Number.isSafeInteger(value)).toBe(true);
        },
      ),
    );
  });

  it("formats UTC with milliseconds", () => {
    expect(formatRfc3339(0)).toBe("1970-01-01T00:00:00.000Z");
    expect(formatRfc3339(1_795_334_148_304.9)).toBe("2026-11-22T07:55:48.304Z");
    expect(formatRfc3339(1e18)).toBe("9999-12-31T23:59:59.999Z");
  });
});
