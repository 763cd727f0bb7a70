import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/core/json.ts";
import { checkGraph } from "../../../src/core/workflow/check.ts";
import { normalise, type Definition } from "../../../src/core/workflow/definition.ts";
import { earlierTasks, edgesOf } from "../../../src/core/workflow/edges.ts";
import { compile } from "../../../src/core/workflow/graph.ts";

interface Written {
  readonly taskId: string;
  readonly nextTaskId?: string | null;
  readonly parameters?: JsonObject;
}

const define = (...tasks: readonly Written[]): Definition => normalise({ id: "w", name: "W", tasks });
const order = (...tasks: readonly Written[]): Record<string, readonly string[]> =>
  Object.fromEntries([...compile(define(...tasks)).tasks.values()].map(({ taskId, next }) => [taskId, next]));

describe("which task follows which", () => {
  test("without `nextTaskId` the list is the order", () => {
    const graph = compile(define({ taskId: "a" }, { taskId: "b" }, { taskId: "c" }));
    expect([...graph.tasks.values()].map(({ next, predecessors, isStart }) => [next, predecessors, isStart])).toEqual([
      [["b"], [], true],
      [["c"], ["a"], false],
      [[], ["b"], false],
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
    expect(graph.tasks.get("c")).toMatchObject({ predecessors: ["b"], isStart: false });
  });

  test("a first task that another names waits for it", () => {
    const graph = compile(define({ taskId: "a", nextTaskId: null }, { taskId: "b", nextTaskId: "a" }));
    expect(graph.starts).toEqual(["b"]);
    expect(graph.tasks.get("a")!.predecessors).toEqual(["b"]);
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
  expect(graph.reads("a")).toEqual({ input: true, tasks: [] });
  expect(graph.reads("b")).toEqual({ input: false, tasks: [] });
  expect(graph.reads("c")).toEqual({ input: false, tasks: ["b", "a"] });
  expect(graph.reads("z")).toEqual({ input: false, tasks: [] });
});

const ids = ["a", "b", "c", "d", "e", "f"];
const anyTasks = fc
  .array(fc.option(fc.constantFrom(null, ...ids), { nil: undefined }), { minLength: 1, maxLength: 6 })
  .map((nexts): Written[] =>
    nexts.map((nextTaskId, at) => ({ taskId: ids[at]!, ...(nextTaskId === undefined ? {} : { nextTaskId }) })),
  );

test("compile is total; a definition without faults enters every task once, from a start", () => {
  fc.assert(
    fc.property(anyTasks, (tasks) => {
      const definition = define(...tasks);
      const graph = compile(definition);
      expect([...graph.tasks.keys()]).toEqual(tasks.map(({ taskId }) => taskId));
      if (checkGraph(definition.tasks).length > 0) return;
      const entered: string[] = [];
      const open = [...graph.starts];
      for (let id = open.pop(); id !== undefined; id = open.pop()) {
        entered.push(id);
        open.push(...graph.tasks.get(id)!.next);
      }
      expect(entered.toSorted()).toEqual([...graph.tasks.keys()]);
    }),
    { numRuns: 500 },
  );
});
