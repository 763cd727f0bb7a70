// Length: every rule of who works, next to each other as in the document they come from.
import { describe, expect, test } from "vitest";
import { decide } from "../../../src/core/session/decide.ts";
import {
  actor,
  agent,
  attempt,
  done,
  given,
  HOUR,
  report,
  reported,
  SECOND,
  SESSION,
  start,
  T0,
  tick,
} from "../../support/given.ts";

const researcher = agent("r", { capabilities: ["research"] });
const one = [{ taskId: "one", agentId: "a" }];

describe("a session starts", () => {
  test("and gives its first task to a free agent in the same commit", () => {
    const { decision } = given({ tasks: one, agents: [agent("a")] }).when(start({ input: { topic: "bees" } }));
    expect(decision.answer).toEqual({ kind: "done" });
    expect(decision.events).toEqual([
      {
        type: "SessionStarted",
        sessionId: SESSION,
        definition: { workflowId: "w", revision: 1, hash: "h" },
        home: null,
        input: { topic: "bees" },
        actor,
      },
      { type: "TaskEntered", taskId: "one", n: 1, parameters: { topic: "bees" } },
      {
        type: "DispatchRequested",
        taskId: "one",
        n: 1,
        attempt: 1,
        attemptId: attempt(1),
        agentId: "a",
        leaseUntil: T0 + 30 * SECOND,
        again: false,
      },
    ]);
    expect(decision.state).toMatchObject({ id: SESSION, status: "open", startedAt: T0, endedAt: null, tasks: 1 });
    expect(decision.agents.get("a")?.tasks).toHaveProperty([attempt(1)]);
  });

  test("every task without a predecessor starts at once, in the author's order", () => {
    const tasks = [
      { taskId: "x", agentId: "a", nextTaskId: null },
      { taskId: "y", agentId: "b", nextTaskId: null },
      { taskId: "z", agentId: "a" },
    ];
    given({ tasks, agents: [agent("a"), agent("b")] })
      .when(start())
      .then(
        { type: "SessionStarted" },
        { type: "TaskEntered", taskId: "x", n: 1 },
        { type: "DispatchRequested", taskId: "x", agentId: "a" },
        { type: "TaskEntered", taskId: "y", n: 2 },
        { type: "DispatchRequested", taskId: "y", agentId: "b" },
        { type: "TaskEntered", taskId: "z", n: 3 },
        { type: "TaskWaited", taskId: "z", queue: "agent:a", why: { code: "agent_busy" } },
      );
  });

  test("each first task receives the payload merged over its parameters, later ones do not", () => {
    const tasks = [
      { taskId: "x", agentId: "a", parameters: { depth: 1, topic: "default", t: "about ${input.topic}" } },
      { taskId: "y", agentId: "a", parameters: { t: "${input.topic}", of: "${tasks.x.output}" } },
    ];
    given({ tasks, agents: [agent("a")] })
      .when(start({ input: { topic: "bees", n: 2 } }))
      .then(
        { type: "SessionStarted" },
        { type: "TaskEntered", parameters: { depth: 1, topic: "bees", t: "about bees", n: 2 } },
        { type: "DispatchRequested" },
      )
      .and.when(report("a", 1, done({ found: 3 })))
      .then(
        { type: "TaskCompleted" },
        { type: "TaskEntered", taskId: "y", parameters: { t: "bees", of: { found: 3 } } },
        { type: "DispatchRequested", n: 2, attempt: 1 },
      );
  });

  test("a reference that leads nowhere fails the task and the session, and nothing else is entered", () => {
    const tasks = [
      { taskId: "x", agentId: "a", nextTaskId: null },
      { taskId: "y", agentId: "b", parameters: { t: "${input.topic}" }, nextTaskId: null },
      { taskId: "z", agentId: "c" },
    ];
    const outcome = given({ tasks, agents: [agent("a"), agent("b"), agent("c")] }).when(start());
    outcome.then(
      { type: "SessionStarted" },
      { type: "TaskEntered", taskId: "x" },
      { type: "DispatchRequested", taskId: "x" },
      { type: "TaskEntered", taskId: "y", n: 2, parameters: {} },
      { type: "TaskFailed", taskId: "y", n: 2, error: { code: "unresolved_reference" } },
      {
        type: "AttemptEnded",
        taskId: "x",
        outcome: "cancelled",
        counts: false,
        error: { code: "session_failed", message: 'task "y" failed' },
      },
      { type: "TaskCancelled", taskId: "x", n: 1 },
      { type: "SessionFailed", taskId: "y", error: { code: "unresolved_reference" } },
    );
    expect(outcome.and.state).toMatchObject({ status: "failed", endedAt: T0, open: [] });
    expect(outcome.decision.agents.get("a")?.tasks).toEqual({});
  });

  test("parameters larger than the limit fail the task", () => {
    const parameters = { a: "${input.big}", b: "${input.big}" };
    given({ tasks: [{ taskId: "x", agentId: "a", parameters }], agents: [agent("a")] })
      .when(start({ input: { big: "x".repeat(140_000) } }))
      .then(
        { type: "SessionStarted" },
        { type: "TaskEntered", parameters: {} },
        { type: "TaskFailed", error: { code: "limit_output" } },
        { type: "SessionFailed", error: { code: "limit_output" } },
      );
  });

  test("anything else needs a session", () => {
    const { facts } = given({ tasks: one });
    expect(() => decide(null, tick(T0), facts, 1)).toThrow("Tick needs a session");
  });
});

describe("who works", () => {
  const waits = (queue: string, code: string, message?: string) => ({
    type: "TaskWaited" as const,
    queue,
    why: { code, ...(message ? { message } : {}) },
  });

  test("an agentId in the task wins over the home agent", () => {
    given({ tasks: one, agents: [agent("a"), agent("h")] })
      .when(start({ home: "h" }))
      .then(
        { type: "SessionStarted", home: "h" },
        { type: "TaskEntered" },
        { type: "DispatchRequested", agentId: "a" },
      );
  });

  test("an agent nobody knows is waited for by name", () => {
    given({ tasks: one })
      .when(start())
      .then(
        { type: "SessionStarted" },
        { type: "TaskEntered" },
        waits("agent:a", "agent_unknown", "agent a is not registered"),
      );
  });

  test("a name of an agent that restarted means its newest successor", () => {
    given({ tasks: one, agents: [agent("a2", { aliases: ["a"] })], newest: { a: "a2" } })
      .when(start())
      .then({ type: "SessionStarted" }, { type: "TaskEntered" }, { type: "DispatchRequested", agentId: "a2" });
  });

  test("a capability goes to the first of its agents that is free", () => {
    const busy = agent("b", { capabilities: ["research"], newest: reported("busy") });
    given({ tasks: [{ taskId: "one", agentCapability: "research" }], agents: [busy, researcher] })
      .when(start())
      .then({ type: "SessionStarted" }, { type: "TaskEntered" }, { type: "DispatchRequested", agentId: "r" });
  });

  test.each([
    ["none is registered", [agent("a")], "no_agent", 'no registered agent has capability "research"'],
    [
      "the only one is at work",
      [agent("b", { capabilities: ["research"], newest: reported("busy") })],
      "agent_not_free",
      'agent b reports "busy"',
    ],
  ])("a capability waits while %s", (_why, agents, code, message) => {
    given({ tasks: [{ taskId: "one", agentCapability: "research" }], agents })
      .when(start())
      .then({ type: "SessionStarted" }, { type: "TaskEntered" }, waits("cap:research", code, message));
  });

  test("a capability whose agents were not worth looking at waits without naming one", () => {
    const { world, facts } = given({ tasks: [{ taskId: "one", agentCapability: "research" }], agents: [] });
    for (const agentIds of [[], ["gone"]]) {
      const capable = new Map([["research", { registered: true, agentIds }]]);
      const { events } = decide(world.state, start(), { ...facts, capable }, 1);
      expect(events.at(-1)).toMatchObject(waits("cap:research", "no_free_agent", "no agent for research is free"));
    }
  });

  test("a capability about which nothing was loaded waits for somebody who has it", () => {
    const { world, facts } = given({ tasks: [{ taskId: "one", agentCapability: "research" }], agents: [researcher] });
    const { events } = decide(world.state, start(), { ...facts, capable: new Map() }, 1);
    expect(events.at(-1)).toMatchObject(waits("cap:research", "no_agent"));
  });

  test("a task that names neither, in a session without home, waits and says so", () => {
    given({ tasks: [{ taskId: "one" }], agents: [agent("a")] })
      .when(start())
      .then({ type: "SessionStarted" }, { type: "TaskEntered" }, waits("none", "no_target"));
  });

  describe("in a session with a home agent", () => {
    const chain = [
      { taskId: "one", agentCapability: "research" },
      { taskId: "two", agentCapability: "write" },
      { taskId: "three" },
    ];
    const home = agent("h");

    test("the first task goes there, whatever it asks for", () => {
      given({ tasks: chain, agents: [home, researcher] })
        .when(start({ home: "h" }))
        .then({ type: "SessionStarted" }, { type: "TaskEntered" }, { type: "DispatchRequested", agentId: "h" });
    });

    const afterFirst = (agents: Parameters<typeof given>[0]["agents"]) =>
      given({ tasks: chain, agents: agents! })
        .when(start({ home: "h" }))
        .and.when(report("h", 1, done()));

    test("a later one too if it has the capability", () => {
      const able = agent("h", { capabilities: ["write"] });
      afterFirst([able, agent("w", { capabilities: ["write"] })]).then(
        { type: "TaskCompleted" },
        { type: "TaskEntered", taskId: "two" },
        { type: "DispatchRequested", agentId: "h" },
      );
    });

    test("or if no registered agent has it, with a warning", () => {
      const outcome = afterFirst([home, agent("w", { capabilities: ["write"], admission: "provisional" })]);
      outcome
        .then(
          { type: "TaskCompleted" },
          { type: "TaskEntered", taskId: "two" },
          {
            type: "SessionWarned",
            taskId: "two",
            code: "capability_missing",
            message: 'no registered agent has capability "write": the home agent takes the task',
          },
          { type: "DispatchRequested", agentId: "h" },
        )
        .and.when(report("h", 2, { kind: "failed", error: { code: "c", message: "m" } }))
        .then({ type: "AttemptEnded", retryAt: expect.any(Number) })
        // Said once a task is enough.
        .and.when(tick(T0 + HOUR))
        .then({ type: "DispatchRequested", n: 2, attempt: 2, agentId: "h" });
    });

    test("else to one that has it", () => {
      afterFirst([home, agent("w", { capabilities: ["write"] })])
        .then(
          { type: "TaskCompleted" },
          { type: "TaskEntered", taskId: "two" },
          { type: "DispatchRequested", agentId: "w" },
        )
        .and.when(report("w", 2, done()))
        // A task that names nobody comes home again.
        .then({ type: "TaskCompleted" }, { type: "TaskEntered" }, { type: "DispatchRequested", agentId: "h" });
    });

    test("a home that restarted means its successor, also for what it can do", () => {
      const successor = agent("h2", { capabilities: ["write"], aliases: ["h"] });
      const old = agent("h", { admission: "superseded", supersededBy: "h2" });
      const writer = agent("w", { capabilities: ["write"] });
      given({ tasks: chain, agents: [old, successor, writer], newest: { h: "h2" } })
        .when(start({ home: "h" }))
        .then({ type: "SessionStarted" }, { type: "TaskEntered" }, { type: "DispatchRequested", agentId: "h2" })
        .and.when(report("h2", 1, done()))
        .then({ type: "TaskCompleted" }, { type: "TaskEntered" }, { type: "DispatchRequested", agentId: "h2" });
    });

    test("a home nobody knows is waited for", () => {
      given({ tasks: chain, agents: [researcher] })
        .when(start({ home: "h" }))
        .then({ type: "SessionStarted" }, { type: "TaskEntered" }, waits("agent:h", "agent_unknown"));
    });
  });
});

describe("fairness", () => {
  const freeing = (ahead: number) =>
    given({
      tasks: [
        { taskId: "one", agentId: "a" },
        { taskId: "two", agentId: "a" },
      ],
      agents: [agent("a")],
    })
      .when(start())
      .and.with({ ahead: new Map([["a", ahead]]) })
      .when(report("a", 1, done()));
  const order = T0 - 50 * 30 * SECOND;

  test("a new task does not overtake one that has waited for the agent longer", () => {
    freeing(order - 1)
      .then(
        { type: "TaskCompleted" },
        { type: "TaskEntered" },
        { type: "TaskWaited", taskId: "two", queue: "agent:a", why: { code: "queued" } },
      )
      // In the queue it takes its chance: whoever was woken up first was first.
      .and.when(tick(T0))
      .then({ type: "DispatchRequested", taskId: "two", agentId: "a" });
  });

  test("it goes first where what waits came later", () => {
    freeing(order).then({ type: "TaskCompleted" }, { type: "TaskEntered" }, { type: "DispatchRequested" });
  });
});
