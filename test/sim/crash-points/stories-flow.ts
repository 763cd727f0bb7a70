import type { People, Task } from "./people.ts";
import { completing, startInline, type Story } from "./story.ts";

/** An agent with places enough that completes what it gets, except what `failing` names. */
const worker =
  (people: People, failing: readonly string[] = []) =>
  (task: Task): ReturnType<ReturnType<typeof completing>> =>
    failing.includes(task.name)
      ? {
          later: [
            [
              2_000,
              () =>
                people.settle("fail", "fail", task.attemptId, {
                  error: { code: "boom", message: "cannot be done", retryable: false },
                }),
            ],
          ],
        }
      : completing(people, task.name === "count" ? LONG_MS : 2_000)(task);

/** So long that no crash on one way changes which of two ways comes first. */
const LONG_MS = 240_000;

const agent = (taskId: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  taskId,
  agentId: "wes",
  ...more,
});

/** Puts the agent, then starts a session. */
const begin = (people: People, id: string, tasks: readonly unknown[]): Promise<void> =>
  people.put("PUT of a new agent", "wes", [], {
    capacity: 5,
    next: () => startInline(people, { id, name: id, tasks }),
  });

/** Calls that the engine makes itself: over HTTP, refused at first, and of a tool. */
export const engineCalls: Story = {
  name: "calls of the engine",
  // A lease is as long as the call may take, and 30 s.
  slackMs: 10_000,
  useCases: ["PUT of a new agent", "start: inline definition", "complete", "a queue delivery"],
  play: async (people) => {
    people.serve(40_000);
    people.agent("wes", worker(people));
    const timeout = { run: "10s" };
    const retry = { initialInterval: "1s", backoffCoefficient: 1, maximumInterval: "1s" };
    await begin(people, "calling", [
      { taskId: "pay", type: "http", method: "POST", url: "http://bank.sim/orders", body: { a: 1 }, timeout, retry },
      { taskId: "add", type: "tool", tool: "add", agentId: "wes", parameters: { b: 2 }, timeout, retry },
      agent("after", { parameters: { paid: "${tasks.pay.output.body.order}", sum: "${tasks.add.output.order}" } }),
    ]);
  },
};

/** The same, left to the queue consumer, as on Workers where they may take long. */
export const handedCalls: Story = {
  ...engineCalls,
  name: "calls that are left to the queue",
  handsOn: "all",
  // Where its hint is lost, a call waits a minute for the consumer; then its lease counts.
  slackMs: 70_000,
};

/**
 * Long calls beside a short one, where a sweep hands on all that is due: what is lost is taken up by the consumer, which
 * leaves the call to the queue once more, as on Workers.
 */
export const longCalls: Story = {
  name: "long calls on Workers",
  handsOn: "long",
  own: 0,
  lastsMs: 120_000,
  // The lease of a long call is 70 s, and one that is handed on once more waits a minute.
  slackMs: 130_000,
  useCases: ["PUT of a new agent", "start: inline definition", "complete", "a queue delivery"],
  play: async (people) => {
    people.serve(40_000);
    people.agent("wes", worker(people));
    const retry = { initialInterval: "1s", backoffCoefficient: 1, maximumInterval: "1s" };
    const order = { type: "http", method: "POST", url: "http://bank.sim/orders", retry };
    await begin(people, "long", [
      { ...order, taskId: "short", body: { a: 1 }, timeout: { run: "10s" } },
      { ...order, taskId: "pay", body: { a: 2 }, timeout: { run: "40s" } },
      {
        taskId: "add",
        type: "tool",
        tool: "add",
        agentId: "wes",
        parameters: { b: 2 },
        timeout: { run: "40s" },
        retry,
      },
      agent("after", { parameters: { paid: "${tasks.pay.output.body.order}", sum: "${tasks.add.output.order}" } }),
    ]);
  },
};

/** The same, and the queue loses everything: the sweep makes the calls, each after the consumer did not come. */
export const unheardCalls: Story = {
  ...longCalls,
  name: "long calls that no consumer hears of",
  hints: "lost",
  own: 100,
  lastsMs: 400_000,
  useCases: ["PUT of a new agent", "start: inline definition", "complete", "a sweep"],
};

/** A map with fewer places than items. */
export const mapping: Story = {
  name: "a map",
  useCases: ["PUT of a new agent", "start: inline definition", "complete"],
  play: async (people) => {
    people.agent("wes", worker(people));
    const item = { agentId: "wes", parameters: { item: "${item}", at: "${index}" } };
    await begin(people, "mapping", [
      { taskId: "each", type: "map", forEach: [10, 20, 30], maxConcurrency: 2, task: item },
      agent("sum", { parameters: { all: "${tasks.each.output}" } }),
    ]);
  },
};

/** A choice, a join that waits for both sides of it, and a task that fails and is replaced by its fallback. */
export const ways: Story = {
  name: "ways and fallbacks",
  lastsMs: 300_000,
  useCases: [
    "PUT of a new agent",
    "start: inline definition",
    "complete",
    "fail",
    "a sweep",
    "a sweep that finds nothing",
  ],
  play: async (people) => {
    people.agent("wes", worker(people, ["write"]));
    await begin(people, "ways", [
      agent("triage", {
        next: [{ when: 'tasks.triage.output.made == "triage"', taskId: "write" }, { taskId: "drop" }],
      }),
      agent("write", { fallbackTaskId: "write_simply", nextTaskId: "close" }),
      agent("drop", { nextTaskId: "close" }),
      agent("write_simply"),
      agent("count", { dependsOn: [], nextTaskId: "close" }),
      agent("rarely", { dependsOn: ["count"], when: 'tasks.count.output.made == "nothing"' }),
      agent("close", {
        dependsOn: ["write", "drop", "rarely"],
        parameters: { text: "${tasks.write.output}", drop: "${tasks.drop.status}", rarely: "${tasks.rarely.status}" },
      }),
    ]);
  },
};

/** A session that fails and undoes what it did, the last first. */
export const undoing: Story = {
  name: "compensations",
  useCases: ["PUT of a new agent", "start: inline definition", "complete", "fail"],
  play: async (people) => {
    people.agent("wes", worker(people, ["pay"]));
    await begin(people, "undoing", [
      agent("flight", { compensateWith: "cancel_flight" }),
      agent("hotel", { compensateWith: "cancel_hotel" }),
      agent("pay"),
      agent("cancel_flight", { parameters: { was: "${tasks.flight.output}" } }),
      agent("cancel_hotel"),
    ]);
  },
};
