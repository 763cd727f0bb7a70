/**
 * TypeScript declarations from the schemas of the contract, with their descriptions: what is published needs neither zod
 * nor the schemas to be type-checked.
 */
import * as z from "zod";

type Schema = Readonly<{
  $ref?: string;
  $defs?: Readonly<Record<string, Schema>>;
  id?: string;
  description?: string;
  type?: string;
  const?: unknown;
  enum?: readonly unknown[];
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  allOf?: readonly Schema[];
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  items?: Schema;
  propertyNames?: Schema;
  additionalProperties?: Schema | boolean;
}>;

const literals = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(" | ");

const comment = (text: string | undefined, indent: string): string =>
  text === undefined || text === "" ? "" : `${indent}/** ${text.replaceAll("*/", "* /")} */\n`;

const objectText = (schema: Schema, indent: string): string => {
  const { properties, required = [], additionalProperties: others, propertyNames } = schema;
  if (properties === undefined) {
    const isAny = typeof others !== "object" || Object.keys(others).length === 0;
    const value = isAny ? "unknown" : typeText(others, indent);
    const key = propertyNames?.enum === undefined ? "string" : literals(propertyNames.enum);
    return `{ readonly [key in ${key}]: ${value} }`;
  }
  const inner = `${indent}  `;
  const members = Object.entries(properties).map(([name, member]) => {
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
    const optional = required.includes(name) ? "" : "?";
    return `${comment(member.description, inner)}${inner}readonly ${key}${optional}: ${typeText(member, inner)};\n`;
  });
  // A closed object is written without an index: what is not described is not relied on.
  const loose = others === false ? "" : `${inner}readonly [key: string]: unknown;\n`;
  return `{\n${members.join("")}${loose}${indent}}`;
};

const typeText = (schema: Schema, indent: string): string => {
  const { $ref, type, items } = schema;
  if ($ref !== undefined) return $ref.replace("#/$defs/", "");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return literals(schema.enum);
  const some = schema.anyOf ?? schema.oneOf;
  if (some !== undefined) return some.map((one) => typeText(one, indent)).join(" | ");
  if (schema.allOf !== undefined) return schema.allOf.map((one) => typeText(one, indent)).join(" & ");
  if (type === "object") return objectText(schema, indent);
  if (type === "array") return `readonly (${items === undefined ? "unknown" : typeText(items, indent)})[]`;
  if (type === "integer" || type === "number") return "number";
  if (type === "string" || type === "boolean" || type === "null") return type;
  if (type === undefined) return "{} | null"; // any JSON value
  throw new Error(`no declaration for a schema of the type ${type}`);
};

/** One module with an exported type for each schema, under its name, and for each schema with an id inside of them. */
export const declareAnswers = (schemas: ReadonlyMap<string, z.ZodType>): string => {
  const named = new Map<string, string>();
  const aliases: string[] = [];
  for (const [name, schema] of schemas) {
    const { $defs = {}, ...root } = z.toJSONSchema(schema, { io: "output" }) as Schema;
    for (const [id, one] of Object.entries($defs))
      named.set(id, `${comment(one.description, "")}export type ${id} = ${typeText(one, "")};\n`);
    const { id = name } = root;
    named.set(id, `${comment(root.description, "")}export type ${id} = ${typeText(root, "")};\n`);
    if (id !== name) aliases.push(`export type ${name} = ${id};\n`);
  }
  return [...named.values(), ...aliases].join("\n");
};
