import { describe, expect, test } from "vitest";
import { call, register, sessionOf, silentAgents, start, worldsOf, type Json } from "../support/api.ts";
import type { Platform, World } from "../support/world.ts";

const steps = (id: string, second: string, text: string): Json => ({
  id,
  name: id,
  tasks: [
    { taskId: "first", agentId: "a" },
    { taskId: second, agentId: "a", parameters: { text } },
  ],
});

/** A session runs the definition it was started with, whatever is saved or deployed meanwhile. */
export const pinnedSuite = (platform: Platform): void => {
  const open = worldsOf(platform);

  describe(`pinned definitions on ${platform.name}`, () => {
    /** Another process over the same database, as after a deploy: nothing is remembered. */
    const deployed = (world: World, agents: ReturnType<typeof silentAgents>): Promise<World> =>
      open(
        { call: agents.call, now: world.clock.now() },
        { ...platform, openSql: () => Promise.resolve({ sql: world.sql, close: () => Promise.resolve() }) },
      );

    test.each(["saved", "inline"])("P11: a %s definition stays that of its session, across deploys", async (kind) => {
      const agents = silentAgents();
      const world = await open({ call: agents.call });
      await register(world, { agentId: "a" });
      const save = async (at: World, definition: Json): Promise<unknown> =>
        (await call(at, "POST", "/v1/opscore/workflows", definition)).body["revision"];
      const complete = async (at: World): Promise<void> => {
        await call(at, "POST", `/v1/opscore/tasks/${agents.sent.at(-1)!.taskId}/complete`, {});
        await at.flush();
      };
      const old = steps("w", "second", "old");
      // Content that is not the newest is kept for the one session that brings it.
      expect(await save(world, kind === "saved" ? old : steps("w", "other", "first"))).toBe(1);
      const body = kind === "saved" ? { workflowDefinitionId: "w" } : { workflowDefinition: old };
      const pinned = await start(world, body);
      expect(await save(world, steps("w", "other", "new"))).toBe(2);

      const forth = await deployed(world, agents);
      await complete(forth);
      expect(agents.sent.at(-1)?.body["payload"]).toMatchObject({
        task_name: "second",
        task_parameters: { text: "old" },
      });
      const back = await deployed(world, agents);
      await complete(back);
      expect(await sessionOf(back, pinned)).toMatchObject({
        status: "completed",
        revision: kind === "saved" ? 1 : null,
        tasks: [{ taskId: "first" }, { taskId: "second" }],
      });

      const next = await start(back, { workflowDefinitionId: "w" });
      await complete(back);
      expect(agents.sent.at(-1)?.body["payload"]).toMatchObject({
        task_name: "other",
        task_parameters: { text: "new" },
      });
      expect(await sessionOf(back, next)).toMatchObject({ revision: 2 });
    });
  });
};
