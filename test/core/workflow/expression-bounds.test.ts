import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../../src/core/json.ts";
import { maxSteps } from "../../../src/core/workflow/expression-value.ts";
import { evaluateExpression, maxOutputBytes, parseExpression } from "../../../src/core/workflow/expression.ts";
import { render } from "../../../src/core/workflow/template.ts";

const evaluate = (source: string, input: Json) => {
  const parsed = parseExpression(source);
  if (!parsed.ok) throw new Error(`${parsed.code}: ${parsed.message}`);
  return evaluateExpression(parsed.expression, { input, tasks: {} });
};

describe("the work is counted", () => {
  const input = { l: Array.from({ length: 100 }, (_, at) => at), t: "x".repeat(1600), m: { a: 1, b: 2 } };
  test.each([
    ["input.l", 3],
    ["1", 1],
    ["1 + 2 * 3", 5],
    ["input.l.all(x, x >= 0)", 4 + 300],
    ["input.l.all(x, input.l.all(y, true))", 4 + 100 * (4 + 100)],
    ["input.l.exists(x, x == 3)", 4 + 4 * 4],
    ["input.l.map(x, x)", 4 + 200],
    ["input.l.filter(x, x > 49)", 4 + 300 + 50],
    ["input.l.map(x, x > 49, x)", 4 + 300 + 2 * 50],
    ["input.m.map(k, k)", 4 + 8 + 4],
    ["input.l.exists(x, x.a)", 4 + 100 * (3 + 100)],
    ["has(input.none)", 4 + 100],
    ["input.none == 1 || true", 7 + 100 - 1],
    ["input.t + input.t", 7 + 200],
    ["input.t == input.t", 7 + 1 + 100],
    ["input.t < input.t", 7 + 100],
    ["input.l == input.l", 7 + 101],
    ["input.m == input.m", 7 + 16 + 3],
    ["input.l + input.l", 7 + 200],
    ["99 in input.l", 5 + 100],
    ["size(input.t)", 4 + 100],
    ["size(input.l)", 4],
    ["size(input.m)", 4 + 8],
    ["input.t.contains('y')", 5 + 101],
    ["input.t.split('')", 5 + 1600],
    ["input.t.split('x').join('y')", 7 + 101 + 1600 + 1601 + 1601 * 2],
    ["[[1, 2], {'a': 1}]", 7 + 2 + 1 + 2],
  ])("%s takes %i steps", (source, steps) => {
    expect(evaluate(source, input).steps).toBe(steps);
    expect(evaluate(source, input).steps).toBe(steps);
  });
});

describe("hostile expressions end after bounded work", () => {
  const list = Array.from({ length: 100_000 }, (_, at) => at);
  const input: JsonObject = {
    l: list,
    t: "a".repeat(200_000),
    needle: `${"a".repeat(50_000)}b`,
    rows: list.map(() => ({})),
    m: Object.fromEntries(list.map((at) => [`k${at}`, at])),
  };
  const nested = (depth: number): string => (depth === 0 ? "true" : `input.l.all(x${depth}, ${nested(depth - 1)})`);
  const chained = (links: number, link: string): string => `[input.t]${link.repeat(links)}`;
  test.each([
    ["nested macros over big lists", nested(2)],
    ["many of them", nested(20)],
    ["nested macros that make lists", "input.l.map(x, input.l.map(y, input.l))"],
    ["failures that || makes up for", "input.rows.exists(r, r.v || r.w)"],
    ["a limit is not made up for", "input.l.all(x, x < 0 || input.l.all(y, true)) || true"],
    ["has does not make up for it", "has(input.l[size(input.l.filter(x, input.l.all(y, true)))])"],
    ["doubling texts", chained(20, ".map(x, x + x)")],
    ["doubling lists", `[input.l]${".map(x, x + x)".repeat(20)}`],
    ["joining the same text", "input.l.map(x, input.t).join('')"],
    ["searching for a long text again and again", "input.l.exists(x, input.t.contains(input.needle))"],
    ["replacing by a long text", "input.t.replace('a', input.t)"],
    ["comparing long texts", "input.l.exists(x, input.t + 'b' == input.t + 'c')"],
    ["comparing long lists", "input.l.exists(x, input.l == input.rows)"],
    ["comparing what is shared", `${"[1]" + ".map(a, [a, a])".repeat(25)} == ${"[1]" + ".map(a, [a, a])".repeat(25)}`],
    ["enumerating a large map", "input.l.all(x, size(input.m) > 0)"],
    ["counting characters", "input.l.all(x, size(input.t) > 0)"],
  ])("%s", (_, source) => {
    const result = evaluate(source, input);
    expect(result).toEqual({
      ok: false,
      code: "limit_expression",
      message: `the expression takes more than ${maxSteps} steps.`,
      steps: maxSteps,
    });
  });

  test("a value that is small to make and large to write is too large", () => {
    const result = evaluate(`[1]${".map(a, [a, a])".repeat(30)}`, null);
    expect(result).toMatchObject({ ok: false, code: "limit_output" });
    expect(result.steps).toBeLessThan(300);
    expect(evaluate("input", "x".repeat(maxOutputBytes - 2))).toMatchObject({ ok: true });
    expect(evaluate("input", "x".repeat(maxOutputBytes - 1))).toMatchObject({ ok: false, code: "limit_output" });
  });

  test("all expressions of a template share their steps", () => {
    const half = "${input.l.filter(x, x < 0) == []}";
    const given = { input: { l: list.slice(0, 20_000) }, tasks: {} };
    expect(render(half, given)).toEqual({ ok: true, value: true });
    expect(render([half, half], given)).toMatchObject({ ok: false, code: "limit_expression" });
  });
});

describe("hostile sources are refused when they are read", () => {
  const refusal = (source: string) => {
    const parsed = parseExpression(source);
    return parsed.ok ? "ok" : parsed.code;
  };
  test.each([
    ["4,096 characters", `'${"x".repeat(4094)}'`, "ok"],
    ["one more", `'${"x".repeat(4095)}'`, "limit_expression"],
    ["32 signs", `${"!".repeat(32)}true`, "ok"],
    ["33 signs", `${"- ".repeat(33)}1`, "limit_expression"],
    ["60 brackets", `${"(".repeat(60)}1${")".repeat(60)}`, "ok"],
    ["70 brackets", `${"(".repeat(70)}1${")".repeat(70)}`, "limit_expression"],
    ["2,000 open lists", "[".repeat(2000), "limit_expression"],
    ["a long path that is plain", `input${".a".repeat(300)}`, "ok"],
    ["a long path in an expression", `1 + input${".a".repeat(300)}`, "limit_expression"],
    ["400 terms", `1${"+1".repeat(400)}`, "ok"],
    ["1,000 terms", `1${"+1".repeat(1000)}`, "limit_expression"],
    ["500 items", `[${"1,".repeat(500)}]`, "ok"],
    ["501 items", `[${"1,".repeat(501)}]`, "limit_expression"],
    ["a long number", "9".repeat(4000), "invalid_expression"],
    ["open quotes", `"${'\\"'.repeat(2000)}`, "malformed_reference"],
    ["three open quotes", `"""${'\\"'.repeat(2000)}`, "malformed_reference"],
    ["types that double", `[1]${".map(a, {'a': a, 'b': a})".repeat(60)}`, "ok"],
  ])("%s", (_, source, outcome) => expect(refusal(source)).toBe(outcome));
});

const fragment = fc.constantFrom(
  ..."input|.a|['a']|[0]|tasks.a.output|tasks.b.status|item|session|index|secrets.K|1|2.5|'x'|null|true|x|y|+|-|*|/|%|<|==|!=| in |&&||".split(
    "|",
  ),
  ..."||,?,:,(,),[,],{,},!, ,.map(x,.all(x,.exists(y,.filter(x,has(,size(,string(,int(,.split('')".split(","),
  ...[
    ",",
    "'a': ",
    ".join(',')",
    ".contains('x')",
    ".substring(1)",
    "constructor",
    ".__proto__",
    '"',
    "\\",
    "é",
    "\u0000",
  ],
);
const source = fc.array(fragment, { maxLength: 14 }).map((all) => all.join(""));

test("any source is answered, any value is evaluated, twice the same", () => {
  fc.assert(
    fc.property(source, fc.jsonValue() as fc.Arbitrary<Json>, (text, value) => {
      const parsed = parseExpression(text, { secrets: true });
      expect(parseExpression(text, { secrets: true })).toEqual(parsed);
      if (!parsed.ok) expect(parsed.message.length).toBeLessThan(260);
      if (!parsed.ok) return;
      const given = { input: value, tasks: { a: { output: value }, b: { output: null, status: "failed" } }, index: 2 };
      const result = evaluateExpression(parsed.expression, given);
      expect(evaluateExpression(parsed.expression, given)).toEqual(result);
      // JSON as a log would give it back.
      if (result.ok) expect(JSON.parse(JSON.stringify(result.value))).toEqual(result.value);
      else expect(result.message.length).toBeLessThan(200);
    }),
    { numRuns: 3_000 },
  );
});

test("a plain path reads the same whether CEL reads it or not", () => {
  const name = fc.constantFrom("a", "b_1", "constructor", "length", "__proto__", "x y", "0", 'it\'s "quoted" \\');
  const step = fc.oneof(name, fc.nat({ max: 3 }));
  const value = fc.letrec<{ v: Json }>((tie) => ({
    v: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<Json>(null, 1, "s", true),
      fc.array(tie("v"), { maxLength: 4 }),
      fc.dictionary(
        name.filter((one) => one !== "__proto__"),
        tie("v"),
        { maxKeys: 5 },
      ),
    ),
  })).v;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 4 }), value, (steps, input) => {
      const path = steps
        .map((one) => (typeof one === "string" && /^[a-z_]\w*$/.test(one) ? `.${one}` : `[${JSON.stringify(one)}]`))
        .join("");
      const { steps: _, ...plain } = evaluate(`input${path}`, input);
      // The brackets make it no plain path; CEL does not see them.
      const { steps: __, ...cel } = evaluate(`(input)${path}`, input);
      expect(cel).toEqual(plain);
    }),
    { numRuns: 1_000 },
  );
});
