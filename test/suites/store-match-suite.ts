import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createWorld, type Platform, type World } from "../support/world.ts";

const agentId = fc.constantFrom("a1", "a2", "a3", "b1", "b2");
const capability = fc.constantFrom("x", "y");

const step = fc.oneof(
  fc.record({
    do: fc.constant("register" as const),
    agentId,
    name: fc.constantFrom("A", "B", "C"),
    capabilities: fc.uniqueArray(capability),
    capacity: fc.integer({ min: 1, max: 2 }),
  }),
  fc.record({ do: fc.constant("deregister" as const), agentId }),
  fc.record({ do: fc.constant("report" as const), agentId, state: fc.constantFrom("idle", "active", "maintenance") }),
  fc.record({
    do: fc.constant("start" as const),
    home: fc.option(agentId),
    targets: fc.array(
      fc.oneof(
        agentId.map((id) => ({ agentId: id })),
        capability.map((cap) => ({ agentCapability: cap })),
      ),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
    chained: fc.boolean(),
  }),
  fc.record({ do: fc.constantFrom("complete" as const, "fail" as const, "late" as const), pick: fc.nat(20) }),
  fc.record({ do: fc.constant("agents reject" as const), reject: fc.boolean() }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Whatever happens to agents and sessions, nothing that could go on is left for the sweep, or comes round for ever. */
export const storeMatchSuite = (platform: Platform): void => {
  describe(`matches on ${platform.name}`, () => {
    const play = async (steps: readonly Step[]): Promise<void> => {
      const sent: string[] = [];
      let reject = false;
      let micros = 0;
      const world: World = await createWorld(platform, {
        mode: "direct",
        call: ({ body }) => {
          sent.push((JSON.parse(body) as { opscore_task_id: string }).opscore_task_id);
          const headers = { get: () => null };
          return Promise.resolve({ kind: "answer", status: reject ? 400 : 200, headers, body: "", truncated: false });
        },
      });
      const notify = (event: string, details: object) =>
        world.request("POST", "/v1/opscore/internal/agent/notify", { event_type: event, agent_details: details });
      const settle = (id: string | undefined, how: string, body: object) =>
        world.request("POST", `/v1/opscore/tasks/${id}/${how}`, body);
      const run = async (one: Step): Promise<void> => {
        world.clock.advance(1_000);
        switch (one.do) {
          case "register": {
            const { name, capabilities, capacity } = one;
            const metadata = { config: { maxConcurrentTasks: capacity } };
            const contactEndpoint = "http://agent.test/";
            const known = {
              agentId: one.agentId,
              agentName: name,
              version: "1",
              capabilities,
              contactEndpoint,
              metadata,
            };
            return void (await notify("REGISTER", known));
          }
          case "deregister":
            return void (await notify("DEREGISTER", { agentId: one.agentId }));
          case "report": {
            const timestamp = `2026-11-22T08:00:00.${String((micros += 1)).padStart(6, "0")}Z`;
            const report = { agentId: one.agentId, timestamp, state: one.state, details: {} };
            return void (await world.request("POST", `/v1/opscore/agent/${one.agentId}/state`, report));
          }
          case "start": {
            const tasks = one.targets.map((target, at) => ({
              taskId: `t${at}`,
              retry: { maxAttempts: 2, initialInterval: "0ms" },
              ...target,
              ...(one.chained ? {} : { nextTaskId: null }),
            }));
            const workflowDefinition = { id: `w${sent.length}`, name: "w", tasks };
            return void (await world.request("POST", "/v1/opscore/sessions", {
              workflowDefinition,
              ...(one.home === null ? {} : { agentId: one.home }),
            }));
          }
          case "complete":
            return void (await settle(sent.at(-1 - (one.pick % 4)), "complete", {}));
          case "late":
            return void (await settle(sent[one.pick], "complete", { output: one.pick }));
          case "fail":
            return void (await settle(sent.at(-1 - (one.pick % 4)), "fail", { error: { code: "E", message: "m" } }));
          case "agents reject":
            reject = one.reject;
        }
      };
      try {
        for (const one of steps) {
          await run(one);
          await world.flush();
          const { matched } = await world.deps.store.toSweep(world.clock.now(), { due: 0, matched: 100, schedules: 0 });
          expect(matched, JSON.stringify(one)).toEqual([]);
        }
      } finally {
        await world.close();
      }
    };

    test("finds nothing once all wake-ups have run", { timeout: 120_000 }, async () => {
      const numRuns = platform.name === "d1" ? 15 : 60;
      await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40, size: "max" }), play), {
        numRuns,
      });
    });
  });
};
