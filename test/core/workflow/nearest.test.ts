import { expect, test } from "vitest";
import { nearest } from "../../../src/core/workflow/nearest.ts";

test.each([
  ["serch", ["write", "search"], "search"],
  ["paramters", ["parameters", "priority"], "parameters"],
  ["DEPENDSON", ["dependsOn"], "dependsOn"],
  ["publihs", ["publish"], "publish"],
  ["ab", ["ax", "ab"], "ab"],
  ["stepp_2", ["step_1", "step_2"], "step_2"],
])("%s means one of %j: %s", (word, candidates, expected) => expect(nearest(word, candidates)).toBe(expected));

test.each([
  ["if", ["retry"]],
  ["abcd", ["abxy"]],
  ["colour", ["retries"]],
  ["completely", ["unrelated!"]],
  ["x".repeat(65), ["x".repeat(65)]],
])("%s means none of %j", (word, candidates) => expect(nearest(word, candidates)).toBeNull());

test("of equally near words the first is named", () => expect(nearest("step_x", ["step_1", "step_2"])).toBe("step_1"));
