import { describe, expect, it } from "vitest";
import * as z from "zod";
import { faultsOf } from "../../src/contract/faults.ts";
import { idSchema } from "../../src/contract/ids.ts";

const faults = (schema: z.ZodType, input: unknown) => {
  const result = schema.safeParse(input);
  return result.success ? [] : faultsOf(result.error, input).map((fault) => `${fault.pointer} ${fault.code}`);
};

describe("faults of a failed parse", () => {
  it("tells a missing field from a wrong one, and points with RFC 6901", () => {
    const schema = z.object({ a: z.string(), "b/~c": z.array(z.number()) });
    expect(faults(schema, { "b/~c": [1, "x"] })).toEqual(["/a required", "/b~1~0c/1 invalid_type"]);
    expect(faults(schema, null)).toEqual([" invalid_type"]);
    expect(faults(schema, undefined)).toEqual([" required"]);
  });

  it("gives each unknown field a fault of its own, without repeating a long name", () => {
    const schema = z.object({ in: z.strictObject({ a: z.string().optional() }) });
    expect(faults(schema, { in: { b: 1, c: 2 } })).toEqual(["/in/b unknown_field", "/in/c unknown_field"]);
    expect(faults(schema, { in: { ["k".repeat(9000)]: 1 } })[0]?.length).toBeLessThan(90);
  });

  it("marks ids outside the pattern, also inside unions and record keys", () => {
    expect(faults(z.object({ id: idSchema }), { id: "a b" })).toEqual(["/id invalid_id"]);
    expect(faults(z.object({ id: idSchema }), { id: "" })).toEqual(["/id too_small"]);
    expect(faults(z.union([z.number(), z.object({ id: idSchema })]), { id: "a b" })).toEqual(["/id invalid_id"]);
  });

  it("follows the branch of a union that failed deepest", () => {
    const schema = z.object({ x: z.union([z.string(), z.object({ y: z.object({ z: z.number() }) })]) });
    expect(faults(schema, { x: { y: { z: "1" } } })).toEqual(["/x/y/z invalid_type"]);
  });

  it("takes the code of a custom issue from its params", () => {
    const schema = z.object({ a: z.string().refine(() => false, { params: { code: "cycle" } }) });
    expect(faults(schema, { a: "" })).toEqual(["/a cycle"]);
  });

  it("stops at fifty", () => {
    expect(
      faults(
        z.array(z.string()),
        Array.from({ length: 5000 }, () => 1),
      ),
    ).toHaveLength(50);
    const keys = Object.fromEntries(Array.from({ length: 999 }, (_, n) => [`k${n}`, n]));
    expect(faults(z.strictObject({}), keys)).toHaveLength(50);
  });
});
