import { expect, test } from "vitest";
import { pointerTo, quoted } from "../../../src/core/workflow/pointer.ts";

test("a pointer escapes its segments as RFC 6901 says", () => {
  expect(pointerTo([])).toBe("");
  expect(pointerTo(["tasks", 0, "a/b~c", ""])).toBe("/tasks/0/a~1b~0c/");
});

test("an echo has at most 64 characters, is well-formed and has no control characters", () => {
  expect(quoted("x".repeat(64))).toBe("x".repeat(64));
  expect(quoted("x".repeat(65))).toBe(`${"x".repeat(61)}...`);
  expect(quoted(`${"x".repeat(60)}😀😀😀`)).toBe(`${"x".repeat(60)}\uFFFD...`);
  expect(quoted("a\nb")).toBe("a\uFFFDb");
  expect(pointerTo(["y".repeat(70)])).toBe(`/${"y".repeat(61)}...`);
});
