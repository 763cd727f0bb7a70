import { formatRfc3339 } from "../../src/contract/timestamp.ts";
import type { Known } from "./known.ts";
import { json, jsonObject, text, type Value } from "./values.ts";

/** A part of a definition, as JSON. */
export type Part = Record<string, Value>;

/** What signals are called that tasks wait for. */
export const SIGNALS: readonly string[] = ["go", "GO", "1"];

/** One that there is, if there is any, and now and then one that there may not be. */
export const mostly = ({ random }: Known, those: readonly string[], any: readonly string[]): string =>
  random.pick(those.length > 0 && random.chance(0.8) ? those : any);

/** An agent, its capability, or neither. */
const target = (known: Known): Part => {
  const { random, cast } = known;
  if (random.chance(0.6)) return { agentCapability: mostly(known, known.offered, cast.capabilities) };
  return random.chance(0.7) ? { agentId: mostly(known, known.registered, cast.agentIds) } : {};
};

const retry = ({ random }: Known): Part =>
  random.chance(0.6)
    ? { retry: { maxAttempts: 1 + random.int(3), initialInterval: random.pick(["0s", "1s", "1m"]) } }
    : {};

const http = (known: Known): Part => {
  const { random } = known;
  return {
    type: "http",
    url: random.pick(["http://api.test/x", "http://api.test/${session.id}?q=é 🤖", "http://${input.host}/", "HTTP://API.test"]),
    ...(random.chance(0.5) ? { method: random.pick(["GET", "POST", "PUT", "DELETE", "HEAD"]) } : {}),
    ...(random.chance(0.4) ? { headers: { "X-Text": "a b", Authorization: "Bearer ${secrets.TOKEN}" } } : {}),
    ...(random.chance(0.4) ? { body: random.chance(0.5) ? json(random) : { all: "${input}" } } : {}),
    ...(random.chance(0.3) ? { success: random.pick([[200, 404], ["2xx", "500-503"], ["2xx"]]) } : {}),
    ...retry(known),
  }; // prettier-ignore
};

const child = (known: Known): Part => ({
  type: "workflow",
  workflowDefinitionId: mostly(known, known.saved, known.cast.workflowIds),
  ...(known.random.chance(0.2) ? { revision: known.random.pick([1, 2]) } : {}),
  ...(known.random.chance(0.5) ? { parameters: { from: "${session.id}", ...jsonObject(known.random, 1) } } : {}),
});

export const agent = (known: Known): Part => ({ ...target(known), ...retry(known) });

const tool = (known: Known): Part => ({
  type: "tool",
  tool: known.random.pick(["search", "Sûche 🤖"]),
  ...target(known),
  ...(known.random.chance(0.7) ? { parameters: { q: "${input}", ...jsonObject(known.random, 2) } } : {}),
  ...retry(known),
});

/** Small: its items start calls and children, and those may start as many again. */
const map = (known: Known): Part => {
  const { random } = known;
  const item = random.chance(0.5)
    ? { ...agent(known), parameters: { one: "${item}", at: "${index}" } }
    : random.pick([http, tool, child])(known);
  return {
    type: "map",
    forEach: random.pick<Value>(["${input.list}", "${[input, session.id]}", [], [json(random, 1), "${size(input)}"], "x"]),
    ...(random.chance(0.4) ? { maxConcurrency: random.pick([1, 2]) } : {}),
    task: { ...item, ...(random.chance(0.4) ? { onFailure: "continue" } : {}) },
  }; // prettier-ignore
};

const wait = ({ random, ...known }: Known): Part => ({
  type: "wait",
  ...(random.chance(0.7)
    ? { for: random.pick(["0s", "5s", "1h", "${string(size(input))}s", "${input.a}"]) }
    : { until: random.pick([formatRfc3339(known.now() + 60_000), "2020-01-01T00:00:00Z", "${input.until}"]) }),
});

const patience = ({ random }: Known, ends: readonly string[]): Part => ({
  ...(random.chance(0.5) ? { timeout: { run: random.pick(["5s", "10m"]) } } : {}),
  ...(random.chance(0.6) ? { onTimeout: random.pick(ends) } : {}),
  ...(random.chance(0.3) ? { parameters: { ask: "${input}", more: text(random) } } : {}),
});

const signal = (known: Known): Part => ({
  type: "signal",
  ...(known.random.chance(0.8) ? { signal: known.random.pick(SIGNALS) } : {}),
  ...patience(known, ["fail", "continue"]),
});

const approval = (known: Known): Part => ({
  type: "approval",
  ...patience(known, ["fail", "approve", "reject"]),
});

const kinds: readonly (readonly [number, (known: Known) => Part])[] = [
  [8, agent],
  [3, http],
  [2, tool],
  [2, wait],
  [2, signal],
  [2, approval],
  [2, map],
  [1, child],
];

const lot = kinds.flatMap(([weight, kind]) => Array.from({ length: weight }, () => kind));

export const work = (known: Known): Part => known.random.pick(lot)(known);

/** Always fails at once. */
export const doomed = (known: Known): Part => ({ ...http(known), success: [299], retry: { maxAttempts: 1 } });

/** Succeeds before long. */
export const sound = (known: Known): Part =>
  known.random.pick([
    { type: "wait", for: "0s" },
    { ...http(known), success: ["100-599"] },
  ]);

/** Whatever ends soon and without an agent, so that what follows from an end happens. */
export const quick = (known: Known): Part => (known.random.chance(0.6) ? http(known) : work(known));
