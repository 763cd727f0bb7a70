import { isDeepStrictEqual } from "node:util";
import { startListener } from "../../scripts/samples/listener.ts";
import type { Random } from "../sim/random.ts";
import type { Answer, KillableServer } from "./kill-server.ts";
import type { AtEnd } from "./server-process.ts";

/** What an agent is to make of its task: how it says so, and what. */
interface Orders {
  readonly how: "report" | "settle";
  readonly fate: "ok" | "ok at the second attempt" | "fail";
}

interface Delivery {
  readonly opscore_task_id: string;
  readonly payload: { readonly attempt: number; readonly task_parameters: Orders };
}

/** Something that was answered with 2xx and must hold from then on. */
export interface Fact {
  readonly what: string;
  /** Where it must be seen. */
  readonly path: string;
  readonly seenIn: (value: Answer["value"]) => boolean;
  /** P8: the same request again, and what it was answered. */
  readonly again: { readonly request: Parameters<KillableServer["request"]>; readonly answer: Answer } | null;
}

export interface StartedSession {
  readonly sessionId: string;
  readonly orders: readonly Orders[];
  cancelled: boolean;
}

/** The world around the server. Everything in it goes over real HTTP and outlives the server's processes. */
export interface KillLoad {
  readonly facts: readonly Fact[];
  readonly sessions: readonly StartedSession[];
  /** Answers that no client should get. */
  readonly wrong: readonly string[];
  /** Deliveries by attempt: how often each came. */
  readonly deliveries: ReadonlyMap<string, number>;
  /** Requests that were sent more than once before they were answered. */
  readonly repeated: () => number;
  /** Whether an agent has begun to say that this attempt is over. */
  readonly spoken: (attemptId: string) => boolean;
  /** Starts sessions, registers an agent anew and cancels one, all at about the same time, now and while it is down. */
  burst(round: number, sessions: number): void;
  /** Resolves when nothing that was begun waits for an answer. */
  idle(): Promise<void>;
}

interface SessionValue {
  readonly tasks?: readonly {
    readonly output: unknown;
    readonly attempts: readonly { readonly id: string; readonly status: string }[];
  }[];
}

const sessionOf = (attemptId: string): string => `/sessions/ses_${attemptId.slice(4).split(".")[0] ?? ""}`;

const attemptIs = (attemptId: string, status: string) => (value: Answer["value"]) =>
  ((value as SessionValue).tasks ?? []).some(
    (task) =>
      task.attempts.some((attempt) => attempt.id === attemptId && attempt.status === status) &&
      (status === "failed" || isDeepStrictEqual(task.output, { by: attemptId })),
  );

export const createKillLoad = async (
  server: KillableServer,
  random: Random,
  agentCount: number,
  atEnd: AtEnd,
): Promise<KillLoad> => {
  const facts: Fact[] = [];
  const sessions: StartedSession[] = [];
  const wrong: string[] = [];
  const deliveries = new Map<string, number>();
  const spoken = new Set<string>();
  const running = new Set<Promise<void>>();
  const agents: { readonly id: string; readonly url: string; version: number; said: Promise<void> }[] = [];
  let [repeated, micros] = [0, 0];

  const background = (work: () => Promise<void>): void => {
    const promise = work()
      .catch((error: unknown) => void wrong.push(String(error)))
      .finally(() => running.delete(promise));
    running.add(promise);
  };

  /** `null`: the answer is not one of those that may come; it is noted. */
  const expectOne = async (
    statuses: readonly number[],
    ...request: Parameters<KillableServer["request"]>
  ): Promise<Answer | null> => {
    const answer = await server.request(...request);
    if (answer.tries > 1) repeated += 1;
    if (statuses.includes(answer.status)) return answer;
    wrong.push(`${request[0]} ${request[1]} answered ${answer.status}: ${JSON.stringify(answer.value)}`);
    return null;
  };

  /** The agent's clock; no two reports share a moment. */
  const timestamp = (): string => {
    micros = (micros + 1) % 1_000;
    return new Date(server.now()).toISOString().replace("Z", `${String(micros).padStart(3, "0")}Z`);
  };

  const report = async (agentId: string, state: string, attemptId: string): Promise<void> => {
    const at = timestamp();
    const details = { opscore_task_id: attemptId, result: { by: attemptId } };
    const body = JSON.stringify({ agentId, timestamp: at, state, details });
    const request = ["POST", `/agent/${agentId}/state`, body] as const;
    const answer = await expectOne([202], ...request);
    if (answer === null) return;
    const applied = answer.value["applied"] !== false;
    const cancelled = sessions.some((one) => one.cancelled && sessionOf(attemptId).endsWith(one.sessionId));
    if (!applied && !cancelled) wrong.push(`${state} of ${attemptId} was not applied: ${JSON.stringify(answer.value)}`);
    facts.push({
      what: `report ${state} of ${attemptId}`,
      path: `/agents/${agentId}/history?limit=200`,
      // The last 200 reports; what is older is seen in its session.
      seenIn: ({ data }) => {
        const rows = data as readonly { readonly timestamp: string; readonly details: unknown }[];
        return (
          rows.length === 200 || rows.some((row) => row.timestamp === at && isDeepStrictEqual(row.details, details))
        );
      },
      again: { request: [...request], answer },
    });
    if (state === "idle" && applied) {
      const seenIn = attemptIs(attemptId, "completed");
      facts.push({ what: `completion of ${attemptId}`, path: sessionOf(attemptId), seenIn, again: null });
    }
  };

  const settle = async (attemptId: string, verb: "complete" | "fail", body: object): Promise<void> => {
    const request = ["POST", `/tasks/${attemptId}/${verb}`, JSON.stringify(body)] as const;
    const answer = await expectOne([200, 409], ...request);
    if (answer === null) return;
    if (answer.status === 409) {
      const cancelled = sessions.some((one) => one.cancelled && sessionOf(attemptId).endsWith(one.sessionId));
      if (!cancelled) wrong.push(`${verb} of ${attemptId} answered 409: ${JSON.stringify(answer.value)}`);
      return;
    }
    const status = verb === "complete" ? "completed" : "failed";
    facts.push({
      what: `${verb} of ${attemptId}`,
      path: sessionOf(attemptId),
      seenIn: attemptIs(attemptId, status),
      again: { request: [...request], answer },
    });
  };

  const work = async (agentId: string, { opscore_task_id: id, payload }: Delivery): Promise<void> => {
    const { how, fate } = payload.task_parameters;
    const fails = fate === "fail" || (fate === "ok at the second attempt" && payload.attempt === 1);
    // Who has said that it works says at the end that it is free, or it would get no more work.
    if (how === "report" && !fails) await report(agentId, "active", id);
    spoken.add(id);
    if (fails) await settle(id, "fail", { error: { code: "E", message: fate, retryable: fate !== "fail" } });
    else if (how === "report") await report(agentId, "idle", id);
    else await settle(id, "complete", { output: { by: id } });
  };

  /** One after the other, as one agent does: what is said last counts, be it the repetition of something older. */
  const register = (agent: (typeof agents)[number], version: number): Promise<void> => {
    agent.said = agent.said.then(() => registerNow(agent, version));
    return agent.said;
  };

  const registerNow = async (agent: (typeof agents)[number], version: number): Promise<void> => {
    const body = JSON.stringify({
      agentName: agent.id,
      version: String(version),
      capabilities: ["work"],
      contactEndpoint: `${agent.url}/`,
      metadata: { config: { maxConcurrentTasks: 4 } },
    });
    const answer = await expectOne([200, 201], "PUT", `/agents/${agent.id}`, body);
    if (answer === null) return;
    facts.push({
      what: `registration ${version} of ${agent.id}`,
      path: `/agents/${agent.id}`,
      seenIn: (value) => value["registration"] === "registered" && Number(value["version"]) >= version,
      again: null,
    });
  };

  const start = async (key: string, orders: readonly Orders[], cancel: boolean): Promise<void> => {
    const tasks = orders.map((order, i) => ({
      taskId: `step_${i + 1}`,
      agentCapability: "work",
      parameters: order,
      // Time is put forward at each start: only leases may end by that.
      timeout: { start: "48h", run: "48h", queue: "48h" },
      retry: { maxAttempts: 2, initialInterval: "1ms" },
    }));
    const body = JSON.stringify({ workflowDefinition: { id: `steps-${key}`, name: "Steps", tasks } });
    const request = ["POST", "/sessions", body, { "Idempotency-Key": key }] as const;
    const answer = await expectOne([202], ...request);
    if (answer === null) return;
    const session: StartedSession = { sessionId: String(answer.value["sessionId"]), orders, cancelled: false };
    sessions.push(session);
    const path = `/sessions/${session.sessionId}`;
    facts.push({
      what: `start of ${session.sessionId}`,
      path,
      seenIn: (value) => value["sessionId"] === session.sessionId,
      again: { request: [...request], answer },
    });
    if (!cancel) return;
    session.cancelled = true; // From here on it may be: a first try that was not answered may have done it.
    const ended = await expectOne([200, 202, 409], "POST", `${path}/cancel`, "{}");
    session.cancelled = ended !== null && ended.status !== 409;
    if (!session.cancelled) return;
    facts.push({ what: `cancel of ${path}`, path, seenIn: ({ status }) => status === "cancelled", again: null });
  };

  for (let i = 0; i < agentCount; i += 1) {
    const id = `agent-${i}`;
    const listener = await startListener(0, ({ body }) => {
      const delivery = JSON.parse(body) as Delivery;
      server.stepped();
      const count = (deliveries.get(delivery.opscore_task_id) ?? 0) + 1;
      deliveries.set(delivery.opscore_task_id, count);
      if (count === 1) background(() => work(id, delivery));
      return { status: 200, body: { status: "received" } };
    });
    atEnd(() => listener.close());
    agents.push({ id, url: listener.url, version: 0, said: Promise.resolve() });
    background(() => register(agents[i]!, 0));
  }

  return {
    facts,
    sessions,
    wrong,
    deliveries,
    repeated: () => repeated,
    spoken: (attemptId) => spoken.has(attemptId),
    burst: (round, count) => {
      const agent = random.pick(agents);
      agent.version = round;
      background(() => register(agent, round));
      for (let i = 0; i < count; i += 1) {
        const orders = Array.from({ length: 1 + random.int(3) }, (): Orders => ({
          how: random.pick(["report", "settle"]),
          fate: random.chance(0.8) ? "ok" : random.pick(["ok at the second attempt", "fail"]),
        }));
        const cancel = random.chance(0.15);
        background(() => start(`${round}-${i}`, orders, cancel));
      }
    },
    idle: async () => {
      while (running.size > 0) await Promise.all(running);
    },
  };
};
