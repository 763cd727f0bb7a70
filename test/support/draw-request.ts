import * as fc from "fast-check";
import type { Operation } from "../../src/contract/operations/operation.ts";
import type { JsonSchema, OperationObject, Parameter } from "../../src/http/openapi/types.ts";
import { drawFrom, hostile, nearly, type Schemas } from "./draw-schema.ts";
import type { Stock } from "./stock.ts";

/** A request of one operation. */
export interface Drawn {
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
  readonly key: string | null;
  /** Asks for the page after the last one that had another, with its filters, in place of `query`. */
  readonly next: boolean;
}

const asText = (value: unknown): string =>
  (typeof value === "string" ? value : JSON.stringify(value)).replaceAll(/\p{Surrogate}/gu, "?");

const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });

const named = (operation: OperationObject, place: "path" | "query"): readonly Parameter[] =>
  operation.parameters.filter((one): one is Parameter => "name" in one && one.in === place);

/** The ids of something that is there; one of them may be another, or none at all. */
const drawPath = (operation: OperationObject, { subjects }: Stock, schemas: Schemas) => {
  const wanted = named(operation, "path");
  const there = fc.constantFrom(...subjects);
  const other = fc.record(
    Object.fromEntries(
      wanted.map(({ name, schema }) => [
        name,
        fc
          .oneof(drawFrom(schema, schemas), hostile)
          .map(asText)
          .filter((text) => !/^\.{0,2}$/.test(text)),
      ]),
    ),
  );
  const names = wanted.map(({ name }) => name);
  const one = Math.min(1, names.length);
  const changed = fc.subarray(names, { minLength: one, maxLength: one });
  return fc
    .tuple(there, other, fc.oneof(often(3, fc.constant<string[]>([])), often(1, changed)))
    .map(([known, strange, which]) =>
      Object.fromEntries(names.map((name) => [name, which.includes(name) ? strange[name] : known[name]] as const)),
    )
    .map((path) => Object.fromEntries(Object.entries(path).map(([name, id]) => [name, id ?? "none"])));
};

const STATUSES = ["open", "ended", "running", "waiting", "completed,failed", "cancelled"];

/** What a parameter takes, as far as its schema or its name says so. */
const fits = ({ name, schema, example }: Parameter, { words }: Stock, schemas: Schemas): fc.Arbitrary<string> => {
  const known = name === "status" ? STATUSES : (words[name] ?? []);
  if (known.length > 0) return fc.constantFrom(...known);
  if (name === "limit") return fc.constantFrom("1", "2", "200");
  if (/(?:After|Before|since|until)$/.test(name)) {
    return fc.constantFrom("2026-11-22T08:00:00Z", "1970-01-01T00:00:00.001Z", "9999-12-31T23:59:59+00:00");
  }
  return fc.oneof(drawFrom(schema, schemas).map(asText), fc.constant(example ?? "1"));
};

/** A few parameters that fit, or any of them with anything. */
const drawQuery = (operation: OperationObject, stock: Stock, schemas: Schemas) => {
  const parameters = named(operation, "query").filter(({ name }) => name !== "cursor");
  const fitting = Object.fromEntries(parameters.map((one) => [one.name, fits(one, stock, schemas)]));
  const anything = Object.fromEntries(
    named(operation, "query").map(({ name, schema }) => [
      name,
      fc.oneof(often(4, fitting[name] ?? drawFrom(schema, schemas)), often(1, hostile)).map(asText),
    ]),
  );
  const few = fc
    .tuple(fc.record(fitting), fc.subarray(Object.keys(fitting), { maxLength: Math.min(3, parameters.length) }))
    .map(([all, names]): Readonly<Record<string, string | undefined>> =>
      Object.fromEntries(names.map((name) => [name, all[name]])),
    );
  return fc.oneof(often(3, few), often(1, fc.record(anything, { requiredKeys: [] })));
};

/** Members of a body that name something, or are read by a rule that no schema tells. */
const withKnown = (value: unknown, { words }: Stock, at: number): unknown => {
  if (Array.isArray(value)) return value.map((one, n) => withKnown(one, { words, subjects: [] }, at + n));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value as Record<string, unknown>).map(([name, one], n) => {
    const known = words[name] ?? [];
    const isKnown = typeof one === "string" && known.length > 0;
    return [name, isKnown ? known[(at + n) % known.length] : withKnown(one, { words, subjects: [] }, at + n)];
  });
  return Object.fromEntries(entries) as unknown;
};

const drawBody = (operation: OperationObject, stock: Stock, schemas: Schemas): fc.Arbitrary<unknown> => {
  const content = operation.requestBody?.content["application/json"];
  if (content === undefined) return fc.constant(undefined);
  const schema: JsonSchema = content.schema;
  const drawn = drawFrom(schema, schemas);
  const { example } = content;
  // The example with some of its members as the schema would have them.
  const more = drawn.map((body) =>
    typeof body === "object" && body !== null && typeof example === "object" ? { ...example, ...body } : body,
  );
  const known = fc
    .tuple(fc.oneof(drawn, fc.constant(example), more), fc.nat())
    .map(([body, at]) => withKnown(body, stock, at));
  const fitting = fc.oneof(often(4, known), often(1, drawn));
  return fc.oneof(often(6, fitting), often(3, nearly(fitting)), often(1, hostile));
};

const drawKey: fc.Arbitrary<string | null> = fc.oneof(
  often(4, fc.constant(null)),
  often(2, fc.uuid()),
  often(1, fc.constantFrom("a", "b")),
  often(
    1,
    fc.string().map((text) => text.replaceAll(/[^\x20-\x7e]/g, "?")),
  ),
);

/** Requests of an operation: most of them meant well, about what there is; the others not. */
export const drawRequest = (operation: OperationObject, stock: Stock, schemas: Schemas): fc.Arbitrary<Drawn> =>
  fc.record({
    path: drawPath(operation, stock, schemas),
    query: drawQuery(operation, stock, schemas),
    body: drawBody(operation, stock, schemas),
    key: drawKey,
    next: fc.oneof(often(3, fc.constant(false)), often(1, fc.constant(true))),
  });

/** The example of an operation, about each thing that there is: one of them it is meant for. */
export const soundRequests = ({ example, body }: Operation, { subjects, words }: Stock): readonly Drawn[] => {
  const sessionId = words["sessionId"]?.[0] ?? "none";
  const query = "sessionId" in example.query ? { ...example.query, sessionId } : example.query;
  /** What the path and the body both name must agree. */
  const bodyFor = (path: Drawn["path"]): unknown =>
    Object.fromEntries(
      Object.entries(body?.example as object).map(([name, value]) => [name, path[name] ?? (value as unknown)]),
    );
  const paths = subjects.map((subject) =>
    Object.fromEntries(Object.entries(example.path).map(([name, value]) => [name, subject[name] ?? value])),
  );
  const different = new Map(paths.map((path) => [JSON.stringify(path), path]));
  return [...different.values()].map((path) => ({
    path,
    query,
    body: body === null ? undefined : bodyFor(path),
    key: null,
    next: false,
  }));
};
