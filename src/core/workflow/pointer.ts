/** Echo of an author's text inside a message: at most 64 characters, well-formed, without control characters. */
export const quoted = (text: string): string =>
  (text.length <= 64 ? text : `${text.slice(0, 61)}...`).replace(/\p{Surrogate}|\p{Cc}/gu, "\uFFFD");

/** RFC 6901 pointer of a path of member names and array indexes; a name is cut like every echo of input. */
export const pointerTo = (path: readonly (string | number)[]): string =>
  path.map((segment) => `/${quoted(String(segment)).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** One fault of a definition; `pointer` is an RFC 6901 JSON pointer into the document. */
export interface DefinitionFault {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

/** A fault below `/tasks`. */
export const taskFault = (path: readonly (string | number)[], code: string, message: string): DefinitionFault => ({
  pointer: pointerTo(["tasks", ...path]),
  code,
  message,
});
