import { systemRest } from "../../src/entry/system.ts";
import { expect, test, describe } from "vitest";
import { plainWorlds, type PlainWorld } from "../support/plain-world.ts";
import type { Platform } from "../support/world.ts";

/** Tasks of one session that end at the same moment: as many as there are agents. */
export const fanOutSuite = (platform: Platform, count: number): void => {
  const open = plainWorlds(platform);
  const wide = async (): Promise<{ readonly world: PlainWorld; readonly sessionId: string }> => {
    // As the servers do; without turns, on D1, it is the rests that let rivals through.
    const world = await open({ rest: systemRest });
    const tasks = Array.from({ length: count }, (_, at) => ({
      taskId: `t${at}`,
      agentId: `t${at}`,
      nextTaskId: null,
    }));
    for (const { taskId } of tasks) await world.register(taskId, ["work"]);
    const sessionId = await world.start({ id: "wide", name: "Wide", tasks });
    await world.flush();
    expect(new Set(world.sent.map(({ attemptId }) => attemptId)).size).toBe(count);
    return { world, sessionId };
  };

  describe(`a fan-out on ${platform.name}`, () => {
    test(`${count} agents of one session that call at the same moment all count`, async () => {
      const { world, sessionId } = await wide();
      const answers = await Promise.all(
        world.sent.map(({ attemptId }) =>
          world.request("POST", `/v1/opscore/tasks/${attemptId}/complete`, { output: { ok: true } }),
        ),
      );
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      expect(await world.status(sessionId)).toBe("completed");
    });

    test.each([true, false])(
      `${count} agents that report at the same moment all count; naming the task: %s`,
      async (named) => {
        const { world, sessionId } = await wide();
        const agentOf = (endpoint: string): string => new URL(endpoint).hostname.split(".")[0] ?? "";
        for (const { endpoint } of named ? [] : world.sent) await world.say(agentOf(endpoint), "active");
        world.clock.advance(1_000);
        const reports = world.sent.map(({ endpoint, attemptId }) => {
          const agentId = agentOf(endpoint);
          const details = { output: { ok: true }, ...(named ? { opscore_task_id: attemptId } : {}) };
          return { agentId, body: world.body(agentId, "idle", details) };
        });
        const answers = await Promise.all(reports.map(({ agentId, body }) => world.post(agentId, body)));
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
        expect(await world.status(sessionId)).toBe("completed");
      },
    );
  });
};
