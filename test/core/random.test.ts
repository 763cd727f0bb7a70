import fc from "fast-check";
import { expect, test } from "vitest";
import { bitsOf, digitsOf, fractionOf } from "../../src/core/random.ts";

test("a fraction is at least 0, below 1, and the same for the same seed and salt", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (seed, salt) => {
      const drawn = fractionOf(seed, salt);
      expect(drawn).toBeGreaterThanOrEqual(0);
      expect(drawn).toBeLessThan(1);
      expect(fractionOf(seed, salt)).toBe(drawn);
    }),
  );
});

test("fractions are spread evenly enough for jitter", () => {
  const tenths = Array.from({ length: 10 }, () => 0);
  for (let i = 0; i < 10_000; i += 1) tenths[Math.floor(fractionOf(`seed ${i}`, "salt") * 10)]! += 1;
  for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

test("another salt is another draw of the same seed", () => {
  expect(fractionOf("0f", "tsk.1:1")).not.toBe(fractionOf("0f", "tsk.1:2"));
});

test("bits are read two digits a value", () => {
  expect(bitsOf("00011f20ff", 5)).toEqual([0, 1, 31, 0, 31]);
});

test("a short seed wraps and an unreadable one gives zeros: an id always gets its length", () => {
  expect(bitsOf("0a0b", 4)).toEqual([10, 11, 0, 10]);
  expect(bitsOf("", 3)).toEqual([0, 0, 0]);
  expect(bitsOf("zz", 2)).toEqual([0, 0]);
});

test("digits are hexadecimal, as many as asked for, and the text's own", () => {
  expect(digitsOf("ses_1", 32)).toMatch(/^[0-9a-f]{32}$/);
  expect(digitsOf("ses_1", 16)).toBe(digitsOf("ses_1", 32).slice(0, 16));
  expect(digitsOf("ses_2", 16)).not.toBe(digitsOf("ses_1", 16));
  // FNV-1a of "a" as it is published.
  expect(digitsOf("a", 8)).toBe("e40c292c");
});
