const BASE_MS = 250;
const CAP_MS = 8_000;

/** What a server may ask for and still be waited for; a longer wait is the caller's to decide. */
const LONGEST_MS = 60_000;

/**
 * How long to wait before repeat number `retry` (from 0): full jitter under a bound that doubles, and never less than
 * the server asks for; `null`: the server asks for more than a minute, so do not wait at all.
 */
export const delayMs = (retry: number, random: number, retryAfterMs: number | null): number | null => {
  if (retryAfterMs !== null && retryAfterMs > LONGEST_MS) return null;
  const jitter = Math.floor(random * Math.min(CAP_MS, BASE_MS * 2 ** retry));
  return Math.max(retryAfterMs ?? 0, jitter);
};

/** `Retry-After`, in seconds or as an HTTP date, to milliseconds from now; `null` if there is none that can be read. */
export const parseRetryAfter = (text: string | null, nowMs: number): number | null => {
  if (text === null) return null;
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
};
