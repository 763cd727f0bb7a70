import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import type { ExpressionContext } from "./expression-evaluator.ts";
import { Work, type FailureCode } from "./expression-value.ts";
import {
  evaluateWith,
  maxOutputBytes,
  parseExpression,
  type ParsedExpression,
  type ParseOptions,
} from "./expression.ts";
import { jsonBytes } from "./json-size.ts";
import { pointerTo, quoted } from "./pointer.ts";

/** What a template may read: what its expressions may. */
export type TemplateContext = ExpressionContext;

/** The rendered value, or why there is none. Every refusal fails the task: rendering again gives the same. */
export type Rendered<T extends Json = Json> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: FailureCode; readonly message: string };

/** What is between `${` and `}`, and what it was read as. */
interface Part {
  /** With its braces, cut as every echo of input. */
  readonly shown: string;
  readonly parsed: ParsedExpression;
}

/** One `${…}` of a template, read or not, and where its string is. Messages begin with what they are about. */
export interface Occurrence extends Part {
  readonly pointer: string;
}

/** JSON text of a rendered value may have this many UTF-8 bytes. */
export const maxRenderedBytes = maxOutputBytes;

/** Index of the brace that closes the one before `from`, skipping quoted text and inner pairs; -1 if there is none. */
const closingBrace = (text: string, from: number): number => {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    const char = text[at]!;
    if (char === "{") depth += 1;
    else if (char === "}") {
      depth -= 1;
      if (depth === 0) return at;
    } else if (char === '"' || char === "'") {
      for (at += 1; at < text.length && text[at] !== char; at += 1) if (text[at] === "\\") at += 1;
    }
  }
  return -1;
};

/** Literal text and references in their order; `$${` is a literal `${`. */
const parts = (text: string, options: ParseOptions): readonly (string | Part)[] => {
  const found: (string | Part)[] = [];
  let literal = "";
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf("$", at);
    if (dollar < 0) break;
    literal += text.slice(at, dollar);
    if (text.startsWith("$${", dollar)) {
      literal += "${";
      at = dollar + 3;
    } else if (text.startsWith("${", dollar)) {
      const end = closingBrace(text, dollar + 2);
      if (end < 0) {
        const shown = quoted(text.slice(dollar));
        const message = "has no closing brace; write $${ for the characters ${ themselves.";
        return [...found, { shown, parsed: { ok: false, code: "malformed_reference", message } }];
      }
      if (literal !== "") found.push(literal);
      literal = "";
      const source = text.slice(dollar + 2, end);
      found.push({ shown: `\${${quoted(source.trim())}}`, parsed: parseExpression(source, options) });
      at = end + 1;
    } else {
      literal += "$";
      at = dollar + 1;
    }
  }
  literal += text.slice(at);
  return literal === "" && found.length > 0 ? found : [...found, literal];
};

/**
 * Every `${…}` in the strings of a template (member names are literal), with pointers that begin with `path`.
 * Lazy, so that a caller who has enough faults can stop.
 */
export function* occurrences(
  template: Json,
  path: readonly (string | number)[] = [],
  options: ParseOptions = {},
): Generator<Occurrence> {
  if (typeof template === "string") {
    for (const part of parts(template, options)) {
      if (typeof part !== "string") yield { pointer: pointerTo(path), ...part };
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

export function render(template: JsonObject, context: TemplateContext): Rendered<JsonObject>;
export function render(template: Json, context: TemplateContext): Rendered;
/**
 * Fills every `${…}` of a template. A string that is exactly one expression becomes its value, of whatever type; inside
 * other text strings stand as they are and other values as JSON. What leads nowhere fails by name rather than becoming
 * null. Rendered values are not templates: `${` in an input stays text. Deterministic; work is bounded by the template,
 * `maxSteps` for all its expressions together, and `maxRenderedBytes`.
 */
export function render(template: Json, context: TemplateContext): Rendered {
  let refusal: (Rendered & { ok: false }) | null = null;
  // Text built so far, in UTF-16 units: never more than its UTF-8 bytes, so it stops repetition before memory does.
  let built = 0;

  const work = new Work();

  const valueOf = ({ shown, parsed }: Part): Json => {
    // One that cannot be read never gets here but in a definition that was saved before it was checked for.
    const found = parsed.ok
      ? evaluateWith(parsed.expression, context, work)
      : { ok: false as const, code: "unresolved_reference" as const, message: parsed.message };
    if (found.ok) return found.value;
    refusal = { ok: false, code: found.code, message: `${shown}: ${found.message}` };
    return null;
  };
  const append = (text: string, part: string | Part): string => {
    if (refusal !== null) return text;
    const value = typeof part === "string" ? part : valueOf(part);
    const tail = typeof value === "string" ? value : fits(value) ? JSON.stringify(value) : "";
    built += tail.length;
    if (built > maxRenderedBytes) refusal = tooLarge;
    return text + tail;
  };
  const fits = (value: Json): boolean => {
    if (jsonBytes(value, maxRenderedBytes) <= maxRenderedBytes) return true;
    refusal = tooLarge;
    return false;
  };
  const fill = (value: Json): Json => {
    if (refusal !== null) return null;
    if (typeof value === "string") {
      const [first, ...others] = parts(value, { secrets: context.secrets !== undefined });
      if (typeof first === "object" && others.length === 0) return valueOf(first);
      return [first!, ...others].reduce(append, "");
    }
    if (Array.isArray(value)) return (value as readonly Json[]).map(fill);
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, fill(member)]));
  };

  const value = fill(template);
  if (refusal === null) fits(value);
  return refusal ?? { ok: true, value };
}
