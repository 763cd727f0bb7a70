import type { MiddlewareHandler } from "hono";
import { OpsError } from "../../app/ops-error.ts";
import type { AppEnv } from "../env.ts";

export interface AuthOptions {
  /** `null`: no usable key is configured, and every call that needs one is 503. */
  readonly apiKey: string | null;
  /** The command or step that sets the key, told to whoever meets the 503. */
  readonly setup: string;
}

// Longer than any key; keeps the hashing of hostile headers bounded whatever the listener allows.
const MAX_TOKEN_LENGTH = 1024;

/**
 * `Authorization: Bearer <root key>`, the scheme in any case. Digests are compared, not keys: the time of the
 * comparison tells nothing about the key or its length.
 */
export const bearerAuth = (options: AuthOptions): MiddlewareHandler<AppEnv> => {
  // Kept as a value: on Workers a promise of one request may not be awaited by another.
  let expected: Uint8Array | undefined;
  return async (c, next) => {
    if (options.apiKey === null) {
      throw new OpsError("not_configured", "The server has no usable OPSCORE_API_KEY", { hint: options.setup });
    }
    const header = c.req.header("Authorization");
    if (header === undefined) throw new OpsError("unauthorized", "Authorization header missing");
    const token = /^bearer +([^\s]+)\s*$/i.exec(header)?.[1];
    if (token === undefined || token.length > MAX_TOKEN_LENGTH) throw wrong();
    expected ??= await sha256(options.apiKey);
    if (!equalDigests(expected, await sha256(token))) throw wrong();
    await next();
  };
};

const wrong = (): OpsError => new OpsError("unauthorized", "Invalid authentication credentials");

const sha256 = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));

const equalDigests = (a: Uint8Array, b: Uint8Array): boolean => {
  let difference = a.length ^ b.length;
  for (let at = 0; at < a.length; at += 1) difference |= (a[at] ?? 0) ^ (b[at] ?? 0);
  return difference === 0;
};
