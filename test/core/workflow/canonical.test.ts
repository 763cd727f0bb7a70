import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../../../src/core/json.ts";
import { canonical } from "../../../src/core/workflow/canonical.ts";

const json = fc.jsonValue({ stringUnit: "binary" }) as fc.Arbitrary<Json>;

const reversed = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as Record<string, Json>)
      .toReversed()
      .map(([key, member]) => [key, reversed(member)]),
  );
};

test("the order of keys does not matter", () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(canonical(reversed(value))).toBe(canonical(value));
    }),
  );
});

test("the text reads back as the same value", () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("equal texts mean equal values", () => {
  fc.assert(
    fc.property(json, json, (a, b) => {
      if (canonical(a) === canonical(b)) expect(JSON.parse(JSON.stringify(a))).toEqual(JSON.parse(JSON.stringify(b)));
    }),
  );
});

test("members are sorted at every level, without white space", () => {
  expect(canonical({ b: [{ d: 1, c: "x" }], a: null, "": true })).toBe('{"":true,"a":null,"b":[{"c":"x","d":1}]}');
});
