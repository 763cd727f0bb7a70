import type { MiddlewareHandler } from "hono";
import { OpsError } from "../../app/ops-error.ts";
import type { AppEnv } from "../env.ts";

export interface AuthOptions {
  /** `null`: no usable key is configured, and every call that needs one is 503. */
  readonly apiKey: string | null;
  /** The command or step that sets the key, told to whoever meets the 503. */
  readonly setup: string;
}

// No longer key is of use; every comparison takes so many steps.
const MAX_KEY_LENGTH = 1024;

/**
 * `Authorization: Bearer <root key>`, the scheme in any case. The time of the comparison tells nothing about the key
 * or its length. Not by digests: a digest from the platform costs a thread switch on Node, for every request.
 */
export const bearerAuth = (options: AuthOptions): MiddlewareHandler<AppEnv> => {
  const expected = options.apiKey === null ? null : padded(options.apiKey);
  return async (c, next) => {
    if (expected === null) {
      throw new OpsError("not_configured", "The server has no usable OPSCORE_API_KEY", { hint: options.setup });
    }
    const header = c.req.header("Authorization");
    if (header === undefined) throw new OpsError("unauthorized", "Authorization header missing");
    const token = /^bearer +([^\s]+)\s*$/i.exec(header)?.[1];
    if (token === undefined || token.length > MAX_KEY_LENGTH || !equal(expected, token)) throw wrong();
    await next();
  };
};

const wrong = (): OpsError => new OpsError("unauthorized", "Invalid authentication credentials");

interface Padded {
  readonly length: number;
  readonly units: Uint16Array;
}

const padded = (text: string): Padded => {
  const units = new Uint16Array(MAX_KEY_LENGTH);
  for (let at = 0; at < Math.min(text.length, MAX_KEY_LENGTH); at += 1) units[at] = text.charCodeAt(at);
  return { length: text.length, units };
};

/** As many steps for every key, and for every token as well. */
const equal = (key: Padded, token: string): boolean => {
  let difference = key.length ^ token.length;
  for (let at = 0; at < MAX_KEY_LENGTH; at += 1) {
    difference |= (key.units[at] ?? 0) ^ (at < token.length ? token.charCodeAt(at) : 0);
  }
  return difference === 0;
};
