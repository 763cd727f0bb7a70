import { clip } from "./problem.ts";

/** A JSON value as it crosses a wire. Structurally the `Json` of the core, which this folder may not import. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonRecord;

export interface JsonRecord {
  readonly [key: string]: JsonValue;
}

const segment = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");

/** RFC 6901. Keys come from the caller, so each is cut to 64 characters before it is echoed. */
export const jsonPointer = (path: readonly PropertyKey[]): string =>
  path.map((key) => `/${segment(echo(String(key)))}`).join("");

/** Caller input that is safe to repeat in an answer: at most 64 characters, well-formed, without control characters. */
export const echo = (text: string): string => clip(text).replace(/\p{Surrogate}|\p{Cc}/gu, "\uFFFD");
