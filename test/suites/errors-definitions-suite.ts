import { describe, expect, test } from "vitest";
import { call, expectProblem, register, rowCount, worldsOf, type Json, type Reply } from "../support/api.ts";
import type { Platform, World } from "../support/world.ts";

const PATH = "/v1/opscore/workflows";

const save = (world: World, body: unknown, headers = {}): Promise<Reply> => call(world, "POST", PATH, body, headers);

const saveYaml = (world: World, text: string): Promise<Reply> =>
  save(world, text, { "Content-Type": "application/yaml" });

const placed = (problem: Json): unknown =>
  (problem["errors"] as Json[]).map(({ pointer, code, line, column }) => [pointer, code, line, column]);

const withTasks = (...tasks: Json[]): Json => ({ id: "w", name: "W", tasks });

/** Definitions with faults: all of them at once, each with its place. */
export const errorsDefinitionsSuite = (platform: Platform): void => {
  describe(`faults of definitions on ${platform.name}`, () => {
    const open = worldsOf(platform);

    test.each<[string, Json, string, string[]]>([
      ["no tasks", { id: "w", name: "W", tasks: [] }, "invalid_definition", ["/tasks"]],
      ["no name", { id: "w", tasks: [{ taskId: "a" }] }, "invalid_definition", ["/name"]],
      ["no taskId", withTasks({ name: "x" }), "invalid_definition", ["/tasks/0/taskId"]],
      [
        "a cycle",
        withTasks({ taskId: "a", nextTaskId: "b" }, { taskId: "b", nextTaskId: "a" }),
        "invalid_definition",
        ["/tasks/1/nextTaskId"],
      ],
      ["an unknown task", withTasks({ taskId: "a", nextTaskId: "zz" }), "invalid_definition", ["/tasks/0/nextTaskId"]],
      [
        "a task twice",
        withTasks({ taskId: "a", nextTaskId: null }, { taskId: "a" }),
        "invalid_definition",
        ["/tasks/1/taskId"],
      ],
      [
        "an output nobody has",
        withTasks({ taskId: "a", parameters: { x: "${tasks.b.output}" } }),
        "invalid_definition",
        ["/tasks/0/parameters/x"],
      ],
      ["an unknown key", withTasks({ taskId: "a", agentid: "x" }), "invalid_definition", ["/tasks/0/agentid"]],
      [
        "an expression that cannot be read",
        withTasks({ taskId: "a", when: "input.x ==" }),
        "invalid_definition",
        ["/tasks/0/when"],
      ],
      [
        "a key of another type",
        withTasks({ taskId: "a", type: "approval", tool: "t" }),
        "invalid_definition",
        ["/tasks/0/tool"],
      ],
      ["a type without its key", withTasks({ taskId: "a", type: "tool" }), "invalid_definition", ["/tasks/0/tool"]],
      ["a type unheard of", withTasks({ taskId: "a", type: "agnet" }), "invalid_definition", ["/tasks/0/type"]],
    ])("422 for %s, with the pointer, also for an inline definition", async (_, document, code, pointers) => {
      const world = await open();
      await register(world, { agentId: "a1" });
      const rows = await rowCount(world);
      const problem = expectProblem(await save(world, document), 422, code);
      expect((problem["errors"] as Json[]).map(({ pointer }) => pointer)).toEqual(pointers);
      for (const path of ["/v1/opscore/sessions", "/v1/opscore/agent/a1/workflow"]) {
        const inline = expectProblem(await call(world, "POST", path, { workflowDefinition: document }), 422, code);
        expect((inline["errors"] as Json[]).map(({ pointer }) => pointer)).toEqual(
          pointers.map((pointer) => `/workflowDefinition${pointer}`),
        );
      }
      expect(await rowCount(world)).toBe(rows);
    });

    test("faults of schema and graph come together", async () => {
      const world = await open();
      const document = {
        ...withTasks({ taskId: "a", retry: { maxAttempts: 0 }, nextTaskId: "nowhere" }),
        color: "red",
      };
      const { errors } = expectProblem(await save(world, document), 422, "invalid_definition");
      expect(new Set((errors as Json[]).map(({ pointer }) => pointer))).toEqual(
        new Set(["/color", "/tasks/0/nextTaskId", "/tasks/0/retry/maxAttempts"]),
      );
    });

    test("in YAML each fault has the line and column where it stands", async () => {
      const world = await open();
      const text = ["id: w", "name: W", "tasks:", "  - taskId: a", "    nextTaskId: nowhere", "    colour: red"].join(
        "\n",
      );
      const problem = expectProblem(await saveYaml(world, text), 422, "invalid_definition");
      expect(placed(problem)).toEqual(
        expect.arrayContaining([
          ["/tasks/0/nextTaskId", expect.any(String), 5, 17],
          ["/tasks/0/colour", "unknown_key", 6, 5],
        ]),
      );
    });

    test.each([
      ["a: [1", 1],
      ["id: w\nname: &a W\n", 2],
      ["id: w\nx: *a\n", 2],
      ["id: !!js/function x", 1],
      ["id: w\nid: v\n", 2],
      ["id: w\n<<: {a: 1}\n", 2],
      ["id: w\n1: 2\n", 2],
      ["id: .inf", 1],
      ["id: 9007199254740993", 1],
      ["__proto__: 1", 1],
      ['a: "\\0"', 1],
      ['a: "\\ud800"', 1],
      ["a: b: c", 1],
      ["\tid: w", 1],
      [`${"[".repeat(33)}${"]".repeat(33)}`, 1],
      ["[".repeat(20_000), 1],
    ])("YAML that is not acceptable is 400 with its line: %j", async (text, line) => {
      const world = await open();
      const problem = expectProblem(await saveYaml(world, text), 400, "malformed_yaml");
      expect(problem["errors"]).toEqual([expect.objectContaining({ code: "malformed_yaml", line })]);
      expect(await rowCount(world)).toBe(0);
    });

    test.each(["", "\n", "# nothing", "--- a\n--- b\n", "\uFEFFid: w"])(
      "YAML that is no document: %j",
      async (text) => {
        const world = await open();
        expectProblem(await saveYaml(world, text), 400, "malformed_yaml");
      },
    );

    test("many anchors that multiply are refused at the first", async () => {
      const world = await open();
      const bomb = [
        "a: &a [x,x,x,x,x,x,x,x]",
        ..."bcdefgh".split("").map((c, n) => `${c}: &${c} [*${"abcdefg"[n]},*${"abcdefg"[n]}]`),
      ];
      expectProblem(await saveYaml(world, bomb.join("\n")), 400, "malformed_yaml");
    });

    test.each([
      "application/yaml",
      "application/x-yaml",
      "text/yaml",
      "text/x-yaml",
      "Application/YAML; charset=utf-8",
    ])("%s is YAML, and means the same as the JSON", async (type) => {
      const world = await open();
      const yaml = await save(world, "id: w\nname: W\ntasks:\n  - taskId: a\n    agentId: a1\n", {
        "Content-Type": type,
      });
      expect(yaml.status, yaml.text).toBe(201);
      const json = await save(world, { tasks: [{ agentId: "a1", taskId: "a" }], name: "W", id: "w" });
      expect([json.status, json.body["revision"]]).toEqual([200, 1]);
    });

    test("the Location of a saved definition leads to that revision", async () => {
      const world = await open();
      const reply = await save(world, withTasks({ taskId: "a" }));
      expect(reply.headers.get("Location")).toBe("/v1/opscore/workflows/w?revision=1");
      await save(world, withTasks({ taskId: "b" }));
      const first = await call(world, "GET", reply.headers.get("Location")!);
      expect(first.body).toMatchObject({ revision: 1, definition: withTasks({ taskId: "a" }) });
      expect((await call(world, "GET", `${PATH}/w`)).body).toMatchObject({ revision: 2 });
    });
  });
};
