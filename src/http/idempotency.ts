import type { Context } from "hono";
import { OpsError } from "../app/ops-error.ts";
import { sha256 } from "../app/sha256.ts";
import type { AppEnv } from "./env.ts";

/** Visible ASCII, as clients of other services already send it. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** The Idempotency-Key of a request with a hash of path and body; `null` without one. */
export const idempotencyOf = async (
  c: Context<AppEnv>,
  body: Uint8Array<ArrayBuffer>,
): Promise<{ readonly key: string; readonly bodyHash: string } | null> => {
  const key = c.req.header("Idempotency-Key");
  if (key === undefined) return null;
  if (!KEY.test(key)) {
    throw new OpsError("invalid_header", "Idempotency-Key must be 1 to 255 visible ASCII characters");
  }
  const prefix = new TextEncoder().encode(`${c.req.path}\n`);
  const text = new Uint8Array(prefix.length + body.length);
  text.set(prefix);
  text.set(body, prefix.length);
  return { key, bodyHash: await sha256(text) };
};
