import { parseEvents, YAMLException, type Event } from "js-yaml";
import type { Fault } from "../../contract/problem.ts";
import { jsonLimits } from "../../contract/strict-json.ts";
import { buildYaml, YamlRefusal, type Place } from "./yaml-value.ts";
import type { JsonValue } from "../../contract/json.ts";

/** 1-based. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The value, and where its parts stand in the text; or the first thing that is not acceptable. */
export type ParsedYaml =
  | {
      readonly ok: true;
      readonly value: JsonValue;
      /** The position of what an RFC 6901 pointer names, or of its nearest ancestor; null if it is no pointer. */
      readonly locate: (pointer: string, part?: "key" | "value") => Position | null;
    }
  | ({ readonly ok: false; readonly message: string } & Partial<Position>);

const positionAt = (text: string, offset: number): Position => {
  const head = text.slice(0, offset);
  const lines = head.split(/\r\n|\r|\n/);
  return { line: lines.length, column: lines.at(-1)!.length + 1 };
};

const refuse = (message: string, position: Position | null): ParsedYaml => ({ ok: false, message, ...position });

/**
 * One YAML 1.2 document that means the same as a JSON text, by the rules of the strict JSON parser. Refused besides:
 * anchors and aliases, tags, merge keys, keys that are no strings, `.inf`, `.nan`, several documents. Never throws;
 * the caller caps the text (64 KiB).
 *
 * One parser only: its events give both the value and every position, so there is no second reading to disagree with
 * the first, and its depth limit holds before anything recurses.
 */
export const parseYaml = (text: string): ParsedYaml => {
  if (text.startsWith("\uFEFF")) return refuse("A byte order mark is not allowed", { line: 1, column: 1 });
  const lone = text.search(/\p{Surrogate}/u);
  if (lone >= 0) return refuse("Text with a lone surrogate", positionAt(text, lone));
  let events: Event[];
  try {
    // It counts one level more than the strict parser does; the exact limit is that of `buildYaml`.
    events = parseEvents(text, { maxDepth: jsonLimits.maxDepth + 1 });
  } catch (error) {
    // Its documentation: all exceptions are to be expected from hostile input, not only its own.
    if (!(error instanceof YAMLException)) return refuse("The text is not readable YAML", null);
    const mark = error.mark;
    return refuse(error.reason, mark === undefined ? null : { line: mark.line + 1, column: mark.column + 1 });
  }
  try {
    const { value, places } = buildYaml(text, events);
    return { ok: true, value, locate: (pointer, part = "value") => locate(text, places, pointer, part) };
  } catch (error) {
    if (!(error instanceof YamlRefusal)) throw error;
    return refuse(error.message, error.offset === null ? null : positionAt(text, error.offset));
  }
};

const locate = (
  text: string,
  places: ReadonlyMap<string, Place>,
  pointer: string,
  part: "key" | "value",
): Position | null => {
  if (pointer !== "" && !pointer.startsWith("/")) return null;
  const exact = places.get(pointer);
  if (exact !== undefined) return positionAt(text, part === "key" ? exact.key : exact.value);
  return locate(text, places, pointer.slice(0, pointer.lastIndexOf("/")), "value");
};

/** The same faults with their lines and columns: of the key where the key is the fault, otherwise of the value. */
export const placeFaults = (faults: readonly Fault[], yaml: ParsedYaml & { ok: true }): readonly Fault[] =>
  faults.map((fault) => ({
    ...fault,
    ...yaml.locate(fault.pointer, fault.code === "unknown_key" ? "key" : "value"),
  }));
