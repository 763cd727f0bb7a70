import type { HttpTaskRequest } from "../app/call-port.ts";
import { hideSecrets } from "../core/workflow/secret-marker.ts";
import { clipped } from "./answer.ts";
import { boundedTimeout, failure, MAX_OUTPUT_BYTES, unfilled, type Failure } from "./call-outcome.ts";
import { checkEgress, type EgressPolicy } from "./egress.ts";
import type { HttpMethod, HttpRequest } from "./http-call.ts";
import { startFilling, type Filling } from "./secrets.ts";

/** A request that may be sent. `who` names its target for people. */
export interface Prepared {
  readonly request: HttpRequest;
  readonly who: string;
}

const methods: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] satisfies HttpMethod[];
const MAX_HEADERS = 64;
const MAX_HEADER_CHARS = 16 * 1024;

/** Of one hop, or ours to say: whoever sets these changes where a request ends, or how its answer is read. */
const ourHeaders: ReadonlySet<string> = new Set([
  "accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "proxy-authenticate",
  "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
]); // prettier-ignore

/** The request with its secrets, or why it may not be sent; no message holds a secret. */
export const prepareHttpTask = (
  task: HttpTaskRequest,
  secrets: ReadonlyMap<string, string>,
  egress: EgressPolicy,
): Prepared | Failure => {
  const method = task.method.toUpperCase();
  if (!methods.includes(method))
    return invalid(`the method ${clipped(task.method, 32)} is none of ${methods.join(", ")}`);
  const filling = startFilling(secrets);
  const url = filling.url(task.url);
  const headers = headersOf(task, filling);
  const body = bodyOf(task, filling);
  if (filling.trouble !== null) return unfilled(filling.trouble);
  if (typeof headers === "string") return invalid(headers);
  if (body.text !== "" && (method === "GET" || method === "HEAD")) return invalid(`${method} takes no body`);
  const target = targetOf(task.url, url, egress);
  if ("kind" in target) return target;
  const type: Record<string, string> = body.text === "" ? {} : { "content-type": body.type };
  return {
    who: target.who,
    request: {
      url: target.url,
      publicOnly: target.publicOnly,
      method: method as HttpMethod,
      headers: { ...type, ...headers },
      body: body.text,
      timeoutMs: boundedTimeout(task.timeoutMs),
      maxBytes: MAX_OUTPUT_BYTES,
    },
  };
};

const targetOf = (
  written: string,
  filled: string,
  egress: EgressPolicy,
): Failure | { readonly url: string; readonly publicOnly: boolean; readonly who: string } => {
  const origin = /^[^:/?#\\]*:?[/\\]*[^/?#\\]*/.exec(written)?.[0] ?? "";
  // An address that is a secret is named as it was written: what is said of it may hold a part of it only.
  const isSecret = origin.includes("\0");
  const form = checkEgress(filled, "local");
  if (!form.ok) return invalid(`the URL is ${isSecret ? "none that can be called" : form.reason}`);
  const who = isSecret ? clipped(hideSecrets(origin) as string, 120) : clipped(new URL(form.url).origin, 120);
  const allowed = checkEgress(filled, egress);
  if (allowed.ok) return { url: allowed.url, publicOnly: allowed.publicOnly, who };
  const reason = isSecret ? (/^.*? (?:address|name)\b/.exec(allowed.reason)?.[0] ?? "it") : allowed.reason;
  return failure("refused_address", `egress policy refuses ${reason}${isSecret ? ` (${who})` : ""}`);
};

/** In lower case, with ours where the author set none; a text says what is wrong. */
const headersOf = (task: HttpTaskRequest, filling: Filling): Readonly<Record<string, string>> | string => {
  const headers = new Map([
    ["accept", "*/*"],
    ["accept-encoding", "identity"],
    ["user-agent", "ops-core"],
    ["idempotency-key", task.idempotencyKey],
    ["traceparent", task.traceparent],
  ]);
  const given = Object.entries(task.headers);
  if (given.length > MAX_HEADERS) return `more than ${MAX_HEADERS} headers`;
  const seen = new Set<string>();
  let length = 0;
  for (const [written, value] of given) {
    const name = written.toLowerCase();
    const shown = clipped(hideSecrets(written) as string, 64);
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$/.test(name)) return `"${shown}" is not the name of a header`;
    if (ourHeaders.has(name)) return `the header ${shown} is not for definitions to set`;
    if (seen.has(name)) return `the header ${shown} is there twice`;
    seen.add(name);
    // A template may have rendered anything.
    const text = typeof value === "string" ? filling.text(value).trim() : null;
    if (text === null) return `the header ${shown} is no text`;
    if (!/^[\t\x20-\x7e]*$/.test(text)) return `the header ${shown} has characters other than visible ASCII and spaces`;
    length += name.length + text.length;
    if (length > MAX_HEADER_CHARS) return `headers of more than ${MAX_HEADER_CHARS} characters`;
    headers.set(name, text);
  }
  return Object.fromEntries(headers);
};

const bodyOf = ({ body }: HttpTaskRequest, filling: Filling): { readonly text: string; readonly type: string } => {
  if (body === undefined) return { text: "", type: "" };
  if (typeof body === "string") return { text: filling.text(body), type: "text/plain; charset=utf-8" };
  return { text: JSON.stringify(filling.json(body)), type: "application/json" };
};

const invalid = (message: string): Failure => failure("invalid_request", message);
