import { madeOf, type Story } from "./story.ts";

const quickRetry = { initialInterval: "1s", backoffCoefficient: 1, maximumInterval: "1s" };

const twoSteps = {
  id: "two-steps",
  name: "Two steps",
  defaults: { retry: quickRetry },
  tasks: [
    { taskId: "draft", agentCapability: "draft", parameters: { topic: "${input.topic}" } },
    { taskId: "polish", agentCapability: "polish", parameters: { text: "${tasks.draft.output.made}" } },
  ],
};

/** Two steps on two agents that settle by report: one by the task's id and with a failing attempt, one without ids. */
export const reports: Story = {
  name: "settled by reports",
  useCases: [
    "webhook: registers",
    "PUT of a new agent",
    "report: idle",
    "save a definition",
    "start: saved definition",
    "report: working, by id",
    "report: fails, by id",
    "report: completes, by id",
    "report: working, without id",
    "report: completes, without id",
    "a queue delivery",
  ],
  play: async (people) => {
    people.agent("ada", (task) => {
      const id = { opscore_task_id: task.attemptId };
      const end =
        task.attempt === 1
          ? () => people.report("report: fails, by id", "ada", "error", { ...id, error_code: "E", message: "no ink" })
          : () => people.report("report: completes, by id", "ada", "idle", { ...id, result: madeOf(task) });
      const begin = () => people.report("report: working, by id", "ada", "active", id, { next: end, afterMs: 3_000 });
      return { later: [[200, begin]] };
    });
    people.agent("bob", (task) => {
      const end = () => people.report("report: completes, without id", "bob", "ready", { result: madeOf(task) });
      const begin = () =>
        people.report("report: working, without id", "bob", "busy", {}, { next: end, afterMs: 3_000 });
      return { later: [[200, begin]] };
    });
    const start = () =>
      people.say(
        "start: saved definition",
        "POST",
        "/v1/opscore/sessions",
        { workflowDefinitionId: "two-steps", initialPayload: { topic: "tides" } },
        { headers: { "Idempotency-Key": "one" } },
      );
    const save = () => people.say("save a definition", "POST", "/v1/opscore/workflows", twoSteps, { next: start });
    const ready = () => people.report("report: idle", "bob", "idle", {}, { next: save });
    const put = () => people.put("PUT of a new agent", "ada", ["draft"], { next: ready });
    const bob = { agentId: "bob", agentName: "bob", capabilities: ["polish"], contactEndpoint: "http://bob.sim/task" };
    await people.notify("webhook: registers", "REGISTER", bob, { next: put });
  },
};

/** Two sessions that need one agent, which settles by call, also while the engine still waits for its answer. */
export const calls: Story = {
  name: "settled by calls",
  useCases: [
    "PUT of a new agent",
    "start: inline definition",
    "start: trigger",
    "heartbeat",
    "fail",
    "complete",
    "complete, inside the delivery",
    "complete: another result",
    "a queue delivery",
  ],
  play: async (people) => {
    const other = (attemptId: string) => () =>
      people.settle("complete: another result", "complete", attemptId, { output: "other" }, { expect: 409 });
    people.agent("cal", (task) => {
      const { attemptId } = task;
      if (task.name === "second") {
        const output = madeOf(task);
        return { inside: () => people.settle("complete, inside the delivery", "complete", attemptId, { output }) };
      }
      const error = { code: "E", message: "not yet", retryAfterMs: 2_000 };
      const more = task.name === "alone" ? { next: other(attemptId) } : {};
      const end =
        task.name === "first" && task.attempt === 1
          ? () => people.settle("fail", "fail", attemptId, { error })
          : () =>
              people.settle("complete", "complete", attemptId, { output: madeOf(task), usage: { tokens: 7 } }, more);
      const beat = () =>
        people.settle("heartbeat", "heartbeat", attemptId, { progress: { done: 0.5 } }, { next: end, afterMs: 3_000 });
      return { later: [[1_000, beat]] };
    });
    const inline = { id: "pair", name: "Pair", tasks: [{ taskId: "first" }, { taskId: "second" }] };
    const single = { id: "single", name: "Single", tasks: [{ taskId: "alone", agentId: "cal" }] };
    const trigger = () =>
      people.say(
        "start: trigger",
        "POST",
        "/v1/opscore/agent/cal/workflow",
        { workflowDefinition: single },
        { headers: { "Idempotency-Key": "two" } },
      );
    const start = () =>
      people.say(
        "start: inline definition",
        "POST",
        "/v1/opscore/sessions",
        { workflowDefinition: inline, agentId: "cal", initialPayload: { a: 1 } },
        { headers: { "Idempotency-Key": "one" }, next: trigger },
      );
    await people.put("PUT of a new agent", "cal", [], { next: start });
  },
};

/** The first story with nothing but cron to rely on. */
export const withoutHints: Story = {
  ...reports,
  name: "settled by reports, every hint lost",
  hints: "lost",
  once: true,
  useCases: [...reports.useCases.filter((useCase) => useCase !== "a queue delivery"), "a sweep"],
};
