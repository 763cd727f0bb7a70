import { describe, expect, it } from "vitest";
import { idSchema, isId, isIdFault } from "../../src/contract/ids.ts";

describe("ids", () => {
  it.each(["a", "0", "3c57c56e-f390-4711-bd44-7dcc0038deff", "ses_01:1", "A.b_c~d:e-f", "x".repeat(128)])(
    "accepts %s",
    (id) => {
      expect(isId(id)).toBe(true);
      expect(idSchema.safeParse(id).success).toBe(true);
    },
  );

  it.each([".", "..", "-a", "_a", "a/b", "a b", "a\n", "é", "a%2f", "x".repeat(129)])(
    "refuses %j as an id fault",
    (id) => {
      expect(isId(id)).toBe(false);
      expect(idSchema.safeParse(id).error?.issues.map(isIdFault)).toEqual([true]);
    },
  );

  it.each(["", 1, null, undefined])("refuses %j as an ordinary fault", (id) => {
    expect(idSchema.safeParse(id).error?.issues.map(isIdFault)).toEqual([false]);
  });
});
