import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonLimits, parseStrictJson, type StrictJsonResult } from "../../src/contract/strict-json.ts";
import { parseJsonText } from "../../src/contract/strict-json-text.ts";

const faultOf = (result: StrictJsonResult): string => (result.ok ? "accepted" : `${result.code} ${result.pointer}`);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

/** JSON within the limits: no `__proto__`, NUL or lone surrogate, numbers that survive a round trip. */
const jsonText = fc
  .jsonValue({ maxDepth: 6, stringUnit: "binary" })
  .map((value) => JSON.stringify(value))
  .filter(
    (text) => !text.includes("__proto__") && !text.includes("\\u0000") && JSON.stringify(JSON.parse(text)) === text,
  )
  .filter((text) => !/(?<![0-9.eE"])-?[0-9]{16,}(?![0-9.eE])/.test(text));

describe("strict JSON", () => {
  it("agrees with JSON.parse on everything valid within the limits", () => {
    fc.assert(
      fc.property(jsonText, fc.constantFrom(0, 2), (compact, indent) => {
        const text = JSON.stringify(JSON.parse(compact), null, indent);
        expect(parseStrictJson(utf8(text))).toStrictEqual({ ok: true, value: JSON.parse(text) as unknown });
        expect(parseJsonText(text, jsonLimits)).toStrictEqual(JSON.parse(text));
      }),
      { numRuns: 1000 },
    );
  });

  it("agrees with JSON.parse when every character is escaped", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at).toString(16).padStart(4, "0"));
        if (units.includes("0000")) return;
        expect(parseStrictJson(`"${units.map((unit) => `\\u${unit}`).join("")}"`)).toEqual({ ok: true, value: text });
      }),
    );
  });

  it("never throws and never accepts what JSON.parse refuses, whatever the bytes", () => {
    const tokens = fc.constantFrom(
      ...'{}[],:"\\/ \t\n-+.eE0123456789truefalsn\u0000\ud800',
      '"a":',
      "\\u",
      "\\ud83d\\ude00",
      "null",
      "1e400",
      "__proto__",
      "é",
      "\ufeff",
    );
    const soup = fc.array(tokens, { maxLength: 40 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), soup), (input) => {
        const result = parseStrictJson(input);
        if (!result.ok) return;
        const text = typeof input === "string" ? input : new TextDecoder().decode(input);
        expect(result.value).toStrictEqual(JSON.parse(text));
      }),
      { numRuns: 5000 },
    );
  });

  it("decides alike on the quick and on the strict path", () => {
    const mutated = fc
      .tuple(jsonText, fc.nat(), fc.constantFrom("", '"', ",", "0", "}", "1e9", '"a":1,'))
      .map(([text, at, insert]) => {
        const cut = at % (text.length + 1);
        return (text.slice(0, cut) + insert + text.slice(cut)).replace(/\p{Surrogate}/gu, "?");
      });
    fc.assert(
      fc.property(mutated, (text) => {
        let strict: unknown = "refused";
        try {
          strict = parseJsonText(text, jsonLimits);
        } catch {
          // stays refused
        }
        const result = parseStrictJson(text);
        expect(result.ok ? result.value : "refused").toStrictEqual(strict);
      }),
      { numRuns: 3000 },
    );
  });

  it("accepts again what it accepted, written by JSON.stringify", () => {
    const numbers = fc.oneof(fc.double(), fc.maxSafeInteger(), fc.bigInt()).map(String);
    fc.assert(
      fc.property(numbers, (text) => {
        const result = parseStrictJson(text);
        if (result.ok) expect(parseStrictJson(JSON.stringify(result.value)).ok).toBe(true);
      }),
    );
  });

  it.each([
    ["", "empty "],
    [" \n", "empty "],
    ["\ufeff{}", "byte_order_mark "],
    ['{"a":"b\u0000"}', "nul /a"],
    ['{"a":["\\u0000"]}', "nul /a/0"],
    ['{"a":"\\ud800"}', "lone_surrogate /a"],
    ['{"a":"\\ud800\\u0041"}', "lone_surrogate /a"],
    ['{"a":"\\udc00"}', "lone_surrogate /a"],
    ['"\ud800"', "lone_surrogate "],
    ["9007199254740992", "unsafe_integer "],
    ["[-9007199254740993]", "unsafe_integer /0"],
    [`[${"9".repeat(400)}]`, "number_out_of_range /0"],
    [`1${"0".repeat(30)}`, "unsafe_integer "],
    ["1e400", "number_out_of_range "],
    ["-1e400", "number_out_of_range "],
    ["1e20", "unsafe_integer "],
    ['{"__proto__":1}', "proto_key "],
    ['{"\\u005f_proto__":1}', "proto_key "],
    ['{"a":{"x":1,"x":1}}', "duplicate_key /a"],
    ['{"a":1,"\\u0061":1}', "duplicate_key "],
    ['{"a":"","a":""}', "duplicate_key "],
    ['{"a/b~c":[1,]}', "syntax /a~1b~0c/1"],
    ["{} {}", "trailing_data "],
    ["{}\u0000", "trailing_data "],
    ["nul", "syntax "],
    ["NaN", "syntax "],
    ["01", "trailing_data "],
    ["1.", "trailing_data "],
    [".5", "syntax "],
    ["+1", "syntax "],
    ["-", "syntax "],
    ["'a'", "syntax "],
    ['"a', "syntax "],
    ['"\\x"', "syntax "],
    ['"\\u12g4"', "syntax "],
    ['"\t"', "control_character "],
    ["{a:1}", "syntax "],
    ['{"a" 1}', "syntax "],
    ['{"a":1,}', "syntax "],
    ["[1 2]", "syntax "],
    ["[1,2", "syntax "],
    ["/**/1", "syntax "],
    ["\u00a01", "syntax "],
  ])("refuses %j: %s", (text, expected) => {
    expect(faultOf(parseStrictJson(text))).toBe(expected);
  });

  it.each(["9007199254740991", "-9007199254740991", "1.7976931348623157e308", "1e21", "0.1", "-0", "1E+2", ' "é😀" '])(
    "accepts %s",
    (text) => {
      expect(parseStrictJson(utf8(text))).toStrictEqual({ ok: true, value: JSON.parse(text) as unknown });
    },
  );

  it("names names that objects inherit like any other", () => {
    const text = '{"constructor":1,"toString":2,"hasOwnProperty":3,"a\\n":4}';
    expect(parseStrictJson(text)).toStrictEqual({ ok: true, value: JSON.parse(text) as unknown });
  });

  it("refuses ill-formed UTF-8", () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0xaf, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0x22, 0xf0, 0x9f],
    ]) {
      expect(faultOf(parseStrictJson(new Uint8Array(bytes)))).toBe("invalid_utf8 ");
    }
    expect(faultOf(parseStrictJson(new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0x7d])))).toBe("byte_order_mark ");
  });

  it("bounds depth, keys and strings, exactly at the limit", () => {
    const keys = (count: number): string =>
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n])));
    expect(parseStrictJson(nested(32)).ok).toBe(true);
    expect(faultOf(parseStrictJson(nested(33)))).toBe(`too_deep ${"/0".repeat(32)}`);
    expect(faultOf(parseStrictJson("[".repeat(200_000)))).toBe(`too_deep ${"/0".repeat(32)}`);
    expect(parseStrictJson(keys(1000)).ok).toBe(true);
    expect(faultOf(parseStrictJson(keys(1001)))).toBe("too_many_keys ");
    for (const escaped of ["", "\\n"]) {
      const fits = `["${escaped}${"é".repeat(65_536 - (escaped === "" ? 0 : 1))}"]`;
      expect(parseStrictJson(fits).ok).toBe(true);
      expect(faultOf(parseStrictJson(fits.replace('"]', 'é"]')))).toBe("string_too_long /0");
    }
    expect(faultOf(parseStrictJson(`{"${"k".repeat(131_073)}":1}`))).toBe("string_too_long ");
  });

  it("echoes at most 64 characters of a key", () => {
    const key = "k".repeat(5000);
    const results = [parseStrictJson(`{"${key}":1,"${key}":2}`), parseStrictJson(`{"${key}":nul}`)];
    for (const result of results) {
      expect(JSON.stringify(result).length).toBeLessThan(250);
    }
  });

  it("takes time linear in the text on hostile texts of a body's largest size", () => {
    const size = 256 * 1024;
    const hostile = [
      `[${"1,".repeat(size / 2)}1]`,
      `"${"\\n".repeat(size / 4)}`,
      `[${'"",'.repeat(size / 3)}1`,
      `{"a":"${"\\\\".repeat(50_000)}"`,
      `[${"{},".repeat(size / 3)}`,
      " ".repeat(size),
      `[${"9".repeat(size)}]`,
      `[0.${"0".repeat(size)}1]`,
    ];
    const started = performance.now();
    for (const text of hostile) parseStrictJson(text);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
