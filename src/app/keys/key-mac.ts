import { hexOf } from "../sha256.ts";

const encoder = new TextEncoder();
const ALGORITHM = { name: "HMAC", hash: "SHA-256" };

const importKey = (pepper: string, use: "sign" | "verify") =>
  crypto.subtle.importKey("raw", encoder.encode(pepper), ALGORITHM, false, [use]);

/** HMAC-SHA256 of a key's text under a pepper; lower-case hexadecimal. A store that leaks is of no use without it. */
export const macOf = async (pepper: string, signed: string): Promise<string> =>
  hexOf(new Uint8Array(await crypto.subtle.sign("HMAC", await importKey(pepper, "sign"), encoder.encode(signed))));

/** The place of the pepper under which a MAC fits; -1: under none. WebCrypto compares in constant time. */
export const pepperOf = async (peppers: readonly string[], mac: string, signed: string): Promise<number> => {
  const bytes = Uint8Array.from(mac.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
  for (const [at, pepper] of peppers.entries()) {
    const key = await importKey(pepper, "verify");
    if (await crypto.subtle.verify("HMAC", key, bytes, encoder.encode(signed))) return at;
  }
  return -1;
};
