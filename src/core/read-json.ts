import type { Json } from "./json.ts";

/** The last escape of a key, up to the colon. It is in every text with such a key, and in few others. */
const ESCAPED_KEY = /\\.[^"\\]*"\s*:/;

/** What is more than punctuation between values. */
const TOKEN = /[{}[\]]|"[^"\\]*(?:\\.[^"\\]*)*"|[^\s"{}[\],:]+/g;

/**
 * `JSON.parse` of a text that the strict parser has accepted or `JSON.stringify` has written, with its keys as written.
 * V8 (nodejs/node, "JSON.parse returns unexpected keys") takes a key with an escape for one seen before whose own characters begin its source: after
 * any object with the keys `a` and `\`, the keys `a` and `"` come back as `a` and `\`, whoever's objects they are.
 * Throws `SyntaxError` where `JSON.parse` does. Linear in the input.
 */
export const readJson = (text: string): unknown => {
  const value: unknown = JSON.parse(text);
  return text.includes("\\") && ESCAPED_KEY.test(text) ? byTokens(text) : value;
};

/** The native parser reads the strings and numbers: outside of objects it takes nothing for anything else. */
const byTokens = (text: string): Json => {
  const tokens = (text.match(TOKEN) as string[]).values();
  const next = (): string => tokens.next().value as string;
  const valueAt = (token: string): Json => {
    if (token === "[") {
      const list: Json[] = [];
      for (let item = next(); item !== "]"; item = next()) list.push(valueAt(item));
      return list;
    }
    if (token === "{") {
      const object: Record<string, Json> = {};
      for (let key = next(); key !== "}"; key = next()) object[JSON.parse(key) as string] = valueAt(next());
      return object;
    }
    return JSON.parse(token) as Json;
  };
  return valueAt(next());
};
