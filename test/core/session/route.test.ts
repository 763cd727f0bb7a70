import { expect, test } from "vitest";
import { routeOf } from "../../../src/core/session/route.ts";
import { factsOf, given, start, worldOf } from "../../support/given.ts";

test("work that asks no agent has nobody to go to", () => {
  const tasks = [{ taskId: "pause", type: "wait", for: "1h" }];
  const [pause] = given({ tasks }).when(start()).and.state.open;
  expect(routeOf(pause!, factsOf(worldOf({ tasks })), null)).toMatchObject({
    queue: "none",
    candidates: [],
    nobody: { code: "no_target" },
  });
});
