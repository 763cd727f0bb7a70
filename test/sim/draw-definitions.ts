import type { AuthoredDefinition } from "../../src/core/workflow/normalise.ts";
import { drawFamily } from "../support/draw-family.ts";
import { drawGraph, type DrawWork } from "../support/draw-graph.ts";
import type { SimAgent } from "./agents.ts";
import { SIGNALS } from "./people.ts";
import type { Random } from "./random.ts";
import { SERVICE_URLS, TOOLS } from "./services.ts";
import { SIM_START } from "./world.ts";

export const CAPS = ["alpha", "beta", "gamma"] as const;

/** What definitions are drawn from: numbers of tasks, and run time-outs. */
export interface Drawn {
  readonly counts: readonly number[];
  readonly runs: readonly string[];
}

/** A random definition: half of them chains, the others of everything that the order of tasks can be. */
export const drawDefinition = (
  random: Random,
  id: string,
  agents: readonly SimAgent[],
  drawn: Drawn,
): AuthoredDefinition =>
  random.chance(0.5) ? drawChain(random, id, agents, drawn) : drawOrder(random, id, agents, drawn);

const drawTarget = (random: Random, agents: readonly SimAgent[]): { agentId?: string; agentCapability?: string } =>
  random.chance(0.15) && agents.length > 0
    ? { agentId: random.pick(agents).id }
    : random.chance(0.9)
      ? { agentCapability: random.chance(0.85) ? random.pick(CAPS) : "nobody-has-this" }
      : {};

const workDrawer =
  (random: Random, agents: readonly SimAgent[], { runs }: Drawn): DrawWork =>
  (at) => ({
    ...drawTarget(random, agents),
    parameters: { n: at, ...(random.chance(0.4) ? { given: "${input}" } : {}) },
    retry: { maxAttempts: 1 + random.int(3), initialInterval: random.pick(["0s", "1s", "5s"]) },
    timeout: {
      start: random.pick(["5s", "20s"]),
      run: random.pick(runs),
      ...(random.chance(0.15) ? { heartbeat: random.pick(["10s", "60s"]) } : {}),
      ...(random.chance(0.1) ? { queue: random.pick(["10s", "5m"]) } : {}),
    },
    ...(random.chance(0.2) ? { priority: random.int(100) } : {}),
  });

const UNTIL = [...[0, 20_000, 200_000].map((ms) => new Date(SIM_START + ms).toISOString()), "${input.until}"];

const withTimeout = (random: Random, graph: AuthoredDefinition): AuthoredDefinition => ({
  ...graph,
  ...(random.chance(0.2) ? { timeout: random.pick(["30s", "3m", "20m"]) } : {}),
});

const drawOrder = (random: Random, id: string, agents: readonly SimAgent[], drawn: Drawn): AuthoredDefinition => {
  const mains = 1 + random.pick(drawn.counts);
  return withTimeout(random, drawGraph(random, workDrawer(random, agents, drawn), { id, mains, until: UNTIL }));
};

/** A definition over the whole language, after those that its children run. */
export const drawLanguage = (
  random: Random,
  id: string,
  agents: readonly SimAgent[],
  drawn: Drawn,
): readonly AuthoredDefinition[] => {
  const outside = {
    signals: SIGNALS,
    urls: SERVICE_URLS,
    tools: TOOLS,
    patience: ["5s", "60s", "10m"],
    lists: [
      [1, "two", { three: 3 }],
      "${input.list}",
      "${input.list}",
      [],
      "${input.key}",
      "${[input.yes, session.id]}",
    ],
  };
  const options = { id, mains: 1 + random.pick(drawn.counts), until: UNTIL, outside };
  const family = drawFamily(random, workDrawer(random, agents, drawn), options, random.pick([1, 2, 2, 3]));
  return family.map((one) => withTimeout(random, one));
};

const drawChain = (
  random: Random,
  id: string,
  agents: readonly SimAgent[],
  { counts, runs }: Drawn,
): AuthoredDefinition => {
  const count = random.pick(counts);
  const tasks = Array.from({ length: count }, (_, at) => {
    const target = drawTarget(random, agents);
    const parameters = {
      n: at,
      ...(random.chance(0.4) ? { given: "${input}" } : {}),
      ...(at > 0 && random.chance(0.5) ? { before: `\${tasks.t${at - 1}.output}` } : {}),
    };
    return {
      taskId: `t${at}`,
      ...target,
      parameters,
      retry: { maxAttempts: 1 + random.int(4), initialInterval: random.pick(["0s", "1s", "5s"]) },
      timeout: { start: random.pick(["5s", "20s"]), run: random.pick(runs) },
    };
  });
  const split = count > 2 && random.chance(0.3) ? 1 + random.int(count - 2) : -1;
  const cut = tasks.map((task, at) => {
    if (at !== split) return task;
    // Two chains side by side: what comes after the cut may not read what comes before it.
    return { ...task, nextTaskId: null };
  });
  const safe = cut.map((task, at) => {
    if (split < 0 || at !== split + 1) return task;
    const { before: _before, ...parameters } = task.parameters;
    return { ...task, parameters };
  });
  return { id, name: id, tasks: safe };
};

/** What every session is started with: enough for all that is drawn. */
export const inputOf = (key: string) => ({
  key,
  yes: key.length % 2 === 0,
  pause: "3s",
  until: new Date(SIM_START + 60_000).toISOString(),
  list: [key, 2, null, { four: 4 }].slice(key.length % 3),
});
