import { OpsCoreError } from "../sdk/errors.ts";
import { CliError, exitCodeOf } from "./exit-codes.ts";
import { chooseFields } from "./fields.ts";
import type { Io } from "./io.ts";
import { flat, jsonText, paintFor, plain, type Paint } from "./text.ts";

/** How results are wanted. */
export interface PrintOptions {
  readonly json: boolean;
  readonly fields: readonly string[];
  readonly noColour: boolean;
  /** Texts that are printed nowhere. */
  readonly secrets: readonly string[];
}

/** Writes results to stdout and messages to stderr. */
export interface Printer {
  readonly json: boolean;
  /** For what goes to stdout. */
  readonly paint: Paint;
  /** For what goes to stderr. */
  readonly paintNote: Paint;
  /** The one result of a command: a document, or `human` for people. An empty text prints nothing. */
  result(document: unknown, human: () => string): void;
  /** One of many results that come over time: a line of NDJSON, or `human` for people. */
  row(document: unknown, human: () => string): void;
  /** For people, on stderr. */
  note(text: string): void;
  /** The error document with `--json`, words otherwise. */
  failure(error: unknown): void;
}

/** What `--json` prints of an error, whole. */
export interface ErrorDocument {
  readonly error: {
    readonly code: string;
    readonly detail: string;
    readonly status: number | null;
    readonly exitCode: number;
    readonly errors: readonly object[];
    readonly requestId: string | null;
    readonly retryable: boolean;
    readonly hint: string | null;
  };
}

const documentOf = (error: unknown): ErrorDocument => {
  const exitCode = exitCodeOf(error);
  if (error instanceof OpsCoreError) {
    const { code, detail, status, errors, requestId, retryable, hint } = error;
    return { error: { code, detail, status, exitCode, errors, requestId, retryable, hint } };
  }
  const bare = { status: null, exitCode, errors: [], requestId: null, retryable: false };
  if (error instanceof CliError) {
    return { error: { ...bare, code: error.code, detail: error.message, hint: error.hint } };
  }
  const detail = error instanceof Error ? error.message : String(error);
  return { error: { ...bare, code: "unexpected", detail, hint: null } };
};

/** What to try, where the server does not say. */
const hintOf = (code: string): string | null => {
  switch (code) {
    case "connection_failed":
      return "Is the server running, and --url right? `opscore doctor` looks into it.";
    case "unauthorized":
      return "Give the key by --api-key, OPSCORE_API_KEY or a file; `opscore config list` shows where it comes from.";
    case "forbidden":
      return "The key lacks the scope for this: use another key.";
    default:
      return null;
  }
};

interface Words {
  readonly pointer?: string;
  readonly message?: string;
  readonly line?: number;
}

const wordsOf = ({ error }: ErrorDocument, paint: Paint): string => {
  const { code, detail, requestId } = error;
  const hint = error.hint ?? hintOf(code);
  const { errors } = error as { readonly errors: readonly Words[] };
  const isTold = errors.length === 1 && detail.includes(errors[0]?.message ?? "");
  const faults = (isTold ? [] : errors).map(
    ({ pointer = "", message = "", line }) =>
      `  ${pointer === "" ? "" : `${pointer}: `}${message}${line === undefined ? "" : ` (line ${line})`}`,
  );
  return [
    `${paint("red", "opscore:")} ${flat(detail)}${code === "usage" ? "" : ` (${flat(code)})`}`,
    ...faults.map((fault) => plain(fault)),
    ...(hint === null ? [] : [`  ${paint("dim", "hint:")} ${flat(hint)}`]),
    ...(requestId === null ? [] : [`  ${paint("dim", "request:")} ${flat(requestId)}`]),
  ].join("\n");
};

/** A printer for one command. */
export const createPrinter = ({ stdout, stderr, env }: Io, options: PrintOptions): Printer => {
  const { json, fields, noColour, secrets } = options;
  const paint = paintFor(stdout, env, noColour);
  const paintNote = paintFor(stderr, env, noColour);
  const hidden = (text: string): string => secrets.reduce((all, secret) => all.replaceAll(secret, "***"), text);
  const note = (text: string): void => stderr.write(`${hidden(text)}\n`);
  let warned = false;
  const write = (document: unknown, space: number): void => {
    const chosen = chooseFields(document, fields);
    if (chosen.unknown.length > 0 && !warned) {
      warned = true;
      note(`There is no field ${chosen.unknown.join(", ")} here; there are: ${chosen.known.join(", ")}`);
    }
    stdout.write(`${jsonText(chosen.document, space)}\n`);
  };
  const human = (text: string): void => {
    if (text !== "") stdout.write(`${text}\n`);
  };
  return {
    json,
    paint,
    paintNote,
    result: (document, words) => (json ? write(document, 2) : human(words())),
    row: (document, words) => (json ? write(document, 0) : human(words())),
    note: (text) => note(text),
    failure: (error) => {
      const document = documentOf(error);
      if (json) stdout.write(`${hidden(jsonText(document))}\n`);
      else note(wordsOf(document, paintNote));
    },
  };
};
