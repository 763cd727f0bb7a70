import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../../src/core/json.ts";
import {
  compileTemplate,
  maxRenderedBytes,
  occurrences,
  render,
  renderTemplate,
  type TemplateContext,
} from "../../../src/core/workflow/template.ts";

const context: TemplateContext = {
  input: { topic: "bees", n: 3, none: null, list: [1, { deep: "x" }], "a b": true, text: "${input.topic}", length: 9 },
  tasks: { search: { output: { urls: ["u0", "u1"] } }, say: { output: "hi" } },
};
const value = (template: Json): Json => {
  const rendered = render(template, context);
  if (!rendered.ok) throw new Error(rendered.message);
  return rendered.value;
};

describe("a string that is exactly one reference keeps the type of the value", () => {
  test.each([
    ["${input.n}", 3],
    ["${input.none}", null],
    ["${input.list}", [1, { deep: "x" }]],
    ["${input.list[1].deep}", "x"],
    ["${input.list.0}", 1],
    ['${input["a b"]}', true],
    ["${ tasks.search.output.urls[1] }", "u1"],
    ["${tasks.say.output}", "hi"],
    ["${input}", context.input],
  ])("%s", (template, expected) => expect(value(template)).toEqual(expected));
});

describe("inside other text", () => {
  test.each([
    ["about ${input.topic}!", "about bees!"],
    ["${input.topic}${input.n}", "bees3"],
    ["list: ${input.list}", 'list: [1,{"deep":"x"}]'],
    ["${input.none} ", "null "],
    ["costs $5 and $", "costs $5 and $"],
    ["$${input.topic}", "${input.topic}"],
    ["$$$${x}", "$$${x}"],
    ["a } b { c", "a } b { c"],
    ["", ""],
  ])("%s gives %s", (template, expected) => expect(value(template)).toBe(expected));
});

describe("expressions", () => {
  test.each<[string, Json]>([
    ["${input.n + 1}", 4],
    ["${input.list.map(x, {'x': x})[0]}", { x: 1 }],
    ["${ {'a': '}'} }", { a: "}" }],
    ['${"""a"b}"""}', 'a"b}'],
    ["${r'a\\d}'}", "a\\d}"],
    ["${tasks.search.output.urls.size()} of ${size(input.list)}", "2 of 2"],
  ])("%s", (template, expected) => expect(value(template)).toEqual(expected));

  test("fail by name, each with its code", () => {
    const failed = (template: Json) => render(template, context);
    expect(failed("${input.n / 0}")).toEqual({
      ok: false,
      code: "expression_error",
      message: "${input.n / 0}: division by zero.",
    });
    expect(failed("x ${input.topic - 1}")).toMatchObject({ ok: false, code: "expression_error" });
    expect(failed("${secrets.KEY}")).toMatchObject({ ok: false, code: "unresolved_reference" });
    expect(render("Bearer ${secrets.KEY}", { ...context, secrets: { KEY: "«KEY»" } })).toEqual({
      ok: true,
      value: "Bearer «KEY»",
    });
  });
});

test("a compiled template renders again and again, and shares what has nothing to fill", () => {
  const still = { list: [1, "no $ here", { a: null }] };
  const template = compileTemplate({ still, escaped: ["$${x}"], n: "${input.n}" });
  for (const n of [1, 2]) {
    const rendered = renderTemplate(template, { input: { n }, tasks: {} });
    expect(rendered).toEqual({ ok: true, value: { still, escaped: ["${x}"], n } });
    expect(rendered.ok && (rendered.value as JsonObject)["still"]).toBe(still);
  }
});

test("objects and arrays are filled in place, keys are literal", () => {
  expect(value({ "${input.n}": ["${input.n}", { q: "${input.topic}" }], n: 1, b: false, z: null })).toEqual({
    "${input.n}": [3, { q: "bees" }],
    n: 1,
    b: false,
    z: null,
  });
});

test("what a reference brings in is no template", () => {
  expect(value({ a: "${input.text}", b: "x ${input.text}" })).toEqual({ a: "${input.topic}", b: "x ${input.topic}" });
});

describe("a reference that leads nowhere fails by name", () => {
  test.each([
    "${input.missing}",
    "${input.none.x}",
    "${input.topic.length}",
    "${input.list.length}",
    "${input.list[2]}",
    "${input.list['0']}",
    "${input[0]}",
    "${input.constructor}",
    "${input.toString}",
    "${tasks.read.output}",
    "${tasks.constructor.output}",
    "before ${input.missing} after ${input.other}",
  ])("%s", (template) => {
    const rendered = render([{ a: template }, "${input.later}", "x ${input.later}"], context);
    expect(rendered).toMatchObject({ ok: false, code: "unresolved_reference" });
    if (!rendered.ok) expect(rendered.message).toContain("${");
    if (!rendered.ok) expect(rendered.message).not.toContain("later");
  });

  test("an unreadable one fails too, should it ever get here", () => {
    expect(render("${input.a + 1}", context)).toMatchObject({ ok: false, code: "unresolved_reference" });
    expect(render("${input.a", context)).toMatchObject({ ok: false, code: "unresolved_reference" });
  });
});

describe("what is rendered is limited", () => {
  const big = (characters: number): TemplateContext => ({ input: "x".repeat(characters), tasks: {} });
  const code = (template: Json, given: TemplateContext) => {
    const rendered = render(template, given);
    return rendered.ok ? "ok" : rendered.code;
  };

  test("256 KiB fit, one byte more does not", () => {
    expect(code("${input}", big(maxRenderedBytes - 2))).toBe("ok");
    expect(code("${input}", big(maxRenderedBytes - 1))).toBe("limit_output");
    expect(code("é${input}", big(maxRenderedBytes - 4))).toBe("ok");
    expect(code("é${input}", big(maxRenderedBytes - 3))).toBe("limit_output");
  });

  test("a value too large to be put into text is not even written", () => {
    const rows = { input: Array.from({ length: 100_000 }, () => "xx"), tasks: {} };
    expect(code("rows: ${input}", rows)).toBe("limit_output");
  });

  test("repetition stops at the limit, not at the end of memory", () => {
    expect(code("${input}".repeat(20_000), big(60_000))).toBe("limit_output");
    expect(
      code(
        Array.from({ length: 20_000 }, () => "${input}"),
        big(60_000),
      ),
    ).toBe("limit_output");
    expect(
      code(
        Array.from({ length: 20_000 }, () => "-${input}"),
        big(60_000),
      ),
    ).toBe("limit_output");
  });
});

describe("occurrences", () => {
  test("each has the pointer of its string, in the order of the document", () => {
    const template = { a: ["${input}", "no"], "b/c~": { d: "${tasks.x.output} and ${input.y}" }, e: "$${input}", f: 1 };
    const found = [...occurrences(template, ["tasks", 0, "parameters"])];
    expect(found.map(({ pointer, parsed }) => [pointer, parsed.ok && parsed.expression.source])).toEqual([
      ["/tasks/0/parameters/a/0", "input"],
      ["/tasks/0/parameters/b~1c~0/d", "tasks.x.output"],
      ["/tasks/0/parameters/b~1c~0/d", "input.y"],
    ]);
  });

  test.each(["${input.a", "text ${'}", '${input["a}]', "${{}"])("%s has no closing brace", (template) => {
    expect([...occurrences(template)]).toMatchObject([
      { pointer: "", parsed: { ok: false, code: "malformed_reference" } },
    ]);
  });

  test("braces in quotes and inner pairs do not close", () => {
    const found = [...occurrences(`\${input["}\\""]} \${ {"a": 1}.a }`)];
    expect(found.map(({ parsed }) => (parsed.ok ? parsed.expression.source : parsed.code))).toEqual([
      `input["}\\""]`,
      '{"a": 1}.a',
    ]);
  });
});

const fragment = fc.constantFrom(
  "${",
  "}",
  "$",
  "{",
  "input",
  ".a",
  "[0]",
  '"',
  "'",
  "tasks.a.output",
  " ",
  "x",
  "$${",
  "\\",
);
const anyTemplate = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.array(fragment, { maxLength: 12 }).map((all) => all.join("")),
    fc.constantFrom<Json>(null, 1, true),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 3 }),
  ),
})).value;

test("render is total and deterministic, and leaves a template without references as it is", () => {
  fc.assert(
    fc.property(
      anyTemplate,
      fc.jsonValue() as fc.Arbitrary<Json>,
      fc.jsonValue() as fc.Arbitrary<Json>,
      (template, input, a) => {
        const given = { input, tasks: { a: { output: a } } };
        const rendered = render(template, given);
        expect(render(template, given)).toEqual(rendered);
        if (!JSON.stringify(template).includes("${")) expect(rendered).toEqual({ ok: true, value: template });
      },
    ),
  );
});

test("any text survives when its braces are escaped", () => {
  fc.assert(
    fc.property(
      fc.array(fragment).map((all) => all.join("")),
      (text) => {
        // A dollar right before an escape would join it, so such texts are left out.
        fc.pre(!text.includes("$${"));
        expect(
          render(
            text.replaceAll("${", () => "$${"),
            context,
          ),
        ).toEqual({ ok: true, value: text });
      },
    ),
  );
});
