import { Environment } from "@marcbachmann/cel-js";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json } from "../../../src/core/json.ts";
import { evaluateExpression, parseExpression } from "../../../src/core/workflow/expression.ts";

// The package's own evaluator, which is another reading of the CEL specification, on what both know: ints, texts,
// bools, lists and maps, where no int meets a double and nothing is a matter of our own rules (JSON's numbers, has).
const environment = new Environment({ homogeneousAggregateLiterals: false }).registerVariable("input", "dyn");

const input = { s: "bees", t: "a,b", l: ["x", "y", "x"], m: { a: "1", b: "2" }, yes: true, none: null, d: 2.5 };

const plain = (value: unknown): unknown => {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
};

const theirs = (source: string): { readonly value: unknown } | "failed" => {
  try {
    return { value: plain(environment.evaluate(source, { input })) };
  } catch {
    return "failed";
  }
};

const ours = (source: string): { readonly value: Json } | "failed" => {
  const parsed = parseExpression(source);
  if (!parsed.ok) return "failed";
  const result = evaluateExpression(parsed.expression, { input, tasks: {} });
  return result.ok ? { value: result.value } : "failed";
};

const expression = fc.letrec<Record<"int" | "bool" | "text" | "list" | "double", string>>((tie) => ({
  int: fc.oneof(
    { maxDepth: 4 },
    fc.integer({ min: -9, max: 9 }).map((int) => `(${int})`),
    fc.tuple(tie("int"), fc.constantFrom("+", "-", "*", "/", "%"), tie("int")).map(([l, op, r]) => `(${l} ${op} ${r})`),
    tie("list").map((list) => `size(${list})`),
    tie("text").map((text) => `${text}.size()`),
    fc.tuple(tie("bool"), tie("int"), tie("int")).map(([test_, yes, no]) => `(${test_} ? ${yes} : ${no})`),
    fc.tuple(tie("text"), tie("text")).map(([text, part]) => `${text}.indexOf(${part})`),
  ),
  double: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom("input.d", "0.5", "-1.25"),
    fc.tuple(tie("double"), fc.constantFrom("+", "-", "*"), tie("double")).map(([l, op, r]) => `(${l} ${op} ${r})`),
  ),
  bool: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom("true", "false", "input.yes", "(input.none == null)", "('a' in input.m)", "('z' in input.m)"),
    fc
      .tuple(tie("int"), fc.constantFrom("==", "!=", "<", "<=", ">", ">="), tie("int"))
      .map((all) => `(${all.join(" ")})`),
    fc.tuple(tie("double"), fc.constantFrom("<", ">="), tie("double")).map((all) => `(${all.join(" ")})`),
    fc.tuple(tie("text"), fc.constantFrom("==", "!=", "<", ">="), tie("text")).map((all) => `(${all.join(" ")})`),
    fc.tuple(tie("bool"), fc.constantFrom("&&", "||"), tie("bool")).map((all) => `(${all.join(" ")})`),
    tie("bool").map((bool) => `!${bool}`),
    fc.tuple(tie("text"), tie("list")).map(([text, list]) => `(${text} in ${list})`),
    fc
      .tuple(tie("list"), fc.constantFrom("all", "exists", "exists_one"), tie("text"))
      .map(([list, name, text]) => `${list}.${name}(v, v == ${text})`),
    fc
      .tuple(tie("text"), fc.constantFrom("startsWith", "endsWith", "contains"), tie("text"))
      .map(([text, name, part]) => `${text}.${name}(${part})`),
  ),
  text: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      "'a'",
      '"x"',
      "'🐝'",
      "''",
      "input.s",
      "input.t",
      "input.l[0]",
      "input.m.b",
      'input.m["a"]',
      "input.nope",
    ),
    fc.tuple(tie("text"), tie("text")).map(([l, r]) => `(${l} + ${r})`),
    tie("int").map((int) => `string(${int})`),
    tie("text").map((text) => `${text}.upperAscii()`),
    fc.tuple(tie("list"), tie("int")).map(([list, at]) => `${list}[${at}]`),
    fc.tuple(tie("list"), tie("text")).map(([list, text]) => `${list}.join(${text})`),
  ),
  list: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom("input.l", "['a', 'b']"),
    fc.tuple(tie("list"), tie("list")).map(([l, r]) => `(${l} + ${r})`),
    fc.tuple(tie("list"), tie("bool")).map(([list, bool]) => `${list}.filter(v, ${bool} || v == 'x')`),
    fc.tuple(tie("list"), tie("text")).map(([list, text]) => `${list}.map(v, v + ${text})`),
    fc.tuple(tie("list"), tie("text")).map(([list, text]) => `${list}.map(v, v == 'x', ${text} + v)`),
    fc.constantFrom("input.t.split(',')", "input.m.map(k, k)", "input.m.filter(k, k == 'a')"),
  ),
}));

test("what both evaluators know has the same value, or fails with both", () => {
  let values = 0;
  fc.assert(
    fc.property(fc.oneof(expression.int, expression.bool, expression.text, expression.list), (source) => {
      const mine = ours(source);
      // A place in a text counts characters here, UTF-16 units there.
      fc.pre(!(source.includes("🐝") && source.includes("indexOf")));
      expect(mine).toEqual(theirs(source));
      if (mine !== "failed") values += 1;
    }),
    { numRuns: 1_500 },
  );
  expect(values).toBeGreaterThan(300);
}, 30_000);
