import fc from "fast-check";
import type { Agent } from "../../src/core/agent/agent.ts";
import type { Json } from "../../src/core/json.ts";
import type { Facts, Relative } from "../../src/core/session/facts.ts";
import type { ParentRef } from "../../src/core/session/state.ts";
import { createRandom, type Random } from "../sim/random.ts";
import { drawGraph } from "./draw-graph.ts";
import { agent, given, historyOf, reported, start, T0, type Given, type Setup } from "./given.ts";
import { knowing, relative } from "./given-control.ts";

export const AGENTS = ["a", "b", "c"];
const CAPS = ["x", "y"];
export const SIGNALS = ["paid", "sent"];
export const PARENT = "ses_parent";

/** Chains, parallel starts and references, over a few agents and capabilities, with small limits. */
const anyTasks: fc.Arbitrary<Setup["tasks"]> = fc
  .array(
    fc.record({
      target: fc.constantFrom(...AGENTS, ...CAPS, "home"),
      ends: fc.boolean(),
      reads: fc.constantFrom("nothing", "input", "before", "nowhere"),
      maxAttempts: fc.integer({ min: 1, max: 4 }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((drafts) =>
    drafts.map(({ target, ends, reads, maxAttempts }, i) => ({
      taskId: `t${i}`,
      ...(AGENTS.includes(target) ? { agentId: target } : {}),
      ...(CAPS.includes(target) ? { agentCapability: target } : {}),
      ...(ends ? { nextTaskId: null } : {}),
      parameters: {
        ...(reads === "input" ? { v: "${input.n}" } : {}),
        ...(reads === "before" && i > 0 && drafts[i - 1]?.ends === false ? { v: `\${tasks.t${i - 1}.output}` } : {}),
        ...(reads === "nowhere" && i > 2 ? { v: "${input.nowhere}" } : {}),
      },
      retry: { maxAttempts, initialInterval: "1s", maximumInterval: "10s", nonRetryableErrors: ["FINAL"] },
      timeout: { queue: "10m", start: "60s", run: "5m" },
    })),
  );

const anyAgent = (id: string): fc.Arbitrary<Agent> =>
  fc
    .record({
      capabilities: fc.subarray(CAPS),
      capacity: fc.integer({ min: 1, max: 2 }),
      admission: fc.constantFrom("registered" as const, "registered" as const, "provisional" as const),
      state: fc.constantFrom(null, "idle", "busy"),
    })
    .map(({ state, ...rest }) => agent(id, { ...rest, newest: state === null ? null : reported(state) }));

const workOf = (draw: Random) => () => {
  const target = draw.pick([...AGENTS, ...CAPS, "home"]);
  return {
    ...(AGENTS.includes(target) ? { agentId: target } : {}),
    ...(CAPS.includes(target) ? { agentCapability: target } : {}),
    ...(draw.chance(0.2) ? { priority: draw.int(100) } : {}),
    retry: { maxAttempts: 1 + draw.int(2), initialInterval: "1s", nonRetryableErrors: ["FINAL"] },
    timeout: {
      queue: draw.pick(["30s", "10m", "3h"]),
      start: "60s",
      run: "5m",
      ...(draw.chance(0.3) ? { heartbeat: "90s" } : {}),
    },
  };
};

/** What there is outside for the tasks of the other types. */
const outside = {
  children: ["child", "other"],
  signals: SIGNALS,
  urls: ["https://x.test/", "${input.url}"],
  tools: ["search"],
  patience: ["45s", "30m"],
  lists: [[], [1, 2, 3], ["a", { x: "${input.n}" }, null], "${input.list}"],
};

/** Everything that the order of tasks can be, or the whole language, drawn with the same few agents and small limits. */
const anyGraph = (isWhole: boolean): fc.Arbitrary<Pick<Setup, "tasks" | "timeout">> =>
  fc.noBias(fc.nat()).map((seed) => {
    const draw = createRandom(String(seed));
    const until = [new Date(T0 + 90_000).toISOString(), new Date(T0 - 1).toISOString(), "${input.when}", "never"];
    const options = { id: "w", mains: 1 + draw.int(isWhole ? 5 : 7), until, ...(isWhole ? { outside } : {}) };
    const { tasks } = drawGraph(draw, workOf(draw), options);
    return { tasks, ...(draw.chance(isWhole ? 0.1 : 0.3) ? { timeout: draw.pick(["1m", "10m", "2h"]) } : {}) };
  });

/** Every item of every map, by its place. */
const itemsOf = ({ world }: Given): ReadonlyMap<string, Json> => {
  const items = new Map<string, Json>();
  for (const { seq, events } of world.log) {
    for (const event of events) {
      if (event.type !== "TaskEntered") continue;
      event.items?.forEach((item, index) => items.set(`${seq}.${event.n}.${index}`, item));
    }
  }
  return items;
};

/** The parent as it is while it waits for this session. */
export const waitingParent = (from: Given): Relative => {
  const open = { phase: "child", sessionId: from.state.id } as unknown as Given["state"]["open"][number];
  return relative(from, { id: PARENT, status: "open", open: [open] });
};

/** With all that a store would find for any decision: what was not put there before is as if it had not begun. */
export const supplied = (from: Given): Given => {
  const known = from.world.more?.relatives;
  const children = historyOf(from.world).flatMap((event) => (event.type === "ChildRequested" ? [event.sessionId] : []));
  const relatives = new Map<string, Relative | null>(children.map((id) => [id, known?.get(id) ?? null]));
  if (from.state.parent !== undefined) relatives.set(PARENT, known?.get(PARENT) ?? waitingParent(from));
  const able = (cap: string) =>
    [...from.world.agents.values()].filter((one) => one.admission === "registered" && one.capabilities.includes(cap));
  const capable: Facts["capable"] = new Map(
    CAPS.map((cap) => [cap, { registered: able(cap).length > 0, agentIds: able(cap).map(({ id }) => id) }]),
  );
  const maps = from.state.open.filter(({ phase }) => phase === "mapping").map(({ n }) => n);
  return knowing(from, { relatives, capable, items: itemsOf(from), span: { of: maps, events: historyOf(from.world) } });
};

/** A session that has just started. */
const worldOver = (anySetup: fc.Arbitrary<Pick<Setup, "tasks" | "timeout">>): fc.Arbitrary<Given> =>
  fc
    .record({
      setup: anySetup,
      agents: fc.tuple(...AGENTS.map(anyAgent)),
      home: fc.constantFrom(undefined, "a", "stranger"),
      yes: fc.boolean(),
      depth: fc.constantFrom(null, null, null, 1, 5),
    })
    .map(({ setup, agents, home, yes, depth }) => {
      const list = yes ? [1, "two", { three: 3 }, null] : [];
      const input = { n: 1, yes, pause: "7s", when: "2026-11-18T12:30:00Z", url: "https://y.test/", list };
      const parent: { readonly parent?: ParentRef } =
        depth === null ? {} : { parent: { sessionId: PARENT, n: 1, attempt: 1, depth } };
      const command = { ...start({ input, ...(home ? { home } : {}) }), ...parent };
      const capable = new Map(
        CAPS.map((cap) => {
          const able = agents.filter((one) => one.admission === "registered" && one.capabilities.includes(cap));
          return [cap, { registered: able.length > 0, agentIds: able.map(({ id }) => id) }] as const;
        }),
      );
      return supplied(knowing(given({ ...setup, agents }), { capable }).when(command).and);
    });

/** Of chains, of everything that order can be, and of the whole language. */
export const anyWorld = fc.oneof(
  { weight: 1, arbitrary: worldOver(anyTasks.map((tasks) => ({ tasks }))) },
  { weight: 2, arbitrary: worldOver(anyGraph(false)) },
  { weight: 4, arbitrary: worldOver(anyGraph(true)) },
);
