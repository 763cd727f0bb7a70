import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json, JsonObject } from "../../../src/core/json.ts";
import { checkGraph, maxFaults } from "../../../src/core/workflow/check.ts";
import { draftsOf } from "../../../src/core/workflow/draft.ts";
import { compile } from "../../../src/core/workflow/graph.ts";
import { normalise, type AuthoredDefinition } from "../../../src/core/workflow/normalise.ts";

const ids = ["a", "b", "c", "d", "e", "f", "g"];
const id = fc.constantFrom(...ids, "nobody");
const templates = fc.constantFrom("${tasks.a.output}", "${tasks.g.status}", "${item}", "${input.x}", "${", "x");
const conditions = fc.constantFrom("true", "input.x == 1.0", "tasks.b.output", "1 + 1", "}");

const task = fc.record(
  {
    nextTaskId: fc.option(id),
    next: fc.array(fc.record({ when: conditions, taskId: fc.option(id) }), { minLength: 1, maxLength: 3 }),
    dependsOn: fc.array(id, { maxLength: 3 }),
    fallbackTaskId: id,
    compensateWith: id,
    when: conditions,
    parameters: fc.record({ q: templates }),
  },
  { requiredKeys: [] },
);

/** Tasks with few keys, so that some definitions have no faults; `next` excludes `nextTaskId`. */
const anyTasks = fc
  .array(
    fc.tuple(
      task,
      fc.subarray(["nextTaskId", "next", "dependsOn", "fallbackTaskId", "compensateWith", "when", "parameters"], {
        maxLength: 2,
      }),
    ),
    {
      minLength: 1,
      maxLength: 7,
    },
  )
  .map((all) =>
    all.map(([written, keys], at) => ({
      taskId: ids[at]!,
      ...Object.fromEntries(Object.entries(written).filter(([key]) => keys.includes(key))),
    })),
  );

test("what has no faults is free of cycles, and every task but the side tasks is reached from a start", () => {
  let accepted = 0;
  fc.assert(
    fc.property(anyTasks, (tasks) => {
      const drafts = draftsOf({ tasks } as unknown as Json, 200);
      const faults = checkGraph(drafts);
      expect(checkGraph(drafts)).toEqual(faults);
      const graph = compile(normalise({ id: "w", name: "W", tasks } as unknown as AuthoredDefinition));
      if (faults.length > 0) return;
      accepted += 1;
      const entered = new Set(graph.starts);
      for (const one of entered) for (const next of graph.tasks.get(one)!.next) entered.add(next);
      for (const { taskId, fallbackOf, compensates } of graph.tasks.values()) {
        const isSide = fallbackOf !== null || compensates !== null;
        expect(entered.has(taskId)).toBe(!isSide);
      }
      // Kahn: each task can be put behind all that lead to it, side tasks behind the task they stand beside.
      const before = new Map(
        [...graph.tasks.values()].map((one) => [
          one.taskId,
          [...one.predecessors.map(({ taskId }) => taskId), one.fallbackOf, one.compensates].filter(
            (name) => name !== null,
          ),
        ]),
      );
      const sorted = new Set<string>();
      for (let size = -1; size < sorted.size;) {
        size = sorted.size;
        for (const [name, all] of before) if (all.every((one) => sorted.has(one))) sorted.add(name);
      }
      expect(sorted.size).toBe(tasks.length);
    }),
    { numRuns: 800 },
  );
  expect(accepted).toBeGreaterThan(25);
});

test("any value in the place of a document is answered, with so many faults and no more", () => {
  const key = fc.constantFrom(
    ...["taskId", "type", "next", "nextTaskId", "dependsOn", "when", "fallbackTaskId", "compensateWith", "task"],
    ...["forEach", "parameters", "url", "for", "tasks"],
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, 1, true, "a", "b", "map", "http", "wait", "${x}", "true", "${tasks.a.output}"),
      fc.array(tie("value"), { maxLength: 5 }),
      fc.dictionary(key, tie("value"), { maxKeys: 6 }),
    ),
  }));
  fc.assert(
    fc.property(fc.array(value, { maxLength: 6 }), value, (tasks, other) => {
      for (const document of [{ tasks }, other]) {
        const faults = checkGraph(draftsOf(document as JsonObject, 5));
        expect(faults.length).toBeLessThan(6 * maxFaults);
        for (const { pointer } of faults) expect(pointer.startsWith("/tasks")).toBe(true);
      }
    }),
    { numRuns: 800 },
  );
});
