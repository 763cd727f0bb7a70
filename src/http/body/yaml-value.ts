import { EVENT_ID, getScalarValue, SCALAR_STYLE, type Event, type ScalarEvent } from "js-yaml";
import { jsonPointer, type JsonValue } from "../../contract/json.ts";
import { jsonLimits, parseStrictJson } from "../../contract/strict-json.ts";

/** Offsets of a value and of the key that leads to it (the value again for elements and the root). */
export interface Place {
  readonly key: number;
  readonly value: number;
}

/** Well-formed YAML that is no acceptable JSON value. */
export class YamlRefusal extends Error {
  override readonly name = "YamlRefusal";
  readonly offset: number | null;

  constructor(message: string, offset: number | null) {
    super(message);
    this.offset = offset;
  }
}

const words: ReadonlyMap<string, JsonValue> = new Map<string, JsonValue>([
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
]);

/** The JSON spelling of a YAML 1.2 core schema number; null for text that is no number. */
const jsonNumber = (text: string): string | null => {
  if (/^0(?:x[0-9a-fA-F]{1,32}|o[0-7]{1,32})$/.test(text)) return String(BigInt(text));
  const groups =
    /^(?<sign>[-+]?)(?:(?<whole>[0-9]+)(?:\.(?<fraction>[0-9]*))?|\.(?<bare>[0-9]+))(?<exponent>[eE][-+]?[0-9]+)?$/.exec(
      text,
    )?.groups;
  if (groups === undefined) return null;
  const { sign, whole = "0", bare, fraction = bare ?? "", exponent = "" } = groups;
  const digits = whole.replace(/^0+(?=[0-9])/, "");
  return `${sign === "-" ? "-" : ""}${digits}${fraction === "" ? "" : `.${fraction}`}${exponent}`;
};

const plainValue = (text: string, offset: number | null): JsonValue => {
  const word = words.get(text);
  if (word !== undefined) return word;
  if (/^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/.test(text)) {
    throw new YamlRefusal("JSON has no infinity and no NaN", offset);
  }
  const number = jsonNumber(text);
  if (number === null) return text;
  const read = parseStrictJson(number);
  if (!read.ok) throw new YamlRefusal(read.message, offset);
  return read.value;
};

const stringTag = /^(?:!!str|!<tag:yaml\.org,2002:str>|!)$/;

interface Container {
  readonly pointer: string;
  readonly items: JsonValue[] | null;
  readonly members: Map<string, JsonValue>;
  key: { readonly text: string; readonly at: number } | null;
}

/**
 * The value of a document's events by the rules of the strict JSON parser, and the place of each of its parts by
 * pointer. Throws `YamlRefusal`. Not recursive and linear; the parser has already limited the depth.
 */
export const buildYaml = (
  text: string,
  events: readonly Event[],
): { value: JsonValue; places: ReadonlyMap<string, Place> } => {
  const places = new Map<string, Place>();
  const open: Container[] = [];
  let documents = 0;
  let root: JsonValue | undefined;
  let after = 0;

  /** Notes where the next value stands and gives its pointer. */
  const place = (at: number): string => {
    const parent = open.at(-1);
    const segment = parent === undefined ? [] : [parent.items?.length ?? parent.key!.text];
    const pointer = `${parent?.pointer ?? ""}${jsonPointer(segment.map(String))}`;
    places.set(pointer, { key: parent?.key?.at ?? at, value: at });
    return pointer;
  };
  const put = (value: JsonValue): void => {
    const parent = open.at(-1);
    if (parent === undefined) root = value;
    else if (parent.items !== null) parent.items.push(value);
    else {
      parent.members.set(parent.key!.text, value);
      parent.key = null;
    }
  };
  const isKey = (): boolean => {
    const parent = open.at(-1);
    return parent !== undefined && parent.items === null && parent.key === null;
  };
  const takeKey = (event: ScalarEvent, key: string, at: number): void => {
    const parent = open.at(-1)!;
    const isPlain = event.style === SCALAR_STYLE.PLAIN && event.tagStart < 0;
    if (isPlain && typeof plainValue(key, at) !== "string") {
      throw new YamlRefusal("A key must be a string; put this one in quotes", at);
    }
    if (isPlain && key === "<<") throw new YamlRefusal("Merge keys are not supported", at);
    if (key === "__proto__") throw new YamlRefusal("The key __proto__ is not allowed", at);
    if (parent.members.has(key)) throw new YamlRefusal("This key occurs twice in its object", at);
    if (parent.members.size >= jsonLimits.maxKeys) {
      throw new YamlRefusal(`An object may have at most ${jsonLimits.maxKeys} keys`, at);
    }
    parent.key = { text: key, at };
  };
  const takeScalar = (event: ScalarEvent): void => {
    const isEmpty = event.valueStart < 0;
    const isQuoted = event.style === SCALAR_STYLE.DOUBLE_QUOTED || event.style === SCALAR_STYLE.SINGLE_QUOTED;
    // An empty value has no place of its own: it stands where the text before it ends.
    const at = isEmpty ? after : event.valueStart - (isQuoted ? 1 : 0);
    const decoded = isEmpty ? "" : getScalarValue(text, event);
    after = Math.max(after, event.valueEnd);
    if (event.tagStart >= 0 && !stringTag.test(text.slice(event.tagStart, event.tagEnd))) {
      throw new YamlRefusal("Tags are not supported", event.tagStart);
    }
    if (decoded.includes("\0") || /\p{Surrogate}/u.test(decoded)) {
      throw new YamlRefusal("A string may hold neither NUL nor a lone surrogate", at);
    }
    if (isKey()) return takeKey(event, decoded, at);
    if (isEmpty && open.length === 0) throw new YamlRefusal("The document is empty", null);
    place(at);
    put(event.style === SCALAR_STYLE.PLAIN && event.tagStart < 0 ? plainValue(decoded, at) : decoded);
  };

  for (const event of events) {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        documents += 1;
        if (documents > 1) throw new YamlRefusal("Expected one document, found several", null);
        break;
      case EVENT_ID.ALIAS:
        throw new YamlRefusal("Anchors and aliases are not supported", event.anchorStart);
      case EVENT_ID.SCALAR:
        if (event.anchorStart >= 0) throw new YamlRefusal("Anchors and aliases are not supported", event.anchorStart);
        takeScalar(event);
        break;
      case EVENT_ID.SEQUENCE:
      case EVENT_ID.MAPPING:
        if (event.anchorStart >= 0) throw new YamlRefusal("Anchors and aliases are not supported", event.anchorStart);
        if (event.tagStart >= 0) throw new YamlRefusal("Tags are not supported", event.tagStart);
        if (isKey()) throw new YamlRefusal("A key must be a string", event.start);
        if (open.length >= jsonLimits.maxDepth) {
          throw new YamlRefusal(`Nested deeper than ${jsonLimits.maxDepth} levels`, event.start);
        }
        open.push({
          pointer: place(event.start),
          items: event.type === EVENT_ID.SEQUENCE ? [] : null,
          members: new Map(),
          key: null,
        });
        after = Math.max(after, event.start + 1);
        break;
      case EVENT_ID.POP: {
        const closed = open.pop();
        if (closed !== undefined) put(closed.items ?? Object.fromEntries(closed.members));
        break;
      }
    }
  }
  if (root === undefined) throw new YamlRefusal("The document is empty", null);
  return { value: root, places };
};
