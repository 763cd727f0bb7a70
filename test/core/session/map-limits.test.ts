import { describe, expect, test } from "vitest";
import type { Json } from "../../../src/core/json.ts";
import type { SessionState } from "../../../src/core/session/state.ts";
import { agent, call, failed, HOUR, start, T0, tick, type Tasks } from "../../support/given.ts";
import { endCall, stored, type Stored } from "../../support/given-maps.ts";

const KIB = 1024;
const bytes = (state: SessionState): number => new TextEncoder().encode(JSON.stringify(state)).length;
const map = (more: object = {}, item: object = {}): Tasks[number] => ({
  taskId: "each",
  type: "map",
  forEach: "${input.list}",
  maxConcurrency: 2,
  task: { type: "http", url: "https://x.test", ...item },
  ...more,
});
const over = (tasks: Tasks, list: Json): Stored => stored({ tasks }).when(start({ input: { list } }));
const range = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);

describe("what a map goes over", () => {
  test.each([
    ["an object", { a: 1 }],
    ["a text", "abc"],
    ["null", null],
  ])("is no %s", (_what, list) => {
    over([map()], list).then(
      { type: "SessionStarted" },
      { type: "TaskEntered", n: 1, parameters: {} },
      { type: "TaskFailed", n: 1, error: { code: "not_a_list" } },
      { type: "SessionFailed", taskId: "each" },
    );
  });

  test("are 1,000 items at most", () => {
    expect(over([map()], range(1_000)).state.open[0]).toMatchObject({ phase: "mapping", count: 1_000 });
    const long = over([map()], range(1_001));
    long.then(
      { type: "SessionStarted" },
      { type: "TaskEntered" },
      { type: "TaskFailed", error: { code: "limit_items", message: expect.stringContaining("1001 items") } },
      { type: "SessionFailed" },
    );
    expect(long.events[1]).not.toHaveProperty("items");
  });

  test("an input does not turn it: what the author wrote stands", () => {
    const fixed = stored({ tasks: [map({ forEach: ["a"] })] }).when(start({ input: { forEach: ["x", "y"] } }));
    expect(fixed.events[1]).toMatchObject({ items: ["a"] });
  });
});

describe("the outputs of the items", () => {
  const text = (size: number): string => "x".repeat(size - 2);

  test("may be 256 KiB of JSON together", () => {
    // Brackets and a comma are 3 bytes.
    const full = over([map()], ["a", "b"]).when(endCall(2, text(128 * KIB)));
    full
      .when(endCall(3, text(128 * KIB - 3)))
      .then({ type: "TaskResolved", n: 3 }, { type: "TaskResolved", n: 1 }, { type: "SessionCompleted" });
    full
      .when(endCall(3, text(128 * KIB - 2)))
      .then(
        { type: "TaskResolved", n: 3 },
        { type: "TaskFailed", n: 1, error: { code: "limit_output", message: expect.stringContaining("256 KiB") } },
        { type: "SessionFailed" },
      );
  });

  test("end the map as soon as they are too much, whatever of it is still open", () => {
    over([map()], ["a", "b", "c", "d"])
      .when(endCall(3, text(200 * KIB)))
      .when(endCall(2, text(200 * KIB)))
      .then(
        { type: "TaskResolved", n: 2 },
        { type: "TaskCancelled", n: 4 },
        { type: "TaskFailed", n: 1, error: { code: "limit_output" } },
        { type: "SessionFailed" },
      );
  });
});

describe("10,000 tasks are the most a session has", { timeout: 60_000 }, () => {
  // Items that cannot be rendered end as they are entered: one decision goes through all of them.
  const hole = { url: "${item.x}", onFailure: "continue" };
  const chain = (count: number, more: object = {}): Tasks =>
    range(count).map((at) => map({ taskId: `m${at}`, ...more }, hole));

  /** Some commits later: what is due at once goes on until nothing is. */
  const through = (session: Stored): Stored => {
    const next = session.state.status === "open" ? session.when(tick(T0)) : session;
    return next.events.length === 0 || next === session ? session : through(next);
  };

  test("a map ends when its next item would be one more", () => {
    const ended = through(over(chain(10), range(1_000)));
    expect(ended.state.tasks).toBe(10_000);
    expect(ended.events.slice(-2)).toMatchObject([
      { type: "TaskFailed", taskId: "m9", error: { code: "limit_tasks" } },
      { type: "SessionFailed", taskId: "m9", error: { code: "limit_tasks" } },
    ]);
  });

  test("a task that would be one more fails the session, whoever bears the map's failure", () => {
    const tasks = [...chain(10, { onFailure: "continue" }), { taskId: "last", type: "wait", for: "1s" }];
    const { state } = through(over(tasks, range(1_000)));
    expect(state).toMatchObject({ status: "failed", tasks: 10_000, reason: { code: "limit_tasks" } });
  });

  test("what undoes the session is begun all the same", () => {
    const undone: Tasks = [
      map({ taskId: "none", forEach: [], compensateWith: "undo" }),
      ...chain(10),
      { taskId: "undo", type: "wait", for: "1s" },
    ];
    const failing = through(over(undone, range(1_000)));
    expect(failing.events.slice(-3)).toMatchObject([
      { type: "CompensationStarted", error: { code: "limit_tasks" }, tasks: ["undo"] },
      { type: "TaskEntered", taskId: "undo", n: 10_001 },
      { type: "TaskSlept" },
    ]);
    failing.when(tick(T0 + 1_000)).then({ type: "TaskResolved" }, { type: "SessionFailed", taskId: "m9" });
  });
});

test("items that end as they are entered are loaded many at a time", () => {
  const list = [...range(2).map((x) => ({ x })), ...range(998)];
  const hole = map({}, { url: "${item.x}", onFailure: "continue" });
  const ended = over([hole], list).when(endCall(2, "A"));
  expect(ended.state.tasks).toBe(1_001);
  expect(ended.loads).toBeLessThan(15);
  ended.when(endCall(3, "B"));
});

describe("the head of a session with 1,000 items, 50 of them open", () => {
  const name = (length: number): string => "n".repeat(length);
  /** All in flight; all between two attempts; all waiting, since nobody is there any more. */
  const heads = (length: number, message: string): readonly number[] => {
    const wide = map(
      { taskId: name(length), maxConcurrency: 50 },
      { type: "agent", agentCapability: name(length), retry: { maxAttempts: 2 } },
    );
    const able = agent(name(length), { capacity: 50, capabilities: [name(length)] });
    const inFlight = stored({ tasks: [wide], agents: [able] }).when(start({ input: { list: range(1_000) } }));
    let between = inFlight;
    for (let n = 2; n <= 51; n += 1) between = between.when(call(n, failed("boom", { message })));
    const gone = { ...between.world.agents.get(able.id)!, admission: "deregistered" as const };
    const waiting = between.with({ agents: new Map([[able.id, gone]]) }).when(tick(T0 + HOUR));
    expect(inFlight.phases["dispatched"]).toHaveLength(50);
    expect(between.phases["backoff"]).toHaveLength(50);
    expect(waiting.phases["waiting"]).toHaveLength(50);
    return [inFlight, between, waiting].map(({ state }) => bytes(state));
  };

  test("is 64 KiB at most, whatever names and failures are like", () => {
    for (const size of heads(128, "ß".repeat(500))) expect(size).toBeLessThan(64 * KIB);
  });
});
