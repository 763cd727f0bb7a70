import fc from "fast-check";
import { dump, load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { parseDefinition } from "../../src/app/check-definition.ts";
import { parseStrictJson } from "../../src/contract/strict-json.ts";
import { parseYaml, placeFaults } from "../../src/http/body/yaml.ts";

const valueOf = (text: string): unknown => {
  const parsed = parseYaml(text);
  if (!parsed.ok) throw new Error(`${parsed.message} at ${parsed.line}:${parsed.column}`);
  return parsed.value;
};

describe("values", () => {
  test.each<[string, unknown]>([
    ["a: 1", { a: 1 }],
    ["--- # c\na: [x, 'y', \"z\\n\"]\n...\n", { a: ["x", "y", "z\n"] }],
    [
      "- 0x1F\n- 0o17\n- 010\n- 00.50\n- +1\n- -0.5\n- .5\n- 1.\n- 1e3\n- 1.0\n- -.5e-1",
      [31, 15, 10, 0.5, 1, -0.5, 0.5, 1, 1000, 1, -0.05],
    ],
    ["- ~\n- null\n-\n- True\n- false", [null, null, null, true, false]],
    ["- yes\n- on\n- 2020-01-01\n- 1_000\n- 0b1\n- 12:30", ["yes", "on", "2020-01-01", "1_000", "0b1", "12:30"]],
    ["- 'null'\n- \"1\"\n- !!str 1\n- ! 2", ["null", "1", "1", "2"]],
    ["a: |\n  x\n  y\nb: >-\n  f\n  g", { a: "x\ny\n", b: "f g" }],
    ["'1': a\n\"true\": b\n!!str 2: c\n'': d", { "1": "a", true: "b", "2": "c", "": "d" }],
    ["'<<': {a: 1}", { "<<": { a: 1 } }],
    ["'a b'", "a b"],
    ["%YAML 1.1\n---\na: yes", { a: "yes" }],
    ["constructor: 1\ntoString: 2", { constructor: 1, toString: 2 }],
  ])("%j", (text, value) => expect(valueOf(text)).toEqual(value));

  test("whatever is written as YAML reads back the same, as another reader has it", () => {
    const json = fc.jsonValue({ maxDepth: 4, stringUnit: "grapheme" });
    fc.assert(
      fc.property(json, (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as unknown;
        fc.pre(parseStrictJson(JSON.stringify(plain)).ok && typeof plain === "object" && plain !== null);
        expect(valueOf(JSON.stringify(plain))).toEqual(plain);
        const text = dump(plain, { noRefs: true });
        expect(valueOf(text)).toEqual(load(text));
      }),
      { numRuns: 300 },
    );
  });
});

describe("refused, with the place", () => {
  test.each([
    ["", undefined, undefined],
    ["# only a comment\n", undefined, undefined],
    ["---\n...\n", undefined, undefined],
    ["a: 1\n---\nb: 2", undefined, undefined],
    ["a: 1\nb: 2\na: 3", 3, 1],
    ["a: &x 1\nb: *x", 1, 5],
    ["a: &x [1]", 1, 5],
    ["b: *x", 1, 5],
    ["a: !!binary aGk=", 1, 4],
    ["a: !foo {b: 1}", 1, 4],
    ["a: !!set {b}", 1, 4],
    ["<<: {a: 1}", 1, 1],
    ["1: a", 1, 1],
    ["a:\n  true: 1", 2, 3],
    ["~: 1", 1, 1],
    ["? [a]\n: b", 1, 3],
    ["? {a: b}\n: c", 1, 3],
    ["__proto__: 1", 1, 1],
    ["a: .inf", 1, 4],
    ["a: -.Inf", 1, 4],
    ["a: .NaN", 1, 4],
    ["a: 9007199254740993", 1, 4],
    ["a: 0xFFFFFFFFFFFFFFFF", 1, 4],
    ["a: 1e400", 1, 4],
    ['a: "\\0"', 1, 4],
    ['a: "\\ud800"', 1, 4],
    ["a: \ud800", 1, 4],
    ["\uFEFFa: 1", 1, 1],
    ["a: [1", 1, 6],
    ["a: b: c", 1, 5],
    ["\ta: 1", 1, 3],
    ["a: 'x", 1, 6],
  ])("%j", (text, line, column) => {
    const parsed = parseYaml(text);
    expect(parsed).toMatchObject({ ok: false, message: expect.stringMatching(/\S/) as unknown });
    if (!parsed.ok) expect([parsed.line, parsed.column]).toEqual([line, column]);
  });
});

describe("limits are those of JSON, and hostile texts cost little", () => {
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  const many = (count: number): string => Array.from({ length: count }, (_, at) => `k${at.toString(36)}: 1`).join("\n");

  test.each([31, 32, 33, 34, 100])("a depth of %d is judged as in JSON", (depth) => {
    expect(parseYaml(nested(depth)).ok).toBe(parseStrictJson(nested(depth)).ok);
  });

  test("1,000 keys an object", () => {
    expect(parseYaml(many(1_000)).ok).toBe(true);
    expect(parseYaml(many(1_001))).toMatchObject({ ok: false, line: 1_001, column: 1 });
  });

  test.each<[string, string]>([
    ["2 KB of brackets", "[".repeat(2_048)],
    ["64 KiB of brackets", "[".repeat(65_536)],
    ["64 KiB of braces", "{a: ".repeat(16_384)],
    ["64 KiB of dashes", "- ".repeat(32_768)],
    ["64 KiB of question marks", "? ".repeat(32_768)],
    ["60,000 keys", many(60_000)],
    ["60,000 keys on one line", `{${many(60_000).replaceAll("\n", ",")}}`],
    [
      "an alias bomb",
      `a: &a [x,x]\n${["b", "c", "d", "e"].map((key, at) => `${key}: &${key} [${`*${"abcd"[at]},`.repeat(9)}]`).join("\n")}`,
    ],
    ["deep indentation", Array.from({ length: 300 }, (_, at) => `${" ".repeat(at)}a:`).join("\n")],
    ["a long number", `a: ${"9".repeat(65_000)}`],
    ["a long run of zeros", `a: [${"0".repeat(65_000)}x`],
    ["a long hexadecimal number", `a: 0x${"f".repeat(60_000)}x: [`],
    ["quotes", `a: "${'\\"'.repeat(32_000)}`],
    ["anchors", "&a ".repeat(20_000)],
    ["tags", "!a ".repeat(20_000)],
    ["directives", "%TAG ! x:\n".repeat(6_000)],
    ["documents", "---\n".repeat(16_000)],
  ])("%s", (_, text) => {
    const before = performance.now();
    expect(parseYaml(text).ok).toBe(false);
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  test("any text is answered", () => {
    const piece = fc.constantFrom(
      "a",
      ":",
      " ",
      "\n",
      "- ",
      "[",
      "]",
      "{",
      "}",
      ",",
      "? ",
      "&x ",
      "*x",
      "!!str ",
      "'",
      '"',
      "|",
      ">",
      "#",
      "1",
      "\\",
      "---\n",
      "%",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join("");
        const parsed = parseYaml(text);
        if (!parsed.ok) return;
        expect(parsed.value).toEqual(load(text));
        expect(parseStrictJson(JSON.stringify(parsed.value)).ok).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("places", () => {
  const text = `# a comment
id: w
name: "W"
tasks:
  - taskId: a
    retry: { maxAttempts: 0 }
    paramters:
      q: x
  -
    taskId: 'b'
    "x/y~": |
      text
    empty:
    list: [p, {q: r}]
`;
  const parsed = parseYaml(text);
  const at = (pointer: string, part?: "key" | "value") => {
    const place = parsed.ok ? parsed.locate(pointer, part) : null;
    return place === null ? null : `${place.line}:${place.column}`;
  };

  test.each([
    ["", "2:1"],
    ["/id", "2:5"],
    ["/name", "3:7"],
    ["/tasks", "5:3"],
    ["/tasks/0", "5:5"],
    ["/tasks/0/taskId", "5:13"],
    ["/tasks/0/retry", "6:12"],
    ["/tasks/0/retry/maxAttempts", "6:27"],
    ["/tasks/0/paramters/q", "8:10"],
    ["/tasks/1", "10:5"],
    ["/tasks/1/taskId", "10:13"],
    ["/tasks/1/list/1/q", "14:19"],
  ])("the value at %j is at %s", (pointer, place) => expect(at(pointer)).toBe(place));

  test("a key, an empty value, a missing member and an element have one too", () => {
    expect(at("/tasks/0/paramters", "key")).toBe("7:5");
    expect(at("/tasks/1/x~1y~0", "key")).toBe("11:5");
    expect(at("/tasks/1/empty")).toMatch(/^13:/);
    expect(at("/tasks/0/missing/member")).toBe("5:5");
    expect(at("/description")).toBe("2:1");
    expect(at("/tasks/0", "key")).toBe("5:5");
    expect(at("tasks")).toBeNull();
  });

  test("faults get the place of their key where it is unknown, otherwise of their value", () => {
    if (!parsed.ok) throw new Error("unreachable");
    const definition = parseDefinition(parsed.value);
    if (definition.ok) throw new Error("unreachable");
    expect(placeFaults(definition.faults, parsed)).toMatchObject([
      { pointer: "/tasks/0/retry/maxAttempts", code: "limit", line: 6, column: 27 },
      { pointer: "/tasks/0/paramters", code: "unknown_key", line: 7, column: 5 },
      { pointer: "/tasks/1/x~1y~0", code: "unknown_key", line: 11, column: 5 },
      { pointer: "/tasks/1/empty", code: "unknown_key", line: 13, column: 5 },
      { pointer: "/tasks/1/list", code: "unknown_key", line: 14, column: 5 },
    ]);
  });

  test("lines end as YAML says", () => {
    const mixed = parseYaml("a: 1\r\nb: 2\rc: é😀\nd: 4");
    expect(mixed.ok && mixed.locate("/d")).toEqual({ line: 4, column: 4 });
  });
});
