import type { Json } from "../json.ts";

/**
 * The one JSON text of a value, whatever the order of its keys: members sorted by UTF-16 code units, no white space,
 * numbers as ECMAScript prints them (RFC 8785). Equal texts mean equal values; hash this, not the received text.
 * Recurses once a level: give it only what the strict parser let through (depth 32).
 */
export const canonical = (value: Json): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(",")}}`;
};
