import { echo, type JsonValue } from "./json.ts";

export interface JsonLimits {
  readonly maxDepth: number;
  readonly maxKeys: number;
  readonly maxStringBytes: number;
}

export type JsonFaultCode =
  | "byte_order_mark"
  | "control_character"
  | "duplicate_key"
  | "empty"
  | "invalid_utf8"
  | "lone_surrogate"
  | "nul"
  | "number_out_of_range"
  | "proto_key"
  | "string_too_long"
  | "syntax"
  | "too_deep"
  | "too_many_keys"
  | "trailing_data"
  | "unsafe_integer";

export class StrictJsonError extends Error {
  override readonly name = "StrictJsonError";
  readonly code: JsonFaultCode;
  readonly path: readonly (string | number)[];
  readonly offset: number;

  constructor(code: JsonFaultCode, message: string, path: readonly (string | number)[], offset: number) {
    super(message);
    this.code = code;
    this.path = path;
    this.offset = offset;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/**
 * Recursive descent over well-formed text without a byte order mark; the recursion is bounded by `limits.maxDepth`.
 * Throws `StrictJsonError` and nothing else. `parseStrictJson` is the entry that also checks the encoding.
 */
export const parseJsonText = (text: string, limits: JsonLimits): JsonValue => {
  let at = 0;
  const path: (string | number)[] = [];

  const fail = (code: JsonFaultCode, message: string, offset = at): never => {
    throw new StrictJsonError(code, message, path, offset);
  };

  const unexpected = (expected: string): never =>
    at >= text.length
      ? fail("syntax", `Expected ${expected}, but the text ends`)
      : fail("syntax", `Expected ${expected}, found "${echo(String.fromCodePoint(text.codePointAt(at) ?? 0))}"`);

  const skipSpace = (): number => {
    for (;;) {
      const unit = text.charCodeAt(at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return unit;
      at += 1;
    }
  };

  const hexEscape = (): number => {
    const digits = text.slice(at, at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) fail("syntax", "A \\u escape needs four hexadecimal digits");
    at += 4;
    return Number.parseInt(digits, 16);
  };

  const escape = (): string => {
    const start = at;
    const letter = text.charAt(at + 1);
    at += 2;
    if (letter !== "u") return escapes[letter] ?? fail("syntax", "Unknown escape in a string", start);
    const unit = hexEscape();
    if (unit === 0) fail("nul", "NUL is not allowed in a string", start);
    if (unit < 0xd800 || unit > 0xdfff) return String.fromCharCode(unit);
    // Raw text is well-formed, so the other half of a pair can only be an escape as well.
    if (unit < 0xdc00 && text.startsWith("\\u", at)) {
      at += 2;
      const low = hexEscape();
      if (low >= 0xdc00 && low <= 0xdfff) return String.fromCharCode(unit, low);
    }
    return fail("lone_surrogate", "A string holds a lone surrogate", start);
  };

  const string = (): string => {
    const start = at;
    at += 1;
    let value = "";
    let from = at;
    for (;;) {
      const unit = text.charCodeAt(at);
      if (unit === QUOTE) break;
      if (unit === BACKSLASH) {
        value += text.slice(from, at);
        value += escape();
        from = at;
      } else if (unit >= 0x20) at += 1;
      else if (unit === 0) fail("nul", "NUL is not allowed in a string");
      else if (at >= text.length) fail("syntax", "A string is not closed", start);
      else fail("control_character", "A control character in a string must be escaped");
    }
    value += text.slice(from, at);
    at += 1;
    if (value.length * 3 > limits.maxStringBytes && new TextEncoder().encode(value).length > limits.maxStringBytes) {
      fail("string_too_long", `A string is longer than ${limits.maxStringBytes} bytes`, start);
    }
    return value;
  };

  const number = (): number => {
    numberPattern.lastIndex = at;
    const literal = numberPattern.exec(text)?.[0] ?? unexpected("a value");
    const value = Number(literal);
    if (!Number.isFinite(value)) fail("number_out_of_range", "A number is beyond the range of a double");
    // JSON.stringify writes doubles below 1e21 without an exponent: such a number would come back as an unsafe integer.
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER && (Math.abs(value) < 1e21 || /^-?[0-9]+$/.test(literal))) {
      fail("unsafe_integer", "An integer is beyond ±(2^53 - 1); send it as a string");
    }
    at += literal.length;
    return value;
  };

  const literal = <T>(word: string, value: T): T => {
    if (!text.startsWith(word, at)) unexpected("a value");
    at += word.length;
    return value;
  };

  const array = (depth: number): JsonValue => {
    const items: JsonValue[] = [];
    at += 1;
    if (skipSpace() === 0x5d) {
      at += 1;
      return items;
    }
    for (;;) {
      path.push(items.length);
      items.push(value(depth));
      path.pop();
      const unit = skipSpace();
      if (unit !== 0x2c && unit !== 0x5d) unexpected('"," or "]"');
      at += 1;
      if (unit === 0x5d) return items;
    }
  };

  const object = (depth: number): JsonValue => {
    const record: Record<string, JsonValue> = {};
    let keys = 0;
    at += 1;
    if (skipSpace() === 0x7d) {
      at += 1;
      return record;
    }
    for (;;) {
      if (skipSpace() !== QUOTE) unexpected("a key in double quotes");
      const start = at;
      const key = string();
      if (key === "__proto__") fail("proto_key", "The key __proto__ is not allowed", start);
      if (Object.hasOwn(record, key)) fail("duplicate_key", `The key "${echo(key)}" occurs twice`, start);
      keys += 1;
      if (keys > limits.maxKeys) fail("too_many_keys", `An object has more than ${limits.maxKeys} keys`, start);
      if (skipSpace() !== 0x3a) unexpected('":"');
      at += 1;
      path.push(key);
      record[key] = value(depth);
      path.pop();
      const unit = skipSpace();
      if (unit !== 0x2c && unit !== 0x7d) unexpected('"," or "}"');
      at += 1;
      if (unit === 0x7d) return record;
    }
  };

  const value = (depth: number): JsonValue => {
    const unit = skipSpace();
    if (unit === QUOTE) return string();
    if (unit === 0x7b || unit === 0x5b) {
      if (depth >= limits.maxDepth) fail("too_deep", `The text is nested deeper than ${limits.maxDepth} levels`);
      return unit === 0x7b ? object(depth + 1) : array(depth + 1);
    }
    if (unit === 0x74) return literal("true", true);
    if (unit === 0x66) return literal("false", false);
    if (unit === 0x6e) return literal("null", null);
    return number();
  };

  skipSpace();
  if (at >= text.length) fail("empty", "The text is empty");
  const result = value(0);
  skipSpace();
  if (at < text.length) fail("trailing_data", "Text follows after the end of the JSON value");
  return result;
};
