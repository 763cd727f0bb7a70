import type { JsonSchema } from "./types.ts";

const text = (description: string, more: JsonSchema = {}) => ({ description, schema: { type: "string", ...more } });

/** Headers of answers, by name. */
export const sharedHeaders = {
  "X-Request-Id": text("Names this request: the caller's own if it was a sane one. The server's log has it too."),
  Location: text("Where the thing that was made is found."),
  ETag: text("Names this very content. Sent back as `If-None-Match`, it gets 304 while nothing has changed."),
  "Idempotency-Replayed": text(
    "`true`: the same request was done before, under the same `Idempotency-Key`; this is what was answered then.",
    { const: "true" },
  ),
  "Retry-After": {
    description: "After how many seconds the same request may succeed.",
    schema: { type: "integer", minimum: 0 },
  },
  RateLimit: text("How many requests are left of the policy (`r`), and in how many seconds there are more (`t`)."),
  "RateLimit-Policy": text("How many requests (`q`) a key may make in how many seconds (`w`)."),
  "WWW-Authenticate": text("How to authenticate: `Bearer`."),
} as const;

/** Headers of answers of deprecated operations. */
export const deprecationHeaders = {
  Deprecation: text("Since when the operation is deprecated: `@` and seconds since 1970 (RFC 9745)."),
  Sunset: text("When the operation ends (RFC 8594)."),
} as const;

/** Headers of requests. */
export const sharedParameters = {
  IdempotencyKey: {
    name: "Idempotency-Key",
    in: "header",
    required: false,
    description:
      "The same request under the same key is done once; for seven days a repeat is answered as the first time, with `Idempotency-Replayed: true`. Another body under the key is 422, and what comes while the first is under way 409. What two API keys send is two requests.",
    schema: { type: "string", pattern: "^[\\x21-\\x7e]{1,255}$" },
  },
  IfNoneMatch: {
    name: "If-None-Match",
    in: "header",
    required: false,
    description: "The `ETag` of an earlier answer: 304 without a body if nothing has changed.",
    schema: { type: "string" },
  },
} as const;

export const securitySchemes = {
  key: {
    type: "http",
    scheme: "bearer",
    description:
      "`Authorization: Bearer <key>`: the server's `OPSCORE_API_KEY`, which may do everything, or a key made by `createKey`, which needs the scope that is named with each operation (`x-required-scope`).",
  },
  signature: {
    type: "apiKey",
    in: "header",
    name: "X-AgentKit-Signature",
    description: "AgentKit's HMAC over `X-AgentKit-Timestamp` and the body, with the shared secret.",
  },
} as const;
