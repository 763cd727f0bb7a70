import { describe, expect, test } from "vitest";
import { inputOf, nodeOf, parametersOf } from "../../../src/core/session/facts.ts";
import { needsOf, startNeeds } from "../../../src/core/session/needs.ts";
import { agent, cancel, done, endDispatch, given, graphOf, report, start, T0, tick } from "../../support/given.ts";

const tasks = [
  { taskId: "one", agentId: "a" },
  { taskId: "two", agentCapability: "c2", parameters: { of: "${tasks.one.output}", q: "${input.topic}" } },
  { taskId: "three", agentCapability: "c3", parameters: { of: ["${tasks.one.output}", "${tasks.two.output}"] } },
  { taskId: "four" },
];

describe("a start needs whom its first tasks may go to", () => {
  test.each([
    ["an agent", [{ taskId: "x", agentId: "a" }], { agents: ["a"], caps: [] }],
    [
      "a capability",
      [
        { taskId: "x", agentCapability: "c" },
        { taskId: "y", agentId: "b" },
      ],
      { agents: [], caps: ["c"] },
    ],
    ["the home agent, which the caller knows", [{ taskId: "x" }], { agents: [], caps: [] }],
    [
      "each once",
      [
        { taskId: "x", agentId: "a", nextTaskId: null },
        { taskId: "y", agentId: "a", nextTaskId: null },
        { taskId: "z", agentCapability: "c" },
      ],
      { agents: ["a"], caps: ["c"] },
    ],
  ])("%s", (_what, given_, needs) => expect(startNeeds(graphOf(given_))).toEqual({ rows: [], ...needs }));
});

describe("the next change needs", () => {
  const agents = [agent("a"), agent("b", { capabilities: ["c2", "c3"] })];
  const first = given({ tasks, agents }).when(start({ input: { topic: "bees" } })).and;

  test("the open task to send it again, its agent, and the inputs and agents of what follows", () => {
    expect(needsOf(first.state, first.world.graph)).toEqual({ rows: [1], agents: ["a"], caps: ["c2"] });
  });

  test("the outputs that are there already, not the one that the next result brings", () => {
    const second = first.when(report("a", 1, done(1))).and;
    expect(needsOf(second.state, second.world.graph)).toEqual({ rows: [2], agents: ["b"], caps: ["c2", "c3"] });
    const third = second.when(report("b", 2, done(2))).and;
    expect(needsOf(third.state, third.world.graph)).toEqual({ rows: [3], agents: ["b"], caps: ["c3"] });
  });

  test("nobody who holds it while it waits, but its parameters still", () => {
    const refused = first.when(endDispatch("refused", 1)).and;
    expect(needsOf(refused.state, refused.world.graph)).toEqual({ rows: [1], agents: ["a"], caps: ["c2"] });
  });

  test("the home agent while the session is open", () => {
    const home = given({ tasks: [{ taskId: "x" }], agents }).when(start({ home: "a" })).and;
    expect(needsOf(home.state, home.world.graph)).toEqual({ rows: [1], agents: ["a"], caps: [] });
    const ended = home.when(cancel()).and;
    expect(needsOf(ended.state, ended.world.graph)).toEqual({ rows: [], agents: [], caps: [] });
  });

  test("only what is there: a task may be called like a member that every object has", () => {
    const odd = [
      { taskId: "constructor", agentId: "a" },
      { taskId: "toString", agentId: "a", parameters: { of: "${tasks.constructor.output}" } },
    ];
    const running = given({ tasks: odd, agents }).when(start()).and;
    expect(needsOf(running.state, running.world.graph).rows).toEqual([1]);
    running
      .when(report("a", 1, done("built")))
      .then(
        { type: "TaskCompleted" },
        { type: "TaskEntered", parameters: { of: "built" } },
        { type: "DispatchRequested" },
      );
  });
});

describe("what is read from the log", () => {
  const two = given({ tasks, agents: [agent("a"), agent("b", { capabilities: ["c2"] })] })
    .when(start({ input: { topic: "bees" } }))
    .and.when(report("a", 1, done({ n: 1 }))).and;

  test("the input of the session", () => {
    expect(inputOf(two.facts)).toEqual({ topic: "bees" });
    expect(inputOf({ ...two.facts, rows: new Map() })).toEqual({});
    expect(inputOf({ ...two.facts, rows: new Map([[1, [{ type: "SessionCompleted" }]]]) })).toEqual({});
  });

  test("parameters of open tasks", () => {
    expect(parametersOf(two.facts, 2, 2)).toEqual({ of: { n: 1 }, q: "bees" });
    expect(parametersOf(two.facts, 2, 1)).toBeUndefined();
    expect(parametersOf(two.facts, 9, 1)).toBeUndefined();
  });

  test("a row that is not at hand fails what refers to it, by name, rather than making something up", () => {
    const blind = two.with({ log: two.world.log.map((row) => ({ ...row, events: [] })) });
    const { decision } = blind.when(report("b", 2, done(2)));
    expect(decision.events.at(-1)).toMatchObject({ type: "SessionFailed", error: { code: "unresolved_reference" } });
  });

  test("a task that the definition does not have is a bug and says so", () => {
    expect(nodeOf(two.world.graph, "one").taskId).toBe("one");
    expect(() => nodeOf(two.world.graph, "gone")).toThrow('the session\'s definition has no task "gone"');
    expect(() => two.with({ graph: graphOf([{ taskId: "x" }]) }).when(tick(T0 * 2))).toThrow(TypeError);
  });
});
