import type { RequestCommand } from "./command.ts";
import { definition, payload } from "./definitions.ts";
import { request, type Known } from "./known.ts";
import type { Part } from "./task-kinds.ts";
import { json, spoilt, text, toJson, type Value } from "./values.ts";

const outcome = (known: Known): Value => {
  const { random } = known;
  const after = random.chance(0.5) ? { after: random.pick(["0s", "1s", "1h", "40d"]) } : {};
  const error = { code: text(random).slice(0, 128) || "boom", message: text(random).slice(0, 8_192) };
  if (random.chance(0.1))
    return random.pick([{ signal: json(random) }, { approve: true, ...after }, { refused: true }]);
  return random.pick([
    { output: json(random), ...after },
    { output: json(random) },
    { error, ...after },
    { noAnswer: true },
  ]);
};

const mocks = (known: Known, inline: Part | null): Value => {
  const { random } = known;
  const written =
    inline === null ? [] : [...toJson(inline).matchAll(/"taskId":"(\w+)"/g)].map(([, name]) => name ?? "");
  const names = [...new Set(random.chance(0.1) ? ["t0", "t1", "none", "T0"] : written.length > 0 ? written : ["t0"])];
  const some = names.filter(() => random.chance(0.6));
  return Object.fromEntries(
    some.map((name) => [name, random.chance(0.7) ? outcome(known) : [outcome(known), null, outcome(known)]]),
  );
};

/** A dry run of a saved definition or of one that comes along; what it writes shows in the dumps: nothing. */
export const dryRun = (known: Known): RequestCommand => {
  const { random, saved, cast } = known;
  const isInline = random.chance(0.6);
  const inline = definition(known);
  const id = isInline ? String(inline["id"]) : random.pick(saved.length > 0 && random.chance(0.9) ? saved : ["none"]);
  const value = toJson({
    ...(isInline ? { workflowDefinition: inline } : random.chance(0.2) ? { revision: random.pick([1, 2, 9]) } : {}),
    ...payload(known),
    ...(random.chance(0.8) ? { mocks: mocks(known, isInline ? inline : null) } : {}),
    ...(random.chance(0.6) ? { agentId: random.pick(cast.agentIds) } : {}),
    ...(random.chance(0.2) ? { startAt: random.pick(["2026-11-22T09:00:00Z", "1969-01-01T00:00:00Z", "soon"]) } : {}),
  });
  const workflowId = random.chance(0.95) ? encodeURIComponent(id) : "w";
  return request("POST /v1/opscore/workflows/:workflowId/test", {
    params: { workflowId },
    body: random.chance(0.04) ? spoilt(random, value) : value,
  });
};
