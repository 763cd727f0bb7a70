import { describe, expect, test } from "vitest";
import { taskIdOf } from "../../../src/core/ids.ts";
import { withCarried } from "../../../src/core/session/carried.ts";
import { needsOf } from "../../../src/core/session/needs.ts";
import {
  agent,
  call,
  cancel,
  done,
  failed,
  given,
  SESSION,
  start,
  T0,
  tick,
  type Given,
  type Tasks,
} from "../../support/given.ts";
import { endedAtOf, tasksView } from "../../../src/core/session/view.ts";
import { again, carriedBy, eventsByTask, refusalOf, rerun } from "../../support/given-rerun.ts";

const on = (taskId: string, more: object = {}) => ({ taskId, agentId: "a", retry: { maxAttempts: 1 }, ...more });
const team = [agent("a", { capacity: 9 })];
const begun = (tasks: Tasks): Given => given({ tasks, agents: team }).when(start()).and;
const after = (from: Given, ...commands: readonly Parameters<Given["when"]>[0][]): Given =>
  commands.reduce((one, command) => one.when(command).and, from);

/** One after the other; the third has failed. */
const chain = (): Given =>
  after(
    begun([on("one"), on("two", { parameters: { of: "${tasks.one.output}" } }), on("three"), on("four")]),
    call(1, done("first")),
    call(2, done("second")),
    call(3, failed()),
  );

describe("a session run again from a task", () => {
  test("takes the results of all that does not come after it; the task itself is run anew", () => {
    const old = chain();
    expect(old.state.status).toBe("failed");
    const third = rerun(old, "three").then(
      {
        type: "SessionStarted",
        sessionId: again(),
        rerunOf: { sessionId: SESSION, fromTaskId: "three", reason: "once more" },
      },
      {
        type: "TasksCarried",
        tasks: [
          { taskId: "one", n: 1, status: "completed", from: { sessionId: SESSION, seq: 2, n: 1 } },
          { taskId: "two", n: 2, status: "completed", from: { sessionId: SESSION, seq: 3, n: 2 } },
        ],
      },
      { type: "TaskEntered", taskId: "three", n: 3 },
      { type: "DispatchRequested", taskId: "three" },
    );
    expect(third.and.state).toMatchObject({ rerunOf: { sessionId: SESSION, fromTaskId: "three" }, sources: [SESSION] });
    third.and
      .when(call(3, done()))
      .then({ type: "TaskCompleted" }, { type: "TaskEntered", taskId: "four", n: 4 }, { type: "DispatchRequested" });
  });

  test("sees what they came to, in parameters and in conditions", () => {
    const tasks = [
      on("plain"),
      on("weak", { onFailure: "continue" }),
      on("never", { when: "false" }),
      on("last", {
        dependsOn: ["plain", "weak", "never"],
        parameters: {
          plain: "${tasks.plain.output.x}",
          weak: "${tasks.weak.error.code} ${tasks.weak.attempts} ${tasks.weak.status}",
          never: "${tasks.never.status}",
        },
      }),
    ];
    const old = after(begun(tasks), call(1, done({ x: 7 })), call(2, failed("boom")), call(4, failed()));
    expect(carriedBy(old, "last")).toEqual(["plain completed 1", "weak failed 2", "never skipped 3"]);
    rerun(old, "last").then(
      { type: "SessionStarted" },
      { type: "TasksCarried" },
      { type: "TaskEntered", n: 4, parameters: { plain: 7, weak: "boom 1 failed", never: "skipped" } },
      { type: "DispatchRequested" },
    );
  });

  test("without the rows that say so nothing is decided, and they are asked for", () => {
    const old = chain();
    const blind = { ...old, world: { ...old.world, log: [] } };
    rerun(blind, "two")
      .then()
      .answers({ kind: "needs_facts", needs: { refs: [[SESSION, 2]] } });
  });

  test("what comes next is asked for before: the rows of the old log, by its session", () => {
    const tasks = [on("one"), on("two"), on("three", { parameters: { of: "${tasks.one.output}" } })];
    const old = after(begun(tasks), call(1, done("first")), call(2, failed()));
    const { state, world } = rerun(old, "two").and;
    expect(needsOf(state, world.graph)).toEqual({ rows: [1], agents: ["a"], caps: [], refs: [[SESSION, 2]] });
  });

  test("the given parameters lie over those of the task, and over no other's", () => {
    const tasks = [on("one", { parameters: { a: 1, b: 1 } }), on("two", { parameters: { a: 2 } })];
    const old = after(begun(tasks), call(1, failed()));
    const first = rerun(old, "one", { input: { b: 2, c: 2 }, parameters: { c: 3 } });
    first.then(
      { type: "SessionStarted" },
      { type: "TaskEntered", parameters: { a: 1, b: 2, c: 3 } },
      { type: "DispatchRequested" },
    );
    first.and
      .when(call(1, done()))
      .then({ type: "TaskCompleted" }, { type: "TaskEntered", parameters: { a: 2 } }, { type: "DispatchRequested" });
  });

  test("from the beginning nothing is carried over", () => {
    rerun(chain(), null).then(
      { type: "SessionStarted", rerunOf: { sessionId: SESSION, fromTaskId: null } },
      { type: "TaskEntered", taskId: "one", n: 1 },
      { type: "DispatchRequested" },
    );
  });

  test("in a chain of reruns the log in which a task ran is named, not the one in between", () => {
    const second = after(rerun(chain(), "three").and, call(3, done("third")), call(4, failed()));
    const third = rerun(second, "four", { id: again(2) });
    third.then(
      { type: "SessionStarted", rerunOf: { sessionId: again() } },
      {
        type: "TasksCarried",
        tasks: [
          { taskId: "one", n: 1, from: { sessionId: SESSION, seq: 2, n: 1 } },
          { taskId: "two", n: 2, from: { sessionId: SESSION, seq: 3, n: 2 } },
          { taskId: "three", n: 3, from: { sessionId: again(), seq: 2, n: 3 } },
        ],
      },
      { type: "TaskEntered", taskId: "four", n: 4 },
      { type: "DispatchRequested" },
    );
    expect(third.and.state.sources).toEqual([SESSION, again()]);
  });

  test("what neither has settled nor comes after it is run anew beside it", () => {
    const tasks = [
      on("left", { nextTaskId: "join" }),
      on("right", { dependsOn: [] }),
      on("join", { dependsOn: ["right"] }),
    ];
    const old = after(begun(tasks), call(1, failed()));
    expect(old.state.ended).toMatchObject({ left: { status: "failed" }, right: { status: "cancelled" } });
    rerun(old, "left").then(
      { type: "SessionStarted" },
      { type: "TaskEntered", taskId: "left" },
      { type: "DispatchRequested" },
      { type: "TaskEntered", taskId: "right" },
      { type: "DispatchRequested" },
    );
  });

  test("a join that has had its first keeps its result while the others run again", () => {
    const tasks = [
      on("fast", { nextTaskId: "any" }),
      on("slow", { dependsOn: [], nextTaskId: "any" }),
      on("any", { join: "any", nextTaskId: "end" }),
      on("end"),
    ];
    const old = after(begun(tasks), call(1, done()), call(3, done()), call(4, failed()));
    const next = rerun(old, "end").and;
    expect(Object.keys(next.state.ended)).toEqual(["fast", "any"]);
    expect(next.state.open.map(({ taskId }) => taskId)).toEqual(["slow", "end"]);
    const [slow, end] = next.state.open.map(({ n }) => n);
    expect(after(next, call(slow!, done()), call(end!, done())).state.status).toBe("completed");
  });

  test("a way that was chosen stays chosen, and one that nobody came to choose is chosen now", () => {
    const tasks = [
      on("sort", { next: [{ when: "tasks.sort.output.deep.of", taskId: "yes" }, { taskId: "no" }] }),
      on("yes", { nextTaskId: null }),
      on("no", { nextTaskId: null }),
      on("side", { dependsOn: [] }),
    ];
    const chosen = after(begun(tasks), call(1, done({ deep: { of: true } })), call(3, failed()));
    expect(carriedBy(chosen, "yes")).toEqual(["sort completed 1", "no skipped 4"]);
    // The choice fails with the session; the other way is not taken by itself.
    const unchosen = after(begun(tasks), call(1, done({})));
    expect(unchosen.state).toMatchObject({ status: "failed", ended: { side: { status: "cancelled" } } });
    expect(unchosen.state.ended["sort"]).not.toHaveProperty("chose");
    const told = { ...unchosen, world: { ...unchosen.world, log: chosen.world.log } };
    rerun(told, "side").then(
      { type: "SessionStarted" },
      { type: "TasksCarried" },
      { type: "TaskEntered", taskId: "side", n: 2 },
      { type: "DispatchRequested" },
      { type: "ChoiceMade", taskId: "sort", chose: "yes" },
      { type: "TaskEntered", taskId: "yes", n: 3 },
      { type: "DispatchRequested" },
      { type: "TaskSkipped", taskId: "no", reason: "not_reached", n: 4 },
    );
  });

  test("a task that its fallback stood in for is carried over with it", () => {
    const tasks = [
      on("main", { fallbackTaskId: "simple" }),
      on("next", { parameters: { of: "${tasks.main.output}", how: "${tasks.main.status}" } }),
      on("simple"),
    ];
    const old = after(begun(tasks), call(1, failed()), call(2, done("simply")), call(3, failed()));
    expect(carriedBy(old, "next")).toEqual(["main completed 1", "simple completed 2"]);
    const next = rerun(old, "next");
    next.then(
      { type: "SessionStarted" },
      { type: "TasksCarried", tasks: [{ taskId: "main", by: "simple" }, { taskId: "simple" }] },
      { type: "TaskEntered", taskId: "next", n: 3, parameters: { of: "simply", how: "completed" } },
      { type: "DispatchRequested" },
    );
    const third = after(next.and, call(3, failed()));
    rerun(third, "next", { id: again(2) }).then(
      { type: "SessionStarted" },
      { type: "TasksCarried" },
      { type: "TaskEntered", parameters: { of: "simply" } },
      { type: "DispatchRequested" },
    );
    // Run again from the task itself, its fallback is there for it again.
    const anew = after(rerun(old, "main", { id: again(3) }).and, call(1, failed()));
    expect(anew.state.open).toMatchObject([{ taskId: "simple", n: 2 }]);
  });

  test("a cancelled session goes on where it was stopped", () => {
    const old = after(begun([on("one"), on("two")]), call(1, done()), cancel("not now"));
    expect(carriedBy(old, "two")).toEqual(["one completed 1"]);
    expect(after(rerun(old, "two").and, call(2, done())).state.status).toBe("completed");
  });

  test("a time-out counts from its own start", () => {
    const old = after(
      given({ tasks: [on("one"), on("two")], agents: team, timeout: "1h" }).when(start()).and,
      call(1, done()),
      cancel(),
    );
    expect(rerun(old, "two", { now: T0 + 9_000_000 }).and.state.deadlineAt).toBe(T0 + 9_000_000 + 3_600_000);
  });
});

describe("compensation after a rerun", () => {
  const undo = (taskId: string, more: object = {}) => [on(taskId, { compensateWith: `un${taskId}`, ...more })];
  const tasks = [...undo("one"), ...undo("two"), on("three"), on("unone"), on("untwo")];
  const stopped = (): Given => after(begun(tasks), call(1, done()), call(2, done()), cancel());

  test("undoes what was carried over too, after all that ran in the new session, the last first", () => {
    const next = rerun(stopped(), "three").and;
    next
      .when(call(3, failed()))
      .then(
        { type: "AttemptEnded" },
        { type: "TaskFailed" },
        { type: "CompensationStarted", tasks: ["untwo", "unone"] },
        { type: "TaskEntered", taskId: "untwo" },
        { type: "DispatchRequested" },
      );
    const second = after(rerun(stopped(), "two").and, call(2, done()), call(3, failed()));
    expect(second.state.failing).toMatchObject({ taskId: "three", left: ["unone"] });
    expect(second.state.open).toMatchObject([{ taskId: "untwo" }]);
  });

  test("what has been undone is not carried over: the rerun is refused, unless it runs that anew", () => {
    const old = after(
      begun(tasks),
      call(1, done()),
      call(2, done()),
      call(3, failed()),
      call(4, done()),
      call(5, failed()),
    );
    expect(old.state.status).toBe("failed");
    expect(refusalOf(old, "three")).toBe('"one" has been undone: run the session again from it, or as a whole.');
    expect(refusalOf(old, "two")).toContain('"one" has been undone');
    expect(carriedBy(old, "one")).toEqual([]);
  });

  test("what was not undone by its condition still stands", () => {
    const kept = [...undo("one"), on("three"), on("unone", { when: "false" })];
    const old = after(begun(kept), call(1, done()), call(2, failed()));
    expect(old.state.ended).toMatchObject({ unone: { status: "skipped" } });
    expect(carriedBy(old, "three")).toEqual(["one completed 1"]);
  });
});

test("a session cannot be run again from what has no place in its order, or was never reached", () => {
  const tasks = [
    on("sort", { next: [{ when: "true", taskId: "yes" }, { taskId: "no" }] }),
    on("yes", { nextTaskId: "last", fallbackTaskId: "simple", compensateWith: "undo" }),
    on("no", { nextTaskId: null }),
    on("last"),
    on("simple"),
    on("undo"),
    on("asleep", { dependsOn: ["last"] }),
  ];
  const old = after(begun(tasks), call(1, done()), call(2, failed()), cancel());
  expect(refusalOf(old, "none")).toContain('no task "none"');
  expect(refusalOf(old, "constructor")).toContain('no task "constructor"');
  expect(refusalOf(old, "simple")).toBe('"simple" is a fallback: name the task it stands in for, "yes".');
  expect(refusalOf(old, "undo")).toBe('"undo" only undoes "yes": it has no place in the order.');
  expect(refusalOf(old, "last")).toBe('"last" was never reached: "yes" before it has not settled.');
  expect(refusalOf(old, "asleep")).toBe('"asleep" was never reached: "last" before it has not settled.');
  expect(refusalOf(old, "no")).toBe('"no" was never reached: no way led to it.');
  expect(carriedBy(old, "yes")).toEqual(["sort completed 1", "no skipped 3"]);
});

test("a task beside the failing one that nobody came to enter is refused by name", () => {
  const tasks = [on("one", { nextTaskId: null }), on("two", { dependsOn: ["one"] })];
  const old = after(begun(tasks), call(1, done()), cancel());
  const lost = { ...old.state, ended: { one: old.state.ended["one"]! } };
  expect(refusalOf({ ...old, state: lost }, "two")).toBe('"two" was never reached.');
});

test("its view shows what was carried over as it was, and where it ran", () => {
  const tasks = [
    on("one"),
    on("weak", { onFailure: "continue" }),
    on("main", { fallbackTaskId: "simple", parameters: { of: "main" } }),
    { taskId: "nap", type: "wait", for: "0ms" },
    on("never", { when: "false" }),
    on("last"),
    on("simple"),
  ] as Tasks;
  const old = after(
    begun(tasks),
    call(1, done({ x: 1 })),
    call(2, failed("boom")),
    call(3, failed()),
    call(4, done("simply")),
    tick(T0),
    call(7, failed()),
  );
  const { state, world, facts } = rerun(old, "last", { now: T0 + 1_000 }).and;
  const carried = eventsByTask(old);
  const bare = {
    agentId: null,
    parameters: {},
    output: null,
    error: null,
    fallback: null,
    map: null,
    lateResults: 0,
    attempts: [],
  };
  const shown = (taskId: string, n: number, from: number, more: object) => ({
    ...{ ...bare, taskId, name: taskId, id: taskIdOf(again(), n), carriedFrom: taskIdOf(SESSION, from), ...more },
  });
  const views = tasksView(state, world.log, { ...facts, carried });
  expect(views.slice(0, -1)).toEqual([
    shown("one", 1, 1, { status: "completed", agentId: "a", output: { x: 1 } }),
    shown("weak", 2, 2, { status: "failed", error: { code: "boom", message: "it broke" } }),
    shown("main", 3, 3, {
      status: "failed",
      parameters: { of: "main" },
      error: { code: "boom", message: "it broke" },
      fallback: { taskId: "simple", status: "completed" },
    }),
    shown("simple", 4, 4, { status: "completed", agentId: "a", output: "simply" }),
    shown("nap", 5, 5, { status: "completed", parameters: { for: "0ms" } }),
    shown("never", 6, 6, { status: "skipped" }),
  ]);
  expect(views.at(-1)).toMatchObject({ taskId: "last", status: "running" });
  expect(views.at(-1)).not.toHaveProperty("carriedFrom");
  expect([...endedAtOf(world.log)]).toEqual([1, 2, 3, 4, 5, 6].map((n) => [n, T0 + 1_000]));
  // The session that is run again shows the same of it.
  const { error, parameters } = tasksView(old.state, old.world.log, old.facts)[2]!;
  expect(views[2]).toMatchObject({ error, parameters });
  // Without the events there is still how each ended.
  expect(tasksView(state, world.log, facts)[0]).toEqual(shown("one", 1, 1, { status: "completed" }));
});

test("the head of 200 tasks with the longest ids, carried over from as many sessions, stays below 64 KiB", () => {
  const name = (i: number): string => `${i}-`.padEnd(128, "x");
  const carried = Array.from({ length: 199 }, (_, i) => ({
    taskId: name(i),
    n: i + 1,
    status: "completed" as const,
    from: { sessionId: again(i), seq: 24_000, n: 9_000 },
  }));
  const { state } = rerun(chain(), null).and;
  expect(JSON.stringify(withCarried(state, carried)).length).toBeLessThan(64 * 1024);
});
