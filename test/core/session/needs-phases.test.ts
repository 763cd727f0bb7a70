import { describe, expect, test } from "vitest";
import { decide } from "../../../src/core/session/decide.ts";
import { workOf } from "../../../src/core/session/facts.ts";
import { needsOf, startNeeds, unionOf, widened } from "../../../src/core/session/needs.ts";
import { agent, factsOf, graphOf, start, T0, tick, type Tasks } from "../../support/given.ts";
import { control, endCall, failCall, signal, stored } from "../../support/given-maps.ts";

const each = (more: object = {}): Tasks[number] => ({
  taskId: "each",
  type: "map",
  forEach: "${input.list}",
  maxConcurrency: 1,
  task: { type: "tool", tool: "t", agentCapability: "c", parameters: { of: "${item}", q: "${input.q}" } },
  ...more,
});
const call = { taskId: "call", type: "http", url: "https://x.test" };
const able = agent("a", { capabilities: ["c"] });

test("two needs are one: each thing once, and what only one of them asks for stays", () => {
  const a = { rows: [1, 2], agents: ["x"], caps: [], items: [[1, 1, 0]], relatives: ["r"] } as const;
  const b = { rows: [2, 3], agents: ["x", "y"], caps: ["c"], items: [[1, 1, 1]], spans: [[1, 1, "each"]] } as const;
  const both = {
    rows: [1, 2, 3],
    agents: ["x", "y"],
    caps: ["c"],
    items: [
      [1, 1, 0],
      [1, 1, 1],
    ],
    relatives: ["r"],
  };
  expect(unionOf(a, b)).toEqual({ ...both, spans: [[1, 1, "each"]] });
  expect(unionOf(b, a)).toMatchObject({ spans: [[1, 1, "each"]], relatives: ["r"] });
  expect(unionOf({ rows: [], agents: [], caps: [] }, { rows: [], agents: [], caps: [] })).toEqual({
    rows: [],
    agents: [],
    caps: [],
  });
});

describe("a map needs", () => {
  test("at the start of the session, and before it is entered, whom its items may go to", () => {
    expect(startNeeds(graphOf([each()]))).toEqual({ rows: [], agents: [], caps: ["c"] });
    const before = stored({ tasks: [call, each()], agents: [able] }).when(start({ input: { list: ["x"], q: 1 } }));
    expect(needsOf(before.state, before.world.graph)).toEqual({ rows: [1], agents: [], caps: ["c"] });
    const entered = before.when(endCall(1, null));
    entered.then(
      { type: "TaskResolved" },
      { type: "TaskEntered" },
      { type: "TaskEntered" },
      { type: "CallRequested", agentId: "a" },
    );
    expect(entered.loads).toBe(1);
  });

  test("the item that is entered next, and none after the last", () => {
    const first = stored({ tasks: [each()], agents: [able] }).when(start({ input: { list: ["x", "y"], q: 1 } }));
    expect(needsOf(first.state, first.world.graph)).toEqual({ rows: [1], agents: [], caps: ["c"], items: [[1, 1, 1]] });
    const second = first.when(endCall(2, "X"));
    expect(second.loads).toBe(1);
    expect(needsOf(second.state, second.world.graph)).not.toHaveProperty("items");
    const done = second.when(endCall(3, "Y"));
    expect(done.loads).toBe(2); // all that was logged about it is loaded at its end only
  });
});

test("kept signals are needed, since the next task may wait for one", () => {
  const kept = stored({ tasks: [call] })
    .when(start())
    .when(signal("s", 1))
    .when(signal("t", 2));
  expect(needsOf(kept.state, kept.world.graph).rows).toEqual([1, 2, 3]);
});

test("a fallback's tool is asked for when it comes to that", () => {
  const tool = { taskId: "spare", type: "tool", tool: "t", agentId: "a" };
  const spare = stored({ tasks: [{ ...call, fallbackTaskId: "spare" }, tool], agents: [able] }).when(start());
  const begun = spare.when(failCall(1));
  begun.then(
    { type: "CallFailed" },
    { type: "TaskFailed", instead: "fallback" },
    { type: "TaskEntered", taskId: "spare" },
    { type: "CallRequested", agentId: "a" },
  );
  expect(begun.loads).toBe(2);
});

describe("what tasks of every phase look like to an expression", () => {
  const reading = {
    taskId: "sum",
    type: "http",
    dependsOn: ["call"],
    url: "${tasks.other.status}/${tasks.other.attempts}",
  };
  test.each([
    ["in a call", { type: "http", url: "https://x.test" }, "running/1"],
    ["a map", { type: "map", forEach: ["x"], task: { type: "http", url: "https://x.test" } }, "running/0"],
    ["with a child", { type: "workflow", workflowDefinitionId: "c" }, "running/1"],
    ["asleep", { type: "wait", for: "1h" }, "waiting/0"],
    ["with an agent", { agentId: "a" }, "running/1"],
  ])("%s", (_what, other, url) => {
    const tasks = [
      { ...call, nextTaskId: null },
      { taskId: "other", dependsOn: [], nextTaskId: null, ...other },
      reading,
    ];
    const session = stored({ tasks, agents: [able] }).when(start());
    const entered = session.when(endCall(1, null)).events.find(({ type }) => type === "TaskEntered");
    expect(entered).toMatchObject({ taskId: "sum", parameters: { url } });
  });

  test("not begun, skipped, failed and replaced", () => {
    const show = (of: string) => `\${tasks.${of}.status}:\${tasks.${of}.attempts}`;
    const tasks = [
      { ...call, onFailure: "continue" },
      { taskId: "never", when: "false", type: "wait", for: "1h" },
      {
        taskId: "last",
        type: "http",
        url: `${show("call")} ${show("never")} \${tasks.call.error.code} ${show("later")}`,
      },
      { taskId: "later", type: "wait", for: "1h" },
    ];
    const failed = stored({ tasks }).when(start()).when(failCall(1));
    expect(failed.events.findLast(({ type }) => type === "TaskEntered")).toMatchObject({
      parameters: { url: "failed:1 skipped:0 http_500 pending:0" },
    });
  });

  test("done by its fallback: the output and the attempts are the fallback's", () => {
    const tasks = [
      { ...call, fallbackTaskId: "spare" },
      { taskId: "spare", type: "http", url: "https://spare.test" },
      { taskId: "last", type: "http", url: "${tasks.call.output}/${tasks.call.status}/${tasks.call.attempts}" },
    ];
    const ended = stored({ tasks }).when(start()).when(failCall(1)).when(endCall(2, "S"));
    expect(ended.events.findLast(({ type }) => type === "TaskEntered")).toMatchObject({
      parameters: { url: "S/completed/1" },
    });
  });
});

test("the agent that a template reads is the session's home; without one it is null", () => {
  const tasks = [{ taskId: "t", type: "http", url: "${agent == null ? 'nobody' : agent.id + agent.version}" }];
  const entered = (home?: string, agents = [able]) =>
    stored({ tasks: [call, ...tasks], agents })
      .when(start(home === undefined ? {} : { home }))
      .when(endCall(1, null)).events[1];
  expect(entered()).toMatchObject({ parameters: { url: "nobody" } });
  expect(entered("a")).toMatchObject({ parameters: { url: "a1" } });
  expect(entered("gone")).toMatchObject({ parameters: { url: "nobody" } });
});

test("an item that waits for an operator's word is named by its own work", () => {
  const session = stored({ tasks: [each()], agents: [able] }).when(start({ input: { list: ["x"], q: 1 } }));
  const [map, item] = session.state.open;
  expect(workOf(session.world.graph, map!).type).toBe("map");
  expect(workOf(session.world.graph, item!).type).toBe("tool");
  session
    .when(control(2, { kind: "approve", by: null, comment: null }))
    .then()
    .answers({ kind: "refused" });
  session.when(tick(T0)).then();
});

test("a secret stands in the log by its name only", () => {
  const tasks = [{ ...call, headers: { Authorization: "Bearer ${secrets.TOKEN}" } }];
  const [, entered] = stored({ tasks }).when(start()).events;
  const parameters = entered?.type === "TaskEntered" ? entered.parameters : {};
  expect(JSON.stringify(parameters)).toContain("TOKEN");
});

test("a store that offers neither the next item nor the row in which the map was entered is asked for that row", () => {
  const { world } = stored({ tasks: [each()], agents: [able] }).when(start({ input: { list: ["x", "y"], q: 1 } }));
  const { items: _, ...facts } = factsOf(world);
  const { answer, events } = decide(world.state, endCall(2, "X"), { ...facts, rows: new Map() }, 2);
  expect(events).toEqual([]);
  expect(answer).toMatchObject({ kind: "needs_facts", needs: { rows: [1] } });
});

test("a call that a person wants now begins at once", () => {
  const hurried = stored({ tasks: [{ ...call, retry: { maxAttempts: 3, initialInterval: "1h" } }] })
    .when(start())
    .when(failCall(1, "http_503", { retryable: true }))
    .when(control(1, { kind: "retry" }));
  hurried.then({ type: "TaskHurried", n: 1 }, { type: "CallRequested", n: 1, attempt: 2 });
  expect(hurried.state.open[0]).toMatchObject({ phase: "calling", used: 1 });
});

test.each([
  ["an early signal", { taskId: "last", type: "signal", signal: "s" }, signal("s", 1), [2]],
  ["a failure", { taskId: "last", type: "http", url: "${tasks.call.error.code}" }, failCall(1), [2]],
])("%s is read from its row; without the row nothing is decided", (_what, last, command, rows) => {
  const tasks = [{ ...call, onFailure: "continue" }, { taskId: "middle", type: "approval" }, last];
  const first = stored({ tasks }).when(start()).when(command);
  const { world, state } = command.type === "EndCall" ? first : first.when(endCall(1, null));
  const approve = control(2, { kind: "approve", by: null, comment: null });
  const { answer, events } = decide(state, approve, { ...factsOf(world), rows: new Map() }, world.log.length + 1);
  expect(events).toEqual([]);
  expect(answer).toMatchObject({ kind: "needs_facts", needs: { rows } });
});

test("what was asked for and is not there is not asked for again", () => {
  const known = { rows: [1], agents: ["a"], caps: [], items: [[1, 2, 3]] } as const;
  const more = { rows: [2], agents: [], caps: [] };
  expect(widened(known, more)).toEqual({ ...known, rows: [1, 2] });
  expect(() => widened(known, { rows: [1], agents: [], caps: [], items: [[1, 2, 3]] })).toThrow("the log lacks");
  expect(() =>
    widened({ rows: [], agents: [], caps: [], relatives: ["r"] }, { ...more, rows: [], relatives: ["r"] }),
  ).toThrow("the log lacks");
});
