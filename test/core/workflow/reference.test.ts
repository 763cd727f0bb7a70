import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePath } from "../../../src/core/workflow/reference.ts";

describe("plain paths", () => {
  test.each([
    ["input", "input", []],
    ["input.a.b", "input", ["a", "b"]],
    ["input.a[0].b", "input", ["a", 0, "b"]],
    ["input.a.0", "input", ["a", 0]],
    ['input["key with space"]', "input", ["key with space"]],
    [`input['it\\'s']["\\"\\\\"]`, "input", ["it's", '"\\']],
    ['input["}"]', "input", ["}"]],
    ["tasks.search.output", "tasks", ["search", "output"]],
    ["tasks['step-1'].output.x_1", "tasks", ["step-1", "output", "x_1"]],
  ])("%s", (text, root, steps) => expect(parsePath(text)).toEqual({ root, steps }));
});

test.each(["", ".a", "input.", "input..a", "input[", "input .a", "input.a + 1", "size(input.a)", "input.01", "'text'"])(
  "%j is none",
  (text) => expect(parsePath(text)).toBeNull(),
);

test("any text is answered", () => {
  fc.assert(fc.property(fc.string({ unit: "binary-ascii", maxLength: 400 }), (text) => void parsePath(text)));
});
