import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readJson } from "../../src/core/read-json.ts";
import type { Json } from "../../src/core/json.ts";

/** Keys that V8 mistakes for one another, and more of the kind. */
const key = fc.oneof(
  fc.constantFrom(
    "\\",
    '"',
    "\n",
    "\\n",
    "\\nX",
    "\nX",
    "\\u",
    "ab",
    "a",
    'é"',
    "é\\",
    "漢\\",
    '漢"',
    "{",
    "]",
    ":",
    ",",
  ),
  fc.string({ maxLength: 3 }).filter((made) => made !== "__proto__"),
);

const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Json>(null, true, false, 0, -1.5, 1e21, "", "\\", '":', '{"a\\"":1}', "say \\"),
    fc.string(),
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(key, tie("tree"), { maxKeys: 5, noNullPrototype: true }),
  ),
}));

describe("readJson", () => {
  test("a key with an escape is not taken for one with a backslash that was read before", () => {
    readJson('{"of-this-shape":1,"\\\\":1}');
    expect(readJson('{"of-this-shape":1,"\\"":2}')).toEqual({ "of-this-shape": 1, '"': 2 });
    readJson('{"of-that-shape":1,"\\\\n":1}');
    expect(readJson('[{"of-that-shape":1,"\\nX" : [2]}]')).toEqual([{ "of-that-shape": 1, "\nX": [2] }]);
  });

  test("what is written is read", () => {
    fc.assert(
      fc.property(tree, fc.constantFrom(undefined, 2), (value, indent) => {
        expect(readJson(JSON.stringify(value, null, indent))).toEqual(value);
      }),
      { numRuns: 2_000 },
    );
  });

  test("the order of keys stays", () => {
    const text = '{"\\"":1,"b":{"\\n":[],"a":{}},"a":"\\""}';
    expect(JSON.stringify(readJson(text))).toBe(text);
  });

  test("text with very many escapes is read", () => {
    const value = { '"': '\\"'.repeat(500_000), b: `"${" ".repeat(60_000)}`.repeat(2) };
    expect(readJson(JSON.stringify(value))).toEqual(value);
  });

  test("text that is not JSON throws", () => {
    expect(() => readJson('{"\\"":}')).toThrow(SyntaxError);
    expect(() => readJson("")).toThrow(SyntaxError);
  });
});
