import { madeOf, reporting, type Story } from "./story.ts";

const one = (taskId: string, target: Record<string, unknown>): Record<string, unknown> => ({
  id: `flow-${taskId}`,
  name: taskId,
  tasks: [{ taskId, ...target }],
});

const sessions = "/v1/opscore/sessions";
const keyed = (key: string): { readonly headers: Record<string, string> } => ({ headers: { "Idempotency-Key": key } });

/** Agents that go while they hold a task: one restarts under a new id, the other signs off and comes back. */
export const leaving: Story = {
  name: "agents that leave",
  useCases: [
    "webhook: registers",
    "webhook: replaces",
    "webhook: deregisters",
    "webhook: comes back",
    "start: inline definition",
    "report: working (plain)",
    "report: completes (plain)",
  ],
  play: async (people) => {
    const dot = (id: string) => ({
      agentId: id,
      agentName: "dot",
      capabilities: ["dots"],
      contactEndpoint: `http://${id}.sim/task`,
    });
    const eve = { agentId: "eve", agentName: "eve", contactEndpoint: "http://eve.sim/task" };
    people.agent("dot-1", () => ({
      later: [[1_500, () => people.notify("webhook: replaces", "REGISTER", dot("dot-2"))]],
    }));
    people.agent("dot-2", reporting(people, "dot-2"));
    people.agent("eve", (task) => {
      if (task.attempt > 1) return reporting(people, "eve")(task);
      const back = () => people.notify("webhook: comes back", "REGISTER", eve);
      return {
        later: [
          [1_500, () => people.notify("webhook: deregisters", "DEREGISTER", eve, { next: back, afterMs: 3_000 })],
        ],
      };
    });
    const start = (key: string, body: unknown, next?: () => Promise<void>) => () =>
      people.say(
        "start: inline definition",
        "POST",
        sessions,
        { workflowDefinition: body },
        {
          ...keyed(key),
          ...(next === undefined ? {} : { next }),
        },
      );
    const startBoth = start(
      "one",
      one("dot", { agentCapability: "dots" }),
      start("two", one("eve", { agentId: "eve" })),
    );
    const second = () => people.notify("webhook: registers", "REGISTER", eve, { next: startBoth });
    await people.notify("webhook: registers", "REGISTER", dot("dot-1"), { next: second });
  },
};

/** Agents that become known or change while a task waits for them. */
export const coming: Story = {
  name: "agents that come",
  useCases: [
    "report: of an unknown agent",
    "report: of an unknown agent about a task",
    "webhook: completes an adopted agent",
    "PUT of a new agent",
    "PUT of a known agent",
    "start: inline definition",
    "complete",
  ],
  play: async (people) => {
    const fox = { agentId: "fox", agentName: "fox", capabilities: ["hunt"], contactEndpoint: "http://fox.sim/task" };
    for (const agent of ["fox", "gil"]) {
      people.agent(agent, (task) => ({
        later: [[2_000, () => people.settle("complete", "complete", task.attemptId, { output: madeOf(task) })]],
      }));
    }
    const tasks = [
      { taskId: "gild", agentCapability: "gild" },
      { taskId: "hunt", agentCapability: "hunt" },
    ];
    const change = () => people.put("PUT of a known agent", "gil", ["gild"]);
    const register = () => people.notify("webhook: completes an adopted agent", "REGISTER", fox, { next: change });
    const start = () =>
      people.say(
        "start: inline definition",
        "POST",
        sessions,
        { workflowDefinition: { id: "both", name: "Both", tasks } },
        {
          ...keyed("one"),
          next: register,
        },
      );
    const put = () => people.put("PUT of a new agent", "gil", [], { next: start });
    const named = () =>
      people.report(
        "report: of an unknown agent about a task",
        "owl",
        "idle",
        { task_id: "tsk_unknown" },
        { next: put },
      );
    await people.report("report: of an unknown agent", "fox", "idle", {}, { next: named });
  },
};

/** A session that is cancelled while one of its tasks is worked on and another waits, as does another session. */
export const cancelling: Story = {
  name: "cancelled",
  useCases: [
    "PUT of a new agent",
    "start: inline definition",
    "start: saved definition",
    "save a definition",
    "cancel",
    "cancel again",
    "cancel: an ended session",
    "report: late",
    "complete: late",
    "report: completes",
  ],
  play: async (people) => {
    const cancel = (useCase: string, id: string, options = {}) =>
      people.say(useCase, "POST", `${sessions}/${id}/cancel`, { reason: "no longer wanted" }, options);
    let other = "";
    people.agent("kim", (task) => {
      if (task.name !== "other") return {};
      const id = { opscore_task_id: task.attemptId };
      const cancelEnded = () => cancel("cancel: an ended session", other, { expect: 409 });
      const end = () =>
        people.report("report: completes", "kim", "idle", { ...id, result: madeOf(task) }, { next: cancelEnded });
      // So long that two deaths cannot swap it with what is said meanwhile.
      return { later: [[9_000, end]] };
    });
    const stop = (doomed: string) => {
      const id = `tsk_${doomed.slice(4)}.1:1`;
      const again = () => cancel("cancel again", doomed);
      const call = () => people.settle("complete: late", "complete", id, { output: 1 }, { expect: 409, next: again });
      const late = () => people.report("report: late", "kim", "idle", { task_id: id, result: 2 }, { next: call });
      return cancel("cancel", doomed, { next: late });
    };
    const tasks = [
      { taskId: "doomed", agentId: "kim", nextTaskId: null },
      { taskId: "waits", agentId: "kim" },
    ];
    const saved = one("other", { agentId: "kim" });
    const startOther = (doomed: string) =>
      people.say(
        "start: saved definition",
        "POST",
        sessions,
        { workflowDefinitionId: "flow-other", revision: 1 },
        {
          ...keyed("two"),
          afterMs: 1_000,
          next: (body) => {
            other = String(body["sessionId"]);
            return stop(doomed);
          },
        },
      );
    const start = () =>
      people.say(
        "start: inline definition",
        "POST",
        sessions,
        { workflowDefinition: { id: "doomed", name: "D", tasks } },
        {
          ...keyed("one"),
          next: (body) => startOther(String(body["sessionId"])),
        },
      );
    const save = () => people.say("save a definition", "POST", "/v1/opscore/workflows", saved, { next: start });
    await people.put("PUT of a new agent", "kim", [], { next: save });
  },
};
