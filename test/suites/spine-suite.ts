import { afterEach, describe, expect, test } from "vitest";
import type { HttpCall } from "../../src/agentkit/http-call.ts";
import { createWorld, type Platform, type World, type WorldOptions } from "../support/world.ts";

interface Sent {
  readonly url: string;
  readonly body: { readonly opscore_task_id: string; readonly task_name: string };
}

const twoSteps = {
  id: "sample_workflow_id",
  name: "Sample",
  tasks: [
    { taskId: "step_1", name: "First Step", agentCapability: "a", parameters: { m: 1 }, nextTaskId: "step_2" },
    {
      taskId: "step_2",
      name: "Second Step",
      agentCapability: "b",
      parameters: { v: "${tasks.step_1.output.x}" },
      nextTaskId: null,
    },
  ],
};

/** The shortest way through everything, on each platform. */
export const spineSuite = (platform: Platform): void => {
  describe(`spine on ${platform.name}`, () => {
    const worlds: World[] = [];
    const open = async (options: WorldOptions = {}): Promise<World> => {
      const world = await createWorld(platform, options);
      worlds.push(world);
      return world;
    };
    afterEach(async () => {
      for (const world of worlds.splice(0)) await world.close();
    });

    test("a two-step workflow runs to its end over state reports without task ids", async () => {
      const sent: Sent[] = [];
      const call: HttpCall = ({ url, body }) => {
        sent.push({ url, body: JSON.parse(body) as Sent["body"] });
        return Promise.resolve({
          kind: "answer",
          status: 200,
          headers: { get: () => null },
          body: '{"x":7}',
          truncated: false,
        });
      };
      const world = await open({ call });
      const register = await world.request("POST", "/v1/opscore/internal/agent/notify", {
        event_type: "REGISTER",
        agent_details: {
          agentId: "a1",
          agentName: "A1",
          version: "1",
          capabilities: ["a"],
          contactEndpoint: "http://agent.test/task",
          metadata: null,
        },
      });
      expect(register.status).toBe(200);
      expect((await world.request("POST", "/v1/opscore/workflows", twoSteps)).status).toBe(201);
      const started = await world.request("POST", "/v1/opscore/agent/a1/workflow", {
        workflowDefinitionId: twoSteps.id,
      });
      expect(started.status).toBe(202);
      const { sessionId } = (await started.json()) as { sessionId: string };
      await world.flush();
      let second = 0;
      const report = async (state: string) => {
        world.clock.advance(1_000);
        const timestamp = `2026-11-22T08:00:${String((second += 1)).padStart(2, "0")}.000001+00:00`;
        const response = await world.request("POST", "/v1/opscore/agent/a1/state", {
          agentId: "a1",
          timestamp,
          state,
          details: {},
        });
        expect(response.status).toBe(202);
        await world.flush();
      };
      await report("active");
      await report("idle");
      await report("active");
      await report("idle");
      const detail = (await (await world.request("GET", `/v1/opscore/sessions/${sessionId}`)).json()) as {
        status: string;
        tasks: { parameters: unknown; output: unknown }[];
      };
      expect(detail.status).toBe("completed");
      expect(detail.tasks[1]?.parameters).toEqual({ v: 7 });
      expect(sent.map(({ url }) => url)).toEqual(["http://agent.test/task", "http://agent.test/task"]);
    });
  });
};
