import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidArgumentError } from "commander";
import type { JsonObject } from "../sdk/inputs.ts";
import { usageError } from "./exit-codes.ts";
import type { Io } from "./io.ts";
import { durationMs } from "./text.ts";

/** What some editors and shells put before a text. */
const withoutMark = (text: string): string => text.replace(/^\u{feff}/u, "");

/** Whose standard input is read. */
const hasRead = new WeakSet<Io>();

/** The text of a file; `-` is standard input. */
export const readText = async (io: Io, path: string): Promise<string> => {
  if (path === "-") {
    if (hasRead.has(io)) throw usageError("Standard input is there once: only one `-` can be said.");
    hasRead.add(io);
    return withoutMark(await io.readStdin());
  }
  try {
    return withoutMark(readFileSync(resolve(io.folder, path), "utf8"));
  } catch (error) {
    throw usageError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unreadable"}).`);
  }
};

/** Where it stops being JSON, as far as the platform says; its words would show the text, which may be a secret. */
const placeOf = (text: string, error: unknown): string => {
  const [, position] = /at position (\d+)/.exec(String(error)) ?? [];
  if (position === undefined) return "";
  const before = text.slice(0, Number(position)).split("\n");
  return ` (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})`;
};

const parseJson = (text: string, what: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw usageError(`${what} is no JSON${placeOf(text, error)}.`);
  }
};

/** A value: JSON as it stands, `@FILE` or `-` for where it is. */
export const readJson = async (io: Io, text: string, what: string): Promise<unknown> => {
  if (text === "-" || text.startsWith("@")) {
    return parseJson(await readText(io, text === "-" ? text : text.slice(1)), what);
  }
  return parseJson(text, what);
};

/** The same, which must be an object. */
export const readObject = async (io: Io, text: string, what: string): Promise<JsonObject> => {
  const value = await readJson(io, text, what);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw usageError(`${what} is no JSON object.`);
};

/** A definition from a file: an object if it is JSON, else its text, which is YAML. */
export const readDefinition = async <T>(io: Io, path: string): Promise<T | string> => {
  const text = await readText(io, path);
  return /^\s*\{/.test(text) ? (parseJson(text, path) as T) : text;
};

/** An object read from a file of JSON. */
export const readObjectFile = async <T>(io: Io, path: string): Promise<T> =>
  (await readObject(io, path === "-" ? path : `@${path}`, path)) as T;

/** A whole number from 1; for options. */
export const positive = (text: string): number => {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError("It is not a whole number from 1.");
  return Number(text);
};

/** A whole number from 0; for options. */
export const positiveOrZero = (text: string): number => (text === "0" ? 0 : positive(text));

/** A duration in milliseconds; for options. */
export const duration = (text: string): number => {
  const ms = durationMs(text);
  if (ms === null) throw new InvalidArgumentError("It is not a duration such as 90s, 5m or 1h.");
  return ms;
};

/** Only what was said: an option that is absent is no member. */
export const given = <T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;

/** 64 hexadecimal digits; for options. */
export const sha256Hex = (text: string): string => {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new InvalidArgumentError("It is not a hash: 64 hexadecimal digits.");
  return text;
};
