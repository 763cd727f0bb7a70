import { describe, expect, test } from "vitest";
import type { Json } from "../../../src/core/json.ts";
import { agent, call, done, failed, HOUR, MINUTE, start, T0, tick, type Tasks } from "../../support/given.ts";
import { control, endCall, failCall, pause, resume, stored, type Stored } from "../../support/given-maps.ts";

const fetchEach = (more: object = {}, item: object = {}): Tasks => [
  {
    taskId: "each",
    type: "map",
    forEach: "${input.list}",
    maxConcurrency: 2,
    task: { type: "http", url: "https://x.test/${item}/${index}", ...item },
    ...more,
  },
];
const askEach: Tasks = [
  {
    taskId: "each",
    type: "map",
    forEach: "${input.list}",
    maxConcurrency: 3,
    task: { agentCapability: "c", parameters: { about: "${item}" }, retry: { maxAttempts: 1 } },
  },
];
const over = (tasks: Tasks, list: Json, agents: readonly string[] = []): Stored =>
  stored({ tasks, agents: agents.map((id) => agent(id, { capabilities: ["c"] })) }).when(start({ input: { list } }));

describe("a map of calls", () => {
  test("enters as many items as it has places for; each has its item and its index", () => {
    const begun = over(fetchEach(), ["a", "b", "c"]).then(
      { type: "SessionStarted" },
      { type: "TaskEntered", n: 1, parameters: {}, items: ["a", "b", "c"] },
      { type: "TaskEntered", n: 2, of: 1, index: 0, parameters: { url: "https://x.test/a/0" } },
      { type: "CallRequested", n: 2, attempt: 1 },
      { type: "TaskEntered", n: 3, of: 1, index: 1, parameters: { url: "https://x.test/b/1" } },
      { type: "CallRequested", n: 3 },
    );
    expect(begun.state.open[0]).toMatchObject({ phase: "mapping", count: 3, next: 2, done: 0 });
    expect(begun.state.open[1]).toMatchObject({ phase: "calling", item: { of: 1, index: 0 } });
  });

  test("gathers the outputs in the order of the items, whichever ends first", () => {
    over(fetchEach(), ["a", "b", "c"])
      .when(endCall(3, "B"))
      .then({ type: "TaskResolved", n: 3 }, { type: "TaskEntered", n: 4, index: 2 }, { type: "CallRequested", n: 4 })
      .when(endCall(4, { c: 1 }))
      .then({ type: "TaskResolved", n: 4 })
      .when(endCall(2, null))
      .then(
        { type: "TaskResolved", n: 2 },
        { type: "TaskResolved", taskId: "each", n: 1, by: "map", output: [null, "B", { c: 1 }] },
        { type: "SessionCompleted" },
      );
  });

  test("its output is what the next task reads; items are no tasks of the definition", () => {
    const next = { taskId: "after", type: "http", url: "https://y.test/${size(tasks.each.output)}" };
    const ended = over([...fetchEach(), next], ["a"]).when(endCall(2, "A"));
    ended.then(
      { type: "TaskResolved", n: 2 },
      { type: "TaskResolved", n: 1, output: ["A"] },
      { type: "TaskEntered", taskId: "after", n: 3, parameters: { url: "https://y.test/1" } },
      { type: "CallRequested", n: 3 },
    );
    expect(ended.state.ended).toEqual({ each: { n: 1, status: "completed", seq: 2 } });
  });

  test("an empty list is done at once, with an empty list", () => {
    over(fetchEach(), []).then(
      { type: "SessionStarted" },
      { type: "TaskEntered", items: [] },
      { type: "TaskResolved", n: 1, output: [], by: "map" },
      { type: "SessionCompleted" },
    );
  });

  test("two maps side by side keep their outputs apart", () => {
    const second = { ...fetchEach()[0]!, taskId: "other", dependsOn: [] };
    over([{ ...fetchEach()[0]!, nextTaskId: null }, second], ["a", "b"])
      .when(endCall(5, "x"))
      .when(endCall(2, "A"))
      .when(endCall(6, "y"))
      .then({ type: "TaskResolved", n: 6 }, { type: "TaskResolved", taskId: "other", n: 4, output: ["x", "y"] })
      .when(endCall(3, "B"))
      .then(
        { type: "TaskResolved", n: 3 },
        { type: "TaskResolved", n: 1, output: ["A", "B"] },
        { type: "SessionCompleted" },
      );
  });

  test("a call that may be tried again keeps its place meanwhile", () => {
    const retried = over(fetchEach({}, { retry: { maxAttempts: 2, initialInterval: "0s" } }), ["a", "b", "c"])
      .when(failCall(2, "http_500", { retryable: true }))
      .then({ type: "CallFailed", n: 2, counts: true, retryAt: T0 });
    expect(retried.phases).toEqual({ mapping: [1], backoff: [2], calling: [3] });
    retried.when(tick(T0)).then({ type: "CallRequested", n: 2, attempt: 2 });
  });
});

describe("an item that fails", () => {
  test("takes the map with it: the others are cancelled, and the agents that worked on them are free", () => {
    const running = over(askEach, [1, 2, 3, 4], ["a", "b", "z"]);
    expect(running.phases).toEqual({ mapping: [1], dispatched: [2, 3, 4] });
    const over_ = running
      .when(call(3, failed("boom")))
      .then(
        { type: "AttemptEnded", n: 3 },
        { type: "TaskFailed", n: 3, error: { code: "boom" } },
        { type: "AttemptEnded", n: 2, outcome: "cancelled", error: { code: "map_failed" } },
        { type: "TaskCancelled", n: 2 },
        { type: "AttemptEnded", n: 4, outcome: "cancelled" },
        { type: "TaskCancelled", n: 4 },
        { type: "TaskFailed", n: 1, error: { code: "boom", message: "item 1: it broke" } },
        { type: "SessionFailed", taskId: "each", error: { code: "boom" } },
      );
    expect([...over_.world.agents.values()].map(({ tasks }) => tasks)).toEqual([{}, {}, {}]);
  });

  test("leaves a hole where it may", () => {
    over(fetchEach({}, { onFailure: "continue" }), ["a", "b", "c"])
      .when(failCall(2))
      .then(
        { type: "CallFailed", n: 2 },
        { type: "TaskFailed", n: 2, instead: "continue" },
        { type: "TaskEntered", n: 4, index: 2 },
        { type: "CallRequested" },
      )
      .when(endCall(4, "C"))
      .when(endCall(3, "B"))
      .then(
        { type: "TaskResolved" },
        { type: "TaskResolved", n: 1, output: [null, "B", "C"] },
        { type: "SessionCompleted" },
      );
  });

  test("at rendering takes the map too", () => {
    const odd = { url: "https://x.test/${item.id}" };
    over(fetchEach({}, odd), [{ id: 1 }, {}, { id: 3 }]).then(
      { type: "SessionStarted" },
      { type: "TaskEntered", n: 1 },
      { type: "TaskEntered", n: 2 },
      { type: "CallRequested", n: 2 },
      { type: "TaskEntered", n: 3, parameters: {} },
      { type: "TaskFailed", n: 3, error: { code: "unresolved_reference" } },
      { type: "TaskCancelled", n: 2 },
      { type: "TaskFailed", n: 1, error: { message: expect.stringMatching(/^item 1: (?!item)/) } },
      { type: "SessionFailed", taskId: "each" },
    );
  });

  test("at rendering leaves a hole where it may, and the last ones end the map", () => {
    const odd = { url: "https://x.test/${item.id}", onFailure: "continue" };
    over(fetchEach({}, odd), [{}, {}, {}]).then(
      { type: "SessionStarted" },
      { type: "TaskEntered", n: 1 },
      { type: "TaskEntered", n: 2 },
      { type: "TaskFailed", n: 2, instead: "continue" },
      { type: "TaskEntered", n: 3 },
      { type: "TaskFailed", n: 3 },
      { type: "TaskEntered", n: 4 },
      { type: "TaskFailed", n: 4 },
      { type: "TaskResolved", n: 1, output: [null, null, null] },
      { type: "SessionCompleted" },
    );
  });

  test("the map's fallback stands for it", () => {
    const spare = { taskId: "spare", type: "http", url: "https://spare.test" };
    over([...fetchEach({ fallbackTaskId: "spare" }), spare], ["a"])
      .when(failCall(2))
      .then(
        { type: "CallFailed" },
        { type: "TaskFailed", n: 2 },
        { type: "TaskFailed", n: 1, instead: "fallback" },
        { type: "TaskEntered", taskId: "spare", n: 3 },
        { type: "CallRequested" },
      );
  });
});

describe("items that wait", () => {
  test("for an agent stand in its queue, and take the one that another item frees", () => {
    const waiting = over(askEach, ["x", "y"], ["a"]);
    expect(waiting.phases).toEqual({ mapping: [1], dispatched: [2], waiting: [3] });
    const freed = waiting.when(call(2, done("X")));
    expect(freed.phases).toEqual({ mapping: [1], waiting: [3] });
    freed
      .when(tick(T0 + MINUTE))
      .then({ type: "DispatchRequested", n: 3, agentId: "a" })
      .when(call(3, done("Y")))
      .then(
        { type: "TaskCompleted", n: 3 },
        { type: "TaskResolved", n: 1, output: ["X", "Y"] },
        { type: "SessionCompleted" },
      );
  });

  test("have the priority of their own, and nobody to go to if no agent ever comes", () => {
    const [map] = askEach;
    const waiting = over([{ ...map!, task: { ...map!.task, priority: 99, timeout: { queue: "1h" } } }], ["x"]);
    expect(waiting.state.open[1]).toMatchObject({ phase: "waiting", priority: 99 });
    waiting
      .when(tick(T0 + HOUR))
      .then(
        { type: "TaskFailed", n: 2, error: { code: "no_agent" } },
        { type: "TaskFailed", n: 1, error: { code: "no_agent" } },
        { type: "SessionFailed" },
      );
  });

  test("for the end of a pause: results count, and what is entered meanwhile begins when the session goes on", () => {
    const paused = over(fetchEach(), ["a", "b", "c"])
      .when(pause())
      .when(endCall(2, "A", { now: T0 + MINUTE }));
    paused.then({ type: "TaskResolved", n: 2 }, { type: "TaskEntered", n: 4, index: 2 });
    expect(paused.phases).toEqual({ mapping: [1], calling: [3], backoff: [4] });
    paused
      .when(resume(T0 + HOUR))
      .then({ type: "SessionResumed" }, { type: "CallRequested", n: 3, again: true }, { type: "CallRequested", n: 4 });
  });
});

test("a tick has nothing to do on a map that is full, and a map has no deadline of its own", () => {
  over(fetchEach(), ["a", "b", "c"]).when(tick(T0)).then().answers({ kind: "unchanged" });
});

test("an operator who completes an item gives its output, one who skips the map ends its items", () => {
  const running = over(fetchEach(), ["a", "b"]);
  running
    .when(control(2, { kind: "complete", output: "mine" }))
    .when(endCall(3, "B"))
    .then(
      { type: "TaskResolved" },
      { type: "TaskResolved", n: 1, output: ["mine", "B"] },
      { type: "SessionCompleted" },
    );
  running
    .when(control(1, { kind: "skip" }))
    .then(
      { type: "TaskCancelled", n: 2 },
      { type: "TaskCancelled", n: 3 },
      { type: "TaskSkipped", n: 1 },
      { type: "SessionCompleted" },
    );
});

test("maps whose last items end at the same moment end together, each with its own outputs", () => {
  const nobody = (taskId: string, forEach: Json): Tasks[number] => ({
    taskId,
    type: "map",
    dependsOn: [],
    forEach,
    task: { agentCapability: "nobody-has-this", onFailure: "continue", timeout: { queue: "1m" } },
  });
  const ended = stored({ tasks: [nobody("one", [1]), nobody("two", [1, 2])] })
    .when(start())
    .when(tick(T0 + MINUTE));
  expect(ended.events.filter(({ type }) => type === "TaskResolved")).toMatchObject([
    { taskId: "one", output: [null] },
    { taskId: "two", output: [null, null] },
  ]);
  expect(ended.state.status).toBe("completed");
  expect(ended.loads).toBeLessThan(5);
});
