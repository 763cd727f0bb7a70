import { expect, test } from "vitest";
import { statement } from "../../src/store/sql-port.ts";
import { memoryPlatform } from "../support/memory-platform.ts";
import { plainWorlds, taskFor } from "../support/plain-world.ts";

let rival = false;

/** While there is a rival, somebody changes every agent before each commit. */
const open = plainWorlds(
  memoryPlatform((sql) => ({
    batch: async (statements, mode) => {
      if (rival && mode === "write") await sql.batch([statement("UPDATE agents SET seq = seq + 1")], "write");
      return sql.batch(statements, mode);
    },
  })),
);

test("L1: a retry that lost to others each time is due at the next sweep, not set aside like one that breaks", async () => {
  const world = await open();
  await world.register("a", ["c"]);
  await world.start(taskFor("c"));
  await world.flush();
  await world.say("a", "error", { opscore_task_id: world.sent[0]!.attemptId, message: "no" });
  await world.say("a", "idle");
  world.clock.advance(2_000);
  rival = true;
  await world.sweep();
  rival = false;
  expect(world.sent).toHaveLength(1);
  await world.sweep();
  expect(world.sent).toHaveLength(2);
});
