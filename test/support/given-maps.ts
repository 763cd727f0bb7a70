import { expect } from "vitest";
import type { Json } from "../../src/core/json.ts";
import type { SessionCommand, TaskAction } from "../../src/core/session/commands.ts";
import { decide, type Answer, type Decision } from "../../src/core/session/decide.ts";
import type { SessionEvent } from "../../src/core/session/events.ts";
import type { Facts } from "../../src/core/session/facts.ts";
import { needsOf, startNeeds, unionOf, type Needs } from "../../src/core/session/needs.ts";
import type { OpenTask, SessionState } from "../../src/core/session/state.ts";
import { actor, historyOf, SEED, T0, withRow, worldOf, type Setup, type World } from "./given.ts";

const itemOf = (
  world: World,
  [seq, n, index]: readonly [number, number, number],
): readonly (readonly [string, Json])[] => {
  const entered = world.log[seq - 1]?.events.find((event) => event.type === "TaskEntered" && event.n === n);
  const item = entered?.type === "TaskEntered" ? entered.items?.[index] : undefined;
  return item === undefined ? [] : [[`${seq}.${n}.${index}`, item]];
};

/** The facts as a store loads them: what is asked for and nothing else. */
const loaded = (world: World, needs: Needs, withHistory: boolean): Facts => {
  const able = (cap: string) => [...world.agents.values()].filter((one) => one.capabilities.includes(cap));
  const ids = new Set([...needs.agents, ...needs.caps.flatMap((cap) => able(cap).map(({ id }) => id))]);
  return {
    graph: world.graph,
    agents: new Map([...world.agents].filter(([id]) => ids.has(id))),
    newest: new Map([...world.newest].filter(([id]) => needs.agents.includes(id))),
    capable: new Map(
      needs.caps.map((cap) => [cap, { registered: able(cap).length > 0, agentIds: able(cap).map(({ id }) => id) }]),
    ),
    rows: new Map(
      needs.rows.flatMap((seq) => (world.log[seq - 1] ? [[seq, world.log[seq - 1]!.events] as const] : [])),
    ),
    signs: world.signs,
    ahead: world.ahead,
    history: withHistory ? historyOf(world) : null,
    items: new Map((needs.items ?? []).flatMap((place) => itemOf(world, place))),
    span: needs.spans
      ? {
          of: needs.spans.map(([n]) => n),
          events: world.log.slice(Math.min(...needs.spans.map(([, from]) => from)) - 1).flatMap(({ events }) => events),
        }
      : null,
    relatives: new Map((needs.relatives ?? []).map((id) => [id, null])),
    known: { agents: new Set(needs.agents), caps: new Set(needs.caps) },
  };
};

interface Made {
  readonly decision: Decision;
  /** How often facts had to be loaded. */
  readonly loads: number;
}

const decideStored = (world: World, command: SessionCommand): Made => {
  let needs = world.state === null ? startNeeds(world.graph) : needsOf(world.state, world.graph);
  let withHistory = false;
  for (let loads = 1; ; loads += 1) {
    const decision = decide(world.state, command, loaded(world, needs, withHistory), world.log.length + 1);
    if (decision.answer.kind === "needs_history") withHistory = true;
    else if (decision.answer.kind === "needs_facts") needs = unionOf(needs, decision.answer.needs);
    else return { decision, loads };
    expect(decision.events).toEqual([]);
    if (loads > 100) throw new Error("the decision asks for facts again and again");
  }
};

/** No moment of the session sees more items of a map open than it may have. */
const expectPlaces = (world: World, state: SessionState): void => {
  for (const map of state.open.filter(({ phase }) => phase === "mapping")) {
    const node = world.graph.tasks.get(map.taskId);
    const open = state.open.filter(({ item }) => item?.of === map.n).length;
    expect(open).toBeLessThanOrEqual(node?.type === "map" ? node.maxConcurrency : 0);
  }
};

type Partially<T> = T extends object ? { readonly [K in keyof T]?: unknown } : never;

/** A session and its store, after any number of commits. */
export interface Stored {
  readonly world: World;
  readonly state: SessionState;
  /** What the last commit wrote, and what it took. */
  readonly events: readonly SessionEvent[];
  readonly answer: Answer | null;
  readonly loads: number;
  /** The open tasks in short: their `n` by phase. */
  readonly phases: Readonly<Partial<Record<OpenTask["phase"], readonly number[]>>>;
  /** What happened outside of the session's log. */
  with(patch: Partial<World>): Stored;
  when(command: SessionCommand): Stored;
  /** Exactly these events, of which at least the given members are as given. */
  then(...events: readonly Partially<SessionEvent>[]): Stored;
  answers(answer: Partially<Answer>): Stored;
}

const storedAs = (world: World, made: Made | null): Stored => {
  const events = made?.decision.events ?? [];
  const stored: Stored = {
    world,
    get state() {
      if (world.state === null) throw new TypeError("no session yet");
      return world.state;
    },
    events,
    answer: made?.decision.answer ?? null,
    loads: made?.loads ?? 0,
    get phases() {
      return Object.fromEntries(
        [...new Set(stored.state.open.map(({ phase }) => phase))].map((phase) => [
          phase,
          stored.state.open.filter((task) => task.phase === phase).map(({ n }) => n),
        ]),
      );
    },
    with: (patch) => storedAs({ ...world, ...patch }, null),
    when: (command) => {
      const next = decideStored(world, command);
      const after = withRow(world, command.now, next.decision.events);
      expect(next.decision.state).toEqual(after.state);
      if (after.state !== null) expectPlaces(world, after.state);
      return storedAs(after, next);
    },
    // oxlint-disable-next-line unicorn/no-thenable -- the last word of given, when, then; nobody awaits an outcome
    then: (...expected) => {
      expect(events.map(({ type }) => type)).toEqual(expected.map(({ type }) => type));
      expect(events).toMatchObject(expected);
      return stored;
    },
    answers: (answer) => {
      expect(made?.decision.answer).toMatchObject(answer);
      return stored;
    },
  };
  return stored;
};

/** A workflow and its agents, whose session is loaded for each decision as a store does it: the likely first, then what is asked for. */
export const stored = (setup: Setup): Stored => storedAs(worldOf(setup), null);

/** What a call brought. */
export const endCall = (n: number, output: Json, options: { readonly attempt?: number; readonly now?: number } = {}) =>
  ({
    type: "EndCall",
    n,
    attempt: options.attempt ?? 1,
    result: { kind: "completed", output },
    now: options.now ?? T0,
    seed: SEED,
  }) as const satisfies SessionCommand;

export const failCall = (
  n: number,
  code = "http_500",
  options: { readonly attempt?: number; readonly retryable?: boolean } = {},
) =>
  ({
    type: "EndCall",
    n,
    attempt: options.attempt ?? 1,
    result: {
      kind: "failed",
      error: { code, message: "it said no" },
      retryable: options.retryable ?? false,
      retryAfterMs: null,
    },
    now: T0,
    seed: SEED,
  }) as const satisfies SessionCommand;

const clock = (now: number) => ({ now, seed: SEED, actor });

export const pause = (now = T0): SessionCommand => ({ type: "PauseSession", reason: null, ...clock(now) });
export const resume = (now = T0): SessionCommand => ({ type: "ResumeSession", ...clock(now) });
export const signal = (name: string, payload: Json, now = T0, key: string | null = null): SessionCommand => ({
  type: "SignalSession",
  name,
  payload,
  ...(key === null ? {} : { key: { key, request: "r" } }),
  ...clock(now),
});
export const control = (n: number, action: TaskAction, now = T0): SessionCommand => ({
  type: "ControlTask",
  task: { n },
  action,
  ...clock(now),
});
