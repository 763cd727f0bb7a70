import { expect, test } from "vitest";
import { memoryPlatform } from "../support/memory-platform.ts";
import { plainWorlds, taskFor } from "../support/plain-world.ts";

const open = plainWorlds(memoryPlatform());

test("L1: a retry is announced once, also where an earlier timer stands that will be void by then", async () => {
  const world = await open();
  await world.register("a", ["c"]);
  const { tasks } = taskFor("c") as { tasks: object[] };
  const late = { maxAttempts: 3, initialInterval: "5m" };
  const sessionId = await world.start({ ...taskFor("c"), tasks: [{ ...tasks[0], retry: late }] });
  await world.flush();
  // The lease of the dispatch still stands as the timer.
  expect(world.hints.map(({ kind }) => kind)).toEqual(["deadline"]);
  await world.say("a", "error", { opscore_task_id: world.sent[0]!.attemptId, message: "no" });
  await world.flush();
  const retries = world.hints.filter(({ kind }) => kind === "retry");
  expect(retries).toMatchObject([{ sessionId }]);
  expect(retries[0]!.at).toBeGreaterThan(world.clock.now() + 60_000);
  world.clock.advance(40_000);
  await world.sweep();
  expect(world.hints.filter(({ kind }) => kind === "retry")).toHaveLength(1);
});
