import { Webhook } from "standardwebhooks";
import type { WebhookSender } from "../app/webhook-port.ts";
import { retryAfterMs } from "./answer.ts";
import { checkEgress, type EgressPolicy } from "./egress.ts";
import type { HttpCall } from "./http-call.ts";

interface Parts {
  readonly call: HttpCall;
  readonly egress: EgressPolicy;
  /** Epoch ms. */
  readonly now: () => number;
  readonly timeoutMs?: number;
}

const ATTEMPT_MS = 10_000;

/**
 * Posts events, signed as Standard Webhooks are, by each of the secrets. The URL is judged at every sending; redirects are
 * not followed, and 64 KiB of an answer are read.
 */
export const createWebhookSender = ({ call, egress, now, timeoutMs = ATTEMPT_MS }: Parts): WebhookSender => ({
  send: async ({ url, id, at, payload, secrets }) => {
    const allowed = checkEgress(url, egress);
    if (!allowed.ok) {
      return { status: null, body: "", error: `the egress policy refuses ${allowed.reason}`, retryAfterMs: null };
    }
    const signedAt = new Date(at);
    const outcome = await call({
      url: allowed.url,
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "Ops-Core webhooks",
        "webhook-id": id,
        "webhook-timestamp": String(Math.floor(at / 1_000)),
        "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(id, signedAt, payload)).join(" "),
      },
      body: payload,
      timeoutMs,
      publicOnly: allowed.publicOnly,
    });
    if (outcome.kind !== "answer") {
      return { status: null, body: "", error: `the endpoint ${outcome.reason}`, retryAfterMs: null };
    }
    const { status, body } = outcome;
    // As long as it asks for: whoever plans the next sending bounds it.
    return { status, body, error: null, retryAfterMs: retryAfterMs(outcome, now(), Infinity) };
  },
});
