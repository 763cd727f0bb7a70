import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newKeyText, newSecretFor, readKeyText } from "../../src/app/keys/key-text.ts";
import { macOf, pepperOf } from "../../src/app/keys/key-mac.ts";

const deps = {
  clock: { now: () => Date.UTC(2026, 10, 22) },
  entropy: { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) },
};

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-+/ ";

describe("a key", () => {
  test("is read as it was made, and its id is that of the answer", () => {
    const { keyId, text, signed } = newKeyText(deps, "live");
    expect(text).toMatch(/^opsk_live_[0-9A-Z]{28}_[0-9A-Za-z]{36}$/);
    expect(readKeyText(text)).toEqual({ keyId, text, signed });
    expect(keyId).toMatch(/^key_[0-9A-Z]{28}$/);
    expect(newSecretFor(deps, "live", keyId)).toMatchObject({ keyId });
    expect(newSecretFor(deps, "live", keyId).text).not.toBe(text);
  });

  test("has at least 160 bits that nobody can tell, and all characters are as likely", () => {
    expect(30 * Math.log2(62)).toBeGreaterThan(160);
    const counts = new Map<string, number>();
    for (let n = 0; n < 400; n += 1) {
      for (const one of newKeyText(deps, "live").signed.slice(-30)) counts.set(one, (counts.get(one) ?? 0) + 1);
    }
    expect(counts.size).toBe(62);
    // 12,000 draws of 62: about 194 each; six standard deviations are 83.
    for (const count of counts.values()) expect(Math.abs(count - 12_000 / 62)).toBeLessThan(90);
  });

  test("that was mistyped or cut off is found out without the store: any one change, and any four in a row", () => {
    const { text } = newKeyText(deps, "live");
    for (let end = 0; end < text.length; end += 1) expect(readKeyText(text.slice(0, end))).toBeNull();
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.array(fc.constantFrom(...ALPHABET), { minLength: 1, maxLength: 4 }),
        (at, put) => {
          const changed = `${text.slice(0, at)}${put.join("")}${text.slice(at + put.length)}`.slice(0, text.length);
          fc.pre(changed !== text);
          // What reaches into the checksum itself is a change of two places.
          fc.pre(at + put.length <= text.length - 6 || at >= text.length - 6);
          expect(readKeyText(changed)).toBeNull();
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("two neighbours that were swapped are found out", () => {
    const { text } = newKeyText(deps, "live");
    for (let at = 0; at + 1 < text.length; at += 1) {
      const swapped = `${text.slice(0, at)}${text[at + 1] ?? ""}${text[at] ?? ""}${text.slice(at + 2)}`;
      if (swapped !== text) expect(readKeyText(swapped)).toBeNull();
    }
  });

  test("passes under its own pepper and for its own id only", async () => {
    const made = newKeyText(deps, "live");
    const mac = await macOf("one", made.signed);
    expect(mac).toMatch(/^[0-9a-f]{64}$/);
    expect(await pepperOf(["one"], mac, made.signed)).toBe(0);
    expect(await pepperOf(["two", "one"], mac, made.signed)).toBe(1);
    expect(await pepperOf(["two"], mac, made.signed)).toBe(-1);
    expect(await pepperOf([], mac, made.signed)).toBe(-1);
    const other = newKeyText(deps, "live");
    const moved = made.signed.replace(made.keyId.slice(4), other.keyId.slice(4));
    expect(await pepperOf(["one"], mac, moved)).toBe(-1);
  });
});
