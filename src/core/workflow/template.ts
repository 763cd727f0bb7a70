import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import type { ExpressionContext } from "./expression-evaluator.ts";
import { Work, type FailureCode } from "./expression-value.ts";
import { evaluateWith, maxOutputBytes, type ParsedExpression, type ParseOptions } from "./expression.ts";
import { jsonBytes } from "./json-size.ts";
import { pointerTo } from "./pointer.ts";
import { partsOf, type Part } from "./template-parts.ts";

/** What a template may read: what its expressions may. */
export type TemplateContext = ExpressionContext;

/** The rendered value, or why there is none. Every refusal fails the task: rendering again gives the same. */
export type Rendered<T extends Json = Json> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: FailureCode; readonly message: string };

/** One `${…}` of a template, read or not, and where its string is. Messages begin with what they are about. */
export interface Occurrence extends Part {
  readonly pointer: string;
}

/** JSON text of a rendered value may have this many UTF-8 bytes. */
export const maxRenderedBytes = maxOutputBytes;

/** A string of a template may have this many `${…}`. */
export const maxExpressionsInText = 100;

/**
 * Every `${…}` in the strings of a template (member names are literal), with pointers that begin with `path`.
 * Of a string with more than `maxExpressionsInText` that many and one. Lazy, so that a caller who has enough can stop.
 */
export function* occurrences(
  template: Json,
  path: readonly (string | number)[] = [],
  options: ParseOptions = {},
): Generator<Occurrence> {
  if (typeof template === "string") {
    const pointer = pointerTo(path);
    let count = 0;
    for (const part of partsOf(template, options)) {
      if (typeof part === "string") continue;
      yield { pointer, ...part };
      count += 1;
      if (count > maxExpressionsInText) return;
    }
  } else if (Array.isArray(template)) {
    for (const [at, item] of (template as readonly Json[]).entries()) yield* occurrences(item, [...path, at], options);
  } else if (isJsonObject(template)) {
    for (const [key, member] of Object.entries(template)) yield* occurrences(member, [...path, key], options);
  }
}

const tooLarge: Rendered & { ok: false } = {
  ok: false,
  code: "limit_output",
  message: `The rendered parameters exceed ${maxRenderedBytes / 1024} KiB of JSON.`,
};

type Compiled =
  /** No `${…}` in it: it stands as it is. */
  | { readonly kind: "json"; readonly value: Json }
  | { readonly kind: "value"; readonly part: Part }
  | { readonly kind: "text"; readonly parts: readonly (string | Part)[] }
  | { readonly kind: "list"; readonly items: readonly Compiled[] }
  | { readonly kind: "map"; readonly members: readonly (readonly [string, Compiled])[] };

/** A template whose expressions were read: safe to keep as long as its definition, and to render any number of times. */
export interface Template {
  readonly root: Compiled;
  readonly expressions: readonly ParsedExpression[];
}

/** Whether the value at that place stands as it is, itself and not only equal. */
const isUnchanged =
  (values: readonly Json[]) =>
  (one: Compiled, at: number): boolean =>
    one.kind === "json" && one.value === values[at];

const compiled = (template: Json, options: ParseOptions, found: ParsedExpression[]): Compiled => {
  if (typeof template === "string") {
    const parts = [...partsOf(template, options)];
    for (const part of parts) if (typeof part === "object") found.push(part.parsed);
    const [first, ...others] = parts;
    if (others.length > 0) return { kind: "text", parts };
    return typeof first === "object" ? { kind: "value", part: first } : { kind: "json", value: first! };
  }
  if (Array.isArray(template)) {
    const items = (template as readonly Json[]).map((item) => compiled(item, options, found));
    return items.every(isUnchanged(template)) ? { kind: "json", value: template } : { kind: "list", items };
  }
  if (!isJsonObject(template)) return { kind: "json", value: template };
  const members = Object.entries(template).map(([key, member]) => [key, compiled(member, options, found)] as const);
  const values = Object.values(template);
  return members.every(([, member], at) => isUnchanged(values)(member, at))
    ? { kind: "json", value: template }
    : { kind: "map", members };
};

/** Reads every expression of a template, once for all the times it will be rendered. Total, and linear in the template. */
export const compileTemplate = (template: Json, options: ParseOptions = {}): Template => {
  const expressions: ParsedExpression[] = [];
  return { root: compiled(template, options, expressions), expressions };
};

/** As `render`, of a template that was compiled; what it cost is counted in `work`. */
export const renderTemplate = ({ root }: Template, context: TemplateContext, work: Work = new Work()): Rendered => {
  let refusal: (Rendered & { ok: false }) | null = null;
  // Text built so far, in UTF-16 units: never more than its UTF-8 bytes, so it stops repetition before memory does.
  let built = 0;

  const valueOf = ({ shown, parsed }: Part): Json => {
    // One that cannot be read never gets here but in a definition that was saved before it was checked for.
    const found = parsed.ok
      ? evaluateWith(parsed.expression, context, work)
      : { ok: false as const, code: "unresolved_reference" as const, message: parsed.message };
    if (found.ok) return found.value;
    refusal = { ok: false, code: found.code, message: `${shown}: ${found.message}` };
    return null;
  };
  const fits = (value: Json): boolean => {
    if (jsonBytes(value, maxRenderedBytes) <= maxRenderedBytes) return true;
    refusal = tooLarge;
    return false;
  };
  const append = (text: string, part: string | Part): string => {
    if (refusal !== null) return text;
    const value = typeof part === "string" ? part : valueOf(part);
    const tail = typeof value === "string" ? value : fits(value) ? JSON.stringify(value) : "";
    built += tail.length;
    if (built > maxRenderedBytes) refusal = tooLarge;
    return text + tail;
  };
  const fill = (node: Compiled): Json => {
    if (refusal !== null) return null;
    switch (node.kind) {
      case "json":
        return node.value;
      case "value":
        return valueOf(node.part);
      case "text":
        return node.parts.reduce(append, "");
      case "list":
        return node.items.map(fill);
      case "map":
        return Object.fromEntries(node.members.map(([key, member]) => [key, fill(member)]));
    }
  };

  const value = fill(root);
  if (refusal === null) fits(value);
  return refusal ?? { ok: true, value };
};

export function render(template: JsonObject, context: TemplateContext): Rendered<JsonObject>;
export function render(template: Json, context: TemplateContext): Rendered;
/**
 * Fills every `${…}` of a template. A string that is exactly one expression becomes its value, of whatever type; inside
 * other text strings stand as they are and other values as JSON. What leads nowhere fails by name rather than becoming
 * null. Rendered values are not templates: `${` in an input stays text. Deterministic; work is bounded by the template,
 * `maxSteps` for all its expressions together, and `maxRenderedBytes`.
 */
export function render(template: Json, context: TemplateContext): Rendered {
  return renderTemplate(compileTemplate(template, { secrets: context.secrets !== undefined }), context);
}
