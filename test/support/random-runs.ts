import fc from "fast-check";
import type { Agent } from "../../src/core/agent/agent.ts";
import { meaningOf } from "../../src/core/agent/state-meaning.ts";
import type { Json } from "../../src/core/json.ts";
import type { SessionCommand } from "../../src/core/session/commands.ts";
import type { Result } from "../../src/core/session/events.ts";
import { createRandom } from "../sim/random.ts";
import { drawGraph } from "./draw-graph.ts";
import {
  actor,
  agent,
  attempt,
  call,
  cancel,
  endDispatch,
  given,
  givenWorld,
  report,
  reported,
  start,
  T0,
  tick,
  withRow,
  type Given,
  type Setup,
  type World,
} from "./given.ts";

const AGENTS = ["a", "b", "c"];
const CAPS = ["x", "y"];

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

/** Everything that the order of tasks can be, drawn with the same few agents and small limits. */
const anyGraph: fc.Arbitrary<Pick<Setup, "tasks" | "timeout">> = fc.noBias(fc.nat()).map((seed) => {
  const draw = createRandom(String(seed));
  const work = () => {
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
  const until = [new Date(T0 + 90_000).toISOString(), new Date(T0 - 1).toISOString(), "${input.when}", "never"];
  const { tasks } = drawGraph(draw, work, { id: "w", mains: 1 + draw.int(7), until });
  return { tasks, ...(draw.chance(0.3) ? { timeout: draw.pick(["1m", "10m", "2h"]) } : {}) };
});

/** A session that has just started. */
const worldOver = (anySetup: fc.Arbitrary<Pick<Setup, "tasks" | "timeout">>): fc.Arbitrary<Given> =>
  fc
    .record({
      setup: anySetup,
      agents: fc.tuple(...AGENTS.map(anyAgent)),
      home: fc.constantFrom(undefined, "a", "stranger"),
      yes: fc.boolean(),
    })
    .map(({ setup, agents, home, yes }) => {
      const input = { n: 1, yes, pause: "7s", when: "2026-11-18T12:30:00Z" };
      return given({ ...setup, agents }).when(start({ input, ...(home ? { home } : {}) })).and;
    });

/** Of chains, and of everything else. */
export const anyWorld = fc.oneof(worldOver(anyTasks.map((tasks) => ({ tasks }))), worldOver(anyGraph));

export const anyResult: fc.Arbitrary<Result> = fc.oneof(
  fc.record({ kind: fc.constant("completed" as const), output: fc.constantFrom<Json>(null, 1, "two", { three: [3] }) }),
  fc.constant({ kind: "completed" as const }),
  fc.record(
    {
      kind: fc.constant("failed" as const),
      error: fc.record({ code: fc.constantFrom("E", "FINAL"), message: fc.constantFrom("m", "other") }),
      retryable: fc.boolean(),
      retryAfterMs: fc.constantFrom(0, 5_000),
    },
    { requiredKeys: ["kind", "error"] },
  ),
);

/** One thing that happens: to whom and when is drawn relative to what is open, with some garbage among it. */
type Step = (from: Given, now: number) => { readonly from: Given; readonly command: SessionCommand | null };

const aimed = fc.record({ pick: fc.nat(5), stray: fc.nat(9), seed: fc.stringMatching(/^[0-9a-f]{32}$/) });
type Aim = typeof aimed extends fc.Arbitrary<infer T> ? T : never;

/** Mostly an attempt in flight, now and then any task and attempt. */
const aimAt = ({ state }: Given, { pick, stray }: Aim) => {
  const flying = state.open.filter((task) => task.phase === "dispatched");
  const target = flying[pick % Math.max(1, flying.length)];
  if (target === undefined || stray === 0) return { n: pick + 1, number: (pick % 3) + 1, by: AGENTS[pick % 3]! };
  return { n: target.n, number: target.attempt, by: stray === 1 ? AGENTS[pick % 3]! : target.agentId };
};

const settleStep = fc
  .record({ aim: aimed, result: anyResult, way: fc.constantFrom("report", "call", "bare") })
  .map(({ aim, result, way }): Step => (from, now) => {
    const { n, number, by } = aimAt(from, aim);
    const options = { attempt: way === "bare" ? null : number, now, seed: aim.seed };
    return { from, command: way === "call" ? call(n, result, options) : report(by, n, result, options) };
  });

const dispatchStep = fc
  .record({
    aim: aimed,
    outcome: fc.constantFrom("refused" as const, "rejected" as const, "agent_error" as const),
    wait: fc.constantFrom(null, 0, 90_000),
  })
  .map(({ aim, outcome, wait }): Step => (from, now) => {
    const { n, number } = aimAt(from, aim);
    const options = { attempt: number, now, seed: aim.seed, ...(wait === null ? {} : { retryAfterMs: wait }) };
    return { from, command: endDispatch(outcome, n, options) };
  });

/** What happens outside of the session: deliveries, reports, registrations. */
const outsideStep = fc
  .record({
    aim: aimed,
    what: fc.constantFrom("accepted", "confirmed", "beat", "worked", "idle", "busy", "gone", "back", "restarted"),
  })
  .map(({ aim, what }): Step => (from, now) => {
    const { n, number, by } = aimAt(from, aim);
    const id = attempt(n, number);
    const one = from.world.agents.get(by)!;
    const inFlight = (patch: object) => (one.tasks[id] === undefined ? from : from.inFlight(by, id, patch));
    const changed = (() => {
      switch (what) {
        case "accepted":
          return inFlight({ transport: "agentkit", acceptedAt: now, unsure: aim.stray > 6 });
        case "confirmed":
          return inFlight({ transport: "direct", confirmedAt: now, answer: { n: aim.pick } });
        case "beat":
          return inFlight({ beatAt: now, progress: 0.5 });
        case "worked":
          return from.heard(id, { workingAt: now });
        case "gone":
          return from.withAgent(by, { admission: "deregistered" });
        case "back":
          return from.withAgent(by, { admission: "registered", supersededBy: null });
        case "restarted":
          return by === "c"
            ? from
            : from.withAgent(by, { admission: "superseded", supersededBy: "c" }).with({ newest: new Map([[by, "c"]]) });
        default:
          return from.withAgent(by, {
            newest: reported(what, { meaning: meaningOf(what), receivedAt: now, sentMicros: now * 1_000 }),
          });
      }
    })();
    return { from: changed, command: null };
  });

/** What good agents do. */
const workStep = fc.constant<Step>((from, now) => {
  const task = from.state.open.find(({ phase }) => phase === "dispatched");
  if (task === undefined) return { from, command: tick(now) };
  return { from, command: call(task.n, { kind: "completed", output: task.n }, { attempt: task.attempt, now }) };
});

const tickStep = fc.constant<Step>((from, now) => ({ from, command: tick(now) }));
const cancelStep = fc.constant<Step>((from, now) => ({ from, command: cancel("enough", now) }));

/** A pause, or its end: the commands for it come from elsewhere. */
const pauseStep = fc.integer({ min: 0, max: 2 }).map((wish): Step => (from, now) => {
  if (from.state.status !== "open") return { from, command: null };
  const paused = from.state.paused !== undefined;
  // A pause is rarer than its end.
  if (!paused && wish > 0) return { from, command: null };
  const event = paused
    ? ({ type: "SessionResumed", actor } as const)
    : ({ type: "SessionPaused", reason: null, actor } as const);
  return { from: givenWorld(withRow(from.world, now, [event])), command: paused ? tick(now) : null };
});

export const steps = fc.array(
  fc.record({
    after: fc.constantFrom(0, 1_000, 30_000, 61_000, 400_000, 3_600_000),
    step: fc.oneof(
      { weight: 5, arbitrary: settleStep },
      { weight: 5, arbitrary: workStep },
      { weight: 3, arbitrary: dispatchStep },
      { weight: 4, arbitrary: outsideStep },
      { weight: 4, arbitrary: tickStep },
      { weight: 2, arbitrary: pauseStep },
      { weight: 1, arbitrary: fc.oneof({ weight: 4, arbitrary: tickStep }, { weight: 1, arbitrary: cancelStep }) },
    ),
  }),
  { maxLength: 30, size: "max" },
);

/** Every world of a run, after each thing that happened, with the command that led to it. */
export const runOf = (first: Given, script: readonly { readonly after: number; readonly step: Step }[]) => {
  let now = T0;
  let from = first;
  const worlds: { readonly before: World; readonly command: SessionCommand | null; readonly after: Given }[] = [];
  for (const { after, step } of script) {
    now += after;
    const { from: changed, command } = step(from, now);
    // `when` itself checks that the decision is deterministic and that its events alone give its state.
    from = command === null ? changed : changed.when(command).and;
    worlds.push({ before: changed.world, command, after: from });
  }
  return { worlds, last: from };
};

/** A random session, and what happened to it. */
export const run = fc.tuple(anyWorld, steps).map(([first, script]) => runOf(first, script));
