import { describe, expect, test } from "vitest";
import { createAgent } from "../../src/sdk/agent.ts";
import { createOpsCore, type ClientOptions } from "../../src/sdk/index.ts";
import { reportTimes } from "../../src/sdk/reported-at.ts";
import { recording, type Recording } from "../support/agentkit-recordings.ts";

interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** What of a recorded call matters to Ops-Core. */
const recorded = ({ request }: Recording): Call => ({
  method: request.method,
  path: request.path,
  headers: {
    Authorization: request.headers["Authorization"],
    // The Python clients send it with a GET too, where it says nothing.
    "Content-Type": request.body_raw === "" ? undefined : request.headers["Content-Type"],
  },
  body: request.body_raw,
});

/** Options that keep what is sent, and answer as recorded. */
const taping = ({ response }: Recording) => {
  const calls: Call[] = [];
  const options: ClientOptions = {
    baseUrl: "http://opscore.example.com:8000",
    apiKey: "test-api-key",
    fetch: (url, { method = "", headers, body }) => {
      const { Authorization, "Content-Type": type } = headers as Record<string, string>;
      const path = url.slice("http://opscore.example.com:8000".length);
      calls.push({
        method,
        path,
        headers: { Authorization, "Content-Type": type },
        body: (body as string | undefined) ?? "",
      });
      return Promise.resolve(new Response(response?.body_raw, { status: response?.status ?? 500 }));
    },
  };
  return { calls, options };
};

interface Report {
  readonly agentId: string;
  readonly state: string;
  readonly details: Record<string, unknown> | null;
  readonly timestamp: string;
}

describe("on the wire", () => {
  test.each(["state-sdk-details", "state-sdk-no-details", "state-sdk-error", "state-sdk-custom-state"])(
    "a state report of an agent is what AgentKit's SDK sends (%s)",
    async (name) => {
      const tape = recording(name);
      const { agentId, state, details, timestamp } = JSON.parse(tape.request.body_raw) as Report;
      const { calls, options } = taping(tape);
      const agent = createAgent({ ...options, name: "w", agentId, capabilities: [], handle: () => null });
      const given = Object.keys(details ?? {}).length === 0 ? undefined : details;
      await agent.reportState(state, given, { timestamp });
      expect(calls).toEqual([recorded(tape)]);
    },
  );

  test.each(["opscore-sdk-sync-update-state", "opscore-sdk-sync-update-state-no-details"])(
    "a state report can be what the Python opscore_sdk sends (%s)",
    async (name) => {
      const tape = recording(name);
      const { agentId, state, details, timestamp } = JSON.parse(tape.request.body_raw) as Report;
      const { calls, options } = taping(tape);
      await createOpsCore(options).agents.reportState(agentId, state, details, { timestamp });
      expect(calls).toEqual([recorded(tape)]);
    },
  );

  test("the state is asked for, and a workflow started, as the Python opscore_sdk does it", async () => {
    const agentId = "c3129da1-74d6-4a1d-bcd5-9ef646ebc3a9";
    const asked = recording("opscore-sdk-sync-get-state");
    const get = taping(asked);
    const answer = await createOpsCore(get.options).agents.getState(agentId);
    expect(get.calls).toEqual([recorded(asked)]);
    expect(answer).toEqual(JSON.parse(asked.response?.body_raw ?? ""));
    for (const name of ["opscore-sdk-sync-trigger-workflow", "opscore-sdk-sync-trigger-workflow-no-payload"]) {
      const tape = recording(name);
      const { calls, options } = taping(tape);
      const { initialPayload } = JSON.parse(tape.request.body_raw) as {
        initialPayload: Record<string, unknown> | null;
      };
      const trigger = { workflowDefinitionId: "sample_workflow_id", initialPayload };
      await createOpsCore(options).agents.triggerWorkflow(agentId, trigger);
      expect(calls).toEqual([recorded(tape)]);
    }
  });

  test("times have microseconds and an offset as recorded, and each is later than the one before", () => {
    const written = /"timestamp":"([^"]*)"/.exec(recording("state-sdk-details").request.body_raw)?.[1] ?? "";
    let now = Date.UTC(2026, 10, 22, 7, 50, 3, 825);
    const next = reportTimes(() => now);
    const first = next();
    expect(first.replaceAll(/\d/g, "0")).toBe(written.replaceAll(/\d/g, "0"));
    expect([first, next()]).toEqual(["2026-11-22T07:50:03.825000+00:00", "2026-11-22T07:50:03.825001+00:00"]);
    now -= 60_000;
    expect(next()).toBe("2026-11-22T07:50:03.825002+00:00");
  });

  test("a task that AgentKit forwards is taken as the recorded agent took it", async () => {
    const seen: unknown[] = [];
    for (const name of ["simulated-agent-task", "forward-all-fields"]) {
      const tape = recording(name);
      const { options } = taping({ ...tape, response: { status: 200, headers: {}, body_raw: "{}" } });
      const handle = (task: unknown): null => (seen.push(task), null);
      const agent = createAgent({ ...options, name: "w", capabilities: [], handle });
      const { method, body_raw: body } = tape.request;
      const answer = await agent.fetch(new Request("http://agent.example.com:8080/task", { method, body }));
      expect(answer.status).toBe(202);
      await agent.idle();
    }
    const task = { id: "task-1", name: "First Step", sessionId: "sess-1", attempt: 1, idempotencyKey: "task-1" };
    expect(seen).toMatchObject([task, task]);
  });

  test("a message that is no task of Ops-Core is refused", async () => {
    const { request } = recording("forward-minimal");
    const { options } = taping(recording("state-sdk-details"));
    const agent = createAgent({ ...options, name: "w", capabilities: [], handle: () => null });
    const answer = await agent.fetch(new Request("http://agent/", { method: "POST", body: request.body_raw }));
    expect(answer.status).toBe(400);
  });
});
