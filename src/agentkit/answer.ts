import { parseStrictJson } from "../contract/strict-json.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { HttpOutcome } from "./http-call.ts";

export type HttpAnswer = Extract<HttpOutcome, { kind: "answer" }>;

const MAX_MESSAGE = 200;
const MAX_RETRY_AFTER_MS = 3_600_000;

/** The JSON of an answer; `null` if it is cut off, no JSON, or JSON that the strict parser keeps out of the store. */
export const jsonOf = ({ body, truncated }: HttpAnswer): Json => {
  if (truncated) return null;
  const parsed = parseStrictJson(body);
  return parsed.ok ? parsed.value : null;
};

export const isRecord = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What the other side said is wrong, for a person: `detail`, `error`, `reason` or `message`, or the status. */
export const messageOf = (answer: HttpAnswer): string => messageIn(jsonOf(answer), answer.status);

/** The same, of JSON that has been read. */
export const messageIn = (value: Json, status: number): string => {
  const text = isRecord(value)
    ? textIn(value["detail"] ?? value["error"] ?? value["reason"] ?? value["message"])
    : null;
  return text === null ? `answered ${status}` : clipped(text);
};

const textIn = (value: Json | undefined): string | null => {
  if (typeof value === "string") return value.trim() === "" ? null : value;
  // FastAPI lists what it found; the first says enough.
  if (Array.isArray(value)) return textIn((value as readonly Json[])[0]);
  if (isRecord(value)) return textIn(value["msg"] ?? value["message"] ?? value["code"]);
  return null;
};

/** Fit for a log line: one line, well-formed, at most 200 characters. */
export const clipped = (text: string, max = MAX_MESSAGE): string => {
  const clean = text.replace(/[\p{Cc}\p{Surrogate}]+/gu, " ").trim();
  const chars = [...clean.slice(0, 2 * max + 1)];
  return chars.length > max ? `${chars.slice(0, max - 1).join("")}…` : clean;
};

/**
 * `Retry-After` in seconds or as an HTTP date, in ms and at most `maxMs`, an hour by default. `null` if it is missing, unreadable, or asks for no
 * wait at all: then our own back-off holds, or an agent that always says 0 would be called in a tight loop.
 */
export const retryAfterMs = (
  { headers }: Pick<HttpAnswer, "headers">,
  nowMs: number,
  maxMs = MAX_RETRY_AFTER_MS,
): number | null => {
  const value = headers.get("retry-after")?.trim() ?? "";
  // Date.parse reads nearly anything (-5 is a year), so only the one form that servers must send.
  const untilMs = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/.test(value)
    ? Date.parse(value)
    : Number.NaN;
  const waitMs = /^\d{1,10}$/.test(value) ? Number(value) * 1000 : untilMs - nowMs;
  return waitMs > 0 ? Math.min(waitMs, maxMs) : null;
};
