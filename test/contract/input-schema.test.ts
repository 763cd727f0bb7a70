import { describe, expect, test } from "vitest";
import { inputFaults, inputSchemaFaults } from "../../src/contract/input-schema.ts";
import { patternCost } from "../../src/contract/pattern-cost.ts";

type Schema = Readonly<Record<string, unknown>>;
const found = (schema: Schema) => inputSchemaFaults(schema).map(({ code, path }) => `${code} ${path.join("/")}`);

describe("an `input` that is no schema", () => {
  test.each<[string, Schema, string[]]>([
    ["an unknown type", { type: "objct" }, ["invalid_schema type"]],
    ["no list of names", { required: "a" }, ["invalid_schema required"]],
    [
      "a length below nothing",
      { properties: { "a/b": { maxLength: -1 } } },
      ["invalid_schema properties/a/b/maxLength"],
    ],
    ["no schema in a schema", { anyOf: [{ items: 5 }] }, ["invalid_schema anyOf/0/items"]],
    ["no alternatives", { anyOf: [] }, ["invalid_schema anyOf"]],
    [
      "a mistyped keyword",
      { requird: [], properties: { a: { typ: "string" } } },
      ["unknown_key properties/a/typ", "unknown_key requird"],
    ],
    [
      "references",
      { $defs: {}, properties: { a: { $ref: "#" } } },
      ["not_allowed properties/a/$ref", "not_allowed $defs"],
    ],
    ["an unknown format", { format: "url" }, ["invalid_schema format"]],
    ["no regular expression", { pattern: "(" }, ["invalid_schema pattern"]],
    ["one among the names", { patternProperties: { "[": {} } }, ["invalid_schema patternProperties/["]],
    ["a pattern without end", { not: { pattern: "^(a+)+$" } }, ["invalid_schema not/pattern"]],
    [
      "patterns that take too long together",
      { allOf: [{ pattern: "a*b" }, { pattern: "a*c" }] },
      ["limit allOf/1/pattern"],
    ],
    ["33 KiB", { description: "x".repeat(33 * 1024) }, ["limit "]],
  ])("%s", (_, schema, faults) => expect(found(schema)).toEqual(faults));

  test("has the same answer for each of ten thousand faults, soon", () => {
    const properties = Object.fromEntries(
      Array.from({ length: 900 }, (_, at) => [`k${at}`, { typ: 1, type: 1, x: 2 }]),
    );
    expect(found({ properties }).length).toBe(2_700);
  });
});

test.each<[string, number | false]>([
  ["^[a-z]+$", 1_024],
  ["[a-z]", 1_024],
  ["a*b", 1_024 ** 2],
  ["^[^@]+@[^@]+$", 1_024 ** 2],
  ["^[a-z]{1,64}@[a-z]{2,3}$", 128],
  ["^a{3}b?$", 2],
  ["^a{2,}$", 1_023],
  ["^(?:ab){1,10}$", 10],
  ["^(?:foo|bar)?$", 4],
  ["^\\d{4}-\\d{2}[*+?(|]{1,2}\\*$", 2],
  ["^(?<year>[0-9]{4})$", 1],
  ["(a+)+", false],
  ["^a|b$", 2_048],
  ["(a|a)*", false],
  ["(?:a?){50}", false],
  ["((a*)b)*", false],
  ["(a)\\1", false],
  ["(?<n>a)\\k<n>", false],
  ["(?=a)b", false],
  ["(?<!a)b", false],
  ["a{2,1}", false],
  ["a".repeat(257), false],
])("the cost of %s", (pattern, steps) => {
  const cost = patternCost(pattern);
  expect(cost.ok && cost.steps).toBe(steps);
});

describe("an input against its schema", () => {
  const schema = {
    type: "object",
    required: ["topic"],
    properties: {
      topic: { type: "string", pattern: "^[a-z ]{1,40}$" },
      n: { anyOf: [{ type: "integer" }, { type: "null" }] },
    },
    additionalProperties: { type: "array", uniqueItems: true, items: { type: "object" } },
  };
  const faultsOf = (input: unknown) => inputFaults(schema, input).map(({ code, pointer }) => `${code} ${pointer}`);

  test.each<[unknown, string[]]>([
    [{ topic: "tides" }, []],
    [{ topic: "tides", n: null, "a/b": [{}, { x: 1 }] }, []],
    [{}, ["required "]],
    [{ topic: "T" }, ["invalid_input /topic"]],
    [{ topic: "t", n: "x" }, ["invalid_input /n", "invalid_input /n", "invalid_input /n"]],
    [{ topic: "t", "a/b": [1] }, ["invalid_input /a~1b/0"]],
    [{ topic: "t", a: [{}, {}] }, ["invalid_input /a"]],
    [[], ["invalid_input "]],
  ])("%j", (input, faults) => expect(faultsOf(input)).toEqual(faults));

  test("texts too long to test, and lists too long to compare", () => {
    expect(faultsOf({ topic: "x".repeat(1_024) })).toEqual(["invalid_input /topic"]);
    expect(faultsOf({ topic: "x".repeat(1_025) })).toEqual(["limit "]);
    expect(faultsOf({ topic: "t", ["x".repeat(1_025)]: [] })).toEqual(["limit "]);
    const items = Array.from({ length: 1_001 }, (_, n) => ({ n }));
    expect(faultsOf({ topic: "t", a: items.slice(1) })).toEqual([]);
    expect(faultsOf({ topic: "t", a: items })).toEqual(["limit "]);
    expect(inputFaults({ items: { type: "object" } }, [...items, "x".repeat(5_000)])).toMatchObject([
      { pointer: "/1001", code: "invalid_input" },
    ]);
  });
});
