import { expect, test } from "vitest";
import { memoryPlatform } from "../support/memory-platform.ts";
import { plainWorlds, taskFor } from "../support/plain-world.ts";

const open = plainWorlds(memoryPlatform());

test("L1: a retry is announced once, also where an earlier timer stands that will be void by then", async () => {
  const world = await open();
  await world.register("a", ["c"]);
  const sessionId = await world.start(taskFor("c"));
  await world.flush();
  // The lease of the dispatch still stands as the timer.
  expect(world.hints.map(({ kind }) => kind)).toEqual(["deadline"]);
  // Jitter has no say in when an agent wants to be asked again.
  const error = { code: "later", message: "no", retryAfterMs: 240_000 };
  await world.request("POST", `/v1/opscore/tasks/${world.sent[0]!.attemptId}/fail`, { error });
  await world.flush();
  const retries = world.hints.filter(({ kind }) => kind === "retry");
  expect(retries).toEqual([{ sessionId, at: world.clock.now() + 240_000, kind: "retry" }]);
  world.clock.advance(40_000);
  await world.sweep();
  expect(world.hints.filter(({ kind }) => kind === "retry")).toHaveLength(1);
});
