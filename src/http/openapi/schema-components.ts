import * as z from "zod";
import type { JsonSchema } from "./types.ts";

/**
 * zod schemas as JSON Schema 2020-12, which is the dialect of OpenAPI 3.1. Made by zod itself: it says the same as the
 * checks do, down to which members may be left out.
 */
export interface SchemaComponents {
  /** A body that we write. */
  answer(schema: z.ZodType): JsonSchema;
  /** A body that clients write, as a component of this name. */
  request(schema: z.ZodType, name: string): JsonSchema;
  /** The parameters of a query by name, each with its schema. */
  parameters(schema: z.ZodObject): Readonly<Record<string, JsonSchema>>;
  /** All components that were needed. */
  all(): Readonly<Record<string, JsonSchema>>;
}

const PLACE = "#/components/schemas/";

const withPlaces = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withPlaces);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) =>
      key === "$ref" && typeof inner === "string" ? [key, inner.replace("#/$defs/", PLACE)] : [key, withPlaces(inner)],
    ),
  );
};

/** Two different schemas of one name are a mistake in the contract: it throws. */
export const createSchemaComponents = (): SchemaComponents => {
  const components = new Map<string, string>();
  const add = (name: string, schema: unknown): void => {
    const text = JSON.stringify(schema);
    const known = components.get(name);
    if (known !== undefined && known !== text) throw new Error(`Two schemas have the id ${name}`);
    components.set(name, text);
  };
  const convert = (schema: z.ZodType, io: "input" | "output"): JsonSchema => {
    const { $schema: _, $defs = {}, ...rest } = z.toJSONSchema(schema, { io, target: "draft-2020-12" });
    for (const [name, definition] of Object.entries($defs)) {
      const { id: __, ...shape } = definition as { readonly id?: string };
      add(name, withPlaces(shape));
    }
    return withPlaces(rest) as JsonSchema;
  };
  return {
    answer: (schema) => convert(schema, "output"),
    request: (schema, name) => {
      add(name, convert(schema, "input"));
      return { $ref: `${PLACE}${name}` };
    },
    parameters: (schema) => (convert(schema, "input")["properties"] ?? {}) as Record<string, JsonSchema>,
    all: () =>
      Object.fromEntries(
        [...components]
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, text]) => [name, JSON.parse(text) as JsonSchema]),
      ),
  };
};
