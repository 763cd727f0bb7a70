import type { KeyAnswer, KeySecretAnswer } from "../contract/answers/key.ts";
import type { NewKey } from "./inputs.ts";
import type { CallOptions, KeyedOptions } from "./options.ts";
import { pagedBy, type Paged, type PageQuery } from "./pages.ts";
import type { Transport } from "./transport.ts";

/** API keys: who may do what. */
export interface Keys {
  /**
   * The `key` of the answer is shown this once. It is `null` where the server had made it and its answer was lost: then
   * `rotate` it, or `revoke` it and make another.
   */
  create(key: NewKey, options?: KeyedOptions): Promise<KeySecretAnswer>;
  list(query?: PageQuery, options?: CallOptions): Paged<KeyAnswer>;
  get(keyId: string, options?: CallOptions): Promise<KeyAnswer>;
  /** Another secret, shown this once as `create` does; the one before goes on for `overlap` (default `24h`). */
  rotate(keyId: string, body?: { readonly overlap?: string }, options?: KeyedOptions): Promise<KeySecretAnswer>;
  /** Ends it for good, everywhere within ten seconds. */
  revoke(keyId: string, body?: { readonly reason?: string | null }, options?: CallOptions): Promise<KeyAnswer>;
}

/** @internal */
export const keysOf = ({ send }: Transport): Keys => ({
  create: (body, options) => send("POST /v1/opscore/keys", { repeat: "keyed", body, options }),
  list: (page = {}, options) =>
    pagedBy(
      (query, callOptions) => send("GET /v1/opscore/keys", { repeat: "read", query, options: callOptions }),
      page,
      options,
    ),
  get: (keyId, options) => send("GET /v1/opscore/keys/{keyId}", { repeat: "read", path: { keyId }, options }),
  rotate: (keyId, body = {}, options) =>
    send("POST /v1/opscore/keys/{keyId}/rotate", { repeat: "keyed", path: { keyId }, body, options }),
  revoke: (keyId, body = {}, options) =>
    send("POST /v1/opscore/keys/{keyId}/revoke", { repeat: "content", path: { keyId }, body, options }),
});
