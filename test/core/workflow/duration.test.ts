import fc from "fast-check";
import { expect, test } from "vitest";
import { maxDurationMs, parseDuration } from "../../../src/core/workflow/duration.ts";

test.each([
  ["0s", 0],
  ["250ms", 250],
  ["90s", 90_000],
  ["15m", 900_000],
  ["24h", 86_400_000],
  ["365d", maxDurationMs],
])("%s is %d ms", (text, ms) => expect(parseDuration(text)).toBe(ms));

test.each(["", "5", "s", "1.5s", "-1s", "1 s", "1S", "366d", "31536000001ms", "1w", "999999999999s", " 1s", "1s\n"])(
  "%j is no duration",
  (text) => expect(parseDuration(text)).toBeNull(),
);

test("every integer and unit up to 365 days is its product", () => {
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])), (count, unit) => {
      const ms = count * units[unit];
      expect(parseDuration(`${count}${unit}`)).toBe(ms <= maxDurationMs ? ms : null);
    }),
  );
});
