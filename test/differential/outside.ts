import type { HttpCall, HttpOutcome } from "../../src/agentkit/http-call.ts";
import { createRandom, type Random } from "../sim/random.ts";
import type { CallOut } from "./command.ts";

export const AGENTKIT = "http://agentkit.test/v1";

const answer = (status: number, body = "", headers: Readonly<Record<string, string>> = {}): HttpOutcome => ({
  kind: "answer",
  status,
  headers: { get: (name) => headers[name.toLowerCase()] ?? null },
  body,
  truncated: false,
});

const json = { "content-type": "application/json" };

/** What agents say to a delivery: mostly that they have it, and now and then all else that agents say. */
const agentAnswers: readonly HttpOutcome[] = [
  answer(200, '{"status":"received"}', json),
  answer(200, '{"n":1e21,"z":-0,"f":0.1,"big":9007199254740991,"s":"🤖 \'\\" é","o":{"":[[],{}]}}', json),
  answer(200, '{"n":9007199254740993}', json),
  answer(200, "thanks"),
  answer(200, '{"status":"ignored","reason":"not today — 🤖"}', json),
  answer(404),
  answer(422, '{"detail":[{"msg":"no such tool \'x\'"}]}', json),
  answer(429, "", { "retry-after": "7" }),
  answer(500, '{"error":"Ünhandled"}', json),
  answer(503, "", { "retry-after": "3600" }),
  answer(504),
  { kind: "unreachable", reason: "refused the connection" },
  { kind: "silence", reason: "did not answer within 10 s" },
];

const agentKitAnswers: readonly HttpOutcome[] = [
  answer(404, '{"detail":"Agent not found"}', json),
  answer(503, '{"detail":"busy"}', { ...json, "retry-after": "30" }),
  { kind: "silence", reason: "did not answer within 10 s" },
  { kind: "unreachable", reason: "refused the connection" },
];

const draw = (random: Random, url: string): HttpOutcome => {
  if (url.startsWith(`${AGENTKIT}/`)) return random.chance(0.7) ? answer(202) : random.pick(agentKitAnswers);
  return random.chance(0.6) ? answer(200) : random.pick(agentAnswers);
};

/** Agents and AgentKit: how they answer depends on the seed and on nothing that differs between databases. */
export const scriptedCall = (seed: string, seen: (call: CallOut) => void): HttpCall => {
  const random = createRandom(`${seed}/outside`);
  return ({ url, headers, body }) => {
    seen({ url, headers, body });
    return Promise.resolve(draw(random, url));
  };
};
