import type { Random } from "../sim/random.ts";
import { someAgentId } from "./agent-commands.ts";
import type { RequestCommand } from "./command.ts";
import { definition, payload } from "./definitions.ts";
import { recent, request, type Known } from "./known.ts";
import { mostly } from "./task-kinds.ts";
import { edges, json, jsonObject, raw, spoilt, text, toJson, type Value } from "./values.ts";

const yaml = ({ random, cast }: Known): string =>
  [
    `id: ${JSON.stringify(random.pick(cast.workflowIds))}`,
    `name: ${JSON.stringify(random.pick(["Täglich 🤖", "yes", "0x1F", "2026-11-22"]))}`,
    "tasks:",
    "  - taskId: t0",
    `    agentCapability: ${JSON.stringify(random.pick(cast.capabilities))}`,
    `    parameters: {n: ${random.pick(["0x1F", "1_000", ".1", "1e21", "~", "yes", "2026-11-22", "007"])}, s: |`,
    random.chance(0.7) ? "        lines" : "}}",
    ...(random.chance(0.7) ? ["      }"] : []),
  ].join("\n");

export const saveDefinition = (known: Known): RequestCommand => {
  const route = "POST /v1/opscore/workflows";
  const { random } = known;
  const earlier = recent(random, known.asked.get(route) ?? []);
  if (earlier !== undefined && random.chance(0.2)) return earlier;
  if (random.chance(0.1)) return request(route, { body: yaml(known), headers: { "Content-Type": "application/yaml" } });
  const body = toJson(definition(known));
  if (random.chance(0.1)) return request(`${route}/validate`, { body });
  if (random.chance(0.1)) return request(route, { body, headers: { "Content-Type": "text/yaml" } });
  return request(route, { body: random.chance(0.03) ? spoilt(random, body) : body });
};

const idempotency = ({ random, cast }: Known): Record<string, string> => {
  if (random.chance(0.6)) return {};
  return { "Idempotency-Key": random.chance(0.97) ? random.pick(cast.keys) : "not visible" };
};

/** A session by the new endpoint or by the one of old; now and then the same request again. */
export const startSession = (known: Known): RequestCommand => {
  const { random, cast } = known;
  const isLegacy = random.chance(0.25);
  const route = isLegacy ? "POST /v1/opscore/agent/:agentId/workflow" : "POST /v1/opscore/sessions";
  const earlier = recent(random, known.asked.get(route) ?? []);
  if (earlier !== undefined && random.chance(0.12)) return earlier;
  const agentId = random.chance(0.9) ? mostly(known, known.registered, cast.agentIds) : someAgentId(known);
  const revision = random.chance(0.8) ? {} : { revision: random.pick([1, 2, raw("1.0"), 0, raw("9007199254740991")]) };
  const body = toJson({
    ...(random.chance(0.5)
      ? { workflowDefinitionId: mostly(known, known.saved, cast.workflowIds), ...(isLegacy ? {} : revision) }
      : { workflowDefinition: definition(known) }),
    ...(isLegacy || random.chance(0.5) ? {} : { agentId }),
    ...payload(known),
    ...(random.chance(0.03) ? { unknown: 1, workflowDefinitionId: "w" } : {}),
  });
  return request(route, {
    params: { agentId },
    body: random.chance(0.03) ? spoilt(random, body) : body,
    headers: idempotency(known),
  });
};

const attemptId = (known: Known): string => {
  const { random } = known;
  const id = recent(random, known.attempts)?.id ?? "tsk_0001M8149T005WFVAED5FS98FYCY.1:1";
  return random.chance(0.85) ? id : random.pick([id.replace(/:\d+$/, ""), `${id}9`, id.toLowerCase(), "%27", "tsk_no"]);
};

const settlements: readonly ((random: Random) => readonly [verb: string, body: Record<string, Value>])[] = [
  (random) => [
    "complete",
    random.chance(0.2) ? {} : { output: random.chance(0.08) ? random.pick(edges) : json(random) },
  ],
  (random) => ["complete", { output: text(random), usage: jsonObject(random) }],
  (random) => [
    "fail",
    {
      error: {
        code: text(random).slice(0, 128),
        message: text(random).slice(0, 8_000),
        ...(random.chance(0.5) ? { retryable: random.chance(0.5) } : {}),
        ...(random.chance(0.4) ? { retryAfterMs: random.pick([0, 1_000, raw("31536000000"), raw("0.1")]) } : {}),
      },
    },
  ],
  (random) => [
    "heartbeat",
    random.chance(0.2) ? {} : { progress: random.chance(0.05) ? random.pick(edges) : json(random) },
  ],
];

export const settle = (known: Known): RequestCommand => {
  const { random } = known;
  if (known.attempts.length === 0 && random.chance(0.8)) return startSession(known);
  const [verb, value] = random.pick(settlements)(random);
  const route = `POST /v1/opscore/tasks/:attemptId/${verb}`;
  const earlier = recent(random, known.asked.get(route) ?? []);
  if (earlier !== undefined && random.chance(0.2)) return earlier;
  const body = random.chance(0.06) ? spoilt(random, toJson(value)) : toJson(value);
  return request(route, {
    params: { attemptId: attemptId(known) },
    ...(body === "{}" && random.chance(0.5) ? {} : { body }),
  });
};

export const someSessionId = ({ random, sessions }: Known): string =>
  (random.chance(0.93) ? recent(random, sessions) : undefined) ??
  random.pick(["ses_0001M8149T005WFVAED5FS98FYCY", "ses_no", "%27", "SES_0001M8149T005WFVAED5FS98FYCY"]);

export const cancel = (known: Known): RequestCommand => {
  const { random } = known;
  const body = random.pick(["", "{}", toJson({ reason: text(random).slice(0, 1_024) }), toJson({ reason: null })]);
  return request("POST /v1/opscore/sessions/:sessionId/cancel", {
    params: { sessionId: someSessionId(known) },
    ...(body === "" ? {} : { body }),
  });
};
