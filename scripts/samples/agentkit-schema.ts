import type { Incoming } from "./listener.ts";

/** What FastAPI answers with a 422: the bodies that AgentKit accepts and the words it refuses others with. */

type Location = readonly (string | number)[];
export interface Fault {
  readonly type: string;
  readonly loc: Location;
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: Readonly<Record<string, string>>;
}
type Check = (input: unknown, loc: Location) => readonly Fault[];
type Fields = Readonly<Record<string, Check>>;
export type JsonBody = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is JsonBody =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const wrong = (type: string, msg: string): ((input: unknown, loc: Location) => readonly Fault[]) => {
  return (input, loc) => [{ type, loc, msg, input }];
};

const text: Check = (input, loc) =>
  typeof input === "string" ? [] : wrong("string_type", "Input should be a valid string")(input, loc);

const dictionary: Check = (input, loc) =>
  isObject(input) ? [] : wrong("dict_type", "Input should be a valid dictionary")(input, loc);

const listOf =
  (item: Check): Check =>
  (input, loc) =>
    Array.isArray(input)
      ? input.flatMap((value, index) => item(value, [...loc, index]))
      : wrong("list_type", "Input should be a valid list")(input, loc);

const optional =
  (check: Check): Check =>
  (input, loc) =>
    input === undefined ? [] : check(input, loc);

const nullable =
  (check: Check): Check =>
  (input, loc) =>
    input === undefined || input === null ? [] : check(input, loc);

const model =
  (fields: Fields): Check =>
  (input, loc) => {
    if (!isObject(input)) {
      const msg = "Input should be a valid dictionary or object to extract fields from";
      return wrong("model_attributes_type", msg)(input, loc);
    }
    return Object.entries(fields).flatMap(([name, check]): readonly Fault[] => {
      const value = input[name];
      const isMissing = value === undefined && check(undefined, []).length > 0;
      return isMissing
        ? [{ type: "missing", loc: [...loc, name], msg: "Field required", input }]
        : check(value, [...loc, name]);
    });
  };

const httpUrl: Check = (input, loc) => {
  if (typeof input !== "string") return wrong("url_type", "URL input should be a string or URL")(input, loc);
  if (!URL.canParse(input)) {
    const error = "relative URL without a base";
    return [{ type: "url_parsing", loc, msg: `Input should be a valid URL, ${error}`, input, ctx: { error } }];
  }
  if (/^https?:$/.test(new URL(input).protocol)) return [];
  const expected = "'http' or 'https'";
  const msg = `URL scheme should be ${expected}`;
  return [{ type: "url_scheme", loc, msg, input, ctx: { expected_schemes: expected } }];
};

const moment: Check = (input, loc) => {
  if (typeof input === "number" || (typeof input === "string" && !Number.isNaN(Date.parse(input)))) return [];
  const error = "input is too short";
  const msg = `Input should be a valid datetime or date, ${error}`;
  return [{ type: "datetime_from_date_parsing", loc, msg, input, ctx: { error } }];
};

export const registration: Check = model({
  agentName: text,
  capabilities: optional(listOf(text)),
  version: text,
  contactEndpoint: httpUrl,
  metadata: nullable(model({ description: nullable(text), config: nullable(dictionary) })),
});

export const runRequest: Check = model({
  senderId: text,
  timestamp: nullable(moment),
  messageType: text,
  payload: dictionary,
  sessionContext: nullable(model({ sessionId: nullable(text), priorMessages: nullable(listOf(text)) })),
  task_name: nullable(text),
  opscore_session_id: nullable(text),
  opscore_task_id: nullable(text),
});

/** The body if `check` accepts it, else what is wrong with it. */
export const readBody = (
  { body, headers }: Incoming,
  check: Check,
): { body: JsonBody } | { faults: readonly Fault[] } => {
  if (body === "") return { faults: wrong("missing", "Field required")(null, ["body"]) };
  let value: unknown = body;
  if (/^application\/(.*\+)?json\b/.test(headers["content-type"] ?? "")) {
    try {
      value = JSON.parse(body);
    } catch (error) {
      const position = /position (\d+)/.exec(String(error))?.[1] ?? body.length;
      const ctx = {
        error: /[{,]\s*$/.test(body) ? "Expecting property name enclosed in double quotes" : "Expecting value",
      };
      return {
        faults: [{ type: "json_invalid", loc: ["body", Number(position)], msg: "JSON decode error", input: {}, ctx }],
      };
    }
  }
  const faults = check(value, ["body"]);
  return faults.length === 0 ? { body: value as JsonBody } : { faults };
};
