import type { Seams } from "./seams.ts";

/** What `fetch` has to be able to do: the platform's own, or one of yours. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How a client reaches Ops-Core. */
export interface ClientOptions {
  /** Where Ops-Core is, such as `https://ops.example.com`; a path before `/v1/opscore` is kept. */
  readonly baseUrl: string;
  /** Sent as Bearer. Without one only `health`, `ready`, `schemas` and `agents.notify` work. */
  readonly apiKey?: string;
  /** Default: the platform's. */
  readonly fetch?: Fetch;
  /** How long one attempt of a call may take, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** How often a call is repeated at most, where that is safe. Default 3. */
  readonly maxRetries?: number;
  /** Clock, chance and timers, for tests. */
  readonly seams?: Seams;
}

/** What every call takes. */
export interface CallOptions {
  /** Ends the call, and its repeats, with the error `aborted`. What was sent may have been done. */
  readonly signal?: AbortSignal;
  /** As in the client's options, for this call. */
  readonly timeoutMs?: number;
  /** As in the client's options, for this call. */
  readonly maxRetries?: number;
}

/** What calls take that do something once under a key. */
export interface KeyedOptions extends CallOptions {
  /** Names the wish: the same key and request again are answered as the first time. Default: a new one for each call. */
  readonly idempotencyKey?: string;
}

/** The options with all defaults, checked. */
export interface Settings {
  readonly baseUrl: string;
  readonly apiKey: string | null;
  readonly fetch: Fetch;
  readonly timeoutMs: number;
  readonly maxRetries: number;
}

/** Checks what would fail at every call. Mistakes are a `TypeError`, which never shows the key. */
export const settingsOf = (options: ClientOptions): Settings => {
  const { baseUrl, apiKey, timeoutMs = 30_000, maxRetries = 3 } = options;
  if (!URL.canParse(baseUrl)) throw new TypeError("baseUrl is no URL");
  const url = new URL(baseUrl);
  if (!/^https?:$/.test(url.protocol)) throw new TypeError("baseUrl is neither http nor https");
  if (url.username !== "" || url.password !== "") throw new TypeError("baseUrl holds a credential: use apiKey");
  // Checked here, as fetch would put a bad one into the text of its error.
  if (apiKey !== undefined && !/^[\x21-\x7e]+$/.test(apiKey)) throw new TypeError("apiKey is not visible ASCII");
  if (!(timeoutMs > 0)) throw new TypeError("timeoutMs is not above 0");
  if (!(maxRetries >= 0)) throw new TypeError("maxRetries is below 0");
  return {
    baseUrl: `${url.origin}${url.pathname.replace(/\/+$/, "").replace(/\/v1(?:\/opscore)?$/, "")}`,
    apiKey: apiKey ?? null,
    fetch: options.fetch ?? ((to, init) => fetch(to, init)),
    timeoutMs,
    maxRetries,
  };
};
