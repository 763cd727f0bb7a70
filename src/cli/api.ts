import type { Command } from "commander";
import type { Act, Context } from "./context.ts";
import { clientOptionsOf } from "./context.ts";
import { CliError, EXIT, exitCodeOf, usageError } from "./exit-codes.ts";
import { readText } from "./inputs.ts";
import { OpsCoreError } from "../sdk/errors.ts";
import { settingsOf } from "../sdk/options.ts";
import { flat, plain } from "./text.ts";
import { readAnswer } from "../sdk/answer.ts";

interface ApiOptions {
  readonly data?: string;
  readonly header?: readonly string[];
  readonly include?: boolean;
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const another = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** `sessions` and `/sessions` are `/v1/opscore/sessions`; what is not below it stays as it is. */
const pathOf = (text: string): string => {
  const path = text.startsWith("/") ? text : `/${text}`;
  return /^\/(?:v1|schemas)\/|^\/(?:health|ready|openapi\.json|docs|llms\.txt|metrics)(?:$|\?)/.test(path)
    ? path
    : `/v1/opscore${path}`;
};

/** What is said by `--header` stands instead of what is sent otherwise, however it is spelled. */
const headersOf = (usual: Readonly<Record<string, string>>, said: readonly string[]) => {
  const headers: Record<string, string> = { ...usual };
  for (const line of said) {
    const [, name, value] = /^([A-Za-z0-9-]+)\s*:\s*([\x20-\x7e]*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw usageError("A header is written as NAME: VALUE, in ASCII.");
    headers[Object.keys(headers).find((one) => one.toLowerCase() === name.toLowerCase()) ?? name] = value;
  }
  return headers;
};

const bodyOf = async ({ io }: Context, data: string | undefined): Promise<string | undefined> => {
  if (data === undefined) return undefined;
  if (data === "-") return readText(io, data);
  return data.startsWith("@") ? readText(io, data.slice(1)) : data;
};

const send = async (context: Context, method: string, url: string, init: RequestInit): Promise<[Response, string]> => {
  const { fetch = globalThis.fetch, timeoutMs = 0 } = clientOptionsOf(context.io, context.settings());
  const late = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, { ...init, method, redirect: "manual", signal: late });
    return [response, await response.text()];
  } catch (cause) {
    if (context.io.signal.aborted) throw new OpsCoreError("aborted", "The call was aborted");
    if (late.aborted) throw new OpsCoreError("timed_out", `${method} was not answered in ${timeoutMs} ms`);
    throw new OpsCoreError("connection_failed", `${method} could not be sent or was cut off`, { cause });
  }
};

/** The answer as one document: itself, or where it is no JSON its text. */
const documentOf = (text: string): unknown => {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return { text };
  }
};

/** `opscore api METHOD PATH`: any call, and its answer as it came. A problem is printed too, and sets the exit code. */
export const apiCommand = (program: Command, act: Act): void => {
  program
    .command("api <method> <path>")
    .description("call the API as it is; the path may leave out /v1/opscore")
    .option("-d, --data <body>", "the body: a text, @FILE or -")
    .option("-H, --header <line>", "NAME: VALUE; may be said several times", another)
    .option("-i, --include", "the status and the headers of the answer, on stderr")
    .action(
      act(async (context, verb: string, path: string, options: ApiOptions) => {
        const { printer } = context;
        const method = verb.toUpperCase();
        if (!METHODS.includes(method)) throw usageError(`"${verb.slice(0, 20)}" is none of ${METHODS.join(", ")}.`);
        if (options.data !== undefined && ["GET", "HEAD"].includes(method))
          throw usageError(`${method} has no --data.`);
        const { baseUrl, apiKey } = settingsOf(clientOptionsOf(context.io, context.settings()));
        const body = await bodyOf(context, options.data);
        const usual = {
          ...(apiKey === null ? {} : { Authorization: `Bearer ${apiKey}` }),
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        };
        const headers = headersOf(usual, options.header ?? []);
        const init = { headers, ...(body === undefined ? {} : { body }) };
        const [response, text] = await send(context, method, `${baseUrl}${pathOf(path)}`, init);
        if (options.include === true) {
          const lines = [...response.headers].map((pair) => flat(pair.join(": ")));
          printer.note([`HTTP ${response.status}`, ...lines].join("\n"));
        }
        // As it came, but for a terminal that would do what it says.
        const words = context.io.stdout.isTty ? plain(text.replaceAll("\r\n", "\n").trimEnd()) : text.trimEnd();
        if (response.ok || response.status === 304) {
          printer.result(documentOf(text), () => words);
          return;
        }
        try {
          readAnswer(response, text, Date.now());
        } catch (error) {
          if (printer.json) throw error;
          printer.result(null, () => words);
          context.endWith(exitCodeOf(error));
          return;
        }
        throw new CliError(EXIT.failure, "unexpected", `The answer ${response.status}`);
      }),
    );
};
