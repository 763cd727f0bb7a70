/** One POST to the outside. Redirects are never followed: a 3xx is an answer like any other. */
export interface HttpRequest {
  readonly url: string;
  readonly method: "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** For all of it: connecting, sending, waiting and reading the answer. */
  readonly timeoutMs: number;
}

/**
 * What is known after the call. The line between the last two is the one that matters: after `unreachable`
 * nobody has seen the request, after `silence` somebody may have, so a copy may be a second one.
 */
export type HttpOutcome =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers: { get(name: string): string | null };
      /** At most `MAX_ANSWER_BYTES`, read as UTF-8. */
      readonly body: string;
      /** There was more, or the rest did not come in time. */
      readonly truncated: boolean;
    }
  /** Never sent: no address, no connection, no TLS. `reason` continues a sentence that starts with the URL. */
  | { readonly kind: "unreachable"; readonly reason: string }
  /** Sent, or perhaps sent, and no answer came. */
  | { readonly kind: "silence"; readonly reason: string };

/** The only way out to agents and AgentKit. Never rejects for what the other side does. */
export type HttpCall = (request: HttpRequest) => Promise<HttpOutcome>;

export const MAX_ANSWER_BYTES = 64 * 1024;

/** Reads up to the cap and lets go of the rest. A body that breaks off keeps what came, marked `truncated`. */
export const readCapped = async (
  chunks: AsyncIterable<Uint8Array> | null,
): Promise<{ readonly body: string; readonly truncated: boolean }> => {
  const decoder = new TextDecoder();
  let body = "";
  let room = MAX_ANSWER_BYTES;
  try {
    for await (const chunk of chunks ?? []) {
      body += decoder.decode(chunk.subarray(0, room), { stream: true });
      room -= chunk.byteLength;
      if (room < 0) return { body, truncated: true };
    }
  } catch {
    // The status line is a fact already: the answer stands, only its text is incomplete.
    return { body, truncated: true };
  }
  return { body: body + decoder.decode(), truncated: false };
};

export const seconds = (ms: number): string => `${ms / 1000} s`;
