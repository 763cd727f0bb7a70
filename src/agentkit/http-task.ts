import type { CallOutcome, HttpTaskRequest } from "../app/call-port.ts";
import { parseStrictJson } from "../contract/strict-json.ts";
import { matchesStatus } from "../contract/status-rule.ts";
import type { Json, JsonObject } from "../core/json.ts";
import { clipped, type HttpAnswer } from "./answer.ts";
import { answeredWith, failure, kept, refusedWith, spoilt, unanswered } from "./call-outcome.ts";
import type { EgressPolicy } from "./egress.ts";
import type { HttpCall } from "./http-call.ts";
import { prepareHttpTask } from "./http-task-request.ts";
import type { Redaction } from "./secrets.ts";

export interface HttpTaskParts {
  readonly call: HttpCall;
  readonly egress: EgressPolicy;
  readonly secrets: ReadonlyMap<string, string>;
  readonly redaction: Redaction;
  readonly now: () => number;
}

/** What a workflow may go on with; not `set-cookie`, nor what only says how the bytes were carried. */
const keptHeaders = [
  "content-language", "content-type", "etag", "last-modified", "link", "location", "ratelimit", "ratelimit-policy",
  "retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-request-id",
] as const; // prettier-ignore
const MAX_HEADER = 1_024;

/** Makes the call of an `http` task, once. */
export const callHttpTask = async (task: HttpTaskRequest, parts: HttpTaskParts): Promise<CallOutcome> => {
  const prepared = prepareHttpTask(task, parts.secrets, parts.egress);
  if ("kind" in prepared) return prepared;
  const { request, who } = prepared;
  const outcome = await parts.call(request);
  if (outcome.kind !== "answer") return unanswered(outcome, who);
  const { redaction } = parts;
  const { status } = outcome;
  const headers = headersOf(outcome, redaction);
  if (matchesStatus(task.success.status ?? ["2xx"], status)) {
    return spoilt(outcome, who) ?? answeredWith({ status, headers, body: bodyOf(outcome, redaction) }, who);
  }
  const body = outcome.fault === "not_text" ? null : kept(bodyOf(outcome, redaction));
  const refused = refusedWith(outcome, who, parts.now(), redaction);
  const answer: Json = { status, headers, body };
  const target = status >= 300 && status < 400 ? targetOf(outcome, request.url) : null;
  if (target === null) return failure("http_status", refused.message, { ...refused, answer });
  const message = `${who} answered ${status} and points to ${clipped(redaction.text(target), 120)}; redirects are not followed`;
  return failure("redirect", message, { sent: true, answer });
};

/** The origin that a redirect names: its path and query may be secrets. */
const targetOf = ({ headers }: HttpAnswer, from: string): string | null => {
  const location = headers.get("location");
  if (location === null || location === "") return null;
  if (!URL.canParse(location, from)) return "no valid URL";
  const { origin, protocol } = new URL(location, from);
  return origin === "null" ? protocol : origin;
};

const headersOf = ({ headers }: HttpAnswer, redaction: Redaction): JsonObject => {
  const shown: Record<string, string> = {};
  for (const name of keptHeaders) {
    const value = headers.get(name);
    if (value !== null && value.length <= MAX_HEADER) shown[name] = clipped(redaction.text(value), MAX_HEADER);
  }
  return shown;
};

/** JSON by its media type if the strict parser takes it, else the text; `null`: no body. */
const bodyOf = ({ headers, body, truncated }: HttpAnswer, redaction: Redaction): Json => {
  if (body === "") return null;
  const isJson = /^\s*[\w.-]+\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(headers.get("content-type") ?? "");
  const parsed = isJson && !truncated ? parseStrictJson(body) : null;
  return parsed?.ok === true ? redaction.json(parsed.value) : redaction.text(body);
};
