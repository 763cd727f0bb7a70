import { expect, test } from "vitest";
import { crashPointsSuite } from "./crash-points-suite.ts";
import { cancelledParent, children, failingChildren } from "./stories-children.ts";
import { referenceOf } from "./survey.ts";

crashPointsSuite([children, failingChildren, cancelledParent], { points: 170, secondDeaths: 65 });

test("a parent whose child takes long is left alone until it ends", async () => {
  const { calls } = await referenceOf(children);
  const sweeps = new Set(calls.filter(({ useCase }) => useCase === "a sweep").map(({ invocation }) => invocation));
  // The end of the child's lease and that of its task's, each of both tasks at most; 15 if it were polled.
  expect(sweeps.size).toBeLessThanOrEqual(4);
});
