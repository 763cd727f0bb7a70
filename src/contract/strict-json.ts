import { jsonPointer, type JsonValue } from "./json.ts";
import { parseJsonText, StrictJsonError, type JsonLimits, type JsonFaultCode } from "./strict-json-text.ts";

export type { JsonFaultCode, JsonLimits } from "./strict-json-text.ts";

export type StrictJsonResult =
  | { readonly ok: true; readonly value: JsonValue }
  | {
      readonly ok: false;
      readonly code: JsonFaultCode;
      readonly message: string;
      /** RFC 6901, to the value (or the object, for a bad key) that was being read. */
      readonly pointer: string;
      /** In UTF-16 code units of the decoded text; 0 if it could not be decoded. */
      readonly offset: number;
    };

export const jsonLimits: JsonLimits = { maxDepth: 32, maxKeys: 1_000, maxStringBytes: 128 * 1024 };

/**
 * JSON as the databases and JavaScript can both hold it without loss. Refused beyond the grammar: ill-formed UTF-8, a
 * byte order mark, NUL, lone surrogates, integers that a double cannot hold exactly, numbers beyond a double,
 * `__proto__` keys, duplicate keys, and what exceeds `limits`. Never throws; linear in the input.
 *
 * What it accepts, written by `JSON.stringify`, it accepts again.
 */
export const parseStrictJson = (input: Uint8Array | string, limits: JsonLimits = jsonLimits): StrictJsonResult => {
  let text: string;
  if (typeof input === "string") {
    text = input;
    const lone = text.search(/\p{Surrogate}/u);
    if (lone !== -1) return fault("lone_surrogate", "Text with a lone surrogate", lone);
  } else {
    try {
      // ignoreBOM keeps the mark in the text, where it is refused below instead of silently dropped.
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(input);
    } catch {
      return fault("invalid_utf8", "The text is not well-formed UTF-8", 0);
    }
  }
  if (text.charCodeAt(0) === 0xfeff) return fault("byte_order_mark", "A byte order mark is not allowed", 0);
  const quick = quickParse(text, limits);
  if (quick !== undefined) return { ok: true, value: quick };
  try {
    return { ok: true, value: parseJsonText(text, limits) };
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    return {
      ok: false,
      code: error.code,
      message: error.message,
      pointer: jsonPointer(error.path),
      offset: error.offset,
    };
  }
};

const fault = (code: JsonFaultCode, message: string, offset: number): StrictJsonResult => ({
  ok: false,
  code,
  message,
  pointer: "",
  offset,
});

/**
 * The native parser plus a walk over its value, or `undefined` to let the strict parser decide. Sound because a text
 * without a backslash holds no NUL and no surrogate escape, and has two quotes for each key and string: a duplicate
 * key loses at least one of them from the value, so equal counts prove that there was none.
 */
const quickParse = (text: string, limits: JsonLimits): JsonValue | undefined => {
  if (text.includes("\\")) return undefined;
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
  let quotes = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) quotes += 1;
  return countStrings(value, 0, limits) * 2 === quotes ? value : undefined;
};

/** Keys and strings in `value`; NaN (equal to no count) where the strict parser has to look. */
const countStrings = (value: JsonValue, depth: number, limits: JsonLimits): number => {
  // A UTF-16 unit takes at most 3 bytes of UTF-8.
  if (typeof value === "string") return value.length * 3 <= limits.maxStringBytes ? 1 : Number.NaN;
  if (typeof value === "number")
    return value >= -Number.MAX_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? 0 : Number.NaN;
  if (typeof value !== "object" || value === null) return 0;
  if (depth >= limits.maxDepth) return Number.NaN;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value as readonly JsonValue[]) count += countStrings(item, depth + 1, limits);
    return count;
  }
  const keys = Object.keys(value);
  if (keys.length > limits.maxKeys) return Number.NaN;
  for (const key of keys) {
    if (key === "__proto__" || key.length * 3 > limits.maxStringBytes) return Number.NaN;
    count += 1 + countStrings((value as Record<string, JsonValue>)[key] as JsonValue, depth + 1, limits);
  }
  return count;
};
