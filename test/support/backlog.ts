import { vi } from "vitest";
import type { HttpOutcome } from "../../src/agentkit/http-call.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { memoryPlatform } from "./memory-platform.ts";
import { createWorld, type World } from "./world.ts";

/** What every batch takes of virtual time, one after the other, as by a database with one writer. */
const BATCH_MS = 2;
const AGENTS = 20;
const CAPACITY = 25;
/** How long an agent works on a task: the fleet does half as much again as the promise asks for. */
const WORK_MS = 20_000;
const OUTAGE_MS = 3_600_000;
/** Between two starts, so that no two tasks are equally old. */
const APART_MS = 10;

/** What holds a task up: the moment of its retry or its run deadline passed meanwhile, or an agent was missing. */
type Kind = "retry" | "deadline" | "wait";

/** Tasks wait in two queues in turn, and every agent serves both: the oldest first holds across queues as well. */
const WAITED_FOR = ["wait", "wait_too"] as const;

/** The end of an outage: overdue timers, and tasks that wait beside free agents whose coming woke nobody. */
export interface Backlog {
  readonly world: World;
  /** The sessions that have a retry, and those that wait, each in the order in which their tasks became ready. */
  readonly retries: readonly string[];
  readonly waits: readonly string[];
  /** All sessions in the order in which they were sent to agents from now on; epoch ms. */
  readonly claims: readonly { readonly sessionId: string; readonly at: number }[];
  /** The most tasks that an agent was given at a time, as a share of its capacity. */
  fullest(): number;
  /** A task arrives at the agent of that name. */
  deliver(agentId: string, body: string): HttpOutcome;
  /** The agents report what they have finished by now. */
  finish(): Promise<void>;
}

const taskFor = (capability: string): JsonObject => ({
  id: `for_${capability}`,
  name: "For",
  tasks: [{ taskId: "one", agentCapability: capability, parameters: {}, retry: { maxAttempts: 1 } }],
});

/** Fakes `Date` and `setTimeout`; `vi.useRealTimers` gives them back. */
export const createBacklog = async (size: number): Promise<Backlog> => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"], now: Date.UTC(2026, 10, 22, 8) });
  const claims: { sessionId: string; at: number }[] = [];
  const held = new Map<string, number>();
  const work: { readonly agentId: string; readonly attemptId: string; readonly doneAt: number }[] = [];
  let fullest = 0;
  let listening = false;
  let over = false;

  const deliver = (agentId: string, body: string): HttpOutcome => {
    if (!listening) return { kind: "unreachable", reason: "refused the connection" };
    const task = JSON.parse(body) as { opscore_session_id: string; opscore_task_id: string };
    if (over) {
      claims.push({ sessionId: task.opscore_session_id, at: Date.now() });
      held.set(agentId, (held.get(agentId) ?? 0) + 1);
      fullest = Math.max(fullest, (held.get(agentId) ?? 0) / CAPACITY);
      work.push({ agentId, attemptId: task.opscore_task_id, doneAt: Date.now() + WORK_MS });
    }
    return { kind: "answer", status: 200, headers: { get: () => null }, body: "", truncated: false };
  };
  const advance = (ms: number): void => void vi.setSystemTime(Date.now() + ms);
  const slow = memoryPlatform((sql) => ({
    batch: (statements, mode) => {
      advance(BATCH_MS);
      return sql.batch(statements, mode);
    },
  }));
  const world = await createWorld(slow, {
    mode: "direct",
    call: ({ url, body }) => Promise.resolve(deliver(new URL(url).hostname, body)),
  });
  // One clock for the world and for what asks the system.
  Object.assign(world.clock, { now: () => Date.now(), advance });

  const ask = async (method: string, path: string, body: unknown): Promise<Record<string, unknown>> => {
    const answer = await world.request(method, `/v1/opscore${path}`, body);
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  const register = (agentId: string, capabilities: readonly string[]): Promise<unknown> =>
    ask("PUT", `/agents/${agentId}`, {
      agentName: agentId,
      version: "1",
      capabilities,
      contactEndpoint: `http://${agentId}/`,
      metadata: { config: { maxConcurrentTasks: CAPACITY } },
    });

  await register("before", ["retry"]);
  await register("silent", ["deadline"]);
  const started: Readonly<Record<Kind, string[]>> = { retry: [], deadline: [], wait: [] };
  for (let i = 0; i < size; i += 1) {
    const kind = i < CAPACITY ? "deadline" : i % 2 === 0 ? "retry" : "wait";
    listening = kind === "deadline";
    const capability = kind === "wait" ? (WAITED_FOR[started.wait.length % 2] ?? kind) : kind;
    const { sessionId } = await ask("POST", "/sessions", { workflowDefinition: taskFor(capability) });
    await world.flush();
    started[kind].push(String(sessionId));
    advance(APART_MS);
  }
  advance(OUTAGE_MS);
  const working = { ...world.deps.defer };
  Object.assign(world.deps.defer, { defer: () => undefined });
  for (let i = 0; i < AGENTS; i += 1) await register(`agent${i}`, ["retry", "deadline", ...WAITED_FOR]);
  Object.assign(world.deps.defer, working);
  listening = true;
  over = true;

  return {
    world,
    retries: started.retry,
    waits: started.wait,
    claims,
    fullest: () => fullest,
    deliver,
    finish: async () => {
      while (work[0] !== undefined && work[0].doneAt <= Date.now()) {
        const { agentId, attemptId } = work.shift()!;
        held.set(agentId, (held.get(agentId) ?? 0) - 1);
        await ask("POST", `/tasks/${attemptId}/complete`, {});
        await world.flush();
      }
    },
  };
};
