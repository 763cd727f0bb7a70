import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseReference } from "../../../src/core/workflow/reference.ts";

const input = { kind: "input" } as const;
const output = (taskId: string) => ({ kind: "output", taskId }) as const;

describe("plain paths", () => {
  test.each([
    ["input", input, []],
    [" input.a.b ", input, ["a", "b"]],
    ["input.a[0].b", input, ["a", 0, "b"]],
    ["input.a.0", input, ["a", 0]],
    ['input["key with space"]', input, ["key with space"]],
    [`input['it\\'s']["\\"\\\\"]`, input, ["it's", '"\\']],
    ['input["}"]', input, ["}"]],
    ["tasks.search.output", output("search"), []],
    ["tasks.search.output.urls[12]", output("search"), ["urls", 12]],
    ["tasks['step-1'].output.x_1", output("step-1"), ["x_1"]],
    ["tasks[1].output", output("1"), []],
  ])("%s", (text, source, path) => {
    expect(parseReference(text)).toEqual({ ok: true, reference: { source, path, text: text.trim() } });
  });
});

describe("refused", () => {
  test.each([
    ["", "malformed_reference"],
    [".a", "malformed_reference"],
    ["input.", "malformed_reference"],
    ["input..a", "malformed_reference"],
    ["input[", "malformed_reference"],
    ["input .a", "not_supported"],
    ["input.a + 1", "not_supported"],
    ["input.a-b", "not_supported"],
    ["size(input.a)", "not_supported"],
    ["input.a[b]", "not_supported"],
    ["input[01]", "not_supported"],
    ["input.01", "not_supported"],
    ["'text'", "not_supported"],
    ["session.id", "not_supported"],
    ["item", "not_supported"],
    ["tasks.a.status", "not_supported"],
    ["tasks.a.error.code", "not_supported"],
    ["tasks", "unknown_reference"],
    ["tasks.a", "unknown_reference"],
    ["tasks.a.result", "unknown_reference"],
    ["inputs.a", "unknown_reference"],
  ])("%j is %s", (text, code) => {
    expect(parseReference(text)).toMatchObject({ ok: false, code });
  });
});

test("any text is answered, without more than 64 characters of it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii", maxLength: 400 }), (text) => {
      const parsed = parseReference(text);
      if (!parsed.ok) expect(parsed.message.length).toBeLessThan(260);
    }),
  );
});
