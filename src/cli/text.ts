import type { Out } from "./io.ts";
import { padTo, widthOf } from "./width.ts";

export type Colour = "red" | "green" | "yellow" | "dim" | "bold";
export type Paint = (colour: Colour, text: string) => string;

const codes: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 };

/** Colours where a person looks on: with a terminal, and unless `NO_COLOR` says otherwise. */
export const paintFor =
  ({ isTty }: Out, env: Readonly<Record<string, string | undefined>>, isOff = false): Paint =>
  (colour, text) =>
    isTty && !isOff && !env["NO_COLOR"] && text !== "" ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text;

/** Without what moves a terminal's cursor, changes its title or turns the order of letters: names come from agents. */
export const plain = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- these very characters are looked for
  text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\u{fffd}");

/** A document with those characters as escapes, which JSON itself asks for of the first 32 only. */
export const jsonText = (document: unknown, space = 0): string =>
  JSON.stringify(document, null, space).replaceAll(
    /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** Without what stands before the `@` of a URL, and without the token in one of a database. */
export const withoutCredentials = (text: string): string =>
  text.replaceAll(/\/\/[^/?#\s]*@/g, "//***@").replaceAll(/\bauthToken=[^&\s]*/gi, "authToken=***");

/** On one line. */
export const flat = (text: string): string => plain(text).replaceAll(/\s+/g, " ").trim();

/** A cell of a table: a text as it is, nothing as `-`, anything else as JSON. */
export const cell = (value: unknown): string => {
  if (value === null || value === undefined || value === "") return "-";
  return flat(typeof value === "string" ? value : JSON.stringify(value));
};

/** Columns under their names. */
export const table = (
  names: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint = (_, text) => text,
): string => {
  const all = [names, ...rows];
  const widths = names.map((_, at) => all.reduce((widest, row) => Math.max(widest, widthOf(row[at] ?? "")), 0));
  const line = (row: readonly string[]): string =>
    row
      .map((text, at) => (at === row.length - 1 ? text : padTo(text, widths[at] ?? 0)))
      .join("  ")
      .trimEnd();
  return [paint("dim", line(names)), ...rows.map(line)].join("\n");
};

/** Names and values, one a line; those without a value are left out. */
export const pairs = (values: Readonly<Record<string, unknown>>): string => {
  const shown = Object.entries(values).filter(
    ([, value]) => value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && value.length < 1),
  );
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown
    .map(([name, value]) => `${name.padEnd(width)}  ${Array.isArray(value) ? value.map(cell).join(", ") : cell(value)}`)
    .join("\n");
};

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `5m`, `1h30m` is none: a number and `ms`, `s`, `m`, `h` or `d`, to milliseconds; `null`: it is no duration. */
export const durationMs = (text: string): number | null => {
  const [, count, unit = ""] = /^([0-9]{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  return count === undefined ? null : Number(count) * (UNITS[unit] ?? 0);
};

/** `1.2 s`, `3 min 5 s`, from milliseconds. */
export const spanText = (ms: number): string => {
  const seconds = Math.max(0, ms) / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${Math.floor(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};
