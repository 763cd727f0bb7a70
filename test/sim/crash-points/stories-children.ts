import type { People, Task, Work } from "./people.ts";
import { completing, sessions, startInline, type Story } from "./story.ts";

const child = {
  id: "child",
  name: "Child",
  tasks: [{ taskId: "inner", agentId: "kit", parameters: { got: "${input.x}" } }],
};

const parentOf = (retry: Record<string, unknown>): Record<string, unknown> => ({
  id: "parent",
  name: "Parent",
  tasks: [
    { taskId: "part", type: "workflow", workflowDefinitionId: "child", parameters: { x: "${input.y}" }, retry },
    { taskId: "after", agentId: "kit", parameters: { from: "${tasks.part.output}" } },
  ],
});

interface Options {
  readonly retry?: Record<string, unknown>;
  readonly onStarted?: (body: Record<string, unknown>) => Promise<void>;
}

/** Saves the child's definition, puts the agent and starts the parent. */
const begin = (people: People, work: (task: Task) => Work, { retry = {}, onStarted }: Options = {}): Promise<void> => {
  people.agent("kit", work);
  const options = onStarted === undefined ? {} : { next: onStarted };
  const start = () => startInline(people, parentOf(retry), options, { y: 7 });
  const put = () => people.put("PUT of a new agent", "kit", [], { capacity: 5, next: start });
  return people.say("save a definition", "POST", "/v1/opscore/workflows", child, { next: put });
};

/** The task of a session is a session of its own, which takes longer than the lease of its start. */
export const children: Story = {
  name: "a parent and its child",
  lastsMs: 240_000,
  useCases: ["save a definition", "PUT of a new agent", "start: inline definition", "complete", "a sweep"],
  play: (people) => begin(people, completing(people, 100_000)),
};

/** A child that fails, another in its place that fails too, and a parent that has nothing left to try. */
export const failingChildren: Story = {
  name: "children that fail",
  useCases: ["save a definition", "PUT of a new agent", "start: inline definition", "fail", "a queue delivery"],
  play: (people) => {
    const error = { code: "boom", message: "cannot be done", retryable: false };
    const fail = (task: Task) => () => people.settle("fail", "fail", task.attemptId, { error });
    const retry = { maxAttempts: 2, initialInterval: "1s", backoffCoefficient: 1, maximumInterval: "1s" };
    return begin(people, (task) => ({ later: [[2_000, fail(task)]] }), { retry });
  },
};

/** A parent that is cancelled while its child works: the child goes with it. */
export const cancelledParent: Story = {
  name: "a parent that is cancelled",
  useCases: ["save a definition", "PUT of a new agent", "start: inline definition", "cancel"],
  play: (people) => {
    let parent = "";
    // Only once the child is there and its agent has the task.
    const cancel = (): Promise<void> =>
      people.say("cancel", "POST", `${sessions}/${parent}/cancel`, { reason: "no longer wanted" });
    return begin(people, () => ({ later: [[5_000, cancel]] }), {
      onStarted: ({ sessionId }) => {
        parent = String(sessionId);
        return Promise.resolve();
      },
    });
  },
};
