import type { Random } from "../sim/random.ts";
import { someAgentId } from "./agent-commands.ts";
import type { RequestCommand } from "./command.ts";
import { recent, request, type Known } from "./known.ts";
import { edges, json, jsonObject, raw, spoilt, text, toJson, type Value } from "./values.ts";

/** One that there is, if there is any, and now and then one that there may not be. */
const mostly = ({ random }: Known, those: readonly string[], any: readonly string[]): string =>
  random.pick(those.length > 0 && random.chance(0.8) ? those : any);

const target = (known: Known): Record<string, Value> => {
  const { random, cast } = known;
  if (random.chance(0.6)) return { agentCapability: mostly(known, known.offered, cast.capabilities) };
  return random.chance(0.7) ? { agentId: mostly(known, known.registered, cast.agentIds) } : {};
};

const task = (known: Known, at: number): Record<string, Value> => {
  const { random } = known;
  const more: Record<string, Value> = {
    given: "${input}",
    ...(at > 0 ? { before: `\${tasks.t${at - 1}.output}`, mixed: `é \${tasks.t${at - 1}.output} 🤖` } : {}),
    ...jsonObject(random),
  };
  return {
    taskId: `t${at}`,
    ...(random.chance(0.3) ? { name: text(random).slice(0, 64) || null } : {}),
    ...target(known),
    ...(random.chance(0.7) ? { parameters: random.chance(0.5) ? more : jsonObject(random) } : {}),
    ...(random.chance(0.6)
      ? { retry: { maxAttempts: 1 + random.int(3), initialInterval: random.pick(["0s", "1s", "1m"]) } }
      : {}),
    ...(random.chance(0.5) ? { timeout: { run: random.pick(["5s", "10m"]), queue: "1h", start: "20s" } } : {}),
    ...(random.chance(0.1) ? { nextTaskId: null } : {}),
  };
};

type Definition = Record<string, Value> & { readonly tasks: readonly Record<string, Value>[] };

/** Faults that a definition may have, and words of the language that are refused so far. */
const faults: readonly ((definition: Definition) => Record<string, Value>)[] = [
  (definition) => ({ ...definition, tasks: [] }),
  (definition) => ({ ...definition, id: "ü" }),
  (definition) => ({ ...definition, name: "" }),
  (definition) => ({ ...definition, taks: 1 }),
  (definition) => ({ ...definition, tasks: [...definition.tasks, ...definition.tasks] }),
  (definition) => ({ ...definition, tasks: definition.tasks.map((one) => ({ ...one, nextTaskId: "t0" })) }),
  (definition) => ({ ...definition, tasks: definition.tasks.map((one) => ({ ...one, nextTaskId: "nowhere" })) }),
  (definition) => ({ ...definition, tasks: definition.tasks.map((one) => ({ ...one, dependsOn: ["t0"] })) }),
  (definition) => ({
    ...definition,
    tasks: definition.tasks.map((one) => ({ ...one, parameters: { a: "${tasks.t9.output}" } })),
  }),
  (definition) => ({
    ...definition,
    tasks: definition.tasks.map((one) => ({ ...one, retry: { maxAttempts: raw("1.5") } })),
  }),
];

const definition = (known: Known): Record<string, Value> => {
  const { random, cast } = known;
  const tasks = Array.from({ length: 1 + random.int(3) }, (_, at) => task(known, at));
  const whole: Definition = {
    id: random.pick(cast.workflowIds),
    name: text(random).slice(0, 64) || "w",
    ...(random.chance(0.3) ? { description: text(random).slice(0, 9_000) } : {}),
    ...(random.chance(0.3) ? { version: random.pick([raw("1.0"), "1.0", raw("0.1"), raw("1e21")]) } : {}),
    ...(random.chance(0.2) ? { "x-own": json(random) } : {}),
    tasks,
  };
  return random.chance(0.15) ? random.pick(faults)(whole) : whole;
};

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
  if (random.chance(0.1)) return request(route, { body, headers: { "Content-Type": "text/yaml" } });
  return request(route, { body: random.chance(0.03) ? spoilt(random, body) : body });
};

const idempotency = ({ random, cast }: Known): Record<string, string> => {
  if (random.chance(0.6)) return {};
  return { "Idempotency-Key": random.chance(0.97) ? random.pick(cast.keys) : "not visible" };
};

const payload = (random: Random): Record<string, Value> => {
  if (random.chance(0.3)) return {};
  return {
    initialPayload: random.chance(0.05) ? { edge: random.pick(edges) } : random.chance(0.1) ? null : jsonObject(random),
  };
};

/** A session by the new endpoint or by the one of old; now and then the same request again. */
export const startSession = (known: Known): RequestCommand => {
  const { random, cast } = known;
  const isLegacy = random.chance(0.25);
  const route = isLegacy ? "POST /v1/opscore/agent/:agentId/workflow" : "POST /v1/opscore/sessions";
  const earlier = recent(random, known.asked.get(route) ?? []);
  if (earlier !== undefined && random.chance(0.12)) return earlier;
  const agentId = someAgentId(known);
  const revision = random.chance(0.8) ? {} : { revision: random.pick([1, 2, raw("1.0"), 0, raw("9007199254740991")]) };
  const body = toJson({
    ...(random.chance(0.5)
      ? { workflowDefinitionId: mostly(known, known.saved, cast.workflowIds), ...(isLegacy ? {} : revision) }
      : { workflowDefinition: definition(known) }),
    ...(isLegacy || random.chance(0.5) ? {} : { agentId }),
    ...payload(random),
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
