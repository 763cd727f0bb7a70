import type { Context, MiddlewareHandler } from "hono";
import type { Deps } from "../../app/deps.ts";
import { grantsOfToken } from "../../app/keys/grants.ts";
import type { KeySettings } from "../../app/keys/key-settings.ts";
import { KEY_PREFIX } from "../../app/keys/key-text.ts";
import { ROOT, type Principal } from "../../app/keys/principal.ts";
import { isSame, padded } from "../../app/keys/same-text.ts";
import { hasPassed, recallKey, verifyKey } from "../../app/keys/verify-key.ts";
import { OpsError } from "../../app/ops-error.ts";
import type { TokenVerifier } from "../../app/token-port.ts";
import type { AppEnv } from "../env.ts";
import { failedTooOften, takeRequest, type Limits } from "./rate-limit.ts";

export interface AuthOptions {
  /** `null`: no usable root key is configured, and every call that needs a key is 503. */
  readonly apiKey: string | null;
  /** The command or step that sets the root key, told to whoever meets the 503. */
  readonly setup: string;
  /** Absent: as without a pepper. */
  readonly keys?: KeySettings;
  /** Absent: no tokens of an identity provider are taken. */
  readonly tokens?: TokenVerifier;
  /** Absent: no limits. */
  readonly limits?: Limits;
}

/** No token of an identity provider is longer. */
const MAX_TOKEN = 8_192;

/**
 * `Authorization: Bearer <key>`, the scheme in any case: the root key, one of the store's, or a token of the identity
 * provider. Leaves the principal for the handlers, and counts the request. The root key, and a key that passed within ten
 * seconds, are found without asking anybody.
 */
export const bearerAuth = (options: AuthOptions, deps: Deps): MiddlewareHandler<AppEnv> => {
  const root = options.apiKey === null ? null : padded(options.apiKey);
  const limiter = options.limits?.keys ?? null;
  return async (c, next) => {
    if (root === null) {
      throw new OpsError("not_configured", "The server has no usable OPSCORE_API_KEY", { hint: options.setup });
    }
    const token = tokenIn(c.req.header("Authorization"));
    const principal = isSame(root, token) ? ROOT : await identify(c, options, deps, token);
    c.set("principal", principal);
    if (limiter === null) return next();
    const taken = takeRequest(limiter, principal, deps.clock.now());
    const headers = taken instanceof Promise ? await taken : taken;
    await next();
    for (const [name, value] of Object.entries(headers)) c.header(name, value);
  };
};

const wrong = (): OpsError => new OpsError("unauthorized", "Invalid authentication credentials");

const tokenIn = (header: string | undefined): string => {
  if (header === undefined) throw new OpsError("unauthorized", "Authorization header missing");
  const token = /^bearer +([^\s]+)\s*$/i.exec(header)?.[1];
  if (token === undefined || token.length > MAX_TOKEN) throw wrong();
  return token;
};

/** Whose token it is. From an address that has failed too often only what has passed before is looked up: 429 else. */
const identify = async (c: Context<AppEnv>, options: AuthOptions, deps: Deps, token: string): Promise<Principal> => {
  const { failures = null, addressOf } = options.limits ?? {};
  const address = failures === null ? null : (addressOf?.(c) ?? null);
  const now = deps.clock.now();
  try {
    if (!token.startsWith(KEY_PREFIX)) return await holderOf(options, token, now);
    if (options.keys === undefined) throw wrong();
    const known = recallKey(deps, options.keys, token);
    if (known !== null) return known;
    const blocked = address === null ? null : (failures?.blockedFor(address, now) ?? null);
    if (blocked !== null && !hasPassed(deps, options.keys, token)) throw failedTooOften(blocked);
    return await verifyKey(deps, options.keys, token);
  } catch (error) {
    if (address === null || !(error instanceof OpsError) || error.code !== "unauthorized") throw error;
    const seconds = (await failures?.failed(address, now)) ?? null;
    throw seconds === null ? error : failedTooOften(seconds);
  }
};

/** Three parts with dots between them: only such a text is shown to the verifier. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]*$/;

const holderOf = async ({ tokens }: AuthOptions, token: string, now: number): Promise<Principal> => {
  const verified = tokens === undefined || !TOKEN.test(token) ? null : await tokens.verify(token, now);
  if (verified === null) throw wrong();
  return { kind: "user", id: verified.subject, grants: grantsOfToken(verified.gives) };
};
