import { isJsonObject, type Json } from "../json.ts";

/** A name by which a definition refers to a secret. */
export const SECRET_NAME = /^[A-Z][A-Z0-9_]{0,63}$/;

/** What stands for a secret in a rendered text: NUL is refused in all input, so nobody outside can write one. */
const NUL = String.fromCharCode(0);
const markers = new RegExp(`${NUL}secret:([A-Z][A-Z0-9_]{0,63})${NUL}`, "g");

export type Filled =
  | { readonly text: string }
  /** The first name that has no value. */
  | { readonly missing: string }
  /** With its values the text would be longer than the limit. */
  | { readonly tooLong: true };

/**
 * The text that stands for a secret until the moment of the call, and is all that the log ever holds. It lives inside
 * JSON text (as an escape); a query that takes it out as a bare SQL text cuts it on libSQL. Throws for a bad name.
 */
export const markerOf = (name: string): string => {
  if (!SECRET_NAME.test(name)) throw new TypeError("not a name of a secret");
  return `${NUL}secret:${name}${NUL}`;
};

/** A text with each marker replaced; the work is bounded by `maxLength` (UTF-16 units), however long the values are. */
export const fillSecrets = (
  text: string,
  lookup: (name: string, at: number) => string | undefined,
  maxLength: number,
): Filled => {
  let filled = "";
  let from = 0;
  for (const match of text.matchAll(markers)) {
    const name = match[1]!;
    const value = lookup(name, match.index);
    if (value === undefined) return { missing: name };
    filled += text.slice(from, match.index) + value;
    if (filled.length > maxLength) return { tooLong: true };
    from = match.index + match[0].length;
  }
  filled += text.slice(from);
  return filled.length > maxLength ? { tooLong: true } : { text: filled };
};

/**
 * A value as people may see it: each marker, in keys too, as its author wrote it, `${secrets.NAME}`. What holds no
 * marker is given back as it is, not copied.
 */
export const hideSecrets = (value: Json): Json => {
  if (typeof value === "string") return value.includes(NUL) ? value.replace(markers, "${secrets.$1}") : value;
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map(hideSecrets);
    return items.every((item, at) => item === (value as readonly Json[])[at]) ? value : items;
  }
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value);
  const shown = entries.map(([key, member]) => [hideSecrets(key) as string, hideSecrets(member)] as const);
  const isSame = shown.every(([key, member], at) => key === entries[at]![0] && member === entries[at]![1]);
  return isSame ? value : Object.fromEntries(shown);
};
