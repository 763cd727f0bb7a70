import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../../../src/core/json.ts";
import { jsonBytes } from "../../../src/core/workflow/json-size.ts";

const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length;
const anyText = fc.string({ unit: "binary" });
const json = fc.jsonValue({ stringUnit: "binary" }) as fc.Arbitrary<Json>;

test("the count is that of the UTF-8 JSON text", () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(jsonBytes(value, Infinity)).toBe(bytesOf(value));
    }),
  );
  fc.assert(
    fc.property(anyText, (text) => {
      expect(jsonBytes(text, Infinity)).toBe(bytesOf(text));
    }),
  );
});

test.each(["", '"\\/', "\b\t\n\f\r", "\u0000\u001f\u007f", "é߿", "ࠀ€\uffff", "😀", "\ud800", "\udc00x"])(
  "escapes of %j count",
  (text) => expect(jsonBytes(text, Infinity)).toBe(bytesOf(text)),
);

test("the count stops above the limit and is never below it wrongly", () => {
  fc.assert(
    fc.property(json, fc.nat(200), (value, limit) => {
      expect(jsonBytes(value, limit) > limit).toBe(bytesOf(value) > limit);
    }),
  );
});

test("a value far above the limit costs no more than the limit", () => {
  const wide = Array.from({ length: 100_000 }, () => "x".repeat(100));
  expect(jsonBytes(wide, 1_000)).toBeLessThan(2_000);
  expect(jsonBytes("x".repeat(1_000_000), 1_000)).toBe(1_001);
});
