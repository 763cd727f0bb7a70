import { parseTimestamp } from "../contract/timestamp.ts";
import { OpsError } from "./ops-error.ts";

/** How far a signed time may be from ours (seconds). */
const WINDOW_SECONDS = 300;

const encoder = new TextEncoder();

export interface SignedWebhook {
  readonly timestamp: string | undefined;
  readonly signature: string | undefined;
  readonly body: Uint8Array<ArrayBuffer>;
}

const invalid = (message: string, hint?: string): OpsError =>
  new OpsError("invalid_signature", message, hint === undefined ? {} : { hint });

/** Unix seconds in ten digits, or an RFC 3339 instant with an offset; as epoch seconds. */
const secondsOf = (text: string): number | null => {
  if (/^[0-9]{10}$/.test(text)) return Number(text);
  if (!/(Z|[+-][0-9]{2}:[0-9]{2})$/i.test(text)) return null;
  const parsed = parseTimestamp(text);
  return parsed === null ? null : Math.floor(parsed.epochMicros / 1_000_000);
};

/**
 * Checks a webhook's MAC, HMAC-SHA256(secret, timestamp text + "." + raw body), against each active secret
 * before anything of the body is read. Returns the signed time (epoch seconds), which orders registrations.
 * WebCrypto compares in constant time.
 */
export const verifyWebhook = async (
  { timestamp, signature, body }: SignedWebhook,
  secrets: readonly string[],
  now: number,
): Promise<number> => {
  if (secrets.length === 0) {
    throw invalid("No webhook secret is configured.", "Set OPSCORE_WEBHOOK_SECRET to the secret that AgentKit uses.");
  }
  if (timestamp === undefined || signature === undefined) throw invalid("Signature headers missing.");
  const seconds = secondsOf(timestamp);
  if (seconds === null) throw invalid("X-AgentKit-Timestamp is neither unix seconds nor RFC 3339.");
  if (!/^[0-9a-f]{64}$/.test(signature)) throw invalid("X-AgentKit-Signature is not 64 hexadecimal digits.");
  const skew = Math.abs(seconds - now / 1_000);
  if (skew > WINDOW_SECONDS) {
    throw invalid(
      "X-AgentKit-Timestamp is more than 300 s from now.",
      "Compare the clocks of AgentKit and of this server.",
    );
  }
  const mac = Uint8Array.from(signature.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
  const prefix = encoder.encode(`${timestamp}.`);
  const signed = new Uint8Array(prefix.length + body.length);
  signed.set(prefix);
  signed.set(body, prefix.length);
  for (const secret of secrets) {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["verify"]);
    if (await crypto.subtle.verify("HMAC", key, mac, signed)) return seconds;
  }
  throw invalid("The signature does not fit any configured secret.");
};
