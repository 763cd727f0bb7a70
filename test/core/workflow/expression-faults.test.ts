import { describe, expect, test } from "vitest";
import { faultOf } from "../../../src/core/workflow/expression-fault.ts";
import { failureOf } from "../../../src/core/workflow/expression-value.ts";
import { parseExpression, type ParseOptions } from "../../../src/core/workflow/expression.ts";

const known = "there are `input`, `session`, `agent`, `item`, `index`, `tasks`.";
const ofTask = "must name what it reads of the task: tasks.<taskId>.output, .status, .attempts, .error.";
const whichTask = "must name a task: tasks.<taskId>.output, with the id as it is written in the definition.";

describe("refused when it is read", () => {
  test.each([
    ["", "malformed_reference", "is not readable; write for example input.topic."],
    ["  ", "malformed_reference", "is not readable; write for example input.topic."],
    ["input.", "malformed_reference", "cannot be read: Expected IDENTIFIER, got EOF (character 7)."],
    ["1 +", "malformed_reference", "cannot be read: Unexpected token: EOF (character 4)."],
    ["input.a; 1", "malformed_reference", "cannot be read: Unexpected character: ; (character 8)."],
    ["'abc", "malformed_reference", "cannot be read: a quote has no end."],
    ["if", "unknown_reference", `\`if\` is not known; ${known}`],
    ["if + 1", "malformed_reference", "cannot be read: Reserved identifier: if (character 1)."],
    ["inputs.a", "unknown_reference", `\`inputs\` is not known; ${known}`, "input"],
    ["1 + inptu.a", "unknown_reference", `\`inptu\` is not known; ${known}`, "input"],
    ["google.x", "unknown_reference", `\`google\` is not known; ${known}`],
    ["constructor", "unknown_reference", `\`constructor\` is not known; ${known}`],
    ["__proto__.x", "unknown_reference", `\`__proto__\` is not known; ${known}`],
    ["tasks", "unknown_reference", whichTask],
    ["size(tasks)", "unknown_reference", whichTask],
    ["tasks[input.id].output", "unknown_reference", whichTask],
    ["tasks[true].output", "unknown_reference", whichTask],
    ["tasks.map(t, t)", "unknown_reference", whichTask],
    ["tasks.a", "unknown_reference", ofTask],
    ["tasks.a[input.x]", "unknown_reference", ofTask],
    ["tasks.a.outputs", "unknown_reference", ofTask, "output"],
    ["tasks.a.b.c + 1", "unknown_reference", ofTask],
    ["secrets.KEY", "invalid_expression", "secrets may be used in http tasks only."],
    ["'x' + secrets.KEY", "invalid_expression", "secrets may be used in http tasks only."],
    ["sise(input.a)", "invalid_expression", "there is no function `sise`.", "size"],
    ["input.a.constructor()", "invalid_expression", "there is no function `constructor`."],
    ["input.text.matches('(a+)+')", "not_supported", expect.stringMatching(/^`matches` is not supported/)],
    ["matches(input.text, 'a')", "not_supported", expect.stringMatching(/^`matches` is not supported/)],
    ["cel.bind(x, 1, x)", "not_supported", "`bind` is not supported."],
    ["b'bytes'", "not_supported", "unsigned numbers and bytes are not supported."],
    ["1u", "not_supported", "unsigned numbers and bytes are not supported."],
    ["startsWith(input.a, 'b')", "invalid_expression", expect.stringContaining("after a value and a point")],
    ["map(input.a, 1)", "invalid_expression", expect.stringContaining("after a value and a point")],
    ["'1'.int()", "invalid_expression", "`int` does not stand after a point: int(…)."],
    ["input.a.has()", "invalid_expression", "`has` does not stand after a point: has(…)."],
    ["has(input)", "invalid_expression", "`has` asks for a member: has(input.name)."],
    ["has()", "invalid_expression", "`has` asks for a member: has(input.name)."],
    ["has(input.a, input.b)", "invalid_expression", "`has` asks for a member: has(input.name)."],
    ["input.l.map(x)", "invalid_expression", expect.stringMatching(/^`map` takes a name/)],
    ["input.l.all(x, true, true)", "invalid_expression", expect.stringMatching(/^`all` takes a name/)],
    ["input.l.all(1, true, true)", "invalid_expression", expect.stringMatching(/^`all` takes a name/)],
    ["input.l.all()", "invalid_expression", expect.stringMatching(/^`all` takes a name/)],
    ["input.l.all(1, true)", "invalid_expression", expect.stringMatching(/^cannot be read: all\(var, predicate\)/)],
    ["99999999999999999999", "invalid_expression", "a number is too large for an int."],
    ["'a\\x00b'", "invalid_expression", "a text has the character NUL."],
    ["1 + 'a'", "invalid_expression", "`+` does not work on an int and a string."],
    ["size(input.a) + 'a'", "invalid_expression", "`+` does not work on an int and a string."],
    ["'a' - input.x", "invalid_expression", "`-` does not work on a string and any value."],
    ["true < input.x", "invalid_expression", "`<` does not work on a bool and any value."],
    ["1 in 'a'", "invalid_expression", "`in` does not work on an int and a string."],
    ["1 == 'a'", "invalid_expression", "an int and a string are never equal."],
    ["[1] != {}", "invalid_expression", "a list and a map are never equal."],
    ["!1", "invalid_expression", "what `!` negates must be a bool, not an int."],
    ["-'a'", "invalid_expression", "what `-` negates must be a double, not a string."],
    ["1 || true", "invalid_expression", "what stands before `||` must be a bool, not an int."],
    ["true && null", "invalid_expression", "what stands after `&&` must be a bool, not null."],
    ["'a' ? 1 : 2", "invalid_expression", "the condition before `?` must be a bool, not a string."],
    ["'abc'.map(x, x)", "invalid_expression", "what `map` goes over must be a list, not a string."],
    ["[1].filter(x, 1)", "invalid_expression", "the condition of `filter` must be a bool, not an int."],
    ["[1].map(x, 1, x)", "invalid_expression", "the condition of `map` must be a bool, not an int."],
    ["{1: 2}", "invalid_expression", "a key of a map must be a string, not an int."],
    ["[1]['a']", "invalid_expression", "what `[…]` is read of must be a map, not a list."],
    ["'a'.length", "invalid_expression", "what `.length` is read of must be a map, not a string."],
    ["size(1)", "invalid_expression", "`size` takes (string) or (list) or (map), not (int)."],
    ["'a'.contains()", "invalid_expression", "`contains` takes (string, string), not (string)."],
  ] as const)("%s", (source, code, message, near?: string) => {
    const hint = near === undefined ? {} : { hint: `Did you mean \`${near}\`?` };
    expect(parseExpression(source)).toEqual({ ok: false, code, message, ...hint });
  });
});

describe("the type that is expected", () => {
  const expected = (expect_: ParseOptions["expect"], source: string) => {
    const parsed = parseExpression(source, { expect: expect_! });
    return parsed.ok ? "ok" : parsed.message;
  };

  test.each(["input.a", "input.a > 1", "true", "has(input.a)", "input.l.all(x, x)", "tasks.a.output.b", "!input.a"])(
    "%s may be a bool",
    (source) => expect(expected("bool", source)).toBe("ok"),
  );
  test.each([
    ["1 + 1", "must be a bool, but is an int."],
    ["'true'", "must be a bool, but is a string."],
    ["tasks.a.status", "must be a bool, but is a string."],
    ["index", "must be a bool, but is an int."],
    ["null", "must be a bool, but is null."],
    ["input.n * 2.0", "must be a bool, but is a double."],
  ])("%s is none", (source, message) => expect(expected("bool", source)).toBe(message));
  test.each(["input.a", "[1]", "input.l.map(x, x)", "input.l.filter(x, true)", "'a'.split(',')", "input.a + input.b"])(
    "%s may be a list",
    (source) => expect(expected("list", source)).toBe("ok"),
  );
  test.each([
    ["'abc'", "must be a list, but is a string."],
    ["{'a': 1}", "must be a list, but is a map."],
    ["input.a ? {} : {'a': 1}", "must be a list, but is a map."],
    ["dyn('a') == 'b'", "must be a list, but is a bool."],
  ])("%s is none", (source, message) => expect(expected("list", source)).toBe(message));
  test("a choice of two types is any", () => {
    expect(expected("list", "input.a ? 1 : [1]")).toBe("ok");
    expect(parseExpression("input.a + 1")).toMatchObject({ expression: { type: "any" } });
  });
});

test("a secret must be named", () => {
  const fault = { ok: false, code: "unknown_reference", message: "must name a secret: secrets.<NAME>." };
  expect(parseExpression("secrets", { secrets: true })).toEqual(fault);
  expect(parseExpression("secrets[input.name]", { secrets: true })).toEqual(fault);
  expect(parseExpression("secrets.A == 'x'", { secrets: true })).toMatchObject({
    message: "a secret and a string are never equal.",
  });
  expect(parseExpression("secret.A", { secrets: true })).toMatchObject({ hint: "Did you mean `secrets`?" });
});

describe("a secret may be passed on and added to, nothing else", () => {
  const type = (source: string) => {
    const parsed = parseExpression(source, { secrets: true });
    return parsed.ok ? parsed.expression.type : parsed.message;
  };
  test.each([
    ["secrets.A", "secret"],
    ["'Bearer ' + secrets.A", "secret"],
    ["secrets.A + ':' + secrets.B", "secret"],
    ["input.name + secrets.A", "secret"],
    ["has(secrets.A) ? secrets.A : secrets.B", "secret"],
    ["input.name + 'x'", "string"],
    ["input.name + input.x", "any"],
    ["size(secrets.A)", "`size` takes (string) or (list) or (map), not (secret)."],
    ["secrets.A.substring(1)", "`substring` takes (string, int) or (string, int, int), not (secret, int)."],
    ["('a' + secrets.A).contains('b')", "`contains` takes (string, string), not (secret, string)."],
    ["dyn(secrets.A)", "`dyn` takes (any), not (secret)."],
    ["secrets.A in input.list", "`in` does not work on a secret and any value."],
    ["secrets.A < input.x", "`<` does not work on a secret and any value."],
    ["secrets.A == input.x", "a secret and any value are never equal."],
    ["secrets.A.x", "what `.x` is read of must be a map, not a secret."],
  ])("%s", (source, expected) => expect(type(source)).toBe(expected));
});

test("a bug is no fault and no failure", () => {
  const bug = new RangeError("bug");
  expect(() => faultOf(bug)).toThrow(bug);
  expect(() => failureOf(bug)).toThrow(bug);
});
