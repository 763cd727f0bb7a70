import type { JsonSchema } from "../openapi/types.ts";
import { escapeHtml, proseHtml } from "./html.ts";

/** Deeper ones are named by their type alone: a page must end. */
const MAX_DEPTH = 4;

const PLACE = "#/components/schemas/";

const isSchema = (value: unknown): value is JsonSchema => typeof value === "object" && value !== null;

const schemasIn = (value: unknown): readonly JsonSchema[] => (Array.isArray(value) ? value.filter(isSchema) : []);

const membersOf = (schema: JsonSchema): readonly (readonly [string, JsonSchema])[] => {
  const { properties } = schema;
  return isSchema(properties)
    ? Object.entries(properties).filter((entry): entry is [string, JsonSchema] => isSchema(entry[1]))
    : [];
};

/** What a value is, in a few words, with a link where it has a name. */
export const typeHtml = (schema: JsonSchema): string => {
  const { $ref, type, items, enum: words, const: only } = schema;
  if (typeof $ref === "string") {
    const name = escapeHtml($ref.replace(PLACE, ""));
    return `<a href="#schema-${name}">${name}</a>`;
  }
  if (only !== undefined) return `<code>${escapeHtml(JSON.stringify(only))}</code>`;
  if (Array.isArray(words)) return words.map((word) => `<code>${escapeHtml(String(word))}</code>`).join(" | ");
  const branches = schemasIn(schema["anyOf"] ?? schema["oneOf"]);
  if (branches.length > 0) return branches.map(typeHtml).join(" or ");
  if (type === "array") return `list of ${isSchema(items) ? typeHtml(items) : "anything"}`;
  return typeof type === "string" ? type : "anything";
};

const bounds: readonly (readonly [key: string, words: string])[] = [
  ["format", "format"],
  ["pattern", "pattern"],
  ["minLength", "at least (characters)"],
  ["maxLength", "at most (characters)"],
  ["minimum", "from"],
  ["maximum", "to"],
  ["maxItems", "at most (entries)"],
  ["default", "default"],
];

const boundsHtml = (schema: JsonSchema): string =>
  bounds
    .filter(([key]) => schema[key] !== undefined && schema[key] !== Number.MAX_SAFE_INTEGER)
    .map(([key, words]) => ` <small>${words} <code>${escapeHtml(String(schema[key]))}</code></small>`)
    .join("");

/** The members of an object, or of what a list or a choice is made of. */
export const schemaHtml = (schema: JsonSchema, depth = 0): string => {
  const { items } = schema;
  const inner = [...schemasIn(schema["anyOf"] ?? schema["oneOf"]), ...(isSchema(items) ? [items] : [])];
  const members = membersOf(schema);
  if (members.length === 0) return depth >= MAX_DEPTH ? "" : inner.map((one) => schemaHtml(one, depth + 1)).join("");
  const required = new Set(Array.isArray(schema["required"]) ? schema["required"] : []);
  const rows = members.map(([name, member]) => {
    const words = typeof member["description"] === "string" ? proseHtml(member["description"]) : "";
    const more = depth >= MAX_DEPTH ? "" : schemaHtml(member, depth + 1);
    const must = required.has(name) ? " <small>required</small>" : "";
    const what = `${typeHtml(member)}${boundsHtml(member)}`;
    return `<tr><th scope="row"><code>${escapeHtml(name)}</code>${must}</th><td>${what}<p>${words}</p>${more}</td></tr>`;
  });
  return `<table><tbody>${rows.join("")}</tbody></table>`;
};

/** One parameter as a row. */
export const parameterHtml = (
  name: string,
  place: string,
  required: boolean,
  words: string,
  schema: JsonSchema,
): string =>
  `<tr><th scope="row"><code>${escapeHtml(name)}</code> <small>${place}${required ? ", required" : ""}</small></th><td>${typeHtml(schema)}${boundsHtml(schema)}<p>${proseHtml(words)}</p></td></tr>`;
