import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { SampleAgentOptions } from "../../scripts/samples/agent-options.ts";
import { startSampleAgent, type SampleAgent } from "../../scripts/samples/agent.ts";
import { startStandInAgentKit } from "../../scripts/samples/stand-in-agentkit.ts";
import { recording } from "../support/agentkit-recordings.ts";
import { answering, type Seen } from "../support/faulty-servers.ts";

/** Takes state reports as Ops-Core would; `answers` are the next statuses, then 202. */
const startOpsCore = (answers: number[] = []): ReturnType<typeof answering> =>
  answering(() => answers.shift() ?? 202, "{}");

interface Fleet {
  readonly agent: SampleAgent;
  readonly seen: Seen[];
  /** State and details of every report that arrived. */
  states(): [string, unknown][];
}

const noFirstReport = { afterMs: 0, tries: 0, gapMs: 0 };

const start = async (options: Partial<SampleAgentOptions>, answers: number[] = []): Promise<Fleet> => {
  const opsCore = await startOpsCore(answers);
  const kit = await startStandInAgentKit({ deliver: "forward" });
  onTestFinished(() => kit.close());
  const agent = await startSampleAgent({
    name: "TestAgent",
    capabilities: ["simulation"],
    behaviour: "simulated",
    agentKitUrl: `${kit.url}/v1`,
    opsCoreUrl: opsCore.url,
    apiKey: "test-api-key",
    workMs: 20,
    firstReport: noFirstReport,
    ...options,
  });
  onTestFinished(() => agent.close());
  const states = (): [string, unknown][] =>
    opsCore.seen.map(({ body }) => {
      const { state, details } = JSON.parse(body) as { state: string; details: unknown };
      return [state, details];
    });
  return { agent, seen: opsCore.seen, states };
};

const give = async ({ agent }: Fleet, body: string): Promise<{ status: number; body: unknown }> => {
  const answer = await fetch(agent.endpoint, { method: "POST", body, headers: { "content-type": "application/json" } });
  return { status: answer.status, body: await answer.json() };
};

const recordedTask = (name: string, id?: string): string => {
  const { body_raw } = recording(name).request;
  return id === undefined ? body_raw : body_raw.replace("task-1", id);
};

const recordedAnswer = (name: string): { status: number; body: unknown } => {
  const { response } = recording(name);
  return { status: response?.status ?? 0, body: JSON.parse(response?.body_raw ?? "null") };
};

/** The raw report with this agent's id and its time replaced; the recording likewise. */
const normal = (raw: string): string =>
  raw
    .replace(/"agentId":"[^"]+"/, '"agentId":"<id>"')
    .replace(/"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00"/, '"timestamp":"<time>"');

const expectReport = (seen: Seen | undefined, agent: SampleAgent, name: string): void => {
  const { request } = recording(name);
  expect(normal(seen?.body ?? "")).toBe(normal(request.body_raw));
  expect(seen?.path).toBe(`/v1/opscore/agent/${agent.agentId}/state`);
  for (const header of ["Accept", "User-Agent", "Authorization", "Content-Type"])
    expect(seen?.headers[header.toLowerCase()]).toBe(request.headers[header]);
};

describe("simulated", () => {
  test("a task goes as recorded: answer, active, work, idle, both with the id", async () => {
    const fleet = await start({});
    expect(await give(fleet, recordedTask("simulated-agent-task"))).toEqual(recordedAnswer("simulated-agent-task"));
    await vi.waitFor(() => expect(fleet.seen).toHaveLength(2));
    expectReport(fleet.seen[0], fleet.agent, "simulated-agent-active");
    expectReport(fleet.seen[1], fleet.agent, "simulated-agent-idle");
    expect(fleet.agent.received).toHaveLength(1);
  });

  test("a task without an id is reported without one", async () => {
    const fleet = await start({});
    await give(fleet, recordedTask("simulated-agent-task").replace('"task-1"', "null"));
    await vi.waitFor(() => expect(fleet.seen).toHaveLength(2));
    expectReport(fleet.seen[0], fleet.agent, "simulated-agent-active-no-task-id");
    expectReport(fleet.seen[1], fleet.agent, "simulated-agent-idle-no-task-id");
  });

  test("a task with a name that is no string is refused as recorded and never reported", async () => {
    const fleet = await start({});
    const name = "simulated-agent-task-rejected";
    expect(await give(fleet, recordedTask(name))).toEqual(recordedAnswer(name));
    await give(fleet, recordedTask("simulated-agent-task"));
    await vi.waitFor(() => expect(fleet.seen).toHaveLength(2));
    expect(fleet.agent.received).toHaveLength(2);
  });

  test("if active is refused it gives the task up", async () => {
    const fleet = await start({}, [404]);
    await give(fleet, recordedTask("simulated-agent-task", "task-3"));
    await vi.waitFor(() => expect(fleet.seen).toHaveLength(2));
    expectReport(fleet.seen[1], fleet.agent, "simulated-agent-error");
  });

  test("two tasks run at the same time", async () => {
    const fleet = await start({ workMs: 100 });
    await give(fleet, recordedTask("simulated-agent-task", "one"));
    await give(fleet, recordedTask("simulated-agent-task", "two"));
    await vi.waitFor(() => expect(fleet.seen).toHaveLength(4));
    expect(fleet.states()).toEqual([
      ["active", { opscore_task_id: "one" }],
      ["active", { opscore_task_id: "two" }],
      ["idle", { opscore_task_id: "one" }],
      ["idle", { opscore_task_id: "two" }],
    ]);
  });

  test("the first report is repeated until it is accepted", async () => {
    const fleet = await start({ firstReport: { afterMs: 5, tries: 5, gapMs: 5 } }, [404, 503]);
    await vi.waitFor(() => expect(fleet.seen).toHaveLength(3));
    for (const seen of fleet.seen) expectReport(seen, fleet.agent, "simulated-agent-initial-idle");
  });

  test("the health endpoint tells the id", async () => {
    const { agent } = await start({});
    const answer = await fetch(new URL("/health", agent.endpoint));
    expect(await answer.json()).toEqual({ status: "healthy", agent_id: agent.agentId });
  });
});

describe("aware", () => {
  test("works while the request is open, answers, then reports active and idle without ids", async () => {
    const fleet = await start({ behaviour: "aware" });
    const answer = give(fleet, recordedTask("aware-agent-task"));
    expect(await answer).toEqual(recordedAnswer("aware-agent-task"));
    await vi.waitFor(() => expect(fleet.seen).toHaveLength(2));
    expectReport(fleet.seen[0], fleet.agent, "aware-agent-active");
    expectReport(fleet.seen[1], fleet.agent, "aware-agent-idle");
  });

  test("reports idle once right after registering, whatever the answer", async () => {
    const opsCore = await startOpsCore([404]);
    const kit = await startStandInAgentKit({ deliver: "forward" });
    onTestFinished(() => kit.close());
    const agent = await startSampleAgent({
      name: "Aware",
      capabilities: [],
      behaviour: "aware",
      agentKitUrl: kit.url,
      opsCoreUrl: `${opsCore.url}/v1/`,
      apiKey: "test-api-key",
      workMs: 1,
    });
    onTestFinished(() => agent.close());
    await vi.waitFor(() => expect(opsCore.seen).toHaveLength(1));
    expectReport(opsCore.seen[0], agent, "aware-agent-initial-idle");
  });

  test("ignores other message types as recorded, and reports all the same", async () => {
    const fleet = await start({ behaviour: "aware" });
    const name = "aware-agent-ignored-type";
    expect(await give(fleet, recordedTask(name))).toEqual(recordedAnswer(name));
    await vi.waitFor(() => expect(fleet.states().map(([state]) => state)).toEqual(["active", "idle"]));
  });

  test("a result is in the answer", async () => {
    const fleet = await start({ behaviour: "aware", result: (task) => ({ done: task.task_name }) });
    const { body } = await give(fleet, recordedTask("aware-agent-task"));
    expect(body).toEqual({ status: "completed", result: { done: "First Step" } });
  });
});

describe("silent", () => {
  test.each([false, true])("says nothing until the work is done (request held: %s)", async (holdsRequest) => {
    const fleet = await start({ behaviour: "silent", holdsRequest, result: 42, workMs: 60 });
    const answer = give(fleet, recordedTask("aware-agent-task"));
    await vi.waitFor(() => expect(fleet.agent.received).toHaveLength(1));
    expect(fleet.agent.reports).toHaveLength(0);
    expect((await answer).body).toEqual({ status: "received" });
    await vi.waitFor(() => expect(fleet.seen).toHaveLength(2));
    expect(fleet.states()).toEqual([
      ["active", {}],
      ["idle", { result: 42 }],
    ]);
  });

  test("may send ids if told to", async () => {
    const fleet = await start({ behaviour: "silent", withTaskIds: true });
    await give(fleet, recordedTask("aware-agent-task"));
    await vi.waitFor(() => expect(fleet.states()[1]).toEqual(["idle", { opscore_task_id: "task-1" }]));
  });
});

describe("options", () => {
  test("the first tasks fail with an error report", async () => {
    const fleet = await start({ failFirst: 1, result: "ok" });
    for (const count of [2, 4]) {
      await give(fleet, recordedTask("simulated-agent-task"));
      await vi.waitFor(() => expect(fleet.seen).toHaveLength(count));
    }
    const error = { error_code: "simulated_failure", message: "Task 'First Step' failed on purpose." };
    expect(fleet.states()).toEqual([
      ["active", { opscore_task_id: "task-1" }],
      ["error", { ...error, opscore_task_id: "task-1" }],
      ["active", { opscore_task_id: "task-1" }],
      ["idle", { opscore_task_id: "task-1", result: "ok" }],
    ]);
  });

  test("a crash cuts the open request and is never reported", async () => {
    const fleet = await start({ behaviour: "aware", crashMidTask: true });
    await expect(give(fleet, recordedTask("aware-agent-task"))).rejects.toThrow("fetch failed");
    await expect(fetch(fleet.agent.endpoint)).rejects.toThrow("fetch failed");
    expect(fleet.agent.reports).toHaveLength(0);
  });

  test("reports can be dropped or repeated", async () => {
    const fleet = await start({
      onReport: async (report, send) => {
        if (report.state === "active") return 202;
        await send();
        return send();
      },
    });
    await give(fleet, recordedTask("simulated-agent-task"));
    await vi.waitFor(() => expect(fleet.states().map(([state]) => state)).toEqual(["idle", "idle"]));
    expect(fleet.seen[0]?.body).toBe(fleet.seen[1]?.body);
  });

  test("a taken name cannot be registered again, and the agent says so", async () => {
    const kit = await startStandInAgentKit({ deliver: "forward" });
    onTestFinished(() => kit.close());
    const { url } = await startOpsCore();
    const options = {
      name: "Taken",
      capabilities: [],
      behaviour: "simulated",
      agentKitUrl: kit.url,
      opsCoreUrl: url,
      apiKey: "test-api-key",
      registration: { tries: 2, gapMs: 5 },
    } as const;
    const first = await startSampleAgent(options);
    await first.close();
    await expect(startSampleAgent(options)).rejects.toThrow("already registered");
    // Known by its id it may come back, on its old port.
    const again = await startSampleAgent({
      ...options,
      agentId: first.agentId,
      port: Number(new URL(first.endpoint).port),
    });
    onTestFinished(() => again.close());
    expect(again.endpoint).toBe(first.endpoint);
    expect(kit.agents.size).toBe(1);
    expect(kit.agents.get(first.agentId)).toMatchObject({ agentName: "Taken", contactEndpoint: first.endpoint });
  });

  test("close while it works ends it without a report", async () => {
    const fleet = await start({ workMs: 60_000 });
    await give(fleet, recordedTask("simulated-agent-task"));
    await vi.waitFor(() => expect(fleet.seen).toHaveLength(1));
    await fleet.agent.close();
    expect(fleet.agent.reports.map(({ state }) => state)).toEqual(["active"]);
  });
});
