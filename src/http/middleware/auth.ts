import type { MiddlewareHandler } from "hono";
import type { Deps } from "../../app/deps.ts";
import type { KeySettings } from "../../app/keys/key-settings.ts";
import { KEY_PREFIX } from "../../app/keys/key-text.ts";
import { ROOT, type Principal } from "../../app/keys/principal.ts";
import { isSame, MAX_COMPARED, padded } from "../../app/keys/same-text.ts";
import { recallKey, verifyKey } from "../../app/keys/verify-key.ts";
import { OpsError } from "../../app/ops-error.ts";
import type { AppEnv } from "../env.ts";

export interface AuthOptions {
  /** `null`: no usable root key is configured, and every call that needs a key is 503. */
  readonly apiKey: string | null;
  /** The command or step that sets the root key, told to whoever meets the 503. */
  readonly setup: string;
  /** Absent: as without a pepper. */
  readonly keys?: KeySettings;
}

/**
 * `Authorization: Bearer <key>`, the scheme in any case: the root key, or one of the store's. Leaves the principal for
 * the handlers. The root key, and a key that passed within ten seconds, are found without waiting for anything.
 */
export const bearerAuth = (options: AuthOptions, deps: Deps): MiddlewareHandler<AppEnv> => {
  const root = options.apiKey === null ? null : padded(options.apiKey);
  return async (c, next) => {
    if (root === null) {
      throw new OpsError("not_configured", "The server has no usable OPSCORE_API_KEY", { hint: options.setup });
    }
    const token = tokenIn(c.req.header("Authorization"));
    const known = isSame(root, token) ? ROOT : recall(options, deps, token);
    c.set("principal", known ?? (await lookUp(options, deps, token)));
    await next();
  };
};

const wrong = (): OpsError => new OpsError("unauthorized", "Invalid authentication credentials");

const tokenIn = (header: string | undefined): string => {
  if (header === undefined) throw new OpsError("unauthorized", "Authorization header missing");
  const token = /^bearer +([^\s]+)\s*$/i.exec(header)?.[1];
  if (token === undefined || token.length > MAX_COMPARED) throw wrong();
  return token;
};

/** Without waiting; `null`: it takes a question. */
const recall = ({ keys }: AuthOptions, deps: Deps, token: string): Principal | null => {
  if (keys === undefined || !token.startsWith(KEY_PREFIX)) throw wrong();
  return recallKey(deps, keys, token);
};

const lookUp = ({ keys }: AuthOptions, deps: Deps, token: string): Promise<Principal> => {
  if (keys === undefined) throw wrong();
  return verifyKey(deps, keys, token);
};
