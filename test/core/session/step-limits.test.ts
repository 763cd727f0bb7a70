import { describe, expect, test } from "vitest";
import { dueAt } from "../../../src/core/session/deadlines.ts";
import { MAX_OPEN_ITEMS } from "../../../src/core/session/map-room.ts";
import { agent, factsOf, MINUTE, start, T0, tick, type Tasks } from "../../support/given.ts";
import { endCall, pause, resume, stored, type Stored } from "../../support/given-maps.ts";

const KIB = 1_024;
/** What D1 takes as a row, less the columns beside the events. */
const ROW_BYTES = 1_950_000;
const call = { type: "http", method: "POST", url: "https://x.test" };
const range = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);
const map = (taskId: string, item: object, more: object = {}): Tasks[number] => ({
  ...{ taskId, type: "map", forEach: "${input.list}", maxConcurrency: 50, task: { ...call, ...item } },
  ...more,
});
const dueOf = ({ world, state }: Stored): number | null => dueAt(state, factsOf(world));
const rowBytes = ({ events }: Stored): number => new TextEncoder().encode(JSON.stringify(events)).length;

/** Ticks until nothing is due at once; every commit on the way. */
const through = (session: Stored): readonly Stored[] => {
  const due = dueOf(session);
  return due === null || due > T0 ? [session] : [session, ...through(session.when(tick(T0)))];
};

describe("what one commit writes fits a row, whatever it is", () => {
  test("a map whose items have large parameters begins in commits, each due at once", { timeout: 60_000 }, () => {
    const big = "x".repeat(200 * KIB);
    const wide = [map("each", { body: { big: "${input.big}", item: "${item}" } })];
    const commits = through(stored({ tasks: wide }).when(start({ input: { list: range(60), big } })));
    expect(commits).toHaveLength(17);
    expect(Math.max(...commits.map(rowBytes))).toBeLessThan(ROW_BYTES);
    expect(commits.slice(0, -1).map(dueOf)).toEqual(commits.slice(1).map(() => T0));
    const [first, last] = [commits[0]!, commits.at(-1)!];
    expect(first.phases).toMatchObject({ mapping: [1], calling: [2, 3] });
    expect(last.phases["calling"]).toHaveLength(50);
    // From then on each end brings one more, with no load but the first.
    const next = last.when(endCall(2, "done"));
    next.then({ type: "TaskResolved", n: 2 }, { type: "TaskEntered", n: 52, index: 50 }, { type: "CallRequested" });
    expect(next.loads).toBe(1);
  });

  test("many items that fail as they are entered are spread over commits with few loads", { timeout: 60_000 }, () => {
    const holes = range(3).map((at) => map(`m${at}`, { url: "${item.x}", onFailure: "continue" }));
    const commits = through(stored({ tasks: holes }).when(start({ input: { list: range(1_000) } })));
    expect(commits.length).toBeGreaterThan(1);
    expect(Math.max(...commits.map(rowBytes))).toBeLessThan(600 * KIB);
    expect(Math.max(...commits.map(({ loads }) => loads))).toBeLessThan(5);
    expect(commits.at(-1)?.state).toMatchObject({ status: "completed", tasks: 3_003 });
  });

  test("while the session is paused nothing of it is due; resumed, the maps go on", () => {
    const big = "x".repeat(200 * KIB);
    const wide = [map("each", { body: "${input.big}" })];
    const begun = stored({ tasks: wide }).when(start({ input: { list: range(60), big } }));
    const paused = begun.when(pause());
    paused.then({ type: "SessionPaused" });
    expect(dueOf(paused)).toBeNull();
    const resumed = paused.when(resume());
    expect(resumed.phases["calling"]).toHaveLength(5);
  });

  test("tasks that a step enters beside each other fail once their parameters are too much together", () => {
    const fan = range(8).map((at) => ({
      ...{ taskId: `t${at}`, ...call, body: "${input.big}", nextTaskId: null, onFailure: "continue" },
    }));
    const begun = stored({ tasks: fan }).when(start({ input: { big: "ß".repeat(120 * KIB) } }));
    expect(rowBytes(begun)).toBeLessThan(ROW_BYTES);
    expect(begun.phases["calling"]).toEqual([1, 2, 3, 4]);
    const failed = begun.events.filter((event) => event.type === "TaskFailed");
    expect(failed.map(({ n }) => n)).toEqual([5, 6, 7, 8]);
    expect(failed[0]?.error).toEqual({
      code: "limit_step",
      message: "the tasks that one step enters have more than 1280 KiB of parameters together",
    });
    const lists = range(8).map((at) => map(`m${at}`, {}, { nextTaskId: null, onFailure: "continue" }));
    const lots = stored({ tasks: lists }).when(start({ input: { list: ["x".repeat(240 * KIB)] } }));
    expect(rowBytes(lots)).toBeLessThan(ROW_BYTES);
    expect(lots.events.filter(({ type }) => type === "TaskFailed")).toHaveLength(4);
  });
});

describe("what one decision evaluates has an end, whatever the definition", () => {
  const list = range(60);
  /** Some 20,000 steps. */
  const dear = "input.list.all(a, input.list.all(b, a + b >= 0))";
  const failures = ({ events }: Stored) =>
    events.flatMap((event) => (event.type === "TaskFailed" ? [event.error] : []));
  const tooMany = {
    code: "limit_step",
    message: "the expressions that one step evaluates take more than 400000 steps together",
  };

  test.each([
    ["conditions", { when: dear }],
    ["parameters", { body: `\${${dear}}` }],
  ])("dear %s of tasks beside each other fail once they are too many", (_, more) => {
    const fan = range(60).map((at) => ({
      ...call,
      ...more,
      taskId: `t${at}`,
      nextTaskId: null,
      onFailure: "continue",
    }));
    const begun = stored({ tasks: fan }).when(start({ input: { list } }));
    const failed = failures(begun);
    expect(failed.length).toBeGreaterThan(20);
    expect(failed.length).toBeLessThan(50);
    expect(new Set(failed.map(({ code }) => code))).toEqual(new Set(["limit_step"]));
    expect(failed[0]).toEqual(tooMany);
    expect(begun.phases["calling"]).toHaveLength(60 - failed.length);
  });

  test("dear choices of tasks that end together fail once they are too many", () => {
    const next = [{ when: `!${dear}`, taskId: "end" }, { taskId: "end" }];
    const fan = range(60).map((at) => ({ taskId: `t${at}`, ...call, when: "false", next, onFailure: "continue" }));
    const begun = stored({ tasks: [...fan, { taskId: "end", ...call }] }).when(start({ input: { list } }));
    expect(begun.state).toMatchObject({ status: "failed", reason: { code: "limit_step" } });
  });

  test("dear items of a map are spread over commits, and all are done", () => {
    const wide = [map("each", { body: `\${${dear}}` })];
    const commits = through(stored({ tasks: wide }).when(start({ input: { list: [...list] } })));
    expect(commits.length).toBeGreaterThan(2);
    expect(commits.flatMap(failures)).toEqual([]);
    expect(commits.at(-1)?.phases["calling"]).toHaveLength(50);
  });
});

describe("maps side by side", () => {
  const maps = (count: number): Tasks => range(count).map((at) => map(`m${at}`, {}, { nextTaskId: null }));

  test("share the places for items that a session has; one that ends gives its place to whoever waits", () => {
    const begun = stored({ tasks: maps(6) }).when(start({ input: { list: range(51) } }));
    expect(begun.phases["calling"]).toHaveLength(MAX_OPEN_ITEMS);
    expect(dueOf(begun)).toBeGreaterThan(T0);
    let session = begun;
    for (let ended = 0; ended < 6 * 51; ended += 1) {
      const { open } = session.state;
      const left = open.flatMap((task) => (task.phase === "mapping" ? [Math.min(50, task.count - task.done)] : []));
      const items = open.filter(({ item }) => item !== undefined);
      expect(items).toHaveLength(
        Math.min(
          MAX_OPEN_ITEMS,
          left.reduce((sum, places) => sum + places, 0),
        ),
      );
      session = session.when(endCall(items[0]!.n, ended));
    }
    expect(session.state.status).toBe("completed");
  });

  test("a place that gets free may bring items that end as they are entered", () => {
    const holes = map("m4", { url: "${item.x}", onFailure: "continue" }, { nextTaskId: null });
    const begun = stored({ tasks: [...maps(4), holes] }).when(start({ input: { list: range(50) } }));
    expect(begun.state.open.at(-1)).toMatchObject({ taskId: "m4", phase: "mapping", next: 0 });
    const ended = begun.when(endCall(2, "done"));
    expect(ended.events.filter(({ type }) => type === "TaskFailed")).toHaveLength(50);
    expect(ended.events.at(-1)).toMatchObject({ type: "TaskResolved", taskId: "m4", by: "map" });
  });

  test("that end together are read together", () => {
    const work = { agentCapability: "work", onFailure: "continue", retry: { maxAttempts: 1 } };
    const both = range(2).map((at) => ({
      ...{ taskId: `m${at}`, type: "map", forEach: "${input.list}", task: work, nextTaskId: null },
    }));
    const agents = [agent("a", { capacity: 2, capabilities: ["work"] })];
    const begun = stored({ tasks: both, agents }).when(start({ input: { list: ["x"] } }));
    expect(begun.phases["dispatched"]).toHaveLength(2);
    const ended = begun.when(tick(T0 + 15 * MINUTE));
    expect(ended.events.filter(({ type }) => type === "TaskResolved")).toMatchObject([
      { n: 1, output: [null] },
      { n: 3, output: [null] },
    ]);
    expect(ended).toMatchObject({ loads: 2, state: { status: "completed" } });
  });
});
