import { describe, expect, it } from "vitest";
import { matchesStatus } from "../../src/contract/status-rule.ts";

describe("a success rule", () => {
  it.each([
    [200, [200], [199, 201, 100]],
    ["404", [404], [403, 200]],
    ["2xx", [200, 250, 299], [199, 300]],
    ["200-204", [200, 202, 204], [199, 205]],
    ["299-301", [299, 300, 301], [298, 302]],
    ["204-200", [], [200, 202, 204]],
  ])("%s", (rule, inside, outside) => {
    for (const status of inside) expect(matchesStatus([rule], status), String(status)).toBe(true);
    for (const status of outside) expect(matchesStatus([rule], status), String(status)).toBe(false);
  });

  it.each(["", "*", "xx", "2XX", "20", "2000", "600", "0xx", "200-", "-204", "200-2xx", " 200", "200\n", 2e2 + 0.5])(
    "names nothing if it is no rule: %j",
    (rule) => {
      for (let status = 100; status < 600; status += 1) expect(matchesStatus([rule], status)).toBe(false);
    },
  );

  it("is any of several, and none of none", () => {
    expect(matchesStatus(["2xx", 404], 404)).toBe(true);
    expect(matchesStatus([], 200)).toBe(false);
  });
});
