import type { Hono } from "hono";
import type * as z from "zod";
import { answersByOperation, type OperationAnswers } from "../../src/contract/answers/by-operation.ts";
import { problemSchema, statusOf, type ErrorCode } from "../../src/contract/problem.ts";
import type { AppEnv } from "../../src/http/env.ts";

const TABLE = "src/contract/answers/by-operation.ts";

const operations: ReadonlyMap<string, OperationAnswers> = new Map(Object.entries(answersByOperation));

/** What is answered where there is no operation. */
const NOWHERE: readonly ErrorCode[] = [
  "not_found",
  "method_not_allowed",
  ...(["unauthorized", "forbidden", "rate_limited", "not_configured", "store_unavailable"] as const),
];

/** A route of the app as the table names its operation. */
export const operationName = ({ method, path }: { readonly method: string; readonly path: string }): string =>
  `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`;

/** The operation that a request is for, by the app's own router; `null`: none. */
const operationOf = (app: Hono<AppEnv>, request: Request): string | null => {
  const method = request.method === "HEAD" ? "GET" : request.method;
  const routes = app.router.match(method, app.getPath(request))[0].map(([[, route]]) => route);
  const route = routes.find((one) => one.method === method);
  return route === undefined ? null : operationName(route);
};

const faultsIn = (schema: z.ZodType, text: string): string => {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return "it is no JSON";
  }
  const read = schema.safeParse(body);
  return read.success ? "" : read.error.issues.map(({ path, message }) => `/${path.join("/")}: ${message}`).join("; ");
};

/** What about an answer is not as documented; empty if all is. */
const faultsOf = (name: string | null, request: Request, { status, headers }: Response, text: string): string => {
  const type = headers.get("Content-Type")?.split(";", 1)[0] ?? null;
  const described = name === null ? undefined : operations.get(name);
  if (name !== null && described === undefined) return `is in no entry: add its answers and its problems`;
  const isHead = request.method === "HEAD";
  if (status >= 400) {
    if (type !== "application/problem+json") return `has the type ${type}`;
    if (isHead) return text === "" ? "" : "has a body";
    const faults = faultsIn(problemSchema, text);
    if (faults !== "") return `is no problem: ${faults}`;
    const { code } = JSON.parse(text) as { readonly code: ErrorCode };
    if (statusOf(code) !== status) return `has the code ${code}, which is of ${statusOf(code)}`;
    return (described?.problems ?? NOWHERE).includes(code)
      ? ""
      : `has the code ${code}, which is not among its problems`;
  }
  if (described === undefined) return status === 204 && request.method === "OPTIONS" ? "" : "is for nothing known";
  const schema = described.answers[status];
  if (schema === undefined) return "has a status that is not among its answers";
  if (schema !== null && type !== (described.mediaType ?? "application/json")) return `has the type ${type}`;
  if (schema === null || isHead) return text === "" ? "" : "has a body";
  if (type?.endsWith("json") !== true) return schema.safeParse(text).success ? "" : "is no text";
  return faultsIn(schema, text);
};

/**
 * A request to the app, whose answer must be one that the contract describes: the status, the media type, each member of
 * the body, the code of a problem. Throws what is wrong, and where it would be described. `torn`: the test has damaged
 * what is stored, and a 500 is as it should be.
 */
export const checkedRequest = async (
  app: Hono<AppEnv>,
  path: string,
  init: RequestInit,
  { torn = false }: { readonly torn?: boolean } = {},
): Promise<Response> => {
  const request = new Request(`http://localhost${path}`, init);
  const name = operationOf(app, request);
  const response = await app.request(request);
  if (torn && response.status === 500) return response;
  const text = await response.clone().text();
  const faults = faultsOf(name, request, response, text);
  if (faults === "") return response;
  throw new Error(
    `The answer ${response.status} of ${name ?? `${request.method} (no operation)`} ${faults} (${TABLE}). ${text.slice(0, 2_000)}`,
  );
};
