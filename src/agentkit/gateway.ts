import type { AgentGateway, DeliveryOutcome, Recipient, Refusal, TaskMessage, Transport } from "../app/ports.ts";
import { clipped, isRecord, jsonOf, messageOf, retryAfterMs, type HttpAnswer } from "./answer.ts";
import { checkEgress, type EgressPolicy } from "./egress.ts";
import type { HttpCall, HttpOutcome } from "./http-call.ts";

export interface AgentGatewayOptions {
  readonly call: HttpCall;
  /** Ends in `/v1`, no slash after it. */
  readonly agentKitUrl: string;
  readonly agentKitApiKey?: string | undefined;
  readonly mode: "auto" | Transport;
  readonly egress: EgressPolicy;
  readonly timeoutMs?: number;
  /** Epoch milliseconds, to read a `Retry-After` that is a date. */
  readonly now?: () => number;
}

type WithoutRefusals<Outcome> = Outcome extends unknown ? Omit<Outcome, "refusals"> : never;
type Settled = WithoutRefusals<Exclude<DeliveryOutcome, { kind: "refused" }>>;
type NotDelivered = { readonly kind: "not_delivered"; readonly reason: string; readonly retryAfterMs: number | null };

/** Answers that mean that no agent has taken the task: it is elsewhere, not ready, or a proxy speaks for it. */
const notDeliveredStatuses: ReadonlySet<number> = new Set([404, 405, 410, 429, 501, 502, 503]);

export const createAgentGateway = (options: AgentGatewayOptions): AgentGateway => {
  const { call, mode, egress, timeoutMs = 10_000, now = Date.now } = options;

  const post = (
    to: { readonly url: string; readonly publicOnly: boolean },
    message: TaskMessage,
    headers: Record<string, string> = {},
  ): Promise<HttpOutcome> =>
    call({
      ...to,
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", "user-agent": "ops-core", ...headers },
      body: bodyOf(message),
      timeoutMs,
    });

  const direct = async ({ contactEndpoint }: Recipient, message: TaskMessage): Promise<Settled | NotDelivered> => {
    if (contactEndpoint === null) return notDelivered("the agent has not told an endpoint yet");
    const allowed = checkEgress(contactEndpoint, egress);
    if (!allowed.ok) return notDelivered(`egress policy refuses ${allowed.reason}`);
    const outcome = await post({ url: allowed.url, publicOnly: allowed.publicOnly }, message);
    if (outcome.kind === "unreachable") return notDelivered(`${shown(allowed.url)} ${outcome.reason}`);
    if (outcome.kind === "silence") return unanswered(`${shown(allowed.url)} ${outcome.reason}`);
    return fromAgent(outcome, allowed.url, now());
  };

  const agentKit = async ({ agentId }: Recipient, message: TaskMessage): Promise<Settled | NotDelivered> => {
    const url = `${options.agentKitUrl}/agents/${encodeURIComponent(agentId)}/run`;
    const key = options.agentKitApiKey;
    const outcome = await post({ url, publicOnly: false }, message, key ? { authorization: `Bearer ${key}` } : {});
    if (outcome.kind === "unreachable")
      return notDelivered(`AgentKit at ${shown(options.agentKitUrl)} ${outcome.reason}`);
    if (outcome.kind === "silence") return { kind: "accepted", transport: "agentkit", unsure: true };
    if (outcome.status === 202) return { kind: "accepted", transport: "agentkit", unsure: false };
    const why = outcome.status === 404 ? "agent unknown there" : messageOf(without(outcome, key));
    return notDelivered(`AgentKit ${withStatus(outcome.status, why)}`, retryAfterMs(outcome, now()));
  };

  const transports: readonly (readonly [Transport, typeof direct])[] = (
    [
      ["direct", direct],
      ["agentkit", agentKit],
    ] as const
  ).filter(([name]) => mode === "auto" || mode === name);

  return {
    async deliver(recipient, message) {
      const refusals: Refusal[] = [];
      let retryMs: number | null = null;
      for (const [transport, send] of transports) {
        const result = await send(recipient, message);
        if (result.kind !== "not_delivered") return { ...result, refusals };
        refusals.push({ transport, reason: clipped(result.reason, 400) });
        if (result.retryAfterMs !== null) retryMs = Math.max(retryMs ?? 0, result.retryAfterMs);
      }
      return { kind: "refused", retryAfterMs: retryMs, refusals };
    },
  };
};

/** Key by key, so that what is sent can never have more or fewer than AgentKit would forward. */
const bodyOf = (message: TaskMessage): string =>
  JSON.stringify({
    senderId: message.senderId,
    timestamp: message.timestamp,
    messageType: message.messageType,
    payload: message.payload,
    sessionContext: {
      sessionId: message.sessionContext.sessionId,
      priorMessages: message.sessionContext.priorMessages,
    },
    task_name: message.task_name,
    opscore_session_id: message.opscore_session_id,
    opscore_task_id: message.opscore_task_id,
  });

const fromAgent = (answer: HttpAnswer, url: string, nowMs: number): Settled | NotDelivered => {
  const { status } = answer;
  if (status >= 200 && status < 300) {
    const body = jsonOf(answer);
    if (isRecord(body) && body["status"] === "ignored") {
      const reason = body["reason"] ?? body["message"];
      return rejected(typeof reason === "string" && reason !== "" ? clipped(reason) : "the agent ignored the task");
    }
    const lost = body === null && answer.body.trim() !== "" && isJson(answer);
    const doubt = "the agent's answer was not kept: it is larger than 64 KiB, cut off, or not strict JSON";
    return { kind: "delivered", transport: "direct", silent: false, answer: body, ...(lost ? { doubt } : {}) };
  }
  if ((status >= 300 && status < 400) || notDeliveredStatuses.has(status)) {
    const reason = `${shown(url)} ${withStatus(status, messageOf(answer))}`;
    return notDelivered(reason, retryAfterMs(answer, nowMs));
  }
  // A gateway gave up waiting, or the protocol was switched: the agent may be at work.
  if (status === 504 || status < 200) return unanswered(`${shown(url)} ${withStatus(status, messageOf(answer))}`);
  if (status < 500) return rejected(messageOf(answer));
  return { kind: "agent_error", transport: "direct", message: messageOf(answer) };
};

const unanswered = (reason: string): Settled => ({
  kind: "delivered",
  transport: "direct",
  silent: true,
  answer: null,
  doubt: `delivered, outcome unknown: ${clipped(reason, 300)}`,
});

/** The answer without our key: whoever refuses a key may repeat it, and its words go to the log and to people. */
const without = (answer: HttpAnswer, key: string | undefined): HttpAnswer => {
  if (!key) return answer;
  const escaped = JSON.stringify(key).slice(1, -1);
  return { ...answer, body: answer.body.replaceAll(escaped, "[redacted]").replaceAll(key, "[redacted]") };
};

const isJson = ({ headers }: HttpAnswer): boolean => /\bjson\b/i.test(headers.get("content-type") ?? "");

const rejected = (message: string): Settled => ({ kind: "rejected", transport: "direct", message });

const notDelivered = (reason: string, retryMs: number | null = null): NotDelivered => ({
  kind: "not_delivered",
  reason,
  retryAfterMs: retryMs,
});

const withStatus = (status: number, message: string): string =>
  message === `answered ${status}` ? message : `answered ${status} (${message})`;

/** For people: without the query, which may carry a secret. */
const shown = (url: string): string => {
  const { origin, pathname } = new URL(url);
  return clipped(origin + pathname, 120);
};
