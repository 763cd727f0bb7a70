import fc from "fast-check";
import { meaningOf } from "../../src/core/agent/state-meaning.ts";
import type { Json } from "../../src/core/json.ts";
import type { CallResult, SessionCommand, TaskAction } from "../../src/core/session/commands.ts";
import type { Result } from "../../src/core/session/events.ts";
import type { OpenTask } from "../../src/core/session/state.ts";
import { attempt, call, cancel, endDispatch, report, reported, T0, tick, type Given, type World } from "./given.ts";
import * as say from "./given-control.ts";
import { AGENTS, anyWorld, PARENT, SIGNALS, supplied } from "./random-worlds.ts";

const anyOutput = fc.constantFrom<Json>(null, 1, "two", { three: [3] }, [1, 2]);

export const anyResult: fc.Arbitrary<Result> = fc.oneof(
  fc.record({ kind: fc.constant("completed" as const), output: anyOutput }),
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

const anyCallResult: fc.Arbitrary<CallResult> = fc.oneof(
  { weight: 2, arbitrary: anyOutput.map(say.answered) },
  {
    weight: 1,
    arbitrary: fc
      .record({
        code: fc.constantFrom("E", "FINAL"),
        retryable: fc.boolean(),
        retryAfterMs: fc.constantFrom(null, 0, 5_000),
      })
      .map(({ code, ...more }) => say.broke(code, more)),
  },
);

const inPhases = ({ state }: Given, phases: readonly OpenTask["phase"][], pick: number): OpenTask | undefined => {
  const all = state.open.filter(({ phase }) => phases.includes(phase));
  return all[pick % Math.max(1, all.length)];
};

/** A call is answered, or something else about a call that may not even be under way. */
const callStep = fc.record({ aim: aimed, result: anyCallResult }).map(({ aim, result }): Step => (from, now) => {
  const task = aim.stray === 0 ? undefined : inPhases(from, ["calling"], aim.pick);
  if (task === undefined && aim.stray > 2) return { from, command: tick(now) };
  const isChild = inPhases(from, ["child"], 0)?.n === aim.pick + 1;
  if (isChild) return { from, command: null };
  return {
    from,
    command: say.endCall(task?.n ?? aim.pick + 1, result, { attempt: task?.attempt ?? (aim.pick % 3) + 1, now }),
  };
});

/** A child session comes to something, and its parent looks; or the other way round for this session's own parent. */
const childStep = fc
  .record({
    aim: aimed,
    what: fc.constantFrom("open", "completed", "completed", "failed", "cancelled"),
    output: anyOutput,
  })
  .map(({ aim, what, output }): Step => (from, now) => {
    const child = inPhases(from, ["child"], aim.pick);
    if (child?.phase !== "child") {
      if (from.state.parent === undefined || aim.stray > 0) return { from, command: tick(now) };
      const gone = say.relative(from, { id: PARENT, status: "failed", open: [] });
      return { from: say.withRelative(from, PARENT, gone), command: tick(now) };
    }
    const status = what as "open" | "completed" | "failed" | "cancelled";
    const reason = status === "failed" || status === "cancelled" ? { code: "E", message: "of itself" } : null;
    const found = say.relative(from, { id: child.sessionId, status, reason }, output);
    return { from: say.withRelative(from, child.sessionId, found), command: tick(now) };
  });

const signalStep = fc
  .record({ aim: aimed, payload: anyOutput, key: fc.constantFrom(null, null, "k1", "k2") })
  .map(({ aim, payload, key }): Step => (from, now) => {
    const task = inPhases(from, ["awaiting"], aim.pick);
    const awaited = task?.phase === "awaiting" ? task.name : "paid";
    const name = aim.stray > 4 ? awaited : SIGNALS[aim.pick % 2]!;
    return { from, command: say.signal(name, { payload, now, ...(key === null ? {} : { key }) }) };
  });

const anyAction: fc.Arbitrary<TaskAction> = fc.oneof(
  fc.constantFrom(say.retry, say.skip, say.fail(), say.approve(), say.reject()),
  anyOutput.map(say.complete),
);

/** A person's word about one task; people who are asked mostly answer. */
const controlStep = fc.record({ aim: aimed, action: anyAction }).map(({ aim, action }): Step => (from, now) => {
  const asked = inPhases(from, ["awaiting"], aim.pick);
  if (asked?.phase === "awaiting" && asked.what === "approval" && aim.stray > 2) {
    return { from, command: say.control(asked.n, aim.stray > 4 ? say.approve() : say.reject(), now) };
  }
  const { open } = from.state;
  const task = aim.stray === 0 ? undefined : open[aim.pick % Math.max(1, open.length)];
  const name = task === undefined ? aim.pick + 1 : task.item === undefined && aim.stray > 5 ? task.taskId : task.n;
  return { from, command: say.control(name, action, now) };
});

/** What good agents, servers and children do. */
const workStep = fc.constant<Step>((from, now) => {
  const task = inPhases(from, ["dispatched", "calling", "child"], now / 1_000);
  if (task === undefined) return { from, command: tick(now) };
  const { n } = task;
  if (task.phase === "dispatched") return { from, command: call(n, { kind: "completed", output: n }, { attempt: task.attempt, now }) }; // prettier-ignore
  return { from, command: say.endCall(n, say.answered(n), { attempt: task.attempt, now }) };
});

const tickStep = fc.constant<Step>((from, now) => ({ from, command: tick(now) }));
const cancelStep = fc.constant<Step>((from, now) => ({ from, command: cancel("enough", now) }));

/** A pause, or its end, which comes sooner, and may be said under a key. */
const pauseStep = fc.integer({ min: 0, max: 2 }).map((wish): Step => (from, now) => {
  if (from.state.paused !== undefined) {
    const resume = say.resume(now);
    return { from, command: wish < 2 ? resume : say.under(`k${now}`, resume) };
  }
  return { from, command: wish > 0 ? null : say.pause(now) };
});

export const steps = fc.array(
  fc.record({
    after: fc.constantFrom(0, 1_000, 30_000, 61_000, 400_000, 3_600_000),
    step: fc.oneof(
      { weight: 5, arbitrary: settleStep },
      { weight: 8, arbitrary: workStep },
      { weight: 3, arbitrary: dispatchStep },
      { weight: 4, arbitrary: outsideStep },
      { weight: 4, arbitrary: tickStep },
      { weight: 4, arbitrary: callStep },
      { weight: 2, arbitrary: childStep },
      { weight: 2, arbitrary: signalStep },
      { weight: 2, arbitrary: controlStep },
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
    const ready = supplied(changed);
    // `when` itself checks that the decision is deterministic and that its events alone give its state.
    from = command === null ? ready : supplied(ready.when(command).and);
    worlds.push({ before: ready.world, command, after: from });
  }
  return { worlds, last: from };
};

/** A random session, and what happened to it. */
export const run = fc.tuple(anyWorld, steps).map(([first, script]) => runOf(first, script));
