import type { Context } from "hono";
import type * as z from "zod";
import { OpsError } from "../../app/ops-error.ts";
import { faultsOf } from "../../contract/faults.ts";
import type { JsonValue } from "../../contract/json.ts";
import { clip } from "../../contract/problem.ts";
import { emptySchema } from "../../contract/schedules.ts";
import { parseStrictJson } from "../../contract/strict-json.ts";
import type { AppEnv } from "../env.ts";

const KIB = 1024;

/** Largest bodies, in bytes. */
export const bodyLimits = {
  report: 64 * KIB,
  webhook: 64 * KIB,
  yaml: 64 * KIB,
  definition: 256 * KIB,
  other: 256 * KIB,
};

export interface BodyOptions {
  readonly maxBytes: number;
  /** Accepted media types in lower case; `application/json` stands for every `+json` type as well. */
  readonly types?: readonly string[];
}

export interface JsonOptions extends BodyOptions {
  /** What an empty body means; without it an empty body is malformed. */
  readonly emptyAs?: JsonValue;
}

/** The media type without parameters, in lower case. A body without a type is taken for JSON. */
export const mediaTypeOf = (c: Context<AppEnv>): string => {
  const type = (c.req.header("Content-Type") ?? "").split(";", 1)[0]?.trim().toLowerCase();
  return type === undefined || type === "" ? "application/json" : type;
};

/** The raw body, checked for coding, type and size. Counts what arrives: Content-Length is only a reason to say no. */
export const readBody = async (c: Context<AppEnv>, options: BodyOptions): Promise<Uint8Array<ArrayBuffer>> => {
  const coding = (c.req.header("Content-Encoding") ?? "").trim().toLowerCase();
  if (coding !== "" && coding !== "identity") {
    throw new OpsError("unsupported_encoding", "The body must be sent without a content coding", {
      headers: { "Accept-Encoding": "identity" },
    });
  }
  const declared = c.req.header("Content-Length") ?? "";
  const stream = c.req.raw.body;
  // Some clients name a form type with every POST, even one without a body.
  if (stream !== null && declared !== "0") checkMediaType(c, options.types ?? ["application/json"]);
  if (/^[0-9]+$/.test(declared) && Number(declared) > options.maxBytes) throw tooLarge(options.maxBytes);
  const bytes = stream === null ? new Uint8Array(0) : await collect(stream, options.maxBytes);
  c.set("bodyBytes", bytes.length);
  return bytes;
};

/** `readBody`, then `decodeJson`. */
export const readJson = async <T extends z.ZodType>(
  c: Context<AppEnv>,
  schema: T,
  options: JsonOptions,
): Promise<z.output<T>> => decodeJson(await readBody(c, options), schema, options.emptyAs);

/** Strict JSON against a schema: 400 for the text, 400 `invalid_id` for an id outside the pattern, 422 for the rest. */
export const decodeJson = <T extends z.ZodType>(bytes: Uint8Array, schema: T, emptyAs?: JsonValue): z.output<T> => {
  const input = bytes.length === 0 && emptyAs !== undefined ? emptyAs : parseJson(bytes);
  return checkShape(input, schema);
};

/** The bytes of a request that says nothing with its body: none, or an empty object. */
export const readNothing = async (c: Context<AppEnv>): Promise<Uint8Array<ArrayBuffer>> => {
  const bytes = await readBody(c, { maxBytes: bodyLimits.other });
  decodeJson(bytes, emptySchema, {});
  return bytes;
};

/** Strict JSON without a schema. */
export const parseJson = (bytes: Uint8Array): JsonValue => {
  const parsed = parseStrictJson(bytes);
  if (parsed.ok) return parsed.value;
  const { pointer, code, message } = parsed;
  throw new OpsError("malformed_json", `${message} (at character ${parsed.offset})`, {
    errors: [{ pointer, code, message }],
  });
};

/** A parsed value against a schema; faults as in `decodeJson`. */
export const checkShape = <T extends z.ZodType>(input: unknown, schema: T): z.output<T> => {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const errors = faultsOf(result.error, input);
  const first = errors.find((fault) => fault.code === "invalid_id") ?? errors[0];
  const place = first === undefined || first.pointer === "" ? "The body" : clip(first.pointer);
  const detail = `${place}: ${first?.message ?? "does not fit the schema"}`;
  throw new OpsError(first?.code === "invalid_id" ? "invalid_id" : "validation_failed", detail, { errors });
};

const tooLarge = (maxBytes: number): OpsError =>
  new OpsError("payload_too_large", `The body may have at most ${maxBytes} bytes`);

const checkMediaType = (c: Context<AppEnv>, types: readonly string[]): void => {
  const type = mediaTypeOf(c);
  const json = /^application\/[a-z0-9!#$&^_.+-]+\+json$/.test(type) ? "application/json" : type;
  if (!types.includes(json)) {
    throw new OpsError("unsupported_media_type", `The body must be ${types.join(" or ")}`, {
      headers: { Accept: types.join(", ") },
    });
  }
  for (const [, quoted, plain] of (c.req.header("Content-Type") ?? "").matchAll(
    /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))/gi,
  )) {
    if (!/^utf-?8$/i.test(quoted ?? plain ?? "")) {
      throw new OpsError("unsupported_media_type", "The body must be encoded in UTF-8");
    }
  }
};

/**
 * Stops reading one chunk past the limit. The stream is left, not cancelled: cancelling a Node request destroys the
 * socket before the 413 is on it.
 */
const collect = async (stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> => {
  const reader = stream.getReader();
  let buffer = new Uint8Array(Math.min(4 * KIB, maxBytes));
  let length = 0;
  for (;;) {
    let chunk: Uint8Array | undefined;
    try {
      chunk = (await reader.read()).value;
    } catch (cause) {
      throw new OpsError("malformed_json", "The body ended before it was complete", { cause });
    }
    if (chunk === undefined) return buffer.subarray(0, length);
    if (length + chunk.length > maxBytes) {
      reader.releaseLock();
      throw tooLarge(maxBytes);
    }
    if (length + chunk.length > buffer.length) {
      // One growing buffer: a body sent byte by byte must not cost an object a byte.
      const grown = new Uint8Array(Math.min(maxBytes, Math.max(buffer.length * 2, length + chunk.length)));
      grown.set(buffer.subarray(0, length));
      buffer = grown;
    }
    buffer.set(chunk, length);
    length += chunk.length;
  }
};
