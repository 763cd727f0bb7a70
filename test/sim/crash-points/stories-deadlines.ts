import type { People, Task, Work } from "./people.ts";
import { madeOf, reporting, type Story } from "./story.ts";

const sessions = "/v1/opscore/sessions";
const quickRetry = { initialInterval: "1s", backoffCoefficient: 1, maximumInterval: "1s" };

/** One session with one task for each of the agents (or capabilities), started one after the other. */
const startEach = (people: People, tasks: readonly Record<string, unknown>[], at = 0): (() => Promise<void>) => {
  const task = tasks[at];
  if (task === undefined) return () => Promise.resolve();
  const workflowDefinition = { id: `flow-${at}`, name: "One task", defaults: { retry: quickRetry }, tasks: [task] };
  return () =>
    people.say(
      "start: inline definition",
      "POST",
      sessions,
      { workflowDefinition },
      {
        headers: { "Idempotency-Key": `key-${at}` },
        next: startEach(people, tasks, at + 1),
      },
    );
};

const putEach = (
  people: People,
  agents: readonly (readonly [id: string, capabilities: readonly string[], host?: string])[],
  next: () => Promise<void>,
): (() => Promise<void>) => {
  const [agent, ...others] = agents;
  if (agent === undefined) return next;
  const [id, capabilities, host = id] = agent;
  return () => people.put("PUT of a new agent", id, capabilities, { host, next: putEach(people, others, next) });
};

/** Two agents of one capability: the first starts, says so and hangs; the second does what it gets. */
const hangingAndHelping = (people: People, first: string, second: string): void => {
  people.agent(first, (task) => ({
    later: [[200, () => people.report("report: working", first, "active", { opscore_task_id: task.attemptId })]],
  }));
  people.agent(second, (task) => ({
    later: [[2_000, () => people.settle("complete", "complete", task.attemptId, { output: madeOf(task) })]],
  }));
};

/** AgentKit loses a task that it accepted; an agent lets its run deadline pass. */
export const deadlines: Story = {
  name: "deadlines",
  lastsMs: 240_000,
  mode: "auto",
  useCases: [
    "PUT of a new agent",
    "start: inline definition",
    "report: working",
    "report: working (AgentKit)",
    "report: completes (AgentKit)",
    "complete",
    "a sweep",
    "a queue delivery",
    "a sweep that finds nothing",
  ],
  play: async (people) => {
    people.agentKit = (_, task) => (task.attempt === 1 ? "loses" : "forwards");
    people.agent("fay", reporting(people, "fay", "AgentKit"));
    hangingAndHelping(people, "gus", "gus-2");
    const tasks = [
      { taskId: "fay", agentId: "fay", timeout: { start: "10s" } },
      { taskId: "gus", agentCapability: "help", timeout: { run: "200s" } },
    ];
    await putEach(
      people,
      [
        ["fay", [], "nowhere"],
        ["gus", ["help"]],
        ["gus-2", ["help"]],
      ],
      startEach(people, tasks),
    )();
  },
};

/** Deliveries that fail: rejected, broken, refused on both ways, and a wait that nobody ends. */
export const deliveries: Story = {
  name: "failed deliveries",
  lastsMs: 90_000,
  mode: "auto",
  useCases: ["PUT of a new agent", "start: inline definition", "complete", "a queue delivery", "a sweep"],
  play: async (people) => {
    const completing =
      (first: Work) =>
      (task: Task): Work =>
        task.attempt === 1
          ? first
          : { later: [[2_000, () => people.settle("complete", "complete", task.attemptId, { output: madeOf(task) })]] };
    people.agent("hal", () => ({ status: 400, body: { detail: "not mine" } }));
    people.agent("ivy", completing({ status: 200, body: { status: "ignored", reason: "not mine either" } }));
    people.agent("jim", completing({ status: 500, body: { detail: "broken" } }));
    people.agent("ken", completing({ status: 503, body: { detail: "not yet" } }));
    const tasks = [
      { taskId: "hal", agentId: "hal" },
      { taskId: "odd", agentCapability: "odd", timeout: { queue: "60s" } },
      { taskId: "jim", agentId: "jim" },
      { taskId: "ken", agentId: "ken" },
    ];
    await putEach(
      people,
      [
        ["hal", []],
        ["ivy", ["odd"]],
        ["jim", []],
        ["ken", []],
      ],
      startEach(people, tasks),
    )();
  },
};

/** Two deadlines at once, and a sweep that ticks one session itself and hands on the others. */
export const manyDue: Story = {
  name: "more due than a sweep takes",
  lastsMs: 240_000,
  own: 1,
  useCases: [
    "PUT of a new agent",
    "start: inline definition",
    "report: working",
    "complete",
    "a sweep",
    "a queue delivery",
    "a sweep that finds nothing",
  ],
  play: async (people) => {
    const ids = ["lea", "mia"];
    for (const id of ids) hangingAndHelping(people, id, `${id}-2`);
    const tasks = ids.map((id) => ({ taskId: id, agentCapability: id, timeout: { run: "200s" } }));
    const agents = ids.flatMap(
      (id) =>
        [
          [id, [id]],
          [`${id}-2`, [id]],
        ] as const,
    );
    await putEach(people, agents, startEach(people, tasks))();
  },
};

/** A session that cannot be advanced for a while: what it needs is not to be read. */
export const poisoned: Story = {
  name: "a session that cannot be advanced",
  lastsMs: 300_000,
  slackMs: 65_000,
  useCases: [
    "PUT of a new agent",
    "start: inline definition",
    "report: working",
    "complete",
    "a sweep",
    "a queue delivery",
    "a sweep that finds nothing",
  ],
  play: async (people, world) => {
    hangingAndHelping(people, "oto", "oto-2");
    const hide = "UPDATE workflows SET workflow_id = '~' || workflow_id";
    const show = "UPDATE workflows SET workflow_id = substr(workflow_id, 2)";
    world.time.after(195_000, () => world.poison(hide));
    world.time.after(215_000, () => world.poison(show));
    const tasks = [{ taskId: "oto", agentCapability: "help", timeout: { run: "200s" } }];
    await putEach(
      people,
      [
        ["oto", ["help"]],
        ["oto-2", ["help"]],
      ],
      startEach(people, tasks),
    )();
  },
};
