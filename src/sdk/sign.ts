const hex = (bytes: ArrayBuffer): string =>
  [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** The headers by which AgentKit signs a webhook: HMAC-SHA256 over the time in seconds, a dot and the body. */
export const signedHeaders = async (
  secret: string,
  nowMs: number,
  body: string,
): Promise<Readonly<Record<string, string>>> => {
  const timestamp = String(Math.floor(nowMs / 1_000));
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(`${timestamp}.${body}`));
  return { "X-AgentKit-Timestamp": timestamp, "X-AgentKit-Signature": hex(signature) };
};
