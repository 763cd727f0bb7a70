import { describe, expect, test } from "vitest";
import { deadlinesOf, dueAt, dueBounds } from "../../../src/core/session/deadlines.ts";
import type { SessionEvent } from "../../../src/core/session/events.ts";
import { evolve } from "../../../src/core/session/evolve.ts";
import type { DispatchedTask } from "../../../src/core/session/state.ts";
import { readStatus, storedStatus } from "../../../src/core/session/view.ts";
import { waitingFor } from "../../../src/core/session/waiting-for.ts";
import {
  actor,
  agent,
  attempt,
  call,
  done,
  endDispatch,
  failed,
  given,
  givenWorld,
  MINUTE,
  report,
  SECOND,
  start,
  T0,
  tick,
  withRow,
  type Given,
  type Setup,
} from "../../support/given.ts";

const write = (from: Given, at: number, event: SessionEvent): Given => givenWorld(withRow(from.world, at, [event]));
const pause = (from: Given, at: number, reason: string | null = null) =>
  write(from, at, { type: "SessionPaused", reason, actor });
const resume = (from: Given, at: number) => write(from, at, { type: "SessionResumed", actor });

const FROM = T0 + 10 * SECOND;
const TO = FROM + 60 * MINUTE;
const [one] = [{ taskId: "one", agentId: "a", retry: { initialInterval: "20s", backoffCoefficient: 1 } }];
const begun = (setup: Partial<Setup>) => given({ tasks: [one], agents: [agent("a")], ...setup }).when(start()).and;
const opened = ({ state }: Given) => state.open[0]!;

describe("a paused session", () => {
  const paused = pause(begun({ timeout: "2h" }), FROM, "the press is here");

  test("says so, and why", () => {
    expect(readStatus(paused.state)).toBe("paused");
    expect(storedStatus(paused.state)).toBe("paused");
    expect(storedStatus(resume(paused, TO).state)).toBe("open");
    expect(storedStatus({ ...paused.state, status: "failed" })).toBe("failed");
    expect(waitingFor(paused.state, paused.facts)).toMatchObject({
      code: "paused",
      message: "the session is paused: the press is here",
    });
    expect(waitingFor(pause(begun({}), FROM).state, null)?.message).toBe("the session is paused");
  });

  test("that is resumed by a clock behind the one that paused it loses no time", () => {
    const before = begun({ timeout: "2h" });
    const after = resume(pause(before, FROM), FROM - 4 * MINUTE);
    expect(after.state.deadlineAt).toBe(before.state.deadlineAt);
    expect(opened(after)).toMatchObject({ frozenMs: 0 });
    const asleep = begun({ tasks: [{ taskId: "one", type: "wait", for: "1h" }] });
    expect(opened(resume(pause(asleep, FROM), FROM - 4 * MINUTE))).toMatchObject({ until: T0 + 60 * MINUTE });
    // What became ready in the pause begins at once, not when that clock has caught up.
    const two = begun({
      tasks: [
        { taskId: "one", agentId: "a" },
        { taskId: "two", agentId: "a" },
      ],
    });
    pause(two, FROM)
      .when(report("a", 1, done(1)))
      .and.when({ type: "ResumeSession", now: FROM - 4 * MINUTE, seed: "s", actor })
      .then({ type: "SessionResumed" }, { type: "DispatchRequested" });
  });

  test("does nothing by itself", () => {
    expect(dueAt(paused.state, paused.facts)).toBeNull();
    expect(dueBounds(paused.state, paused.facts.graph)).toBeNull();
    paused
      .when(tick(T0 + 9 * 60 * MINUTE))
      .then()
      .answers({ kind: "unchanged" });
  });

  test("takes the results of what is in flight, but gives no task to anybody", () => {
    const two = pause(begun({ tasks: [one, { taskId: "two", agentId: "a" }] }), FROM);
    const after = two
      .when(call(1, done(), { now: FROM + SECOND }))
      .then({ type: "TaskCompleted" }, { type: "TaskEntered", taskId: "two" }).and;
    resume(after, TO).when(tick(TO)).then({ type: "DispatchRequested", taskId: "two" });
  });

  test("that was never paused is not changed by the end of a pause", () => {
    const from = begun({});
    expect(resume(from, T0).state).toEqual(from.state);
  });
});

describe("the end of a pause gives its time back", () => {
  test("to the deadline of the session", () => {
    expect(resume(pause(begun({ timeout: "2h" }), FROM), TO).state.deadlineAt).toBe(T0 + 180 * MINUTE);
    expect(resume(pause(begun({}), FROM), TO).state).not.toHaveProperty("deadlineAt");
    expect(resume(pause(begun({}), FROM), TO).state).not.toHaveProperty("paused");
  });

  test("to the wait for an agent", () => {
    const from = begun({ agents: [], defaults: { timeout: { queue: "1m" } } });
    const resumed = resume(pause(from, FROM), TO);
    expect(opened(resumed)).toMatchObject({ phase: "waiting", since: T0 + 60 * MINUTE, readyAt: T0 });
    resumed
      .when(tick(TO))
      .then()
      .and.when(tick(TO + 50 * SECOND))
      .then({ type: "TaskFailed", error: { code: "no_agent" } }, { type: "SessionFailed" });
  });

  test("to the wait between attempts, begun before or in the pause", () => {
    const before = begun({}).when(call(1, failed("boom", { retryAfterMs: 20_000 }))).and;
    expect(opened(resume(pause(before, FROM), TO))).toMatchObject({ phase: "backoff", retryAt: TO + 10 * SECOND });
    const late = pause(begun({}), FROM).when(call(1, failed("boom", { retryAfterMs: 20_000 }), { now: TO - SECOND })).and; // prettier-ignore
    expect(opened(resume(late, TO))).toMatchObject({ phase: "backoff", retryAt: TO + 20 * SECOND });
  });

  test("to what was due already nothing: it is due now", () => {
    const due = begun({}).when(endDispatch("refused", 1)).and;
    resume(pause(due, T0 + MINUTE), TO)
      .when(tick(TO))
      .then({ type: "DispatchRequested", attempt: 2 });
  });

  test("to the deadlines of an attempt in flight, twice if it was paused twice", () => {
    const timeout = { start: "1m", run: "5m", heartbeat: "2m" };
    const running = begun({ defaults: { timeout } });
    const twice = resume(pause(resume(pause(running, FROM), TO), TO + SECOND), TO + 11 * SECOND);
    const stood = TO - FROM + 10 * SECOND;
    expect(opened(twice)).toMatchObject({ frozenMs: stood, thawedAt: TO + 11 * SECOND, sentAt: T0 });
    const deadlines = (from: Given) => deadlinesOf(from.state, opened(from) as DispatchedTask, from.facts);
    expect(deadlines(twice.inFlight("a", attempt(1), { transport: "agentkit", acceptedAt: T0 }))).toMatchObject({
      startAt: T0 + MINUTE + stood,
      runAt: T0 + 5 * MINUTE + stood,
      heartbeatAt: null,
    });
    expect(dueBounds(twice.state, twice.facts.graph)?.latest).toBe(T0 + 5 * MINUTE + stood);
    // A sign of life before the pause: silence counts anew from its end.
    const heard = twice.inFlight("a", attempt(1), { confirmedAt: T0, beatAt: FROM - 1 });
    expect(deadlines(heard).heartbeatAt).toBe(TO + 11 * SECOND + 2 * MINUTE);
  });

  test("to a wait, but not to an instant of the calendar", () => {
    const nap = (more: object) => pause(begun({ tasks: [{ taskId: "nap", type: "wait", ...more }] }), FROM);
    const until = new Date(T0 + MINUTE).toISOString();
    expect(opened(resume(nap({ for: "1m" }), TO))).toMatchObject({ until: T0 + 61 * MINUTE });
    expect(opened(resume(nap({ until }), TO))).toMatchObject({ until: T0 + MINUTE, fixed: true });
  });

  test("to a wait that began in the pause no more than what was left of it", () => {
    const tasks = (more: object) => [one, { taskId: "nap", type: "wait", ...more }];
    const slept = (more: object) =>
      pause(begun({ tasks: tasks(more) }), FROM).when(call(1, done(), { now: TO - SECOND })).and;
    expect(opened(resume(slept({ for: "1m" }), TO))).toMatchObject({ taskId: "nap", until: TO + MINUTE });
    const until = new Date(TO + MINUTE).toISOString();
    expect(opened(resume(slept({ until }), TO))).toMatchObject({ until: TO + MINUTE });
  });
});

describe("what a person may do to a task folds", () => {
  test("the next attempt now, in a pause with its end", () => {
    const waits = begun({}).when(call(1, failed("boom", { retryAfterMs: 600_000 }))).and;
    const hurry = { type: "TaskHurried", taskId: "one", n: 1, actor } as const;
    const hurried = write(waits, FROM, hurry);
    expect(opened(hurried)).toMatchObject({ phase: "backoff", retryAt: FROM, used: 1 });
    hurried.when(tick(FROM)).then({ type: "DispatchRequested", attempt: 2 });
    const inPause = resume(write(pause(waits, FROM), TO - 1, hurry), TO);
    inPause.when(tick(TO)).then({ type: "DispatchRequested", attempt: 2 });
  });

  test("an open task skipped, or done with an output", () => {
    const skipped = write(begun({}), FROM, { type: "TaskSkipped", taskId: "one", n: 1, reason: "operator", actor });
    expect(skipped.state).toMatchObject({ open: [], tasks: 1, ended: { one: { n: 1, status: "skipped", seq: 2 } } });
    const output = { by: "operator", output: 5, actor } as const;
    const resolved = write(begun({}), FROM, { type: "TaskResolved", taskId: "one", n: 1, ...output });
    expect(resolved.state).toMatchObject({ open: [], ended: { one: { n: 1, status: "completed", seq: 2 } } });
  });
});

test("what is said of a task that has not ended changes nothing", () => {
  const { state } = begun({});
  const place = { seq: 2, at: T0 };
  expect(evolve(state, { type: "ChoiceMade", taskId: "one", chose: null }, place)).toEqual(state);
  const ended = { type: "FallbackEnded", taskId: "one", by: "toString", status: "completed" } as const;
  expect(evolve(state, ended, place)).toEqual(state);
  const failedState = begun({}).when(call(1, failed("boom", { retryable: false }))).and.state;
  expect(evolve(failedState, ended, place).ended["one"]).toMatchObject({ status: "completed", seq: 2, by: "toString" });
});
