import * as z from "zod";
import type { Answer } from "./answers/values.ts";

/**
 * RFC 9457 problem details: the closed list of error codes and the one table that gives each its
 * HTTP status and title. `detail` is always a string: every existing SDK reads that field.
 */
const table = {
  malformed_json: [400, "The body is not acceptable JSON"],
  malformed_yaml: [400, "The body is not acceptable YAML"],
  invalid_id: [400, "An id is outside the allowed pattern"],
  id_mismatch: [400, "Path and body disagree"],
  unknown_event_type: [400, "Unknown event type"],
  invalid_query: [400, "A query parameter is unknown or invalid"],
  invalid_header: [400, "A request header is invalid"],
  unauthorized: [401, "Missing or invalid credential"],
  invalid_signature: [401, "Missing or invalid webhook signature"],
  forbidden: [403, "The credential may not do this"],
  not_found: [404, "Not found"],
  agent_not_found: [404, "Agent not found"],
  workflow_not_found: [404, "Workflow definition not found"],
  session_not_found: [404, "Session not found"],
  task_not_found: [404, "Task not found"],
  key_not_found: [404, "API key not found"],
  schedule_not_found: [404, "Schedule not found"],
  webhook_not_found: [404, "Webhook not found"],
  delivery_not_found: [404, "Delivery not found"],
  method_not_allowed: [405, "Method not allowed"],
  conflict: [409, "Conflict"],
  result_conflict: [409, "The attempt was settled with another outcome"],
  stale_attempt: [409, "The attempt is no longer open"],
  session_ended: [409, "The session has already ended"],
  request_in_flight: [409, "The same request is being processed"],
  payload_too_large: [413, "The body is too large"],
  unsupported_media_type: [415, "Unsupported media type"],
  unsupported_encoding: [415, "Unsupported content coding"],
  validation_failed: [422, "The request does not fit the schema"],
  invalid_definition: [422, "The workflow definition has faults"],
  not_supported: [422, "The definition uses a construct that is not supported"],
  idempotency_key_reused: [422, "The Idempotency-Key was used with another body"],
  rate_limited: [429, "Too many requests"],
  internal_error: [500, "Internal error"],
  not_configured: [503, "The server is not configured for this"],
  store_unavailable: [503, "The store is unavailable"],
  contention: [503, "Too many concurrent changes to the same record"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ErrorCode = keyof typeof table;

/** All error codes there are. */
export const ERROR_CODES = Object.keys(table) as readonly ErrorCode[];

export const statusOf = (code: ErrorCode): number => table[code][0];

export const titleOf = (code: ErrorCode): string => table[code][1];

/** One fault of a request, and where it is. */
export const faultSchema = z
  .strictObject({
    pointer: z
      .string()
      .describe(
        "An RFC 6901 JSON pointer into the body, or `/` and the name of a query parameter; empty: the whole of it.",
      ),
    code: z
      .string()
      .regex(/^[a-z0-9_]+$/)
      .describe("What kind of fault it is, such as `required` or `unknown_field`: an open list."),
    message: z.string().min(1).describe("The same in words, for people."),
    line: z.int().min(1).exactOptional().describe("Where it stands in a body of YAML, from 1."),
    column: z.int().min(1).exactOptional().describe("Where it stands in that line, in characters from 1."),
  })
  .meta({ id: "Fault", description: "One fault of a request." });

/** One fault of a request body. */
export type Fault = Answer<typeof faultSchema>;

/** The body of every error answer, as `application/problem+json`. */
export const problemSchema = z
  .strictObject({
    type: z.url().describe("A stable URL that names the kind of problem; it ends with `code`."),
    title: z.string().min(1).describe("What the code means, in words."),
    status: z.int().min(400).max(599).describe("The HTTP status of the answer."),
    detail: z.string().min(1).describe("What is wrong with this very request, in words."),
    code: z.enum(ERROR_CODES).describe("The kind of problem, to be switched on: a closed list."),
    requestId: z.string().min(1).describe("The `X-Request-Id` of the answer; the server's log has it too."),
    retryable: z.boolean().describe("Whether the same request may succeed later; then `Retry-After` says when."),
    errors: z
      .array(faultSchema)
      .min(1)
      .exactOptional()
      .describe("All faults of the request at once, at most 100 of them."),
    hint: z.string().min(1).exactOptional().describe("What to do about it, where there is something to do."),
  })
  .meta({ id: "Problem", description: "Why a request was not answered with success (RFC 9457)." });

/** The body of every error answer. */
export type Problem = Answer<typeof problemSchema>;

/** Echo of caller input inside a message: at most 64 characters. */
export const clip = (text: string): string => (text.length <= 64 ? text : `${text.slice(0, 61)}...`);
