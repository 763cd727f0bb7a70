import { expect, test } from "vitest";
import { maxSteps } from "../../src/core/workflow/expression-value.ts";
import { evaluateExpression, parseExpression } from "../../src/core/workflow/expression.ts";

const run = (source: string, input: readonly number[] = []) => {
  const parsed = parseExpression(source);
  if (!parsed.ok) throw new Error(parsed.message);
  return evaluateExpression(parsed.expression, { input, tasks: {} });
};

// The parser is a package, and stacks and regular expressions are the platform's.
test("expressions are read and evaluated as on Node", () => {
  expect(run("input.filter(x, x > 1).map(x, {'n': x + 1})", [1, 2])).toEqual({
    ok: true,
    value: [{ n: 3 }],
    steps: 17,
  });
  expect(run("timestamp('2026-01-31T00:00:00+01:00') + duration('1d')")).toMatchObject({
    value: "2026-01-31T23:00:00.000Z",
  });
});

test("the deepest expression that may be read fits the stack", () => {
  expect(run(`1${"+1".repeat(499)}`)).toMatchObject({ ok: true, value: 500 });
  expect(run(`${"!(".repeat(63)}true${")".repeat(63)}`)).toMatchObject({ ok: true, value: false });
  expect(run("!".repeat(32) + "true")).toMatchObject({ ok: true, value: true });
});

test("hostile work ends after the same steps", () => {
  const list = Array.from({ length: 100_000 }, (_, at) => at);
  expect(run("input.all(x, input.all(y, true))", list)).toMatchObject({ code: "limit_expression", steps: maxSteps });
});
