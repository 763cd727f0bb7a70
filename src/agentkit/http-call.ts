export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";

/** One request to the outside. Redirects are never followed: a 3xx is an answer like any other. */
export interface HttpRequest {
  readonly url: string;
  readonly method: HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty: none. */
  readonly body: string;
  /** For all of it: connecting, sending, waiting and reading the answer. */
  readonly timeoutMs: number;
  /** Of the answer's body, counted as it comes; default `MAX_ANSWER_BYTES`. */
  readonly maxBytes?: number;
  /**
   * The URL came in over the API, and only public addresses may be called: where the platform lets us see what a name
   * resolves to (Node), it is judged at the dial. A Worker reaches the public network only.
   */
  readonly publicOnly?: boolean;
}

/** Why a body is not whole: more than `maxBytes`, no time left, the connection broke, or bytes that are no text. */
export type BodyFault = "too_large" | "timed_out" | "broken" | "not_text";

/**
 * What is known after the call. The line between the last two is the one that matters: after `unreachable`
 * nobody has seen the request, after `silence` somebody may have, so a copy may be a second one.
 */
export type HttpOutcome =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers: { get(name: string): string | null };
      /** At most `maxBytes`, read in the charset that it declares, else as UTF-8; bad bytes become U+FFFD. */
      readonly body: string;
      /** There was more, or the rest did not come in time. */
      readonly truncated: boolean;
      readonly fault?: BodyFault;
    }
  /** Never sent: no address, no connection, no TLS. `reason` continues a sentence that starts with the URL. */
  | { readonly kind: "unreachable"; readonly reason: string; readonly timedOut?: boolean }
  /** Sent, or perhaps sent, and no answer came. */
  | { readonly kind: "silence"; readonly reason: string; readonly timedOut?: boolean };

/** The only way out to agents and AgentKit. Never rejects for what the other side does. */
export type HttpCall = (request: HttpRequest) => Promise<HttpOutcome>;

export const MAX_ANSWER_BYTES = 64 * 1024;

interface ReadBody {
  readonly body: string;
  readonly truncated: boolean;
  readonly fault?: BodyFault;
}

/** Reads up to the cap and lets go of the rest. A body that breaks off keeps what came, marked `truncated`. */
export const readCapped = async (
  chunks: AsyncIterable<Uint8Array> | null,
  contentType: string | null,
  maxBytes: number = MAX_ANSWER_BYTES,
): Promise<ReadBody> => {
  const parts: Uint8Array[] = [];
  let room = maxBytes;
  let fault: BodyFault | null = null;
  try {
    for await (const chunk of chunks ?? []) {
      parts.push(chunk.subarray(0, room));
      room -= chunk.byteLength;
      if (room < 0) {
        fault = "too_large";
        break;
      }
    }
  } catch {
    // The status line is a fact already: the answer stands, only its text is incomplete.
    fault = "broken";
  }
  const charset = /;\s*charset\s*=\s*"?([\w:.-]{1,40})/i.exec(contentType ?? "")?.[1] ?? "utf-8";
  if (fault !== null) return { body: textOf(parts, charset, false), truncated: true, fault };
  try {
    const body = textOf(parts, charset, true);
    // Well-formed by chance: no text has a NUL, and nothing that is stored may hold one.
    return body.includes("\0") ? { body, truncated: false, fault: "not_text" } : { body, truncated: false };
  } catch {
    return { body: textOf(parts, charset, false), truncated: false, fault: "not_text" };
  }
};

/** `whole`: throws for bytes that are no text. Else they become U+FFFD, and the start of a character is left out. */
const textOf = (parts: readonly Uint8Array[], charset: string, whole: boolean): string => {
  const decoder = decoderFor(charset, whole);
  let text = "";
  for (const part of parts) text += decoder.decode(part, { stream: true });
  return whole ? text + decoder.decode() : text;
};

const decoderFor = (charset: string, fatal: boolean): InstanceType<typeof TextDecoder> => {
  try {
    return new TextDecoder(charset, { fatal, ignoreBOM: false });
  } catch {
    return new TextDecoder("utf-8", { fatal, ignoreBOM: false });
  }
};

export const seconds = (ms: number): string => `${ms / 1000} s`;
