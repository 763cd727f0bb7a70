// Length: the one set of builders that all tests of core share.
import { expect } from "vitest";
import type { Agent, InFlight, Report } from "../../src/core/agent/agent.ts";
import { effectOf, withEffect } from "../../src/core/agent/effects.ts";
import { meaningOf } from "../../src/core/agent/state-meaning.ts";
import { attemptIdOf, sessionIdAt } from "../../src/core/ids.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { SessionCommand } from "../../src/core/session/commands.ts";
import { decide, type Answer, type Decision } from "../../src/core/session/decide.ts";
import type { Result, SessionEvent } from "../../src/core/session/events.ts";
import { evolve } from "../../src/core/session/evolve.ts";
import type { Capable, Facts, Signs } from "../../src/core/session/facts.ts";
import type { SessionState } from "../../src/core/session/state.ts";
import { normalise, type AuthoredDefinition } from "../../src/core/workflow/normalise.ts";
import { compile, targetOf, type Graph } from "../../src/core/workflow/graph.ts";

export const T0 = 1_795_000_000_000;
export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const SEED = "00112233445566778899aabbccddeeff";
export const SESSION = sessionIdAt(T0, SEED);
export const actor = { kind: "key", id: "root" } as const;

/** The id of an attempt of the session all these tests are about. */
export const attempt = (n: number, number = 1): string => attemptIdOf(SESSION, n, number);

export type Tasks = AuthoredDefinition["tasks"];

export const graphOf = (tasks: Tasks, defaults?: AuthoredDefinition["defaults"]): Graph =>
  compile(normalise(documentOf({ tasks, ...(defaults ? { defaults } : {}) })));

const documentOf = (setup: Pick<Setup, "tasks" | "defaults" | "timeout">): AuthoredDefinition => {
  const { tasks, defaults, timeout } = setup;
  return { id: "w", name: "W", tasks, ...(defaults ? { defaults } : {}), ...(timeout ? { timeout } : {}) };
};

/** A registered agent that was never heard of since. */
export const agent = (id: string, patch: Partial<Agent> = {}): Agent => ({
  id,
  seq: 1,
  name: "",
  version: "1",
  capabilities: [],
  contactEndpoint: null,
  metadata: null,
  admission: "registered",
  registeredAt: T0 - HOUR,
  signedAt: 1,
  supersededBy: null,
  aliases: [],
  capacity: 1,
  tasks: {},
  settled: [],
  missedAt: null,
  contactAt: null,
  reachedByAgentKit: false,
  reportsPromptly: null,
  newest: null,
  ...patch,
});

export const reported = (state: string, patch: Partial<Report> = {}): Report => ({
  state,
  meaning: meaningOf(state),
  details: null,
  sent: "2026-11-18T12:26:40Z",
  sentMicros: T0 * 1_000,
  receivedAt: T0,
  attemptId: null,
  ...patch,
});

export interface LogRow {
  readonly seq: number;
  readonly at: number;
  readonly events: readonly SessionEvent[];
}

/** Everything a decision depends on: the log so far, folded, and the rows of the agents. */
export interface World {
  readonly document: AuthoredDefinition;
  readonly graph: Graph;
  readonly state: SessionState | null;
  readonly log: readonly LogRow[];
  readonly agents: ReadonlyMap<string, Agent>;
  readonly newest: ReadonlyMap<string, string>;
  readonly ahead: ReadonlyMap<string, number>;
  readonly signs: ReadonlyMap<string, Signs>;
  /** Facts that only some decisions ask for. */
  readonly more?: Partial<Facts>;
}

export interface Setup {
  readonly tasks: Tasks;
  readonly defaults?: AuthoredDefinition["defaults"];
  /** How long the session may last. */
  readonly timeout?: string;
  readonly agents?: readonly Agent[];
  readonly newest?: Readonly<Record<string, string>>;
  readonly ahead?: Readonly<Record<string, number>>;
}

export const worldOf = (setup: Setup): World => ({
  document: documentOf(setup),
  graph: compile(normalise(documentOf(setup))),
  state: null,
  log: [],
  agents: new Map((setup.agents ?? []).map((one) => [one.id, one])),
  newest: new Map(Object.entries(setup.newest ?? {})),
  ahead: new Map(Object.entries(setup.ahead ?? {})),
  signs: new Map(),
});

const capableOf = ({ graph, agents }: World): ReadonlyMap<string, Capable> => {
  const caps = [...graph.tasks.values()].flatMap((task) => {
    const target = targetOf(task);
    return target?.kind === "capability" ? [target.capability] : [];
  });
  const able = (cap: string) =>
    [...agents.values()].filter((one) => one.admission === "registered" && one.capabilities.includes(cap));
  return new Map(
    caps.map((cap) => [cap, { registered: able(cap).length > 0, agentIds: able(cap).map(({ id }) => id) }]),
  );
};

/** The facts as a store would load them: every log row, no history. */
export const factsOf = (world: World, history: readonly SessionEvent[] | null = null): Facts => ({
  graph: world.graph,
  agents: world.agents,
  newest: world.newest,
  capable: capableOf(world),
  rows: new Map(world.log.map(({ seq, events }) => [seq, events])),
  signs: world.signs,
  ahead: world.ahead,
  history,
  ...world.more,
});

/** The world after one more log row. */
export const withRow = (world: World, at: number, events: readonly SessionEvent[]): World => {
  if (events.length === 0) return world;
  const seq = world.log.length + 1;
  const agents = new Map(world.agents);
  let { state } = world;
  for (const event of events) {
    state = evolve(state, event, { seq, at });
    const effect = effectOf(event, SESSION, at);
    const touched = effect && agents.get(effect.agentId);
    if (effect && touched) agents.set(touched.id, { ...withEffect(touched, effect), seq: touched.seq + 1 });
  }
  return { ...world, state, agents, log: [...world.log, { seq, at, events }] };
};

export const historyOf = (world: World): readonly SessionEvent[] => world.log.flatMap(({ events }) => events);

/** Decides as the application does: again with the history if the decision asks for it. */
export const decideIn = (world: World, command: SessionCommand): Decision => {
  const seq = world.log.length + 1;
  const decision = decide(world.state, command, factsOf(world), seq);
  if (decision.answer.kind !== "needs_history") return decision;
  expect(decision.events).toEqual([]);
  return decide(world.state, command, factsOf(world, historyOf(world)), seq);
};

type Partially<T> = T extends object ? { readonly [K in keyof T]?: unknown } : never;

export interface Outcome {
  readonly decision: Decision;
  /** Exactly these events, of which at least the given members are as given. */
  then(...events: readonly Partially<SessionEvent>[]): Outcome;
  answers(answer: Partially<Answer>): Outcome;
  /** The world after the commit. */
  readonly and: Given;
}

export interface Given {
  readonly world: World;
  readonly state: SessionState;
  readonly facts: Facts;
  /** What happened outside of the session's log. */
  with(patch: Partial<World>): Given;
  withAgent(id: string, patch: Partial<Agent>): Given;
  /** What is known about an attempt in flight besides its dispatch. */
  inFlight(agentId: string, attemptId: string, patch: Partial<InFlight>): Given;
  heard(attemptId: string, signs?: Partial<Signs>): Given;
  when(command: SessionCommand): Outcome;
}

const outcomeOf = (world: World, command: SessionCommand): Outcome => {
  const decision = decideIn(world, command);
  // Whatever is decided: the same again, and the log alone leads to the same state.
  expect(decideIn(world, command)).toEqual(decision);
  const after = withRow(world, command.now, decision.events);
  // What is decided without the facts it needs is nothing yet.
  if (after.state !== null && decision.answer.kind !== "needs_facts") expect(decision.state).toEqual(after.state);
  const outcome: Outcome = {
    decision,
    // oxlint-disable-next-line unicorn/no-thenable -- the last word of given, when, then; nobody awaits an outcome
    then: (...events) => {
      expect(decision.events.map(({ type }) => type)).toEqual(events.map(({ type }) => type));
      expect(decision.events).toMatchObject(events);
      return outcome;
    },
    answers: (answer) => {
      expect(decision.answer).toMatchObject(answer);
      return outcome;
    },
    get and() {
      return givenWorld(after);
    },
  };
  return outcome;
};

export const givenWorld = (world: World): Given => ({
  world,
  get state() {
    if (world.state === null) throw new TypeError("no session yet");
    return world.state;
  },
  get facts() {
    return factsOf(world);
  },
  with: (patch) => givenWorld({ ...world, ...patch }),
  withAgent: (id, patch) =>
    givenWorld({ ...world, agents: new Map(world.agents).set(id, { ...world.agents.get(id)!, ...patch }) }),
  inFlight: (agentId, attemptId, patch) => {
    const one = world.agents.get(agentId)!;
    const tasks = { ...one.tasks, [attemptId]: { ...one.tasks[attemptId]!, ...patch } };
    return givenWorld({ ...world, agents: new Map(world.agents).set(agentId, { ...one, tasks }) });
  },
  heard: (attemptId, signs = {}) => {
    const all = { workingAt: null, reported: true, progress: null, ...signs };
    return givenWorld({ ...world, signs: new Map(world.signs).set(attemptId, all) });
  },
  when: (command) => outcomeOf(world, command),
});

/** A workflow and its agents, and what the session's log says so far: rows of events, all at `T0`. */
export const given = (setup: Setup, ...rows: readonly (readonly SessionEvent[])[]): Given =>
  givenWorld(rows.reduce((world, events) => withRow(world, T0, events), worldOf(setup)));

type Base = { readonly now?: number; readonly seed?: string };

const clock = ({ now = T0, seed = SEED }: Base) => ({ now, seed });

export const start = (
  options: Base & { readonly home?: string; readonly input?: JsonObject } = {},
): SessionCommand => ({
  type: "StartSession",
  sessionId: SESSION,
  definition: { workflowId: "w", revision: 1, hash: "h" },
  home: options.home ?? null,
  input: options.input ?? {},
  actor,
  ...clock(options),
});

type SettleOptions = Base & {
  readonly attempt?: number | null;
  readonly startedAt?: number;
  readonly usage?: JsonObject;
};

const settleBy =
  (via: "report" | "call") =>
  (from: string | null, n: number, result: Result, options: SettleOptions = {}): SessionCommand => ({
    type: "SettleAttempt",
    n,
    attempt: options.attempt === undefined ? 1 : options.attempt,
    from,
    via,
    startedAt: options.startedAt ?? null,
    result,
    ...(options.usage ? { usage: options.usage } : {}),
    ...clock(options),
  });

/** A state report of an agent that settles the attempt (the first, unless said otherwise). */
export const report = settleBy("report");
/** A settle call: from anybody who holds a key. */
export const call = (n: number, result: Result, options: SettleOptions = {}): SessionCommand =>
  settleBy("call")(null, n, result, options);

export const done = (output?: Result extends infer R ? (R extends { output?: infer O } ? O : never) : never): Result =>
  output === undefined ? { kind: "completed" } : { kind: "completed", output };
export const failed = (
  code = "boom",
  more: { readonly message?: string; readonly retryable?: boolean; readonly retryAfterMs?: number } = {},
): Result => {
  const { message = "it broke", ...rest } = more;
  return { kind: "failed", error: { code, message }, ...rest };
};

export const endDispatch = (
  outcome: "rejected" | "agent_error" | "refused",
  n: number,
  options: Base & { readonly attempt?: number; readonly retryAfterMs?: number } = {},
): SessionCommand => ({
  type: "EndDispatch",
  n,
  attempt: options.attempt ?? 1,
  outcome,
  transport: outcome === "refused" ? null : "direct",
  message: `said ${outcome}`,
  retryAfterMs: options.retryAfterMs ?? null,
  ...clock(options),
});

export const tick = (now: number): SessionCommand => ({ type: "Tick", ...clock({ now }) });
export const cancel = (reason: string | null = null, now = T0): SessionCommand => ({
  type: "CancelSession",
  reason,
  actor,
  ...clock({ now }),
});
