import { expect, test } from "vitest";
import { meaningOf } from "../../../src/core/agent/state-meaning.ts";

test.each([
  [["idle", "finished", "completed", "ready", "IDLE", " Ready "], "free"],
  [["active", "busy", "working", "running", "processing", "Active"], "working"],
  [["error", "failed", "ERROR"], "trouble"],
  [["", "UNKNOWN", "paused", "idle.", "not idle", "constructor"], "other"],
])("%j mean %s", (texts, meaning) => {
  expect(texts.map(meaningOf)).toEqual(texts.map(() => meaning));
});
