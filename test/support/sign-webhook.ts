import { call, NOTIFY, type Json, type Reply } from "./api.ts";
import type { World } from "./world.ts";

const encoder = new TextEncoder();

/** HMAC-SHA256 over "timestamp.body" in lower-case hexadecimal, as AgentKit makes it. */
export const signatureOf = async (secret: string, timestamp: string, body: string): Promise<string> => {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(`${timestamp}.${body}`)));
  return [...mac].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

export const unixSeconds = (epochMs: number): string => String(Math.floor(epochMs / 1_000));

/** A webhook signed with `secret`; `timestamp` is now unless given. */
export const notifySigned = async (
  world: World,
  secret: string,
  content: Json | string,
  timestamp = unixSeconds(world.clock.now()),
): Promise<Reply> => {
  const body = typeof content === "string" ? content : JSON.stringify(content);
  const signature = await signatureOf(secret, timestamp, body);
  const reply = await call(world, "POST", NOTIFY, body, {
    Authorization: null,
    "X-AgentKit-Timestamp": timestamp,
    "X-AgentKit-Signature": signature,
  });
  await world.flush();
  return reply;
};
