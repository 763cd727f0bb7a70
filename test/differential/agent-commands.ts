import { webhookSignature } from "../../scripts/samples/agentkit-webhook.ts";
import type { Random } from "../sim/random.ts";
import type { RequestCommand } from "./command.ts";
import { recent, request, type Known } from "./known.ts";
import { WEBHOOK_SECRETS } from "./side.ts";
import { edges, json, jsonObject, raw, spoilt, text, toJson, type Value } from "./values.ts";

/** An agent that exists now and then: the cast, or an id outside the pattern or unheard of. */
export const someAgentId = ({ random, cast, registered }: Known): string =>
  random.chance(0.6) && registered.length > 0
    ? random.pick(registered)
    : random.chance(0.95)
      ? random.pick(cast.agentIds)
      : random.pick(["nobody", "-", "%C3%BC", "a%27", "%00", "x".repeat(129)]);

const oddEndpoints: readonly string[] = [
  "http://[::1]:8080/x", "HTTP://AGENT.test", "http://ümlaut.test/é?q=%27", "http://0x7f.1/", "http://a b", "ftp://x",
  "", "not a url", "http://user:pw@agent.test/", "http://xn--", "http://a..b/", "http://agent.test:99999/",
]; // prettier-ignore

const metadata = (random: Random): Value => {
  if (random.chance(0.3)) return null;
  const limit = random.pick([1, 2, 3, 0, -1, raw("1.5"), raw("1e21"), "2", 1000]);
  return { ...jsonObject(random, 2), ...(random.chance(0.6) ? { config: { maxConcurrentTasks: limit } } : {}) };
};

const details = (known: Known, agentId: string): Record<string, Value> => {
  const { random, cast } = known;
  const capabilities = random.chance(0.03)
    ? Array.from({ length: 180 }, (_, n) => `many_${n}'`)
    : [random.pick(cast.capabilities), ...(random.chance(0.4) ? [random.pick(cast.capabilities)] : [])];
  return {
    agentName: random.pick(cast.names),
    version: random.chance(0.7) ? "1.0" : text(random).slice(0, 128),
    capabilities,
    contactEndpoint: random.chance(0.88) ? `http://agent.test/task/${agentId}` : random.pick(oddEndpoints),
    metadata: metadata(random),
  };
};

/** Breaks something about a body: a value of another kind, a key too many, or text that is no JSON. */
const worsened = (random: Random, body: Record<string, Value>): string => {
  const keys = Object.keys(body);
  if (random.chance(0.4)) return spoilt(random, toJson(body));
  if (random.chance(0.3)) return toJson({ ...body, unknown: text(random) });
  return toJson({ ...body, [random.pick(keys)]: random.chance(0.5) ? json(random) : undefined });
};

const bodyText = (random: Random, body: Record<string, Value>): string =>
  random.chance(0.1) ? worsened(random, body) : toJson(body);

export const putAgent = (known: Known): RequestCommand => {
  const agentId = someAgentId(known);
  const body = bodyText(known.random, details(known, agentId));
  return request("PUT /v1/opscore/agents/:agentId", { params: { agentId }, body });
};

const NOTIFY = "POST /v1/opscore/internal/agent/notify";

/** REGISTER and DEREGISTER, signed now, before, later, wrongly or not at all. */
export const notify = (known: Known): RequestCommand => {
  const { random, cast } = known;
  const agentId = random.chance(0.97) ? random.pick(cast.agentIds) : random.pick(["", "ü", "nobody"]);
  const event = random.pick(["REGISTER", "REGISTER", "REGISTER", "register", "DEREGISTER", "Deregister", "UPGRADE"]);
  const about = /^dereg/i.test(event) && random.chance(0.5) ? {} : details(known, agentId);
  const agent = { agentId, ...about, ...(random.chance(0.3) ? { registration_time: text(random) } : {}) };
  const body = bodyText(random, { event_type: event, agent_details: agent });
  if (random.chance(0.35)) return request(NOTIFY, { body });
  const shift = random.pick([0, 0, 0, -1, -60, 60, 299, -301]);
  const seconds = Math.floor(known.now() / 1_000) + shift;
  const timestamp = random.chance(0.8) ? String(seconds) : new Date(seconds * 1_000).toISOString();
  const secret = random.chance(0.9) ? random.pick(WEBHOOK_SECRETS) : "no-secret-of-ours";
  const signature = webhookSignature(secret, timestamp, body);
  return request(NOTIFY, { body, headers: { "X-AgentKit-Timestamp": timestamp, "X-AgentKit-Signature": signature } });
};

/** An agent's own time, in one of the spellings and distances that agents have. */
const stamp = (known: Known): string => {
  const { random, stamps } = known;
  const earlier = recent(random, stamps);
  if (earlier !== undefined && random.chance(0.12)) return earlier;
  if (random.chance(0.06)) {
    return random.pick([
      "9999-12-31T23:59:59.999999Z", "0000-01-01T00:00:00Z", "2016-12-31T23:59:60Z", "1969-12-31T23:59:59.999999Z",
      "2026-02-30T00:00:00Z", "yesterday", "", "1795334400",
    ]); // prettier-ignore
  }
  const away = random.pick([0, 0, 0, 0, -1, 1, -1_000, -400_000, 300_000, 86_400_000]);
  const micros = String(random.int(1_000)).padStart(3, "0");
  const plain = new Date(known.now() + away).toISOString().slice(0, -1);
  return random.pick([`${plain}${micros}+00:00`, `${plain}${micros}`, `${plain}Z`, `${plain.slice(0, 19)}+00:00`]);
};

const aboutTask = (known: Known, attemptId: string): Record<string, Value> => {
  const { random } = known;
  const id = random.pick([attemptId, attemptId, attemptId, attemptId.replace(/:\d+$/, ""), `${attemptId}0`, "tsk_no"]);
  return { [random.pick(["opscore_task_id", "opscore_task_id", "task_id", "taskId"])]: id };
};

const outcome = (random: Random): Record<string, Value> => {
  const value = random.chance(0.05) ? random.pick(edges) : json(random);
  return random.pick<Record<string, Value>>([
    {},
    { result: value },
    { output: value },
    { error: { code: text(random), message: text(random), retryable: random.chance(0.5) } },
    { error_code: text(random), message: text(random) },
    { progress: value },
    { usage: { input_tokens: random.pick([1, raw("0.1"), raw("1e21")]), cost_usd: raw("0.30000000000000004") } },
    jsonObject(random),
  ]);
};

const states: readonly string[] = [
  "idle",
  "idle",
  "active",
  "active",
  "Working",
  "COMPLETED",
  "error",
  "failed",
  "ﬁnished",
];

/** A state report: mostly of an agent that has work, about that work; and now and then the same one again. */
export const report = (known: Known): RequestCommand => {
  const route = "POST /v1/opscore/agent/:agentId/state";
  const { random } = known;
  const earlier = recent(random, known.asked.get(route) ?? []);
  if (earlier !== undefined && random.chance(0.12)) return earlier;
  const attempt = recent(random, known.attempts);
  const agentId = attempt !== undefined && random.chance(0.7) ? attempt.agentId : someAgentId(known);
  const named = attempt !== undefined && random.chance(0.6) ? aboutTask(known, attempt.id) : {};
  const timestamp = stamp(known);
  known.stamps.push(timestamp);
  const body = {
    agentId: random.chance(0.97) ? agentId : random.pick(known.cast.agentIds),
    timestamp,
    state: random.chance(0.85) ? random.pick(states) : text(random),
    details: random.chance(0.1) ? null : { ...outcome(random), ...named },
    ...(random.chance(0.1) ? { context: json(random) } : {}),
  };
  return request(route, { params: { agentId }, body: bodyText(random, body) });
};
