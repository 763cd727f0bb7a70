import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backoffCeilingMs, backoffMs, refusalBackoffMs, type RetryCurve } from "../../src/core/backoff.ts";

const curve: RetryCurve = { initialIntervalMs: 1_000, backoffCoefficient: 2, maximumIntervalMs: 10_000 };

test("the ceiling doubles from the first interval up to the longest one", () => {
  expect([1, 2, 3, 4, 5, 100].map((used) => backoffCeilingMs(curve, used))).toEqual([
    1_000, 2_000, 4_000, 8_000, 10_000, 10_000,
  ]);
});

test("no attempt used is as the first one", () => expect(backoffCeilingMs(curve, 0)).toBe(1_000));

test("jitter is full: anything from nothing to the ceiling, in whole milliseconds", () => {
  expect([0, 0.5, 0.99999].map((fraction) => backoffMs(curve, 2, fraction))).toEqual([0, 1_000, 1_999]);
});

test("refusals wait 1 s doubling to 5 min", () => {
  expect([0, 1, 2, 3, 9, 10, 1_000].map((refusals) => refusalBackoffMs(refusals, null))).toEqual([
    1_000, 1_000, 2_000, 4_000, 256_000, 300_000, 300_000,
  ]);
});

test("a Retry-After wins over the computed wait, also when it is shorter or none", () => {
  expect([0, 5, 900_000].map((retryAfterMs) => refusalBackoffMs(9, retryAfterMs))).toEqual([0, 5, 900_000]);
});

describe("whatever a definition may ask for", () => {
  const anyCurve = fc.record({
    initialIntervalMs: fc.nat(365 * 86_400_000),
    backoffCoefficient: fc.double({ min: 1, max: 100, noNaN: true }),
    maximumIntervalMs: fc.nat(365 * 86_400_000),
  });
  const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  test("the wait is capped and its ceiling never falls", () => {
    fc.assert(
      fc.property(anyCurve, fc.integer({ min: 1, max: 100 }), fraction, (any, used, drawn) => {
        const wait = backoffMs(any, used, drawn);
        expect(Number.isInteger(wait)).toBe(true);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(backoffCeilingMs(any, used));
        expect(backoffCeilingMs(any, used)).toBeLessThanOrEqual(any.maximumIntervalMs);
        expect(backoffCeilingMs(any, used + 1)).toBeGreaterThanOrEqual(backoffCeilingMs(any, used));
      }),
    );
  });

  test("the wait after a refusal never falls and ends at 5 min", () => {
    fc.assert(
      fc.property(fc.nat(10_000), (refusals) => {
        expect(refusalBackoffMs(refusals + 1, null)).toBeGreaterThanOrEqual(refusalBackoffMs(refusals, null));
        expect(refusalBackoffMs(refusals, null)).toBeLessThanOrEqual(300_000);
      }),
    );
  });
});
