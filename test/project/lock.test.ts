import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { missingEntries } from "../../scripts/complete-lock.ts";

test("npm ci finds every platform's packages in the lock file (else: npm run lock:complete)", () => {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as Parameters<typeof missingEntries>[0];

  expect(Object.keys(missingEntries(lock))).toEqual([]);
});
