import { describe, expect, test } from "vitest";
import { decide } from "../../../src/core/session/decide.ts";
import type { SessionEvent } from "../../../src/core/session/events.ts";
import { failTask, takeBack } from "../../../src/core/session/fail-task.ts";
import { proceed } from "../../../src/core/session/proceed.ts";
import type { DispatchedTask } from "../../../src/core/session/state.ts";
import { beginTurn, emit, lacksFacts } from "../../../src/core/session/turn.ts";
import { needsOf, unionOf } from "../../../src/core/session/needs.ts";
import { actor, agent, call, done, factsOf, failed, given, SEED, start, T0, type Given } from "../../support/given.ts";

const by = (taskId: string, agentId: string, more: object = {}) => ({ taskId, agentId, ...more });
const tasks = [
  by("one", "a"),
  { taskId: "skipped", agentId: "b", when: "false" },
  { taskId: "far", agentCapability: "c", parameters: { first: "${tasks.one.output}", topic: "${input.topic}" } },
];
const team = [agent("a"), agent("b"), agent("d", { capabilities: ["c"] })];

type Known = {
  readonly rows?: readonly number[];
  readonly agents?: readonly string[];
  readonly caps?: readonly string[];
};

/** As the store gives them: what was asked for, and what was asked for alone. */
const decided = (from: Given, { rows = [], agents = [], caps = [] }: Known, command = call(1, done("out"))) => {
  const all = factsOf(from.world);
  const facts = {
    ...all,
    rows: new Map([...all.rows].filter(([seq]) => rows.includes(seq))),
    agents: new Map([...all.agents].filter(([id]) => agents.includes(id) || id === "d")),
    known: { agents: new Set(agents), caps: new Set(caps) },
  };
  return decide(from.state, command, facts, from.world.log.length + 1);
};

describe("facts that were not loaded", () => {
  const flying = given({ tasks, agents: team }).when(start({ input: { topic: "bees" } })).and;

  test("are asked for by name, and nothing is decided without them", () => {
    const { answer, events } = decided(flying, { agents: ["a"] });
    expect(answer).toEqual({ kind: "needs_facts", needs: { rows: [1], agents: [], caps: [] } });
    expect(events).toEqual([]);
    const next = decided(flying, { rows: [1], agents: ["a"] });
    expect(next.answer).toEqual({ kind: "needs_facts", needs: { rows: [], agents: [], caps: ["c"] } });
    expect(next.events).toEqual([]);
  });

  test("with them it is decided as if they had been there from the start", () => {
    const known = { rows: [1], agents: ["a"], caps: ["c"] };
    const { answer, events } = decided(flying, known);
    expect(answer).toMatchObject({ kind: "settled" });
    expect(events).toEqual(flying.when(call(1, done("out"))).decision.events);
    expect(events).toMatchObject([
      { type: "TaskCompleted" },
      { type: "TaskSkipped", taskId: "skipped" },
      { type: "TaskEntered", taskId: "far", parameters: { first: "out", topic: "bees" } },
      { type: "DispatchRequested", agentId: "d" },
    ]);
  });

  test("the output of a task that ended long ago is in its own row", () => {
    const later = [by("one", "a"), by("two", "a"), by("three", "a", { when: "false" }), by("four", "a", { parameters: { x: "${tasks.one.output}" } })]; // prettier-ignore
    const second = given({ tasks: later, agents: [agent("a")] }).when(start()).and.when(call(1, done("x"))).and; // prettier-ignore
    const settle = call(2, done());
    expect(decided(second, { agents: ["a"] }, settle).answer).toMatchObject({ needs: { rows: [2] } });
    expect(decided(second, { agents: ["a"], rows: [2] }, settle).events[2]).toMatchObject({ parameters: { x: "x" } });
  });

  test("an agent that a task or the session names is asked for before it is taken for unknown", () => {
    const direct = given({ tasks: [by("one", "a"), by("two", "b")], agents: [agent("a"), agent("b"), agent("h")] });
    const from = direct.when(start({ home: "h" })).and;
    const settle = call(1, done());
    const { answer } = decided(from, { rows: [1] }, settle);
    expect(answer).toMatchObject({ kind: "needs_facts", needs: { agents: ["b", "h"] } });
    expect(decided(from, { agents: ["b", "h"] }, settle).events).toMatchObject([
      { type: "TaskCompleted" },
      { type: "TaskEntered" },
      { type: "DispatchRequested", agentId: "b" },
    ]);
  });

  describe("the error of a task that failed before its fallback was taken from it", () => {
    const chain = [by("one", "a", { retry: { maxAttempts: 1 }, fallbackTaskId: "two" }), by("two", "a")];
    const second = given({ tasks: chain, agents: [agent("a")] }).when(start()).and.when(call(1, failed("boom"))).and; // prettier-ignore
    /** A person skips the fallback in row 3. */
    const skipped = (rows: ReadonlyMap<number, readonly SessionEvent[]>) => {
      const turn = beginTurn(second.state, { ...second.facts, rows }, { now: T0, seed: SEED }, 3);
      takeBack(turn, second.state.open[0] as DispatchedTask, "superseded", { code: "skipped", message: "by hand" });
      emit(turn, { type: "TaskSkipped", taskId: "two", n: 2, reason: "operator", actor });
      proceed(turn);
      return turn;
    };

    test("is asked for where it is not at hand", () => {
      const turn = skipped(new Map());
      expect(lacksFacts(turn)).toBe(true);
      expect([...turn.missing.rows]).toEqual([2]);
    });

    test("is that of its own row, and a plain one where that does not say", () => {
      const error = { code: "boom", message: "it broke" };
      const known = skipped(second.facts.rows);
      expect(lacksFacts(known)).toBe(false);
      expect(known.events.slice(1)).toMatchObject([
        { type: "TaskSkipped" },
        { type: "FallbackEnded", taskId: "one", by: "two", status: "failed" },
        { type: "SessionFailed", taskId: "one", error },
      ]);
      const blind = skipped(new Map([[2, []]]));
      expect(blind.events.at(-1)).toMatchObject({ error: { code: "failed", message: "the task failed" } });
    });
  });

  test("a row that does not say why a task failed leaves its error open", () => {
    const borne = [by("one", "a", { onFailure: "continue" }), by("two", "a"), by("three", "a", { parameters: { e: "${tasks.one.error}" } })]; // prettier-ignore
    const third = given({ tasks: borne, agents: [agent("a")] })
      .when(start())
      .and.when(call(1, failed("x", { retryable: false }))).and;
    const blind = third.with({ log: third.world.log.map((row) => ({ ...row, events: [] })) });
    expect(blind.when(call(2, done())).decision.events[1]).toMatchObject({ parameters: { e: null } });
  });

  test("who failed a task is in the log", () => {
    const from = given({ tasks: [by("one", "a")], agents: [] }).when(start()).and;
    const turn = beginTurn(from.state, from.facts, { now: T0, seed: SEED }, 2);
    failTask(turn, 1, { code: "by_hand", message: "no use" }, actor);
    expect(turn.events).toMatchObject([{ type: "TaskFailed", taskId: "one", actor }]);
  });
});

describe("what a session is likely to need next", () => {
  test("is what follows its open tasks: their conditions, parameters and choices", () => {
    const graph = [
      by("one", "a"),
      by("two", "b", { next: [{ when: "tasks.one.output == 1", taskId: "three" }, { taskId: "four" }] }),
      { taskId: "three", agentCapability: "c", when: 'tasks.one.status == "completed"' },
      { taskId: "four", agentCapability: "e", parameters: { x: "${input.x}" } },
    ];
    const second = given({ tasks: graph, agents: [agent("a"), agent("b")] }).when(start()).and.when(call(1, done(1))).and; // prettier-ignore
    expect(needsOf(second.state, second.world.graph)).toEqual({ rows: [2, 1], agents: ["b"], caps: ["c", "e"] });
  });

  test("and what turned out besides: each once", () => {
    const a = { rows: [1, 2], agents: ["a"], caps: [] };
    const b = { rows: [2, 3], agents: ["a"], caps: ["c"] };
    expect(unionOf(a, b)).toEqual({ rows: [1, 2, 3], agents: ["a"], caps: ["c"] });
  });
});
