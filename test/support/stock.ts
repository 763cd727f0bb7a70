import { expect } from "vitest";
import { call, type Json } from "./api.ts";
import type { World } from "./world.ts";

/** What there is in a world, for requests that are drawn: not all of them shall end at an id that nobody knows. */
export interface Stock {
  /** What goes into the place of the parameters of a path; the ids of one are of one thing. */
  readonly subjects: readonly Readonly<Record<string, string>>[];
  /** Values that mean something, by the name of a parameter of a query or a member of a body. */
  readonly words: Readonly<Record<string, readonly string[]>>;
}

interface Task {
  readonly id: string;
  readonly taskId: string;
  readonly attempts: readonly { readonly id: string }[];
}

/** Everything at once: work under way, work that waits to be retried, a decision, a signal; what comes after it. */
const tasksFor = (agentId: string): readonly Json[] => [
  { taskId: "draft", agentId, dependsOn: [] },
  { taskId: "again", agentId, dependsOn: [], retry: { initialInterval: "1h" } },
  { taskId: "sign_off", type: "approval", dependsOn: [] },
  { taskId: "paid", type: "signal", signal: "paid", dependsOn: [] },
  { taskId: "polish", agentId, dependsOn: ["draft", "again", "sign_off", "paid"] },
];

/**
 * Puts one of each into a world, as far as it is used up by what is asked of it: a session under way and one that has
 * ended, a single task, a schedule, a key, a webhook with a delivery. `n` tells stocks apart.
 */
export const stockUp = async (world: World, n: number): Promise<Stock> => {
  const ask = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const reply = await call(world, method, `/v1/opscore${path}`, body);
    expect(reply.status, `${method} ${path}: ${reply.text}`).toBeLessThan(300);
    return reply.body;
  };
  const agentId = `stock-${n}`;
  const agent = { agentName: agentId, version: "1", capabilities: ["write"], contactEndpoint: "http://stock.test/" };
  await ask("PUT", `/agents/${agentId}`, { ...agent, metadata: { config: { maxConcurrentTasks: 10 } } });
  const tasksOf = async (sessionId: string): Promise<readonly Task[]> =>
    (await ask("GET", `/sessions/${sessionId}`))["tasks"] as readonly Task[];
  const begin = async (tasks: readonly Json[]): Promise<string> => {
    const workflowDefinition = { id: "report", name: "Report", tasks };
    const { sessionId } = await ask("POST", "/sessions", { workflowDefinition, initialPayload: { topic: "tides" } });
    await world.flush();
    return String(sessionId);
  };

  const ended = await begin([
    { taskId: "draft", agentId },
    { taskId: "polish", agentId },
  ]);
  for (const step of [0, 1]) {
    const attemptId = (await tasksOf(ended))[step]?.attempts[0]?.id ?? "none";
    await ask("POST", `/tasks/${attemptId}/complete`, { output: step });
    await world.flush();
  }
  const open = await begin(tasksFor(agentId));
  const tasks = await tasksOf(open);
  const again = tasks.find(({ taskId }) => taskId === "again")?.attempts[0]?.id ?? "none";
  await ask("POST", `/tasks/${again}/fail`, { error: { code: "later", message: "not now", retryable: true } });
  const single = await ask("POST", "/tasks", { agentId, delay: "10m" });
  const scheduleId = `nightly-${n}`;
  await ask("PUT", `/schedules/${scheduleId}`, { cron: "@daily", workflowDefinitionId: "listed" });
  const { keyId } = await ask("POST", "/keys", { name: agentId, role: "viewer" });
  const { webhookId } = await ask("POST", "/webhooks", { url: "http://hook.test/", events: ["session.paused"] });
  const { deliveryId } = await ask("POST", `/webhooks/${String(webhookId)}/test`);

  const common = {
    ...{ agentId, workflowId: "listed", scheduleId, keyId: String(keyId), webhookId: String(webhookId) },
    ...{ deliveryId: String(deliveryId), name: "paid" },
  };
  const about = (sessionId: string, { id, taskId, attempts }: Task) => ({
    ...common,
    ...{ sessionId, id, task: taskId, attemptId: attempts.at(-1)?.id ?? "none" },
  });
  const [first] = await tasksOf(ended);
  const alone = { id: String(single["id"]), taskId: "task", attempts: [] };
  const subjects = [
    ...tasks.filter(({ taskId }) => taskId !== "polish").map((task) => about(open, task)),
    ...(first === undefined ? [] : [about(ended, first)]),
    about(String(single["sessionId"]), alone),
  ];
  const words = {
    ...{ sessionId: [open, ended], parent: [open], workflowId: ["report", "listed"], workflowDefinitionId: ["listed"] },
    ...{ agentId: [agentId], agentCapability: ["write"], fromTaskId: ["polish", "draft"], cron: ["@daily"] },
    ...{
      target: [open, agentId],
      actor: ["root"],
      delay: ["5m"],
      expiresIn: ["1h"],
      timeZone: ["UTC"],
      text: ["ses_"],
    },
    ...{ errorCode: ["later", "rejected"], waitingFor: ["agent", "approval"] },
  };
  return { subjects, words };
};
