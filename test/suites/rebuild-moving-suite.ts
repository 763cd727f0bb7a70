import { describe, expect, test } from "vitest";
import type { RebuildStore } from "../../src/app/rebuild-port.ts";
import { createRebuildStore } from "../../src/store/rebuild-store.ts";
import { call, oneTask, register, sessionOf, silentAgents, start, worldsOf } from "../support/api.ts";
import { rows, run, short } from "../support/rebuild-run.ts";
import type { Platform } from "../support/world.ts";

const SLOW = { timeout: 60_000 };

/** `rebuild` beside whoever writes meanwhile. */
export const rebuildMovingSuite = (platform: Platform): void => {
  const open = worldsOf(platform);

  describe(`a database that does not stand still on ${platform.name}`, () => {
    test("P4: commits between any two reads are no differences", SLOW, async () => {
      const agents = silentAgents();
      const world = await open({ call: agents.call });
      for (const agentId of ["a", "b"]) await register(world, { agentId });
      for (let n = 0; n < 6; n += 1) await start(world, { workflowDefinition: oneTask("a", `w${n}`) });
      let moves = 0;
      const move = async (): Promise<void> => {
        if (moves >= 12) return;
        moves += 1;
        world.clock.advance(1_000);
        const sent = agents.sent.at(-1)!.taskId;
        await call(world, "POST", `/v1/opscore/tasks/${sent}/complete`, {});
        await register(world, { agentId: `a${moves}` });
        await world.flush();
      };
      const inner = createRebuildStore(world.sql);
      const moving = Object.fromEntries(
        Object.entries(inner).map(([name, method]) => [
          name,
          async (...args: unknown[]) => {
            await move();
            return (method as (...args: unknown[]) => unknown)(...args);
          },
        ]),
      ) as unknown as RebuildStore;
      expect((await run(world, false, { store: moving })).findings).toEqual([]);
      expect(moves).toBe(12);
      expect((await run(world, false)).findings).toEqual([]);
    });

    test("P4: a session or an agent that has moved on is not overwritten, but looked at anew", SLOW, async () => {
      const agents = silentAgents();
      const world = await open({ call: agents.call });
      await register(world, { agentId: "a" });
      const id = await start(world, { workflowDefinition: oneTask("a") });
      await rows(world, "UPDATE sessions SET started_at = 1");
      await rows(world, "UPDATE agents SET version = 'x'");
      const inner = createRebuildStore(world.sql);
      const refused: string[] = [];
      const moving: RebuildStore = {
        ...inner,
        repairSession: async (repair) => {
          await call(world, "POST", `/v1/opscore/sessions/${id}/cancel`, {});
          const done = await inner.repairSession(repair);
          if (!done) refused.push("session");
          return done;
        },
        repairAgent: async (repair) => {
          if (refused.length < 2) await register(world, { agentId: "a", version: `v${refused.length}` });
          const done = await inner.repairAgent(repair);
          if (!done) refused.push("agent");
          return done;
        },
      };
      const { findings } = await run(world, true, { store: moving });
      expect(refused).toEqual(["session", "agent"]);
      expect(short(findings)).toEqual([`sessions.started_at ${id}`]);
      expect(await sessionOf(world, id)).toMatchObject({ status: "cancelled" });
      expect((await run(world, false)).findings).toEqual([]);
    });
  });
};
