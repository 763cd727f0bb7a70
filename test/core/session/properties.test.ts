// Length: one model with its generators and the properties that hold over it.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { availabilityOf } from "../../../src/core/agent/availability.ts";
import type { SessionCommand } from "../../../src/core/session/commands.ts";
import { dueAt } from "../../../src/core/session/deadlines.ts";
import { decide } from "../../../src/core/session/decide.ts";
import type { SessionEvent } from "../../../src/core/session/events.ts";
import { evolve } from "../../../src/core/session/evolve.ts";
import { needsOf } from "../../../src/core/session/needs.ts";
import type { SessionState } from "../../../src/core/session/state.ts";
import { readStatus, tasksView } from "../../../src/core/session/view.ts";
import { waitingFor } from "../../../src/core/session/waiting-for.ts";
import { attempt, call, cancel, decideIn, factsOf, givenWorld, historyOf, T0, tick, withRow } from "../../support/given.ts"; // prettier-ignore
import { broke, control, endCall, reject, signal } from "../../support/given-control.ts";
import { violationsOf } from "../../support/legal-execution.ts";
import { anyResult, run, type runOf } from "../../support/random-runs.ts";
import { anyWorld, supplied } from "../../support/random-worlds.ts";

const check = (property: (drawn: ReturnType<typeof runOf>) => void): void =>
  fc.assert(fc.property(run, property), { numRuns: 300 });

const ofType = <T extends SessionEvent["type"]>(events: readonly SessionEvent[], ...types: readonly T[]) =>
  events.filter((event): event is SessionEvent & { type: T } => (types as readonly string[]).includes(event.type));
const terminal = ["SessionCompleted", "SessionFailed", "SessionCancelled"] as const;
const taskEnds = ["TaskCompleted", "TaskResolved", "TaskFailed", "TaskCancelled"] as const;

/** What a person skips was entered before; what is skipped otherwise never was. */
const skippedByHand = (events: readonly SessionEvent[]) =>
  ofType(events, "TaskSkipped").filter(({ reason }) => reason === "operator");

/** What failing agents, servers and children do; people who are asked without a time limit answer at last. */
const nextWord = ({ open }: SessionState, now: number): SessionCommand => {
  const error = { code: "E", message: "m" };
  for (const task of open) {
    const { n, attempt } = task;
    if (task.phase === "dispatched") return call(n, { kind: "failed", error }, { attempt, now });
    if (task.phase === "calling" || task.phase === "child") return endCall(n, broke("E"), { attempt, now });
  }
  const asked = open.find((task) => task.phase === "awaiting" && task.until === null);
  if (asked?.phase !== "awaiting") return tick(now);
  return asked.what === "signal" ? signal(asked.name, { now }) : control(asked.n, reject(), now);
};

describe("over random histories", { timeout: 60_000 }, () => {
  test("P4: replaying the log gives the state that was reached step by step", () => {
    check(({ last }) => {
      let state: SessionState | null = null;
      for (const { seq, at, events } of last.world.log) {
        // Through JSON, as the log is stored.
        for (const event of JSON.parse(JSON.stringify(events)) as SessionEvent[])
          state = evolve(state, event, { seq, at });
      }
      expect(state).toEqual(last.state);
      expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    });
  });

  test("P6: a task ends at most once and a session too, and nothing but late results follows the end", () => {
    check(({ last }) => {
      const events = historyOf(last.world);
      const ends = [...ofType(events, ...taskEnds), ...skippedByHand(events)].map(({ n }) => n);
      expect(new Set(ends).size).toBe(ends.length);
      const end = events.findIndex(({ type }) => (terminal as readonly string[]).includes(type));
      expect(last.state.status === "open").toBe(end === -1);
      if (end === -1) return;
      const after = events.slice(end + 1);
      expect(ofType(after, "LateResultRecorded")).toHaveLength(after.length);
      expect(last.state.open).toEqual([]);
      // Whatever was entered has ended.
      expect(new Set(ends)).toEqual(new Set(ofType(events, "TaskEntered").map(({ n }) => n)));
    });
  });

  test("P5: tasks are numbered 1, 2, 3 … and so are the attempts of each, one at a time", () => {
    check(({ last }) => {
      const events = historyOf(last.world);
      const byHand = skippedByHand(events);
      const begun = ofType(events, "TaskEntered", "TaskSkipped").filter((event) => !byHand.includes(event as never));
      expect(begun.map(({ n }) => n)).toEqual(Array.from({ length: last.state.tasks }, (_, i) => i + 1));
      for (let n = 1; n <= last.state.tasks; n += 1) {
        const own = ofType(events, "DispatchRequested", "AttemptEnded", "TaskCompleted").filter(
          (event) => event.n === n,
        );
        let flying = 0;
        let newest = 0;
        for (const event of own) {
          if (event.type !== "DispatchRequested") {
            expect(event.attempt).toBe(flying);
            flying = 0;
          } else if (event.again) expect(event.attempt).toBe(flying);
          else {
            expect([flying, event.attempt]).toEqual([0, newest + 1]);
            flying = event.attempt;
            newest = event.attempt;
          }
        }
      }
    });
  });

  test("attempts that count never exceed what the definition allows, and a failure has used them up or is final", () => {
    check(({ last }) => {
      const events = historyOf(last.world);
      for (const entered of ofType(events, "TaskEntered")) {
        const node = last.world.graph.tasks.get(entered.taskId)!;
        const { retry } = node.type === "map" && entered.of !== undefined ? node.item : node;
        const own = ofType(events, "AttemptEnded").filter(({ n }) => n === entered.n);
        expect(own.filter(({ counts }) => counts).length).toBeLessThanOrEqual(retry.maxAttempts);
      }
    });
  });

  test("an agent holds exactly the attempts in flight that name it, and takes no task while it cannot", () => {
    check(({ worlds }) => {
      for (const { before, after } of worlds) {
        for (const one of after.world.agents.values()) {
          const flying = after.state.open.flatMap((task) =>
            task.phase === "dispatched" && task.agentId === one.id ? [attempt(task.n, task.attempt)] : [],
          );
          expect(Object.keys(one.tasks).toSorted()).toEqual(flying.toSorted());
          const taken = flying.filter((id) => before.agents.get(one.id)?.tasks[id] === undefined);
          if (taken.length > 0) {
            expect(flying.length).toBeLessThanOrEqual(one.capacity);
            // Registered and free by its own word; the task may have come before the deadline of another was missed.
            expect(availabilityOf({ ...one, tasks: {}, missedAt: null })).toEqual({ available: true });
          }
        }
      }
    });
  });

  test("who rejected a task never gets it again", () => {
    check(({ last }) => {
      const events = historyOf(last.world);
      for (const [i, event] of events.entries()) {
        if (event.type !== "AttemptEnded" || event.outcome !== "rejected") continue;
        const later = ofType(events.slice(i), "DispatchRequested").filter(({ n }) => n === event.n);
        expect(later.map(({ agentId }) => agentId)).not.toContain(event.agentId);
      }
    });
  });

  test("P8: saying the same thing again changes nothing and gets an equal answer", () => {
    check(({ worlds }) => {
      for (const { command, after } of worlds) {
        if (command?.type !== "SettleAttempt") continue;
        const again = decideIn(after.world, command);
        if (command.attempt === null || again.answer.kind === "settled") continue;
        expect(again.events).toEqual([]);
        const third = decideIn(after.world, { ...command, now: command.now + 1_000, seed: "ff" });
        expect([third.events, third.answer]).toEqual([[], again.answer]);
      }
    });
  });

  test("what settles an attempt by its number settles it once: the repeat says so", () => {
    check(({ worlds }) => {
      for (const { before, command, after } of worlds) {
        if (command?.type !== "SettleAttempt" || command.attempt === null) continue;
        const first = decideIn(before, command).answer;
        const again = decideIn(after.world, command).answer;
        expect(again).toEqual(first.kind === "settled" ? { ...first, kind: "repeated" } : first);
      }
    });
  });

  test("at most ten late results are kept for a task", () => {
    check(({ last }) => {
      const late = ofType(historyOf(last.world), "LateResultRecorded");
      for (let n = 1; n <= last.state.tasks; n += 1) {
        expect(late.filter((event) => event.n === n).length).toBeLessThanOrEqual(10);
      }
    });
  });

  test("P10: an open session has a timer and a reason, and once the timer has fired there is something new to wait for", () => {
    check(({ last }) => {
      const { state, facts, world } = last;
      const due = dueAt(state, facts);
      // What only other people, sessions or its own items can end has no timer; the session itself may have one.
      const isTimed = state.open.some(
        (task) =>
          (task.phase !== "awaiting" || task.until !== null) &&
          (task.phase !== "child" || facts.relatives?.get(task.sessionId) == null) &&
          task.phase !== "mapping",
      );
      const hasDeadline = state.deadlineAt !== undefined && state.failing === undefined;
      const isStill = state.status !== "open" || state.paused !== undefined;
      expect(due === null).toBe(isStill || !(isTimed || hasDeadline));
      expect(waitingFor(state, facts) === null).toBe(state.status !== "open");
      expect(waitingFor(state, null) === null).toBe(state.status !== "open");
      expect(needsOf(state, world.graph).rows.every((seq) => world.log[seq - 1] !== undefined)).toBe(true);
      if (due === null) return;
      const fired = supplied(last.when(tick(due)).and);
      const next = dueAt(fired.state, fired.facts);
      if (next !== null) expect(next).toBeGreaterThanOrEqual(due);
      // Nothing is due twice: a second tick only gives away agents that the first one freed.
      if (next === null || next === due) return;
      for (const event of decideIn(fired.world, tick(due)).events) {
        expect(["SessionWarned", "TaskWaited", "DispatchRequested"]).toContain(event.type);
        expect(event).not.toHaveProperty("again", true);
      }
    });
  });

  test("the view agrees with the state", () => {
    check(({ last }) => {
      const { state, facts, world } = last;
      const all = tasksView(state, world.log, facts);
      expect(all).toHaveLength(state.tasks);
      const running = all.filter(({ status }) => status === "running").length;
      const atWork = ["dispatched", "calling", "child", "mapping"];
      expect(running).toBe(state.open.filter(({ phase }) => atWork.includes(phase)).length);
      // A map runs as long as its items do.
      const flying = state.open.some(({ phase }) => phase !== "mapping" && atWork.includes(phase));
      expect(readStatus(state) === "running").toBe(flying && state.paused === undefined);
      for (const [taskId, { status, by }] of Object.entries(state.ended)) {
        // What was done in its place does not undo its failure.
        expect(all.find((task) => task.taskId === taskId)?.status).toBe(by === undefined ? status : "failed");
      }
    });
  });

  test("P5, P6: every log is a legal execution of its definition, as a naive interpreter sees it", () => {
    check(({ last: { world } }) => {
      expect(violationsOf(world.document, world.log)).toEqual([]);
    });
  });

  test("P10: time and failing agents alone bring every session to an end", () => {
    fc.assert(
      fc.property(anyWorld, (first) => {
        let from = first;
        let now = T0;
        for (let i = 0; i < 300 && from.state.status === "open"; i += 1) {
          now = dueAt(from.state, from.facts) ?? now;
          from = supplied(from.when(nextWord(from.state, now)).and);
        }
        expect(["failed", "completed"]).toContain(from.state.status);
        expect(violationsOf(from.world.document, from.world.log)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

test("no command and no facts are too odd to be decided on", { timeout: 60_000 }, () => {
  const odd = fc.record({ now: fc.integer(), seed: fc.string() });
  const anyCommand = fc.oneof(
    odd.map((base) => ({ type: "Tick" as const, ...base })),
    odd.map((base) => cancel("x", base.now)),
    fc.record({
      type: fc.constant("SettleAttempt" as const),
      n: fc.integer(),
      attempt: fc.option(fc.integer()),
      from: fc.option(fc.string()),
      via: fc.constantFrom("report" as const, "call" as const),
      startedAt: fc.option(fc.integer()),
      result: anyResult,
      now: fc.integer(),
      seed: fc.string(),
    }),
    fc.record({
      type: fc.constant("EndDispatch" as const),
      transport: fc.constantFrom("direct" as const, "agentkit" as const, null),
      n: fc.integer({ min: 0, max: 4 }),
      attempt: fc.integer({ min: 0, max: 3 }),
      outcome: fc.constantFrom("refused" as const, "rejected" as const, "agent_error" as const),
      message: fc.string(),
      retryAfterMs: fc.option(fc.nat()),
      now: fc.integer(),
      seed: fc.string(),
    }),
  );
  const less = fc.record({ agents: fc.boolean(), rows: fc.boolean(), capable: fc.boolean(), history: fc.boolean() });
  fc.assert(
    fc.property(run, anyCommand, less, ({ last }, command, has) => {
      const { world } = last;
      const facts = {
        ...factsOf(world, has.history ? historyOf(world) : null),
        ...(has.agents ? {} : { agents: new Map() }),
        ...(has.rows ? {} : { rows: new Map() }),
        ...(has.capable ? {} : { capable: new Map() }),
      };
      const decision = decide(world.state, command, facts, world.log.length + 1);
      expect(decide(world.state, command, facts, world.log.length + 1)).toEqual(decision);
      const after = withRow(world, command.now, decision.events);
      expect(decision.state).toEqual(after.state);
      expect(givenWorld(after).state.tasks).toBeGreaterThanOrEqual(last.state.tasks);
    }),
    { numRuns: 300 },
  );
});
