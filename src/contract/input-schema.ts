import { Validator, type OutputUnit, type Schema } from "@cfworker/json-schema";
import { jsonPointer } from "./json.ts";
import { maxPatternText, patternCost } from "./pattern-cost.ts";
import { clip, type Fault } from "./problem.ts";
import type { SchemaFault } from "./schema-fault.ts";

type Path = readonly (string | number)[];

const maxBytes = 32 * 1024;

/** Formats whose check takes bounded time. */
const formats = [
  "date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uri-reference", "uuid",
  "json-pointer",
]; // prettier-ignore

const types = ["null", "boolean", "object", "array", "number", "string", "integer"];
const one = { $ref: "#" };
const count = { type: "integer", minimum: 0 };
const names = { type: "array", items: { type: "string" }, uniqueItems: true };
const some = { type: "array", items: one, minItems: 1 };
const byName = { type: "object", additionalProperties: one };
const text = { type: "string" };

const keyed = (kind: object, ...keys: readonly string[]): Readonly<Record<string, object>> =>
  Object.fromEntries(keys.map((key) => [key, kind]));

const subschemas: Readonly<Record<string, object>> = {
  ...keyed(one, "items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else"),
  ...keyed(some, "prefixItems", "allOf", "anyOf", "oneOf"),
  ...keyed(byName, "properties", "patternProperties", "dependentSchemas"),
};

const keywords: Readonly<Record<string, object | boolean>> = {
  ...subschemas,
  $schema: text, $comment: text, title: text, description: text, default: true, examples: { type: "array" },
  deprecated: { type: "boolean" }, readOnly: { type: "boolean" }, writeOnly: { type: "boolean" },
  type: { anyOf: [{ enum: types }, { type: "array", items: { enum: types }, minItems: 1, uniqueItems: true }] },
  enum: { type: "array", maxItems: 500 }, const: true,
  multipleOf: { type: "number", exclusiveMinimum: 0 },
  maximum: { type: "number" }, exclusiveMaximum: { type: "number" },
  minimum: { type: "number" }, exclusiveMinimum: { type: "number" },
  maxLength: count, minLength: count, pattern: text, format: { enum: formats },
  maxItems: count, minItems: count, uniqueItems: { type: "boolean" }, minContains: count, maxContains: count,
  maxProperties: count, minProperties: count, required: names,
  dependentRequired: { type: "object", additionalProperties: names },
}; // prettier-ignore

/** What may be written: JSON Schema 2020-12 without references, whose work on an input would have no bound. */
const metaSchema: Schema = {
  type: ["object", "boolean"],
  properties: keywords,
  patternProperties: { "^x-": true },
  additionalProperties: false,
};

/** Keywords whose fault only says that there is one below. */
const outer = new Set(["properties", "patternProperties", "additionalProperties", "items", "$ref", "anyOf"]);

const pathOf = (location: string): Path =>
  location
    .split("/")
    .slice(1)
    .map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"));

const references = new Set(["$ref", "$dynamicRef", "$defs", "definitions", "$id", "$anchor"]);

const keywordFault = ({ instanceLocation, keyword, error }: OutputUnit): SchemaFault => {
  const path = pathOf(instanceLocation);
  if (keyword !== "false") return { path, code: "invalid_schema", message: clip(error) };
  const written = String(path.at(-1));
  if (references.has(written)) {
    return { path, code: "not_allowed", message: "References are not allowed in `input`: write the schema out." };
  }
  const message = "This is no keyword of JSON Schema; keys of your own begin with `x-`.";
  return { path, code: "unknown_key", message, written, known: Object.keys(keywords) };
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Every schema in a schema that fits `metaSchema`, itself first. */
function* schemasIn(
  schema: unknown,
  path: Path = [],
): Generator<{ schema: Readonly<Record<string, unknown>>; path: Path }> {
  if (!isRecord(schema)) return;
  yield { schema, path };
  for (const [key, kind] of Object.entries(subschemas)) {
    const below = schema[key];
    if (below === undefined) continue;
    if (kind === one) yield* schemasIn(below, [...path, key]);
    else for (const [name, inner] of Object.entries(below as object)) yield* schemasIn(inner, [...path, key, name]);
  }
}

function* patternsIn(root: unknown): Generator<{ pattern: string; path: Path }> {
  for (const { schema, path } of schemasIn(root)) {
    if (typeof schema["pattern"] === "string") yield { pattern: schema["pattern"], path: [...path, "pattern"] };
    for (const pattern of Object.keys(schema["patternProperties"] ?? {})) {
      yield { pattern, path: [...path, "patternProperties", pattern] };
    }
  }
}

/** What is wrong with a definition's `input`; paths start below it. Bounded by the size of the document. */
export const inputSchemaFaults = (schema: Readonly<Record<string, unknown>>): readonly SchemaFault[] => {
  if (new TextEncoder().encode(JSON.stringify(schema)).length > maxBytes) {
    return [{ path: [], code: "limit", message: `At most ${maxBytes / 1024} KiB of JSON.` }];
  }
  const { errors } = new Validator(metaSchema, "2020-12", false).validate(schema);
  // A wrong type is told once, not once more for each way it might have been written.
  const told = new Set<string>();
  const faults = errors
    .filter(({ keyword }) => !outer.has(keyword))
    .filter(({ instanceLocation }) => !told.has(instanceLocation) && told.add(instanceLocation))
    .map(keywordFault);
  if (faults.length > 0) return faults;
  return patternFaults(schema);
};

/** Steps that all patterns of a schema may take for one text. */
const maxSteps = 2_000_000;

const patternFaults = (schema: unknown): readonly SchemaFault[] => {
  let left = maxSteps;
  return [...patternsIn(schema)].flatMap(({ pattern, path }) => {
    const cost = patternCost(pattern);
    left -= cost.ok ? cost.steps : 0;
    if (cost.ok && left >= 0) return [];
    const message = cost.ok
      ? "Testing this pattern may take too long: begin it with `^` and give repetitions bounds, such as `{1,64}`."
      : cost.message;
    return [{ path, code: cost.ok ? "limit" : "invalid_schema", message }];
  });
};

interface Longest {
  text: number;
  list: number;
}

const measure = (value: unknown, longest: Longest): Longest => {
  if (typeof value === "string") longest.text = Math.max(longest.text, value.length);
  else if (Array.isArray(value)) {
    longest.list = Math.max(longest.list, value.length);
    for (const item of value) measure(item, longest);
  } else if (isRecord(value)) {
    for (const [key, member] of Object.entries(value)) {
      longest.text = Math.max(longest.text, key.length);
      measure(member, longest);
    }
  }
  return longest;
};

const maxUniqueItems = 1_000;

const limit = (message: string): readonly Fault[] => [{ pointer: "", code: "limit", message }];

/**
 * How an input differs from a schema that `inputSchemaFaults` found nothing wrong with; at most 50 faults. Bounded: a
 * schema with patterns or formats takes texts of 1,024 characters, one with `uniqueItems` lists of 1,000.
 */
export const inputFaults = (schema: Readonly<Record<string, unknown>>, input: unknown): readonly Fault[] => {
  const longest = measure(input, { text: 0, list: 0 });
  const used = new Set([...schemasIn(schema)].flatMap(({ schema: part }) => Object.keys(part)));
  const isTested = used.has("pattern") || used.has("patternProperties") || used.has("format");
  if (isTested && longest.text > maxPatternText) {
    return limit(
      `Texts of this input may have at most ${maxPatternText} characters, as its schema tests some of them.`,
    );
  }
  if (used.has("uniqueItems") && longest.list > maxUniqueItems) {
    return limit(`Lists of this input may have at most ${maxUniqueItems} items, as its schema compares them.`);
  }
  const { errors } = new Validator(schema as Schema, "2020-12", false).validate(input);
  return errors
    .filter(({ keyword }) => !outer.has(keyword) || keyword === "anyOf")
    .slice(0, 50)
    .map(({ instanceLocation, keyword, error }) => ({
      pointer: jsonPointer(pathOf(instanceLocation)),
      code: keyword === "required" ? "required" : "invalid_input",
      message: clip(error),
    }));
};
