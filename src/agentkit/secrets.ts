import { fillSecrets } from "../core/workflow/secret-marker.ts";
import type { Json } from "../core/json.ts";

/** Of one request with its secrets, in UTF-16 units: markers are short and values may be long. */
const MAX_REQUEST = 1024 * 1024;

/** Fills one request. What goes wrong is kept, and the first of it told by `trouble`; the texts are useless then. */
export interface Filling {
  text(text: string): string;
  json(value: Json): Json;
  /** A value that does not open the URL is percent-encoded: it can be part of one place in it only. */
  url(text: string): string;
  readonly trouble: { readonly missing: string } | { readonly tooLong: true } | null;
}

export const startFilling = (values: ReadonlyMap<string, string>): Filling => {
  let room = MAX_REQUEST;
  let trouble: Filling["trouble"] = null;
  const fill = (text: string, lookup: (name: string, at: number) => string | undefined): string => {
    if (trouble !== null) return "";
    const filled = fillSecrets(text, lookup, room);
    if ("text" in filled) {
      room -= filled.text.length;
      return filled.text;
    }
    trouble = filled;
    return "";
  };
  const text = (given: string): string => fill(given, (name) => values.get(name));
  const json = (value: Json): Json => {
    if (typeof value === "string") return text(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return (value as readonly Json[]).map(json);
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [text(key), json(member)]));
  };
  const url = (given: string): string =>
    fill(given, (name, at) => {
      const value = values.get(name);
      return value === undefined || at === 0 ? value : encodeURIComponent(value);
    });
  return {
    text,
    json,
    url,
    get trouble() {
      return trouble;
    },
  };
};

/** Makes what the other side said fit to be kept and shown. */
export interface Redaction {
  text(text: string): string;
  /** Strings, keys, and numbers that spell a secret. */
  json(value: Json): Json;
}

/**
 * Every secret is replaced by `***`, whether this request had it or not: as it is, as URLs and forms write it, and as
 * JSON does, in JSON in JSON too.
 */
export const createRedaction = (secrets: Iterable<string>): Redaction => {
  const spellings = new Set([...secrets].flatMap(spellingsOf));
  if (spellings.size === 0) return { text: (text) => text, json: (value) => value };
  // The longest first: of a secret that holds another one nothing may be left.
  const sorted = [...spellings].toSorted((a, b) => b.length - a.length);
  const any = new RegExp(sorted.map(patternOf).join("|"), "g");
  const text = (given: string): string => given.replace(any, "***");
  const json = (value: Json): Json => {
    if (typeof value === "string") return text(value);
    if (typeof value === "number") return text(String(value)) === String(value) ? value : "***";
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return (value as readonly Json[]).map(json);
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [text(key), json(member)]));
  };
  return { text, json };
};

const spellingsOf = (secret: string): readonly string[] => {
  const encoded = encodeURIComponent(secret);
  const lowerCase = encoded.replace(/%../g, (byte) => byte.toLowerCase());
  const form = new URLSearchParams([["", secret]]).toString().slice(1);
  return [secret, encoded, lowerCase, form];
};

const escapeNames: Readonly<Record<string, string>> = { "\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f" };

/** Each level of JSON doubles the backslashes: a bounded number, so that a long run of them costs no square of it. */
const patternOf = (spelling: string): string =>
  spelling.replace(/\\*"|\\+|[\n\r\t\b\f]|[$()*+./?[\]^{|}-]/g, (part) => {
    if (part.endsWith('"')) return '\\\\{0,31}"';
    if (part.startsWith("\\")) return "\\\\{1,32}";
    const name = escapeNames[part];
    return name === undefined ? `\\${part}` : `(?:${part}|\\\\{1,16}${name})`;
  });
