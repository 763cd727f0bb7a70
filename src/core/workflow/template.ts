import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import { jsonBytes } from "./json-size.ts";
import { pointerTo, quoted } from "./pointer.ts";
import { parseReference, type ParsedReference, type Reference } from "./reference.ts";

/** What a template may read. `tasks` holds completed tasks by id. */
export interface TemplateContext {
  readonly input: Json;
  readonly tasks: { readonly [taskId: string]: { readonly output: Json } };
}

/** The rendered value, or why there is none. Both refusals fail the task: rendering again gives the same. */
export type Rendered<T extends Json = Json> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: "unresolved_reference" | "limit_output"; readonly message: string };

/** One `${…}` of a template, parsed or not, and where its string is. */
export interface Occurrence {
  readonly pointer: string;
  readonly parsed: ParsedReference;
}

/** JSON text of a rendered value may have this many UTF-8 bytes. */
export const maxRenderedBytes = 256 * 1024;

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
const parts = (text: string): readonly (string | ParsedReference)[] => {
  const found: (string | ParsedReference)[] = [];
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
        const message = `${quoted(text.slice(dollar))} has no closing brace; write $\${ for the characters \${ themselves.`;
        return [...found, { ok: false, code: "malformed_reference", message }];
      }
      if (literal !== "") found.push(literal);
      literal = "";
      found.push(parseReference(text.slice(dollar + 2, end)));
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
export function* occurrences(template: Json, path: readonly (string | number)[] = []): Generator<Occurrence> {
  if (typeof template === "string") {
    for (const part of parts(template)) if (typeof part !== "string") yield { pointer: pointerTo(path), parsed: part };
  } else if (Array.isArray(template)) {
    for (const [at, item] of (template as readonly Json[]).entries()) yield* occurrences(item, [...path, at]);
  } else if (isJsonObject(template)) {
    for (const [key, member] of Object.entries(template)) yield* occurrences(member, [...path, key]);
  }
}

/** Own members and elements only: `length` or `constructor` of a value is not data. */
const memberOf = (value: Json, segment: string | number): Json | undefined => {
  if (Array.isArray(value)) return typeof segment === "number" ? (value as readonly Json[])[segment] : undefined;
  return isJsonObject(value) && Object.hasOwn(value, segment) ? value[segment] : undefined;
};

const resolve = ({ source, path, text }: Reference, context: TemplateContext): Rendered => {
  const missing = (what: string): Rendered => ({
    ok: false,
    code: "unresolved_reference",
    message: `\${${quoted(text)}}: ${what}`,
  });
  let value = context.input;
  if (source.kind === "output") {
    const task = Object.hasOwn(context.tasks, source.taskId) ? context.tasks[source.taskId] : undefined;
    if (task === undefined) return missing(`there is no output of the task ${quoted(source.taskId)}.`);
    value = task.output;
  }
  for (const segment of path) {
    const member = memberOf(value, segment);
    if (member === undefined) return missing(`there is nothing at ${quoted(JSON.stringify(segment))}.`);
    value = member;
  }
  return { ok: true, value };
};

const tooLarge: Rendered & { ok: false } = {
  ok: false,
  code: "limit_output",
  message: `The rendered parameters exceed ${maxRenderedBytes / 1024} KiB of JSON.`,
};

export function render(template: JsonObject, context: TemplateContext): Rendered<JsonObject>;
export function render(template: Json, context: TemplateContext): Rendered;
/**
 * Fills every `${…}` of a template. A string that is exactly one reference becomes that value, of whatever type; inside
 * other text strings stand as they are and other values as JSON. A reference that leads nowhere fails by name rather
 * than becoming null. Rendered values are not templates: `${` in an input stays text. Deterministic; work is bounded by
 * the template and `maxRenderedBytes`.
 */
export function render(template: Json, context: TemplateContext): Rendered {
  let refusal: (Rendered & { ok: false }) | null = null;
  // Text built so far, in UTF-16 units: never more than its UTF-8 bytes, so it stops repetition before memory does.
  let built = 0;

  const valueOf = (part: ParsedReference): Json => {
    const found: Rendered = part.ok
      ? resolve(part.reference, context)
      : { ok: false, code: "unresolved_reference", message: part.message };
    if (found.ok) return found.value;
    refusal = found;
    return null;
  };
  const append = (text: string, part: string | ParsedReference): string => {
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
      const [first, ...others] = parts(value);
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
