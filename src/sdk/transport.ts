import { readAnswer } from "./answer.ts";
import { OpsCoreError } from "./errors.ts";
import { queryText, requestLine, type AnswerOf, type Operation } from "./operation.ts";
import type { CallOptions, ClientOptions, KeyedOptions, Settings } from "./options.ts";
import { settingsOf } from "./options.ts";
import { delayMs } from "./retry.ts";
import { platformSeams, type Seams } from "./seams.ts";

/**
 * When a call that failed may be made again by itself. `read`: it changes nothing. `keyed`: the server takes it once
 * under its Idempotency-Key. `content`: saying the same again changes nothing. `never`: it might undo what somebody else
 * has done meanwhile.
 *
 * @internal
 */
export type Repeat = "read" | "keyed" | "content" | "never";

/** @internal */
export interface Sent {
  readonly repeat: Repeat;
  /** Fills the path. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: object;
  /** Sent as JSON; a text as it is, of `mediaType`. */
  readonly body?: object | string;
  readonly mediaType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly options?: KeyedOptions | undefined;
}

/** @internal */
export interface Transport {
  readonly seams: Seams;
  readonly send: <O extends Operation>(operation: O, sent: Sent) => Promise<AnswerOf<O>>;
}

/** Codes that say "later" and yet will not change by themselves. */
const HOPELESS = ["not_configured", "internal_error"];

/** Random, not a UUID: `randomUUID` is missing on pages without https. */
const newKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const aborted = (): OpsCoreError => new OpsCoreError("aborted", "The call was aborted");

interface Attempt {
  readonly url: string;
  readonly init: RequestInit;
  readonly shown: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** One try; it ends by its time-out even if `fetch` takes no notice of its signal. */
const attempt = async (settings: Settings, seams: Seams, wanted: Attempt): Promise<unknown> => {
  const { url, init, shown, timeoutMs, signal } = wanted;
  const over = new AbortController();
  const timer = new AbortController();
  const abort = (): void => over.abort(aborted());
  signal?.addEventListener("abort", abort);
  const ended = new Promise<never>((_, reject) => {
    over.signal.addEventListener("abort", () => reject(over.signal.reason as OpsCoreError));
  });
  void seams.sleep(timeoutMs, timer.signal).then(() => {
    if (timer.signal.aborted) return;
    over.abort(new OpsCoreError("timed_out", `${shown} was not answered in ${timeoutMs} ms`, { retryable: true }));
  });
  const exchange = async (): Promise<unknown> => {
    let response: Response;
    let text: string;
    try {
      response = await settings.fetch(url, { ...init, redirect: "manual", signal: over.signal });
      text = await response.text();
    } catch (cause) {
      const why = causeCode(cause);
      throw new OpsCoreError("connection_failed", `${shown} could not be sent or was cut off${why}`, {
        retryable: true,
      });
    }
    return readAnswer(response, text, seams.now());
  };
  try {
    return await Promise.race([exchange(), ended]);
  } finally {
    timer.abort();
    signal?.removeEventListener("abort", abort);
  }
};

/** The code of a failed connection, such as `ECONNREFUSED`. Never its text, which may hold what was sent. */
const causeCode = (error: unknown): string => {
  const { code } = ((error as { readonly cause?: unknown } | null)?.cause ?? {}) as { readonly code?: unknown };
  return typeof code === "string" && /^[A-Z][A-Z_]{1,40}$/.test(code) ? ` (${code})` : "";
};

/** The same without the key, should what answered have echoed it. */
const withoutKey = (error: OpsCoreError, key: string | null): OpsCoreError => {
  if (key === null || ![error.detail, error.hint, ...error.errors.map((one) => one.message)].join().includes(key)) {
    return error;
  }
  const hide = (text: string): string => text.replaceAll(key, "***");
  return new OpsCoreError(error.code, hide(error.detail), {
    ...(error.status === null ? {} : { status: error.status }),
    errors: error.errors.map((one) => ({ ...one, message: hide(one.message) })),
    requestId: error.requestId,
    retryable: error.retryable,
    hint: error.hint === null ? null : hide(error.hint),
    retryAfterMs: error.retryAfterMs,
  });
};

const headersOf = ({ apiKey }: Settings, { repeat, body, mediaType, headers, options }: Sent) => ({
  Accept: "application/json",
  ...(apiKey === null ? {} : { Authorization: `Bearer ${apiKey}` }),
  ...(body === undefined ? {} : { "Content-Type": mediaType ?? "application/json" }),
  ...(repeat === "keyed" ? { "Idempotency-Key": options?.idempotencyKey ?? newKey() } : {}),
  ...headers,
});

/**
 * Makes calls and repeats them where that is safe: with full jitter, not before `Retry-After`, `maxRetries` times.
 * Throws `OpsCoreError`, and a `TypeError` for what is no call at all.
 *
 * @internal
 */
export const createTransport = (clientOptions: ClientOptions): Transport => {
  const settings = settingsOf(clientOptions);
  const seams = clientOptions.seams ?? platformSeams;

  const send = async <O extends Operation>(operation: O, sent: Sent): Promise<AnswerOf<O>> => {
    const { repeat, path = {}, query = {}, body } = sent;
    const options: CallOptions = sent.options ?? {};
    const { signal, timeoutMs = settings.timeoutMs, maxRetries = settings.maxRetries } = options;
    const line = requestLine(operation, path);
    // Made once: a repeat is the same request, byte by byte.
    const wanted: Attempt = {
      url: `${settings.baseUrl}${line.path}${queryText(query)}`,
      init: {
        method: line.method,
        headers: headersOf(settings, sent),
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      },
      shown: `${line.method} ${line.path}`,
      timeoutMs,
      signal,
    };
    for (let retry = 0; ; retry += 1) {
      if (signal?.aborted === true) throw aborted();
      try {
        return (await attempt(settings, seams, wanted)) as AnswerOf<O>;
      } catch (error) {
        if (!(error instanceof OpsCoreError)) throw error;
        const shown = withoutKey(error, settings.apiKey);
        const mayRepeat = error.retryable || error.code === "request_in_flight";
        if (repeat === "never" || !mayRepeat || retry >= maxRetries || HOPELESS.includes(error.code)) throw shown;
        const waitMs = delayMs(retry, seams.random(), error.retryAfterMs);
        if (waitMs === null) throw shown;
        await seams.sleep(waitMs, signal);
      }
    }
  };
  return { seams, send };
};
