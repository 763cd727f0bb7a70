import { describe, expect, test } from "vitest";
import { agent, call, done, endDispatch, failed, given, SESSION, start, T0, tick } from "../../support/given.ts";

const by = (taskId: string, more: object = {}) => ({ taskId, agentId: "a", retry: { maxAttempts: 2, initialInterval: "0s" }, ...more }); // prettier-ignore
const team = [agent("a", { capacity: 9, name: "Ann", metadata: { team: 1 } })];

const readOnce = (parameters: object, from = given({ tasks: [by("one"), by("two", { parameters })], agents: team })) =>
  from.when(start({ home: "a", input: { x: [1, 2] } })).and;
const expectRead = (from: ReturnType<typeof readOnce>, parameters: object) =>
  from
    .when(call(1, done({ deep: ["v"] })))
    .then({ type: "TaskCompleted" }, { type: "TaskEntered", parameters }, { type: "DispatchRequested" });

describe("what `${…}` may read", () => {
  test("the input, the session and its home agent", () => {
    const asked = { x: "${input.x[1]}", session: "${session}", agent: "${agent}" };
    expectRead(readOnce(asked), {
      x: 2,
      session: { id: SESSION, workflowId: "w", revision: 1, startedAt: T0 },
      agent: { id: "a", name: "Ann", version: "1", capabilities: [], metadata: { team: 1 } },
    });
  });

  test("the home agent is the newest of its name; a session without one has none", () => {
    const renewed = given({
      tasks: [by("one"), by("two", { parameters: { agent: "${agent.id}" } })],
      agents: [...team, agent("b")],
      newest: { a: "b" },
    });
    const running = readOnce({}, renewed);
    running
      .when(call(1, done()))
      .then(
        { type: "TaskCompleted" },
        { type: "TaskEntered", parameters: { agent: "b" } },
        { type: "DispatchRequested" },
      );
    const tasks = [by("one"), by("two", { parameters: { agent: "${agent}" } })];
    const homeless = given({ tasks, agents: team }).when(start()).and;
    homeless
      .when(call(1, done()))
      .then({ type: "TaskCompleted" }, { type: "TaskEntered", parameters: { agent: null } }, { type: "DispatchRequested" }); // prettier-ignore
    const orphan = given({ tasks: tasks.slice(1), agents: [] }).when(start({ home: "stranger" }));
    orphan.then(
      { type: "SessionStarted" },
      { type: "TaskEntered", parameters: { agent: null } },
      { type: "TaskWaited" },
    );
  });

  test("a definition kept for one session only has no revision", () => {
    const from = readOnce({ revision: "${session.revision}" });
    const inline = from.with({ state: { ...from.state, definition: { ...from.state.definition, revision: 0 } } });
    const { events } = inline.when(call(1, done())).decision;
    expect(events[1]).toMatchObject({ type: "TaskEntered", parameters: { revision: null } });
  });

  test("a completed task: its output, status, number of attempts and no error", () => {
    const asked = { out: "${tasks.one.output.deep[0]}", is: "${tasks.one.status}", n: "${tasks.one.attempts}", e: "${tasks.one.error}" }; // prettier-ignore
    const second = readOnce(asked).when(endDispatch("agent_error", 1)).and.when(tick(T0)).and;
    second
      .when(call(1, done({ deep: ["v"] }), { attempt: 2 }))
      .then(
        { type: "TaskCompleted" },
        { type: "TaskEntered", parameters: { out: "v", is: "completed", n: 2, e: null } },
        { type: "DispatchRequested" },
      );
  });

  test("a failed one: its error and its attempts, and null for an output", () => {
    const asked = { out: "${tasks.one.output}", n: "${tasks.one.attempts}", e: "${tasks.one.error.message}" };
    const tasks = [by("one", { onFailure: "continue" }), by("two", { parameters: asked })];
    const running = given({ tasks, agents: team }).when(start()).and;
    running
      .when(call(1, failed("boom", { retryable: false })))
      .then(
        { type: "AttemptEnded" },
        { type: "TaskFailed" },
        { type: "TaskEntered", parameters: { out: null, n: 1, e: "it broke" } },
        { type: "DispatchRequested" },
      );
  });

  test.each([
    ["never had an attempt", 0],
    ["had one before", 1],
  ])("one that found no agent in time and %s", (_how, n) => {
    const parameters = { n: "${tasks.one.attempts}", e: "${tasks.one.error.code}" };
    const one = by("one", { onFailure: "continue", timeout: { queue: "10m" }, retry: { maxAttempts: 2 } });
    const begun = given({ tasks: [one, by("two", { parameters })], agents: n === 0 ? [] : team }).when(start()).and;
    const tried = n === 0 ? begun : begun.when(endDispatch("agent_error", 1)).and;
    const waiting = tried.with({ agents: new Map() }).when(tick(T0 + 60_000)).and;
    expect(waiting.state.open).toMatchObject([{ phase: "waiting" }]);
    waiting
      .when(tick(T0 + 11 * 60_000))
      .then(
        { type: "TaskFailed", error: { code: "no_agent" } },
        { type: "TaskEntered", parameters: { n, e: "no_agent" } },
        { type: "TaskWaited" },
      );
  });

  test.each([
    ["pending", { taskId: "x", dependsOn: ["w"] }, { is: "pending", n: 0 }],
    ["waiting", { taskId: "x", agentId: "nobody", dependsOn: [] }, { is: "waiting", n: 0 }],
    ["running", { taskId: "x", agentId: "a", dependsOn: [] }, { is: "running", n: 1 }],
  ])("one that has not ended: %s", (_what, x, parameters) => {
    const tasks = [
      by("one"),
      { taskId: "w", type: "wait", for: "1h", dependsOn: [] },
      x,
      by("two", { dependsOn: ["one", "x"], join: "any", parameters: { is: "${tasks.x.status}", n: "${tasks.x.attempts}" } }), // prettier-ignore
    ];
    const running = given({ tasks, agents: team }).when(start()).and;
    running
      .when(call(1, done()))
      .then(
        { type: "TaskCompleted" },
        { type: "TaskEntered", taskId: "two", parameters },
        { type: "DispatchRequested" },
      );
  });

  test("a wait, which has no output and took no attempt", () => {
    const parameters = { out: "${tasks.nap.output}", n: "${tasks.nap.attempts}" };
    given({ tasks: [{ taskId: "nap", type: "wait", for: "5s" }, by("two", { parameters })], agents: team })
      .when(start())
      .and.when(tick(T0 + 5_000))
      .then({ type: "TaskResolved" }, { type: "TaskEntered", parameters: { out: null, n: 0 } }, { type: "DispatchRequested" }); // prettier-ignore
  });
});
