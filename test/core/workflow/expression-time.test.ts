import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "../../../src/core/json.ts";
import { fieldsOf, isTime, parseTimestamp, TimeValue, timeText } from "../../../src/core/workflow/expression-time.ts";
import { evaluateExpression, parseExpression } from "../../../src/core/workflow/expression.ts";

const run = (source: string) => {
  const parsed = parseExpression(source);
  if (!parsed.ok) throw new Error(`${parsed.code}: ${parsed.message}`);
  const input = { at: "2024-02-29T23:59:59.250Z", span: "1h30m", n: 1.5, big: 1e15 };
  return evaluateExpression(parsed.expression, { input, tasks: {} });
};

describe("values", () => {
  test.each<[string, Json]>([
    ["timestamp(input.at)", "2024-02-29T23:59:59.250Z"],
    ["timestamp('2024-02-29T23:59:59+01:30')", "2024-02-29T22:29:59.000Z"],
    ["timestamp('1969-12-31t23:59:59.9999-00:30')", "1970-01-01T00:29:59.999Z"],
    ["timestamp(0)", "1970-01-01T00:00:00.000Z"],
    ["timestamp(input.n)", "1970-01-01T00:00:01.500Z"],
    ["timestamp(timestamp(1))", "1970-01-01T00:00:01.000Z"],
    ["[timestamp(1)]", ["1970-01-01T00:00:01.000Z"]],
    ["duration(input.span)", "5400s"],
    ["duration('-1.5s') + duration('1ms')", "-1499ms"],
    ["duration(duration('1d'))", "86400s"],
    ["timestamp(input.at) + duration('1s')", "2024-03-01T00:00:00.250Z"],
    ["duration('1s') + timestamp(0)", "1970-01-01T00:00:01.000Z"],
    ["timestamp(0) - duration('1ms')", "1969-12-31T23:59:59.999Z"],
    ["timestamp(input.at) - timestamp('2024-02-29T00:00:00Z')", "86399250ms"],
    ["duration('1h') - duration('30m')", "1800s"],
    ["timestamp(input.at) > timestamp(0) && timestamp(1) <= timestamp(1)", true],
    ["duration('60s') == duration('1m') && duration('1s') != duration('1m')", true],
    ["dyn(duration('0s')) == dyn(timestamp(0))", false],
    ["duration('1s') < duration('1h') && duration('1h') >= duration('1h')", true],
    ["timestamp(1) in [timestamp(1)]", true],
    ["dyn(timestamp(1)) == 1", false],
    ["string(timestamp(0)) + string(duration('1s'))", "1970-01-01T00:00:00.000Z1s"],
    ["int(timestamp(-0.5))", -1],
    [
      "[timestamp(input.at)].map(t, [t.getFullYear(), t.getMonth(), t.getDate(), t.getDayOfMonth()])[0]",
      [2024, 1, 29, 28],
    ],
    [
      "[timestamp(input.at)].map(t, [t.getDayOfWeek(), t.getDayOfYear(), t.getHours(), t.getMinutes()])[0]",
      [4, 59, 23, 59],
    ],
    ["timestamp(input.at).getSeconds() * 1000 + timestamp(input.at).getMilliseconds()", 59_250],
    [
      "[duration('-1h30m1.5s')].map(d, [d.getHours(), d.getMinutes(), d.getSeconds(), d.getMilliseconds()])[0]",
      [-1, -90, -5401, -5401500],
    ],
  ])("%s is %j", (source, value) => expect(run(source)).toMatchObject({ ok: true, value }));
});

describe("what is none is an error", () => {
  const moment = "the value is no timestamp; write for example 2026-01-31T12:00:00Z, or the seconds since 1970.";
  const span = "the value is no duration; write for example 1h30m or 1.5s.";
  test.each([
    ["timestamp('2024-02-30T00:00:00Z')", moment],
    ["timestamp('2024-13-01T00:00:00Z')", moment],
    ["timestamp('2024-00-01T00:00:00Z')", moment],
    ["timestamp('0000-12-31T00:00:00Z')", moment],
    ["timestamp('2024-01-01T24:00:00Z')", moment],
    ["timestamp('2024-01-01T00:60:00Z')", moment],
    ["timestamp('2024-01-01T00:00:60Z')", moment],
    ["timestamp('2024-01-01T00:00:00+24:00')", moment],
    ["timestamp('2024-01-01T00:00:00+00:60')", moment],
    ["timestamp('2024-01-01')", moment],
    ["timestamp(input.big)", moment],
    ["duration('1 h')", span],
    ["duration('')", span],
    ["duration('999999999999d')", span],
    ["timestamp('9999-12-31T23:59:59Z') + duration('1s')", "the result is beyond what a timestamp can be."],
    ["timestamp(0) - duration('800000d')", "the result is beyond what a timestamp can be."],
    ["duration('3000000d') + duration('3000000d')", "the result is beyond what a duration can be."],
    ["dyn(timestamp(0)) + dyn(timestamp(0))", "`+` does not work on a timestamp and a timestamp."],
    ["dyn(timestamp(0)) < dyn(duration('1s'))", "`<` does not work on a timestamp and a duration."],
    ["dyn(timestamp(0)).map(x, x)", "`map` goes over a list or a map, not over a timestamp."],
  ])("%s: %s", (source, message) =>
    expect(run(source)).toMatchObject({ ok: false, code: "expression_error", message }),
  );

  test.each([
    ["timestamp(0) + timestamp(0)", "`+` does not work on a timestamp and a timestamp."],
    ["timestamp(0).getHours('Europe/Berlin')", "`getHours` takes (timestamp) or (duration), not (timestamp, string)."],
    ["timestamp(0).ms", "what `.ms` is read of must be a map, not a timestamp."],
  ])("%s is refused when it is read", (source, message) => expect(parseExpression(source)).toMatchObject({ message }));
});

test("the calendar is the one of the platform", () => {
  const ms = fc.oneof(
    fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }),
    fc.integer({ min: 0, max: 4_102_444_800_000 }),
    fc.constantFrom(-62_135_596_800_000, 253_402_300_799_999, 951_782_400_000, -2_203_891_200_000),
  );
  fc.assert(
    fc.property(ms, (at) => {
      const date = new Date(at);
      expect(timeText(new TimeValue("timestamp", at))).toBe(date.toISOString());
      expect(parseTimestamp(date.toISOString())).toBe(at);
      const { dayOfWeek, dayOfYear } = fieldsOf(at);
      expect(dayOfWeek).toBe(date.getUTCDay());
      const newYear = new Date(0).setUTCFullYear(date.getUTCFullYear(), 0, 1);
      expect(dayOfYear).toBe(Math.floor((at - newYear) / 86_400_000));
      expect(isTime("timestamp", at)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
