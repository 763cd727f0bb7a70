import { describe, expect, test } from "vitest";
import { call, expectProblem, rowCount, worldsOf, type Json, type Reply } from "../support/api.ts";
import type { Platform, World } from "../support/world.ts";

const SAVE = "/v1/opscore/workflows";
const VALIDATE = "/v1/opscore/workflows/validate";
const yaml = { "Content-Type": "application/yaml" };

const withTasks = (...tasks: readonly Json[]): Json => ({ id: "w", name: "W", tasks });
const reading = (...templates: readonly string[]): Json =>
  withTasks({ taskId: "a", agentId: "x", parameters: { q: templates } });
const many = (count: number, of: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => of(at)).join("");

/** Definitions that are checked and not saved, and the schema for editors. */
export const definitionsSuite = (platform: Platform): void => {
  describe(`definitions on ${platform.name}`, () => {
    const open = worldsOf(platform);
    const validate = (world: World, body: unknown, headers = {}): Promise<Reply> =>
      call(world, "POST", VALIDATE, body, headers);

    test("a definition without faults is valid, and is not saved", async () => {
      const world = await open();
      const rows = await rowCount(world);
      const reply = await validate(
        world,
        withTasks({ taskId: "a", agentId: "x" }, { taskId: "b", agentCapability: "c" }),
      );
      expect([reply.status, reply.body]).toEqual([200, { valid: true, workflowId: "w", tasks: 2, warnings: [] }]);
      expect(await rowCount(world)).toBe(rows);
      expectProblem(await call(world, "GET", `${SAVE}/w`), 404, "workflow_not_found");
    });

    test("what is probably not meant is a warning, in YAML with its line", async () => {
      const world = await open();
      const reply = await validate(
        world,
        "id: w\nname: W\ntasks:\n  - taskId: a\n    agentId: x\n    agentCapability: c\n",
        yaml,
      );
      expect([reply.status, reply.body["valid"]]).toEqual([200, true]);
      expect(reply.body["warnings"]).toEqual([
        {
          pointer: "/tasks/0/agentCapability",
          code: "no_effect",
          message: "`agentId` wins over it.",
          line: 6,
          column: 22,
        },
      ]);
    });

    test.each<[string, unknown, Record<string, string>]>([
      ["JSON", withTasks({ taskId: "a", nextTaskId: "b", when: "1" }, { taskId: "a", agentid: "x" }), {}],
      ["YAML", "id: w\nname: W\ntasks:\n  - taskId: a\n    nextTaskId: nowhere\n    dependsOn: [a]\n", yaml],
      ["a key of another type", withTasks({ taskId: "a", type: "approval", tool: "t" }), {}],
      ["no id", { ...withTasks({ taskId: "a" }), id: "/" }, {}],
    ])("faults are the same as when it is saved: %s", async (_, document, headers) => {
      const world = await open();
      const saved = await call(world, "POST", SAVE, document, headers);
      const checked = await validate(world, document, headers);
      const problem = expectProblem(checked, saved.status, saved.body["code"] as string);
      expect({ ...problem, requestId: "" }).toEqual({ ...saved.body, requestId: "" });
      expect((problem["errors"] as Json[]).length).toBeGreaterThan(0);
    });

    test.each<[string, unknown, Record<string, string>, number, string]>([
      ["2 KB of brackets", "[".repeat(2_048), yaml, 400, "malformed_yaml"],
      ["brackets for JSON", "[".repeat(2_048), {}, 400, "malformed_json"],
      ["an alias bomb", `a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nid: w\n`, yaml, 400, "malformed_yaml"],
      ["6,000 keys of YAML", many(6_000, (at) => `k${at}: 1\n`), yaml, 400, "malformed_yaml"],
      ["60,000 keys of YAML", many(60_000, (at) => `k${at}: 1\n`), yaml, 413, "payload_too_large"],
      ["20,000 keys", `{${many(20_000, (at) => `"k${at}":1,`)}"x":1}`, {}, 400, "malformed_json"],
      ["60,000 keys", `{${many(60_000, (at) => `"k${at}":1,`)}"x":1}`, {}, 413, "payload_too_large"],
      ["33 levels", `{"id":${"[".repeat(33)}${"]".repeat(33)}}`, {}, 400, "malformed_json"],
      ["1e6 items", `{"tasks":[{"forEach":[${"0,".repeat(999_999)}0]}]}`, {}, 413, "payload_too_large"],
    ])("P12: what is no document is refused after bounded work: %s", async (_, text, headers, status, code) => {
      const world = await open();
      expectProblem(await validate(world, text, headers), status, code);
    });

    const hostile: Readonly<Record<string, () => unknown>> = {
      "120,000 literal items": () =>
        withTasks({ taskId: "a", type: "map", forEach: Array.from({ length: 120_000 }, () => 0), task: {} }),
      "80,000 empty tasks": () => ({ id: "w", name: "W", tasks: Array.from({ length: 80_000 }, () => ({})) }),
      "10,000 unknown keys": () =>
        withTasks(
          ...Array.from({ length: 20 }, () =>
            Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`taskI${at}`, 0])),
          ),
        ),
      "20,000 expressions that are none": () => reading(...Array.from({ length: 20_000 }, () => "${a(}")),
      "an expression of 100 KB": () => reading(`\${${"1+".repeat(50_000)}1}`),
      "nesting in an expression": () =>
        reading(`\${${"(".repeat(4_000)}`, `\${${"[".repeat(2_000)}${"]".repeat(2_000)}}`),
      "names of the host's": () =>
        reading(
          "${constructor}",
          "${globalThis.process}",
          "${input.constructor.constructor('x')()}",
          "${__proto__}",
          "${input.x.matches('(a+)+$')}",
        ),
      "macros in macros": () => reading(`\${${"[1].map(a, ".repeat(60)}a${")".repeat(60)}}`),
      "everything names everything": () =>
        withTasks(
          ...Array.from({ length: 200 }, (_, at) => ({
            taskId: `t${at}`,
            dependsOn: Array.from({ length: 60 }, (_, to) => `t${(at + to + 1) % 200}`),
          })),
        ),
      "an input of references": () => ({
        ...withTasks({ taskId: "a" }),
        input: { $ref: "#", allOf: [{ $ref: "#/allOf/0" }], $dynamicRef: "#" },
      }),
      "a pattern that never ends": () => ({ ...withTasks({ taskId: "a" }), input: { pattern: "^((a+)+)+$" } }),
    };

    test.each(Object.entries(hostile))("P12: a short answer after bounded work: %s", async (_, make) => {
      const world = await open();
      const before = performance.now();
      const reply = await validate(world, make());
      expect(performance.now() - before).toBeLessThan(4_000);
      const problem = expectProblem(reply, 422, "invalid_definition");
      expect((problem["errors"] as Json[]).length).toBeLessThanOrEqual(100);
      expect(reply.text.length).toBeLessThan(64 * 1024);
    });

    test("the schema for editors needs no key", async () => {
      const world = await open();
      const reply = await call(world, "GET", "/schemas/workflow.json", undefined, { Authorization: null });
      expect([reply.status, reply.headers.get("Content-Type")]).toEqual([200, "application/schema+json"]);
      expect(reply.body).toMatchObject({
        $schema: "https://json-schema.org/draft/2020-12/schema",
        required: ["id", "name", "tasks"],
        properties: {
          tasks: { items: { properties: { type: { enum: expect.arrayContaining(["map"]) as string[] } } } },
        },
      });
      expectProblem(await call(world, "GET", "/schemas/workflow.json?x=1", undefined), 400, "invalid_query");
      expectProblem(await call(world, "GET", "/schemas/other.json"), 404, "not_found");
      expectProblem(await call(world, "POST", "/schemas/workflow.json", {}), 405, "method_not_allowed");
    });

    test("checking needs a key", async () => {
      const world = await open();
      expectProblem(
        await call(world, "POST", VALIDATE, withTasks({ taskId: "a" }), { Authorization: null }),
        401,
        "unauthorized",
      );
    });
  });
};
