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

/** What AgentKit says of a tool that it has run, or has not. */
const toolAnswers: readonly HttpOutcome[] = [
  answer(202, '{"status":"success","data":{"result":{"n":1e21,"z":-0,"s":"🤖 \'\\" é"}}}', json),
  answer(202, '{"status":"success","data":{"result":null}}', json),
  answer(202, '{"status":"error","error_code":"NO_LUCK","message":"Ünlucky 🤖"}', json),
  answer(404, '{"detail":"Tool \'x\' not found in registry"}', json),
  ...agentKitAnswers,
];

/** What any API may say to a task of the type `http`. */
const apiAnswers: readonly HttpOutcome[] = [
  answer(200, '{"n":0.30000000000000004,"s":"\\u2028 \'; --","list":[1,1.0,-0,[]]}', json),
  answer(200, '{"n":9007199254740993}', json),
  answer(200, "é 🤖 text", { "content-type": "text/plain; charset=utf-8", "x-request-id": "'1.0" }),
  answer(204),
  answer(200, "y".repeat(40_000)),
  { ...answer(200, "bytes\uFFFD"), fault: "not_text" } as HttpOutcome,
  answer(302, "", { location: "http://elsewhere.test/'" }),
  answer(400, '{"error":"bad \\u0007"}', json),
  answer(404),
  answer(429, "", { "retry-after": "7" }),
  answer(500, "one-api-token was refused"),
  answer(503, "", { "retry-after": "Sun, 22 Nov 2026 09:00:00 GMT" }),
  { kind: "unreachable", reason: "refused the connection" },
  { kind: "silence", reason: "did not answer within 10 s", timedOut: true },
];

const draw = (random: Random, { url, body }: { readonly url: string; readonly body: string }): HttpOutcome => {
  if (body.includes('"tool_invocation"')) {
    return random.chance(0.5) ? random.pick(toolAnswers.slice(0, 2)) : random.pick(toolAnswers);
  }
  if (url.startsWith(`${AGENTKIT}/`)) return random.chance(0.7) ? answer(202) : random.pick(agentKitAnswers);
  if (!url.startsWith("http://agent.test/")) {
    return random.chance(0.4) ? random.pick(apiAnswers.slice(0, 4)) : random.pick(apiAnswers);
  }
  return random.chance(0.6) ? answer(200) : random.pick(agentAnswers);
};

/** Agents, AgentKit and other APIs: how they answer depends on the seed and on nothing that differs between databases. */
export const scriptedCall = (seed: string, seen: (call: CallOut) => void): HttpCall => {
  const random = createRandom(`${seed}/outside`);
  return ({ method, url, headers, body }) => {
    seen({ method, url, headers, body });
    return Promise.resolve(draw(random, { url, body }));
  };
};
