import type { HttpCall } from "../../src/agentkit/http-call.ts";
import { call, notification, NOTIFY, register, report, type Json } from "./api.ts";
import type { World } from "./world.ts";

/** Agents that take every delivery in silence, but for those in `answers` (by id): a status, or null for nothing there. */
export const mixedAgents = () => {
  const sent: { readonly agentId: string; readonly attemptId: string; readonly sessionId: string }[] = [];
  const answers = new Map<string, number | null>();
  const outside: HttpCall = ({ url, body: text }) => {
    const body = JSON.parse(text) as { opscore_task_id: string; opscore_session_id: string };
    const kit = url.startsWith("http://agentkit.test/");
    const agentId = kit ? (url.split("/")[5] ?? "") : new URL(url).hostname.split(".")[0]!;
    const status = kit ? 202 : answers.has(agentId) ? answers.get(agentId) : 200;
    if (status === null || status === undefined)
      return Promise.resolve({ kind: "unreachable", reason: "is not there" });
    sent.push({ agentId, attemptId: body.opscore_task_id, sessionId: body.opscore_session_id });
    return Promise.resolve({ kind: "answer", status, headers: { get: () => null }, body: "", truncated: false });
  };
  return { sent, answers, call: outside };
};

export type MixedAgents = ReturnType<typeof mixedAgents>;

const retry = { maxAttempts: 3, initialInterval: "5m", backoffCoefficient: 1 };

const workflow = (id: string, ...tasks: readonly Json[]): Json => ({ id, name: id, tasks });

/**
 * Something of everything that may happen to agents and sessions, every type of event with it, through the real API,
 * the same to the letter each time. It leaves tasks in flight, waiting and between attempts. Some ten minutes of the world's time pass.
 */
export const mixedRun = async (world: World, agents: MixedAgents): Promise<void> => {
  let bits = 1;
  const next = (): number => (bits = (bits * 48_271) % 2_147_483_647) % 256;
  Object.assign(world.deps.entropy, { bytes: (length: number) => Uint8Array.from({ length }, next) });
  const at = (agentId: string) => ({ agentId, contactEndpoint: `http://${agentId}.test/task` });
  const put = async (agentId: string, details: Json = {}): Promise<void> => {
    world.clock.advance(1_000);
    await register(world, { ...at(agentId), agentName: agentId, capabilities: ["work"], ...details });
    await world.flush();
  };
  const ask = async (status: number, method: string, path: string, body: Json = {}): Promise<Json> => {
    world.clock.advance(1_000);
    const reply = await call(world, method, `/v1/opscore/${path}`, body);
    if (reply.status !== status) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
    await world.flush();
    return reply.body;
  };
  const start = async (definition: Json, agentId?: string): Promise<string> => {
    const body = { workflowDefinition: definition, ...(agentId === undefined ? {} : { agentId }) };
    return (await ask(202, "POST", "sessions", body))["sessionId"] as string;
  };
  const newest = (agentId: string): string => agents.sent.findLast((sent) => sent.agentId === agentId)?.attemptId ?? "";
  const say = async (agentId: string, state: string, details: Json = {}): Promise<void> => {
    world.clock.advance(1_000);
    await report(world, agentId, state, details);
  };

  // Adopted by its first report, registered later, and the same once more.
  await say("ann", "idle");
  await put("ann", { capabilities: ["work", "write"], metadata: { team: "one" } });
  await put("ann", { capabilities: ["write", "work"], metadata: null });
  await put("bob", { metadata: { config: { maxConcurrentTasks: 2 } } });
  await put("cat", { capabilities: ["lone"] });

  // Two steps, by report without and with an id, and by call; a heartbeat in between.
  const steps = workflow(
    "steps",
    { taskId: "one", agentId: "ann", parameters: { topic: "${input.topic}" } },
    { taskId: "two", agentCapability: "lone", parameters: { text: "${tasks.one.output}" } },
  );
  await ask(202, "POST", "sessions", { workflowDefinition: steps, initialPayload: { topic: "tides" } });
  await say("ann", "active");
  await say("ann", "idle", { result: { pages: 3 }, usage: { input_tokens: 5 } });
  await ask(200, "POST", `tasks/${newest("cat")}/heartbeat`, { progress: { done: 1 } });
  await ask(200, "POST", `tasks/${newest("cat")}/complete`, { output: "text" });

  // A home agent takes what nobody can do; it fails, the session with it, and what else is open is cancelled.
  const fails = workflow(
    "fails",
    { taskId: "other", agentId: "bob", nextTaskId: null },
    { taskId: "bad", agentCapability: "magic", retry: { maxAttempts: 1 }, nextTaskId: null },
  );
  await start(fails, "cat");
  await ask(200, "POST", `tasks/${newest("cat")}/fail`, { error: { code: "broken", message: "it broke" } });

  // Cancelled in flight: the result comes late.
  const cancelled = await start(workflow("cancelled", { taskId: "long", agentId: "cat" }));
  await ask(202, "POST", `sessions/${cancelled}/cancel`, { reason: "not needed" });
  await ask(409, "POST", `tasks/${newest("cat")}/complete`, { output: "too late" });

  // Rejected by one agent, done by another; refused by everybody, then retried.
  await put("dan", { capabilities: ["odd"] });
  agents.answers.set("dan", 400);
  await start(workflow("rejected", { taskId: "odd", agentCapability: "odd", retry }));
  agents.answers.set("dan", 503);
  await start(workflow("elsewhere", { taskId: "any", agentId: "dan", retry }));

  // Its outcome is lost: the same attempt is sent again after its lease, through AgentKit as well.
  await put("eve", { capabilities: [] });
  const whole = { ...world.deps.store };
  Object.assign(world.deps.store, { recordDelivery: () => Promise.resolve() });
  await start(workflow("lost", { taskId: "lost", agentId: "eve", timeout: { start: "1m", run: "2m" }, retry }));
  Object.assign(world.deps.store, whole);
  await world.pass(31_000);
  // Silence until the run deadline: presumed lost.
  await world.pass(150_000);

  // Restarted under its name: the old id is superseded, its attempt goes on with the new one.
  await put("fay", { agentName: "Worker", capabilities: ["fay"] });
  await start(workflow("restarted", { taskId: "on", agentId: "fay", retry }));
  await put("fay2", { agentName: "Worker", capabilities: ["fay"] });
  await put("fay3", { agentName: "Worker", capabilities: ["fay"] });
  // Out of service in the middle of a task.
  await put("gus", { capabilities: [] });
  await start(workflow("gone", { taskId: "gone", agentId: "gus", retry }));
  await ask(200, "POST", NOTIFY.replace("/v1/opscore/", ""), notification("DEREGISTER", { agentId: "gus" }));

  // A known workflow with other content is kept for one session; many short ones fill what an agent remembers, but the
  // attempt that its newest report speaks of stays.
  await start(workflow("steps", { taskId: "other", agentId: "ann" }));
  await say("ann", "idle", { opscore_task_id: newest("ann") });
  for (let n = 0; n < 18; n += 1) {
    await start(workflow("short", { taskId: "short", agentId: "ann" }));
    await ask(200, "POST", `tasks/${newest("ann")}/complete`, {});
  }

  // What stays: in flight, in flight on an agent that takes two, waiting, and between attempts.
  await start(workflow("bobs", { taskId: "one", agentId: "bob" }));
  await start(workflow("bobs", { taskId: "one", agentId: "bob" }));
  await ask(200, "POST", `tasks/${newest("bob")}/heartbeat`, { progress: 1 });
  await start(workflow("cats", { taskId: "one", agentId: "cat" }));
  await start(workflow("cats", { taskId: "one", agentId: "cat" }));
  await start(workflow("lone", { taskId: "one", agentCapability: "lone", timeout: { queue: "2h" } }));
  await start(workflow("nobody", { taskId: "one", agentId: "gus" }));
  await put("hal", { capabilities: ["retry"] });
  await start(workflow("between", { taskId: "one", agentCapability: "retry", retry }));
  await ask(200, "POST", `tasks/${newest("hal")}/fail`, { error: { code: "c", message: "m" } });
};
