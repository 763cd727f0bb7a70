import { createHmac } from "node:crypto";
import { post } from "./post.ts";

export interface RegisteredAgent {
  readonly agentId: string;
  readonly agentName: string;
  readonly capabilities: readonly string[];
  readonly version: string;
  readonly contactEndpoint: string;
  readonly metadata: { readonly description: unknown; readonly config: unknown } | null;
  readonly registration_time: string;
}

/** Compact, and ASCII only, as Python's `json.dumps` writes it: the signature is over these bytes. */
export const webhookBody = (agent: RegisteredAgent): string =>
  JSON.stringify({ event_type: "REGISTER", agent_details: agent }).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

export const webhookSignature = (secret: string, timestamp: string, body: string): string =>
  createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");

/** Once, at most 10 s, any 2xx counts. Rejects with what AgentKit would log. */
export const sendWebhook = async (
  url: string,
  secret: string,
  agent: RegisteredAgent,
  signal: AbortSignal,
): Promise<void> => {
  const body = webhookBody(agent);
  const timestamp = String(Math.floor(Date.now() / 1000));
  const headers = {
    "X-AgentKit-Timestamp": timestamp,
    "X-AgentKit-Signature": webhookSignature(secret, timestamp, body),
  };
  const { status } = await post(url, { headers, body, timeoutMs: 10_000, signal });
  if (status < 200 || status > 299) throw new Error(`Ops-Core answered ${status}`);
};
