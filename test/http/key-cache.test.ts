import { expect, test } from "vitest";
import type { KeyRecord } from "../../src/app/key-port.ts";
import { createKeyCache, isFresh, type KnownKey } from "../../src/app/keys/key-cache.ts";
import { grantsOf } from "../../src/app/keys/grants.ts";
import { isSame } from "../../src/app/keys/same-text.ts";

const known = (id: string, readAt = 0): KnownKey => ({
  record: { id } as KeyRecord,
  grants: grantsOf("viewer", []),
  readAt,
  passed: [],
});

test("it keeps the newest 5,000 keys; ids that nobody has push none of them out", () => {
  const cache = createKeyCache();
  for (let n = 0; n < 5_001; n += 1) cache.put(`key_${n}`, known(`key_${n}`), 0);
  for (let n = 0; n < 3_000; n += 1) cache.put(`none_${n}`, null, 0);
  expect(cache.get("key_0", 0)).toBeUndefined();
  expect(cache.get("key_1", 0)).toBeDefined();
  expect(cache.get("key_5000", 0)).toBeDefined();
  expect([cache.get("none_1999", 0), cache.get("none_2000", 0)]).toEqual([undefined, null]);
});

test("that there is no such key is believed for ten seconds, and not once it was found", () => {
  const cache = createKeyCache();
  cache.put("a", null, 1_000);
  expect([cache.get("a", 10_999), cache.get("a", 11_000), cache.get("a", 999)]).toEqual([null, undefined, undefined]);
  cache.put("a", known("a"), 1_000);
  expect(cache.get("a", 1_000)).toMatchObject({ record: { id: "a" } });
  cache.forget("a");
  expect(cache.get("a", 1_000)).toBeUndefined();
});

test("of a key the two secrets that passed last are known", () => {
  const cache = createKeyCache();
  cache.pass("a", "nobody", 1);
  cache.put("a", known("a"), 0);
  for (const text of ["one", "two", "two", "three"]) cache.pass("a", text, 5);
  const { passed } = cache.get("a", 0) ?? known("none");
  expect(["one", "two", "three"].map((text) => passed.some((one) => isSame(one.text, text)))).toEqual([
    false,
    true,
    true,
  ]);
});

test("what was read is fresh for ten seconds, and not if the clock was set back", () => {
  expect([isFresh(5, 5), isFresh(5, 10_004), isFresh(5, 10_005), isFresh(5, 4)]).toEqual([true, true, false, false]);
});
