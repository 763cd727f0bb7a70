import { lengthen, longWorkflow } from "../../test/support/long-session.ts";
import { nodePlatform } from "../../test/support/node-platform.ts";
import { createWorld, type World } from "../../test/support/world.ts";
import { figure, spreadOf } from "./figures.ts";

/** Steps at either end of a session of 10,000 tasks. */
const STEPS = 40;
const AGENTS = 50;
const PART = 75;

/** The bound on step 10,000 over step 10. */
export const MAX_RATIO = 1.5;

export interface LongSession {
  readonly steps: number;
  /** Medians (ms) from the call that ends a step until the next is with its agent, taken in turns. */
  readonly step10Ms: number;
  readonly step10000Ms: number;
  readonly ratio: number;
}

export interface LongMap {
  readonly items: number;
  readonly agents: number;
  readonly itemsPerSecond: number;
  /** Medians (ms) of an item, as those of a step. */
  readonly firstItemsMs: number;
  readonly lastItemsMs: number;
  readonly ratio: number;
  readonly roundTripsPerItem: number;
}

interface Bench {
  readonly world: World;
  /** Attempts by the agent they were sent to, in their order. */
  readonly sent: ReadonlyMap<string, string[]>;
  readonly post: (path: string, body: object) => Promise<Record<string, unknown>>;
  /** Ends an attempt and waits until what follows is with its agent; the time that took (ms). */
  readonly settle: (attemptId: string | undefined) => Promise<number>;
}

/** The app over a libSQL file in this process, with agents that take everything at once; no HTTP in between. */
const openBench = async (agentIds: readonly string[]): Promise<Bench> => {
  const sent = new Map<string, string[]>(agentIds.map((id) => [id, []]));
  const world = await createWorld(nodePlatform, {
    mode: "direct",
    call: ({ url, body }) => {
      const { opscore_task_id } = JSON.parse(body) as { opscore_task_id: string };
      sent.get(new URL(url).hostname)?.push(opscore_task_id);
      return Promise.resolve({ kind: "answer", status: 200, headers: { get: () => null }, body: "", truncated: false });
    },
  });
  const send = async (method: string, path: string, body: object): Promise<Record<string, unknown>> => {
    world.clock.advance(1_000);
    const response = await world.request(method, `/v1/opscore${path}`, body);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Record<string, unknown>;
  };
  for (const id of agentIds) {
    const body = { agentName: id, version: "1", capabilities: ["read"], contactEndpoint: `http://${id}/task` };
    await send("PUT", `/agents/${id}`, body);
  }
  return {
    world,
    sent,
    post: (path, body) => send("POST", path, body),
    settle: async (attemptId) => {
      const startedAt = performance.now();
      await send("POST", `/tasks/${attemptId}/complete`, { output: { ok: true } });
      await world.flush();
      return performance.now() - startedAt;
    },
  };
};

/** A step of a session that has 10,000 tasks behind it, beside one of a session that has just begun. */
export const longSession = async (): Promise<LongSession> => {
  const { world, sent, post, settle } = await openBench(["young", "old"]);
  try {
    const { definition, input } = longWorkflow(STEPS);
    await post("/workflows", definition);
    const start = async (agentId: string): Promise<string> => {
      const body = { workflowDefinitionId: definition["id"], agentId, initialPayload: input };
      const { sessionId } = await post("/sessions", body);
      await world.flush();
      return String(sessionId);
    };
    const step = (agentId: string): Promise<number> => settle(sent.get(agentId)?.at(-1));
    const old = await start("old");
    for (let at = 1; at < STEPS; at += 1) await step("old");
    const { defer } = world.deps;
    const usual = defer.defer.bind(defer);
    // The first map begins, and the call of its first item is not made: the item is ended by the decider itself.
    Object.assign(defer, { defer: () => undefined });
    await post(`/tasks/${sent.get("old")?.at(-1)}/complete`, {});
    Object.assign(defer, { defer: usual });
    await lengthen(world, old);
    await world.sweep();
    await start("young");
    const [youngMs, oldMs]: [number[], number[]] = [[], []];
    for (let at = 1; at < STEPS; at += 1) {
      youngMs.push(await step("young"));
      oldMs.push(await step("old"));
    }
    const last = sent.get("old")?.at(-1) ?? "";
    if (!last.includes(".10000:")) throw new Error(`the long session is not at its last step but at ${last}`);
    const [young, late] = [spreadOf(youngMs).p50, spreadOf(oldMs).p50];
    return { steps: youngMs.length, step10Ms: young, step10000Ms: late, ratio: figure(late / young, 2) };
  } finally {
    await world.close();
  }
};

/** A map with 50 agents, each item settled by call as soon as its turn comes. */
export const longMap = async (items: number): Promise<LongMap> => {
  const ids = Array.from({ length: AGENTS }, (_, at) => `a${at}`);
  const { world, sent, post, settle } = await openBench(ids);
  try {
    const task = { agentCapability: "read", parameters: { page: "${item}" } };
    const each = { taskId: "each", type: "map", forEach: "${input.pages}", maxConcurrency: AGENTS, task };
    const pages = Array.from({ length: items }, (_, at) => at);
    const workflowDefinition = { id: "long-map", name: "Long map", tasks: [each] };
    const { sessionId } = await post("/sessions", { workflowDefinition, initialPayload: { pages } });
    await world.flush();
    const before = world.counts.roundTrips;
    const startedAt = performance.now();
    const times: number[] = [];
    while (times.length < items) {
      for (const inbox of sent.values()) {
        const attemptId = inbox.shift();
        if (attemptId !== undefined) times.push(await settle(attemptId));
      }
    }
    const seconds = (performance.now() - startedAt) / 1_000;
    const roundTrips = world.counts.roundTrips - before;
    const session = await world.request("GET", `/v1/opscore/sessions/${String(sessionId)}`);
    const { status } = (await session.json()) as { status: string };
    if (status !== "completed") throw new Error(`the map's session is ${status}`);
    // The last items bring no other under way.
    const [first, late] = [times.slice(0, PART), times.slice(-AGENTS - PART, -AGENTS)].map(
      (part) => spreadOf(part).p50,
    );
    return {
      items,
      agents: AGENTS,
      itemsPerSecond: figure(items / seconds),
      firstItemsMs: first ?? Number.NaN,
      lastItemsMs: late ?? Number.NaN,
      ratio: figure((late ?? Number.NaN) / (first ?? Number.NaN), 2),
      roundTripsPerItem: figure(roundTrips / items, 2),
    };
  } finally {
    await world.close();
  }
};
