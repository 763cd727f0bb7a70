import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/core/json.ts";
import { checkGraph } from "../../../src/core/workflow/check.ts";
import type { Definition } from "../../../src/core/workflow/definition.ts";
import { normalise, type AuthoredDefinition } from "../../../src/core/workflow/normalise.ts";
import { draftsOf } from "../../../src/core/workflow/draft.ts";
import { earlierTasks, edgesOf } from "../../../src/core/workflow/edges.ts";
import { compile } from "../../../src/core/workflow/graph.ts";

type Written = AuthoredDefinition["tasks"][number];

const define = (...tasks: readonly Written[]): Definition => normalise({ id: "w", name: "W", tasks });
const order = (...tasks: readonly Written[]): Record<string, readonly string[]> =>
  Object.fromEntries([...compile(define(...tasks)).tasks.values()].map(({ taskId, next }) => [taskId, next]));

describe("which task follows which", () => {
  test("without `nextTaskId` the list is the order", () => {
    const graph = compile(define({ taskId: "a" }, { taskId: "b" }, { taskId: "c" }));
    expect([...graph.tasks.values()].map(({ next, predecessors, isStart }) => [next, predecessors, isStart])).toEqual([
      [["b"], [], true],
      [["c"], [{ taskId: "a", kind: "order" }], false],
      [[], [{ taskId: "b", kind: "order" }], false],
    ]);
    expect(graph.starts).toEqual(["a"]);
  });

  test("`nextTaskId` names the next, wherever it is; its task then has no other way in", () => {
    expect(order({ taskId: "a", nextTaskId: "c" }, { taskId: "b", nextTaskId: null }, { taskId: "c" })).toEqual({
      a: ["c"],
      b: [],
      c: [],
    });
    expect(
      order({ taskId: "a" }, { taskId: "b" }, { taskId: "c", nextTaskId: null }, { taskId: "d", nextTaskId: "b" }),
    ).toEqual({
      a: [],
      b: ["c"],
      c: [],
      d: ["b"],
    });
  });

  test("`nextTaskId: null` ends, and a task without a predecessor starts at once", () => {
    const graph = compile(define({ taskId: "a", nextTaskId: null }, { taskId: "b" }, { taskId: "c" }));
    expect(graph.starts).toEqual(["a", "b"]);
    expect(graph.tasks.get("c")).toMatchObject({ predecessors: [{ taskId: "b", kind: "order" }], isStart: false });
  });

  test("a first task that another names waits for it", () => {
    const graph = compile(define({ taskId: "a", nextTaskId: null }, { taskId: "b", nextTaskId: "a" }));
    expect(graph.starts).toEqual(["b"]);
    expect(graph.tasks.get("a")!.predecessors).toEqual([{ taskId: "b", kind: "next" }]);
  });

  test("a task has read all tasks on the way to it", () => {
    const edges = edgesOf(
      define({ taskId: "a" }, { taskId: "b", nextTaskId: "d" }, { taskId: "c" }, { taskId: "d" }).tasks,
    );
    expect(earlierTasks(4, edges).map((all) => [...all].toSorted((a, b) => a - b))).toEqual([[], [0], [], [0, 1]]);
  });
});

test("reads names the outputs and the input that the parameters refer to, once each", () => {
  const graph = compile(
    define(
      { taskId: "a", parameters: { q: "${input.topic}" } },
      { taskId: "b" },
      {
        taskId: "c",
        parameters: { x: ["${tasks.b.output} ${tasks.a.output.y}", "${tasks.b.output.z}"], bad: "${1 +" },
      },
    ),
  );
  expect(graph.reads("a")).toEqual({ input: true, agent: false, tasks: [], secrets: [] });
  expect(graph.reads("b")).toEqual({ input: false, agent: false, tasks: [], secrets: [] });
  expect(graph.reads("c")).toEqual({ input: false, agent: false, tasks: ["b", "a"], secrets: [] });
  expect(graph.reads("z")).toEqual({ input: false, agent: false, tasks: [], secrets: [] });
});

describe("joins, choices and side tasks", () => {
  test("`dependsOn` joins; a task that has it is not entered from the task above", () => {
    const graph = compile(
      define(
        { taskId: "a" },
        { taskId: "b", dependsOn: [] },
        { taskId: "c", dependsOn: ["b", "a", "b"] },
        { taskId: "d" },
      ),
    );
    expect(graph.starts).toEqual(["a", "b"]);
    expect(graph.tasks.get("c")!.predecessors).toEqual([
      { taskId: "b", kind: "depends" },
      { taskId: "a", kind: "depends" },
    ]);
    expect(graph.tasks.get("d")!.predecessors).toEqual([{ taskId: "c", kind: "order" }]);
    expect(graph.tasks.get("a")!.next).toEqual(["c"]);
  });

  test("two tasks that name the same next one join there", () => {
    const graph = compile(
      define({ taskId: "a", nextTaskId: "c" }, { taskId: "b", dependsOn: [], nextTaskId: "c" }, { taskId: "c" }),
    );
    expect(graph.tasks.get("c")!.predecessors).toEqual([
      { taskId: "a", kind: "next" },
      { taskId: "b", kind: "next" },
    ]);
  });

  test("`next` chooses: each way is one edge, also if two choices lead there; waiting for it is stronger", () => {
    const choices = [
      { when: "input.x", taskId: "c" },
      { when: "input.y", taskId: "b" },
      { taskId: "c" },
      { taskId: null },
    ];
    const graph = compile(
      define({ taskId: "a", next: choices }, { taskId: "b", nextTaskId: null }, { taskId: "c", dependsOn: ["a"] }),
    );
    const a = graph.tasks.get("a")!;
    expect(a.next).toEqual(["b", "c"]);
    expect(a.choices).toEqual([
      { when: "input.x", taskId: "c" },
      { when: "input.y", taskId: "b" },
      { when: null, taskId: "c" },
      { when: null, taskId: null },
    ]);
    expect(graph.tasks.get("b")!.predecessors).toEqual([{ taskId: "a", kind: "choice" }]);
    expect(graph.tasks.get("c")!.predecessors).toEqual([{ taskId: "a", kind: "depends" }]);
  });

  test("a fallback and a compensation stand outside the order", () => {
    const graph = compile(
      define(
        { taskId: "a", fallbackTaskId: "f", compensateWith: "u" },
        { taskId: "f" },
        { taskId: "u" },
        { taskId: "b", fallbackTaskId: "nobody" },
      ),
    );
    expect(graph.starts).toEqual(["a"]);
    expect(graph.tasks.get("b")!.predecessors).toEqual([{ taskId: "a", kind: "order" }]);
    expect(graph.tasks.get("f")).toMatchObject({
      fallbackOf: "a",
      compensates: null,
      predecessors: [],
      isStart: false,
    });
    expect(graph.tasks.get("u")).toMatchObject({
      fallbackOf: null,
      compensates: "a",
      predecessors: [],
      isStart: false,
    });
  });
});

test("what is read by a condition, by a choice and by a map's item", () => {
  const graph = compile(
    define(
      {
        taskId: "a",
        next: [{ when: "tasks.a.output.ok", taskId: "m" }, { when: "input.x", taskId: "m" }, { taskId: null }],
      },
      {
        taskId: "m",
        type: "map",
        when: "input.many",
        forEach: "${tasks.a.output.list}",
        task: { parameters: { q: "${tasks.a.output.topic}" } },
      },
    ),
  );
  expect(graph.reads("m")).toEqual({ input: true, agent: false, tasks: ["a"], secrets: [] });
  expect(graph.itemReads("m")).toEqual({ input: false, agent: false, tasks: ["a"], secrets: [] });
  expect(graph.choiceReads("a")).toEqual({ input: true, agent: false, tasks: ["a"], secrets: [] });
  for (const reads of [graph.itemReads("a"), graph.itemReads("z"), graph.choiceReads("m"), graph.choiceReads("z")]) {
    expect(reads).toEqual({ input: false, agent: false, tasks: [], secrets: [] });
  }
});

test("the session's deadline is the definition's", () => {
  expect(compile(normalise({ id: "w", name: "W", timeout: "2h", tasks: [{ taskId: "a" }] })).timeoutMs).toBe(7_200_000);
});

const ids = ["a", "b", "c", "d", "e", "f"];
const anyTasks = fc
  .array(fc.option(fc.constantFrom(null, ...ids), { nil: undefined }), { minLength: 1, maxLength: 6 })
  .map((nexts): Written[] =>
    nexts.map((nextTaskId, at) => ({ taskId: ids[at]!, ...(nextTaskId === undefined ? {} : { nextTaskId }) })),
  );

test("compile is total; a definition without faults enters every task, from a start", () => {
  fc.assert(
    fc.property(anyTasks, (tasks) => {
      const definition = define(...tasks);
      const graph = compile(definition);
      expect([...graph.tasks.keys()]).toEqual(tasks.map(({ taskId }) => taskId));
      if (checkGraph(draftsOf({ tasks } as unknown as JsonObject, 200)).length > 0) return;
      const entered = new Set(graph.starts);
      for (const id of entered) for (const next of graph.tasks.get(id)!.next) entered.add(next);
      expect([...entered].toSorted()).toEqual([...graph.tasks.keys()]);
    }),
    { numRuns: 500 },
  );
});

test("what is asked about a task that is no map, or about none, is nothing", () => {
  const graph = compile(
    define({ taskId: "a", parameters: { q: "${input.q}" }, next: [{ when: "input.x", taskId: null }] }),
  );
  const nothing = { input: false, agent: false, tasks: [], secrets: [] };
  for (const taskId of ["a", "z"]) {
    expect(graph.itemReads(taskId)).toEqual(nothing);
    expect(graph.template(taskId, "items").root).toEqual({ kind: "json", value: {} });
  }
  expect(graph.template("z", "task").root).toEqual({ kind: "json", value: {} });
  expect(graph.choiceReads("z")).toEqual(nothing);
  expect(graph.choiceReads("a")).toEqual({ ...nothing, input: true });
});
