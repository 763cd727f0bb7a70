import { describe, expect, test, vi } from "vitest";
import { startListener } from "../../scripts/samples/listener.ts";
import { dataFolder, KEY, startProcess, type AtEnd, type ServerProcess } from "../support/server-process.ts";

interface Task {
  readonly task_name: string;
  readonly opscore_task_id: string;
}

interface Session {
  readonly status: string;
  readonly tasks: readonly {
    readonly status: string;
    readonly output: unknown;
    readonly lateResults: number;
    readonly attempts: readonly { readonly id: string; readonly status: string; readonly transport: string | null }[];
  }[];
}

const STEPS = 4;
const LONG_MS = 120_000;

const workflow = {
  id: "crash",
  name: "Crash",
  tasks: Array.from({ length: STEPS }, (_, i) => ({
    taskId: `step_${i + 1}`,
    agentCapability: "work",
    parameters: {},
    timeout: { run: "5m" },
  })),
};

/** An agent that answers at once, unless told to keep the request, and reports when the test says so. */
const startAgent = async (atEnd: AtEnd) => {
  const received: Task[] = [];
  let hold = false;
  const listener = await startListener(0, ({ body }) => {
    received.push(JSON.parse(body) as Task);
    return hold ? new Promise<never>(() => undefined) : { status: 200, body: { status: "received" } };
  });
  atEnd(() => listener.close());
  return {
    url: listener.url,
    received,
    setHold: (value: boolean) => {
      hold = value;
    },
    /** The n-th delivery, once it is there. */
    delivery: (n: number, timeout = 10_000): Promise<Task> =>
      vi.waitFor(
        () => {
          expect(received.length).toBeGreaterThanOrEqual(n);
          return received[n - 1] as Task;
        },
        { timeout, interval: 20 },
      ),
  };
};

type Agent = Awaited<ReturnType<typeof startAgent>>;

let micros = 0;
const reportBody = (state: string, taskId: string): string => {
  micros += 1;
  const timestamp = `${new Date().toISOString().slice(0, 19)}.${String(micros).padStart(6, "0")}+00:00`;
  return JSON.stringify({ agentId: "a", timestamp, state, details: { opscore_task_id: taskId, result: taskId } });
};

const post = (server: ServerProcess, body: string): Promise<Response> =>
  fetch(`${server.url}/v1/opscore/agent/a/state`, {
    method: "POST",
    headers: { Authorization: `Bearer ${KEY}`, "Content-Type": "application/json" },
    body,
  });

const report = async (server: ServerProcess, state: string, taskId: string): Promise<void> => {
  expect((await post(server, reportBody(state, taskId))).status).toBe(202);
};

const session = (server: ServerProcess, id: string): Promise<Session> => server.call("GET", `/sessions/${id}`);

/** Waits until the outcome of the newest dispatch is in the database. */
const confirmed = (server: ServerProcess, id: string, step: number): Promise<void> =>
  vi.waitFor(
    async () => expect((await session(server, id)).tasks[step - 1]?.attempts.at(-1)?.transport).toBe("direct"),
    { timeout: 10_000, interval: 20 },
  );

const begin = async (server: ServerProcess, agent: Agent): Promise<string> => {
  const known = { agentName: "a", version: "1", capabilities: ["work"], contactEndpoint: `${agent.url}/` };
  await server.call("PUT", "/agents/a", known);
  const started = await server.call<{ sessionId: string }>("POST", "/sessions", { workflowDefinition: workflow });
  return started.sessionId;
};

/** Every step settled exactly once, by its first attempt, and the log says the same. */
const expectWhole = async (server: ServerProcess, id: string): Promise<void> => {
  const detail = await session(server, id);
  expect(detail.status).toBe("completed");
  expect(detail.tasks.map(({ status, attempts }) => [status, attempts.length])).toEqual(
    Array(STEPS).fill(["completed", 1]),
  );
  expect(detail.tasks.map(({ output, attempts }) => output === attempts[0]?.id)).toEqual(Array(STEPS).fill(true));
  const { data } = await server.call<{ data: { seq: number; events: { type: string }[] }[] }>(
    "GET",
    `/sessions/${id}/log?limit=200`,
  );
  expect(data.map(({ seq }) => seq)).toEqual(data.map((_, i) => i + 1));
  const count = (type: string) => data.flatMap(({ events }) => events).filter((event) => event.type === type).length;
  expect([count("TaskEntered"), count("TaskCompleted"), count("SessionCompleted")]).toEqual([STEPS, STEPS, 1]);
};

describe.concurrent("kill -9 and a restart on the same file", () => {
  test(
    "P1, P6: whenever the outcome of a dispatch is known, nothing is sent twice and nothing is lost",
    async ({ expect: check, onTestFinished: atEnd }) => {
      const folder = dataFolder(atEnd);
      const agent = await startAgent(atEnd);
      let server = await startProcess(folder, {}, atEnd);
      const again = async (): Promise<void> => {
        await server.kill();
        server = await startProcess(folder, {}, atEnd);
      };
      const id = await begin(server, agent);

      // After the delivery is confirmed.
      const first = await agent.delivery(1);
      await confirmed(server, id, 1);
      await again();
      await report(server, "active", first.opscore_task_id);
      await report(server, "idle", first.opscore_task_id);

      // After the task has started.
      const second = await agent.delivery(2);
      await confirmed(server, id, 2);
      await report(server, "active", second.opscore_task_id);
      await again();
      await report(server, "idle", second.opscore_task_id);

      // While a report is under way: it is sent again, as agents do, and counts once.
      const third = await agent.delivery(3);
      await confirmed(server, id, 3);
      const body = reportBody("idle", third.opscore_task_id);
      const lost = post(server, body).catch(() => null);
      await again();
      await lost;
      check((await post(server, body)).status).toBe(202);
      check((await post(server, body)).status).toBe(202);

      // The report may or may not have been taken before the kill; if it was, its dispatch waits for the lease.
      const fourth = await agent.delivery(4, 40_000);
      await report(server, "idle", fourth.opscore_task_id);
      await expectWhole(server, id);
      const steps = new Set(agent.received.map((task) => task.opscore_task_id));
      check(steps.size).toBe(STEPS);
      check(agent.received.slice(0, 3).map((task) => task.opscore_task_id)).toEqual([...steps].slice(0, 3));
    },
    LONG_MS,
  );

  test(
    "P1, P5: an outcome that died with the process: sent again after the lease, under the same opscore_task_id",
    async ({ expect: check, onTestFinished: atEnd }) => {
      const folder = dataFolder(atEnd);
      const agent = await startAgent(atEnd);
      let server = await startProcess(folder, {}, atEnd);
      const id = await begin(server, agent);
      for (const step of [1, 2]) {
        const { opscore_task_id: taskId } = await agent.delivery(step);
        await confirmed(server, id, step);
        if (step === 2) agent.setHold(true);
        await report(server, "idle", taskId);
      }
      // The third is with the agent, which has not answered, when the power goes.
      const third = await agent.delivery(3);
      await server.kill();
      agent.setHold(false);
      server = await startProcess(folder, {}, atEnd);
      const again = await agent.delivery(4, 40_000);
      check(again.opscore_task_id).toBe(third.opscore_task_id);
      await confirmed(server, id, 3);
      await report(server, "idle", again.opscore_task_id);

      // At once after the report is taken: the next dispatch may have gone out, or not.
      const { opscore_task_id: last } = await agent.delivery(5);
      await confirmed(server, id, 4);
      await report(server, "idle", last);
      await server.kill();
      server = await startProcess(folder, {}, atEnd);
      await expectWhole(server, id);
      check(agent.received).toHaveLength(5);
    },
    LONG_MS,
  );

  test(
    "P8, P10: a commit that became due while the process was away is done at its start",
    async ({ expect: check, onTestFinished: atEnd }) => {
      const folder = dataFolder(atEnd);
      const agent = await startAgent(atEnd);
      let server = await startProcess(folder, {}, atEnd);
      const id = await begin(server, agent);
      const { opscore_task_id: taskId } = await agent.delivery(1);
      await confirmed(server, id, 1);
      const error = { code: "E", message: "again", retryAfterMs: 1 };
      const killed = server.kill();
      await server.call("POST", `/tasks/${taskId}/fail`, { error }).catch(() => undefined);
      await killed;
      server = await startProcess(folder, {}, atEnd);
      await server.call("POST", `/tasks/${taskId}/fail`, { error });
      const retried = await agent.delivery(2);
      check(retried.opscore_task_id).toMatch(/\.1:2$/);
    },
    LONG_MS,
  );
});
