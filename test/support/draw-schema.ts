import * as fc from "fast-check";
import type { JsonSchema } from "../../src/http/openapi/types.ts";

/** Values drawn from the JSON Schemas of the document: those that fit, those that nearly do, and those that never would. */

const isSchema = (value: unknown): value is JsonSchema => typeof value === "object" && value !== null;

const listOf = (value: unknown): readonly JsonSchema[] => (Array.isArray(value) ? value.filter(isSchema) : []);

const textOf = (schema: JsonSchema): fc.Arbitrary<string> => {
  const {
    pattern,
    minLength = 0,
    maxLength = 40,
    format,
  } = schema as Readonly<Record<string, unknown>> & {
    readonly minLength?: number;
    readonly maxLength?: number;
  };
  if (format === "date-time") return fc.constant("2026-11-22T08:00:00.000Z");
  if (typeof pattern === "string")
    return fc.stringMatching(new RegExp(pattern)).map((text) => text.slice(0, maxLength));
  const plain = fc.string({ minLength, maxLength: Math.max(minLength, Math.min(maxLength, 40)) });
  // What a text often has to be although its schema cannot say so.
  return fc.oneof(
    plain,
    fc.constantFrom("2026-11-22T08:00:00Z", "open", "5m", "@daily", "UTC").filter((text) => text.length <= maxLength),
  );
};

const numberOf = ({ minimum = -1_000, maximum = 1_000 }: { readonly minimum?: number; readonly maximum?: number }) =>
  fc.integer({ min: minimum, max: Math.max(minimum, Math.min(maximum, minimum + 2_000)) });

const objectOf = (schema: JsonSchema, all: Schemas, depth: number): fc.Arbitrary<unknown> => {
  const { properties, required, additionalProperties } = schema;
  const members = isSchema(properties) ? Object.entries(properties).filter(([, member]) => isSchema(member)) : [];
  if (members.length === 0) {
    const inner = isSchema(additionalProperties)
      ? drawFrom(additionalProperties, all, depth + 1)
      : fc.jsonValue({ maxDepth: 1 });
    return fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), inner, { maxKeys: 3 });
  }
  const drawn = members.map(([name, member]) => [name, drawFrom(member as JsonSchema, all, depth + 1)] as const);
  const requiredKeys = listOfTexts(required).filter((name) => drawn.some(([known]) => known === name));
  return fc.record(Object.fromEntries(drawn), { requiredKeys });
};

const listOfTexts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];

export type Schemas = Readonly<Record<string, JsonSchema>>;

const MAX_DEPTH = 5;

/** Values that fit a schema, as far as it is understood here: conditions (`if`, `not`, `allOf`) are not. */
export const drawFrom = (schema: JsonSchema, all: Schemas, depth = 0): fc.Arbitrary<unknown> => {
  const { $ref, type, items, enum: words, const: only } = schema;
  if (typeof $ref === "string") return drawFrom(all[$ref.replace("#/components/schemas/", "")] ?? {}, all, depth);
  if (only !== undefined) return fc.constant(only);
  if (Array.isArray(words)) return fc.constantFrom(...(words as unknown[]));
  const branches = listOf(schema["anyOf"] ?? schema["oneOf"]);
  if (branches.length > 0) return fc.oneof(...branches.map((branch) => drawFrom(branch, all, depth)));
  if (type === "string") return textOf(schema);
  if (type === "integer" || type === "number") return numberOf(schema);
  if (type === "boolean") return fc.boolean();
  if (type === "null") return fc.constant(null);
  if (type === "array") {
    const { minItems = 0 } = schema as { readonly minItems?: number };
    if (depth > MAX_DEPTH) return fc.constant([]);
    return fc.array(isSchema(items) ? drawFrom(items, all, depth + 1) : fc.jsonValue(), {
      minLength: minItems,
      maxLength: minItems + 2,
    });
  }
  if (type === "object") return depth > MAX_DEPTH ? fc.constant({}) : objectOf(schema, all, depth);
  return fc.jsonValue({ maxDepth: 2 });
};

/** What is never meant: other types, numbers and texts at the edge, names that objects have by birth. */
export const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    1e308,
    2 ** 53 + 2,
    "",
    "\u0000",
    "\uD800",
    "'; DROP TABLE sessions",
    "é",
    "\u202E",
  ),
  fc.constantFrom<unknown>(
    [],
    {},
    [[[]]],
    { ["__proto__"]: 1 },
    { constructor: 1 },
    "x".repeat(5_000),
    "${input",
    "${secrets.X}",
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Puts a hostile value in the place of one member, wherever that is, or beside the others. */
export const nearly = (fitting: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc
    .tuple(fitting, hostile, fc.nat(), fc.constantFrom("replace", "add", "remove"))
    .map(([value, wrong, at, how]) => spoil(value, wrong, at, how));

const spoil = (value: unknown, wrong: unknown, at: number, how: "replace" | "add" | "remove"): unknown => {
  if (typeof value !== "object" || value === null) return wrong;
  const keys = Object.keys(value);
  const key = keys[at % Math.max(1, keys.length)];
  if (Array.isArray(value))
    return key === undefined
      ? [wrong]
      : value.map((one, n) => (String(n) === key ? spoil(one, wrong, at >> 3, how) : (one as unknown)));
  if (key === undefined || how === "add") return { ...value, [how === "add" ? "unheardOf" : "x"]: wrong };
  const inner = (value as Record<string, unknown>)[key];
  if (how === "remove") return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
  return { ...value, [key]: at % 3 === 0 ? wrong : spoil(inner, wrong, at >> 3, how) };
};
