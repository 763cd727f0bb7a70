import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "../../../src/core/json.ts";
import { parseStrictJson } from "../../../src/contract/strict-json.ts";
import { fillSecrets, hideSecrets, markerOf } from "../../../src/core/workflow/secret-marker.ts";

const values: Readonly<Record<string, string>> = { TOKEN: "t0p", KEY_2: "$&$1", EMPTY: "" };
const lookup = (name: string): string | undefined => values[name];
const fill = (text: string, limit = 100) => fillSecrets(text, lookup, limit);

describe("a marker", () => {
  test.each(["A", "TOKEN", "KEY_2", `A${"_".repeat(63)}`])("can be made for %s", (name) => {
    expect(markerOf(name)).toContain(name);
  });

  test.each(["", "a", "Token", "1A", "_A", "A-B", `A${"_".repeat(64)}`, "A\n", "A\0", "Ä"])(
    "cannot be made for %j",
    (name) => {
      expect(() => markerOf(name)).toThrow(TypeError);
    },
  );

  test("is in no input: the strict parser refuses it raw and escaped", () => {
    for (const text of [`"${markerOf("TOKEN")}"`, JSON.stringify(markerOf("TOKEN"))]) {
      expect(parseStrictJson(text)).toMatchObject({ ok: false, code: "nul" });
    }
  });

  test("survives JSON", () => {
    const value = { headers: { authorization: `Bearer ${markerOf("TOKEN")}` } };
    expect(JSON.parse(JSON.stringify(value))).toEqual(value);
  });
});

describe("filling", () => {
  test("puts values where the markers are, literally", () => {
    const text = `a ${markerOf("TOKEN")}${markerOf("KEY_2")} b ${markerOf("EMPTY")}${markerOf("TOKEN")}`;
    expect(fill(text)).toEqual({ text: "a t0p$&$1 b t0p" });
  });

  test("tells where each stands", () => {
    const seen: unknown[] = [];
    fillSecrets(`${markerOf("A")}-${markerOf("B")}`, (...args) => (seen.push(args), ""), 10);
    expect(seen).toEqual([
      ["A", 0],
      ["B", markerOf("A").length + 1],
    ]);
  });

  test("names the first that is missing", () => {
    expect(fill(`${markerOf("TOKEN")} ${markerOf("NONE")} ${markerOf("NO_MORE")}`)).toEqual({ missing: "NONE" });
  });

  test("does not look into what it has filled in", () => {
    expect(fillSecrets(markerOf("TOKEN"), () => markerOf("OTHER"), 100)).toEqual({ text: markerOf("OTHER") });
  });

  test("stops above the limit, and not at it", () => {
    expect(fill("a".repeat(100))).toEqual({ text: "a".repeat(100) });
    expect(fill("a".repeat(101))).toEqual({ tooLong: true });
    let asked = 0;
    const long = fillSecrets(markerOf("A").repeat(1_000), () => ((asked += 1), "x".repeat(60)), 100);
    expect(long).toEqual({ tooLong: true });
    expect(asked).toBe(2);
  });

  test.each(["\0secret:TOKEN", "secret:TOKEN\0", "\0secret:token\0", "\0TOKEN\0", "${secrets.TOKEN}"])(
    "leaves %j alone",
    (text) => {
      expect(fill(text)).toEqual({ text });
    },
  );
});

describe("hiding", () => {
  test("shows a marker as the author wrote it, at any depth and in keys", () => {
    const marker = markerOf("TOKEN");
    expect(hideSecrets([{ [`x${marker}`]: [`Bearer ${marker}`, 1, null, true, "plain"] }, marker])).toEqual([
      { "x${secrets.TOKEN}": ["Bearer ${secrets.TOKEN}", 1, null, true, "plain"] },
      "${secrets.TOKEN}",
    ]);
  });

  test("property: what holds no marker is the same value, not a copy", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(hideSecrets(value as Json)).toBe(value);
      }),
    );
  });

  test("property: nothing of a marker is left, and filling finds none", () => {
    const text = fc
      .array(fc.constantFrom("a", " ", "\0", markerOf("TOKEN"), markerOf("KEY_2")))
      .map((all) => all.join(""));
    fc.assert(
      fc.property(text, (given) => {
        const shown = hideSecrets(given) as string;
        expect(fillSecrets(shown, () => "found", 10_000)).toEqual({ text: shown });
      }),
    );
  });
});
