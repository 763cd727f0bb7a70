import { expect, test } from "vitest";
import { routeOf } from "../../../src/core/session/route.ts";
import { factsOf, graphOf, worldOf } from "../../support/given.ts";

test("work that asks no agent has nobody to go to", () => {
  const world = worldOf({ tasks: [{ taskId: "pause", type: "wait", for: "1h" }] });
  const pause = graphOf([{ taskId: "pause", type: "wait", for: "1h" }]).tasks.get("pause")!;
  expect(routeOf(pause, factsOf(world), null, [])).toMatchObject({
    queue: "none",
    candidates: [],
    nobody: { code: "no_target" },
  });
});
