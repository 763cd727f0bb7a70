import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/core/json.ts";
import { createJsonLog } from "../../src/telemetry/json-log.ts";

const lines = (fields: unknown, level?: "debug" | "warn") => {
  const written: string[] = [];
  const log = createJsonLog({
    write: (line) => written.push(line),
    clock: { now: () => 0 },
    ...(level ? { level } : {}),
  });
  log.log("info", "hello", fields as JsonObject);
  return written;
};
const line = (fields: unknown): Record<string, unknown> =>
  JSON.parse(lines(fields)[0] ?? "{}") as Record<string, unknown>;

describe("JSON log", () => {
  it("writes one object a line, its own fields first", () => {
    expect(lines({ a: "x\ny", level: "forged" })).toEqual([
      '{"time":"1970-01-01T00:00:00.000Z","level":"info","message":"hello","a":"x\\ny"}',
    ]);
  });

  it("drops what is below its level", () => {
    expect(lines({}, "warn")).toEqual([]);
    expect(lines({}, "debug")).toHaveLength(1);
  });

  it("survives whatever it is given", () => {
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    const hostile = Object.defineProperty(
      {
        toJSON: () => {
          throw new Error("no");
        },
      },
      "bad",
      {
        enumerable: true,
        get: () => {
          throw new Error("no");
        },
      },
    );
    const deep = JSON.parse("[".repeat(2000) + "]".repeat(2000)) as unknown;
    const fields = line({
      loop,
      hostile,
      deep,
      big: 1n,
      nan: Number.NaN,
      symbol: Symbol("s"),
      f: () => 1,
      e: new TypeError("t"),
      u: undefined,
      d: new Date(Number.NaN),
      long: "x".repeat(100_000),
      many: Array.from({ length: 50_000 }, () => ({})),
    });
    expect(fields).toMatchObject({
      loop: { self: "[circular]" },
      hostile: { toJSON: "[function]", bad: "[unreadable]" },
      big: "1",
      nan: "NaN",
      symbol: "[symbol]",
      f: "[function]",
      e: "TypeError: t",
      d: "[invalid date]",
    });
    expect(JSON.stringify(fields).length).toBeLessThan(60_000);
  });

  it("never throws, not even when its output is gone", () => {
    const log = createJsonLog({
      write: () => {
        throw new Error("EPIPE");
      },
      clock: { now: () => Number.NaN },
    });
    expect(() => {
      log.log("error", "x");
    }).not.toThrow();
  });

  it("P13: redacts what is named like a secret, and leaves counts of tokens alone", () => {
    const fields = line({
      headers: { Authorization: "Bearer x", "x-agentkit-signature": "ab" },
      apiKey: "k",
      OPSCORE_WEBHOOK_SECRET: ["s"],
      token: "t",
      usage: { input_tokens: 12 },
      keyboard: "ok",
    });
    expect(fields).toMatchObject({
      headers: { Authorization: "[redacted]", "x-agentkit-signature": "[redacted]" },
      apiKey: "[redacted]",
      OPSCORE_WEBHOOK_SECRET: "[redacted]",
      token: "[redacted]",
      usage: { input_tokens: 12 },
      keyboard: "ok",
    });
  });
});
