import type { Json } from "../json.ts";

const short = new Set(["\b", "\t", "\n", "\f", "\r", '"', "\\"].map((char) => char.charCodeAt(0)));

/** UTF-8 bytes of a string's JSON text, quotes included; stops early once above `limit`. */
const stringBytes = (text: string, limit: number): number => {
  let bytes = 2;
  for (let at = 0; at < text.length && bytes <= limit; at += 1) {
    const code = text.codePointAt(at)!;
    if (code < 0x20 || code === 0x22 || code === 0x5c) bytes += short.has(code) ? 2 : 6;
    else if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    // JSON.stringify escapes a lone surrogate as \udXXX.
    else if (code >= 0xd800 && code <= 0xdfff) bytes += 6;
    else if (code < 0x10000) bytes += 3;
    else {
      bytes += 4;
      at += 1;
    }
  }
  return bytes;
};

/**
 * UTF-8 bytes of `JSON.stringify(value)`, counted without building it. Above `limit` the count stops, so the answer
 * is only "more than `limit`" and the work is bounded by `limit`, not by the value.
 */
export const jsonBytes = (value: Json, limit: number): number => {
  if (typeof value === "string") return stringBytes(value, limit);
  if (typeof value !== "object" || value === null) return String(value).length;
  const keys = Array.isArray(value) ? null : Object.keys(value);
  const members: readonly Json[] = keys === null ? (value as readonly Json[]) : Object.values(value);
  // An opening bracket; then each member brings a comma or the closing one, a key also its colon.
  let bytes = 1;
  for (let at = 0; at < members.length && bytes <= limit; at += 1) {
    if (keys !== null) bytes += 1 + stringBytes(keys[at]!, limit - bytes);
    bytes += 1 + jsonBytes(members[at]!, limit - bytes);
  }
  return members.length === 0 ? 2 : bytes;
};
