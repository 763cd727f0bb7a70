import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkGraph, maxFaults } from "../../../src/core/workflow/check.ts";
import { draftOf, type DraftTask } from "../../../src/core/workflow/draft.ts";
import type { Json, JsonObject } from "../../../src/core/json.ts";

/** `next` as in a document: a task id, `null` for the end, absent for the task below, `"?"` for unreadable. */
const draft = (taskId: string | null, next?: string | null, parameters: JsonObject | null = null): DraftTask =>
  draftOf({
    ...(taskId === null ? {} : { taskId }),
    ...(next === undefined ? {} : { nextTaskId: next === "?" ? 1 : next }),
    parameters,
  });
const reading = (taskId: string, ...templates: string[]): DraftTask => draft(taskId, undefined, { q: templates });
const found = (...tasks: DraftTask[]) => checkGraph(tasks).map(({ code, pointer }) => `${code} ${pointer}`);
const messages = (...tasks: DraftTask[]) =>
  checkGraph(tasks)
    .map(({ message }) => message)
    .join("\n");

test("a definition without faults has none", () => {
  expect(found(reading("a", "${input.x}"), reading("b", "${tasks.a.output}"), draft("c", null), draft("d"))).toEqual(
    [],
  );
});

describe("order", () => {
  test("a second task with the same id", () => {
    expect(found(draft("a"), draft("b"), draft("a"), draft("a"))).toEqual([
      "duplicate_task /tasks/2/taskId",
      "duplicate_task /tasks/3/taskId",
    ]);
  });

  test("a next task that does not exist, with a hint", () => {
    expect(found(draft("search", "wrte"), draft("write"), draft("x", "nowhere"))).toEqual([
      "unknown_task /tasks/0/nextTaskId",
      "unknown_task /tasks/2/nextTaskId",
    ]);
    expect(messages(draft("search", "wrte"), draft("write"))).toContain("Did you mean `write`?");
  });

  test("a task that names itself", () => {
    expect(found(draft("a", "a"))).toEqual(["cycle /tasks/0/nextTaskId"]);
    expect(messages(draft("a", "a"))).toContain("names itself");
  });

  test("a cycle, once, at the key that leads back", () => {
    expect(found(draft("a"), draft("b"), draft("c", "a"))).toEqual(["cycle /tasks/2/nextTaskId"]);
    expect(messages(draft("a"), draft("b"), draft("c", "a"))).toContain("c → a → b → c");
    expect(found(draft("a", "c"), draft("b", "a"), draft("c", "b"))).toEqual(["cycle /tasks/2/nextTaskId"]);
  });

  test("a long cycle is named in short", () => {
    const all = Array.from({ length: 50 }, (_, at) => draft(`t${at}`, at === 49 ? "t0" : undefined));
    expect(messages(...all)).toBe("The tasks form a cycle: t49 → t0 → t1 → t2 → t3 → … → t49.");
  });

  test("two cycles, and a cycle next to a start", () => {
    expect(found(draft("a", "b"), draft("b", "a"), draft("c", "d"), draft("d", "c"))).toEqual([
      "cycle /tasks/1/nextTaskId",
      "cycle /tasks/3/nextTaskId",
    ]);
    expect(found(draft("a"), draft("b", "c"), draft("c", "b"))).toEqual(["cycle /tasks/2/nextTaskId"]);
    expect(found(draft("x", null), draft("a", "b"), draft("b", "a"), draft("c"))).toEqual([
      "cycle /tasks/2/nextTaskId",
    ]);
  });

  test("a task without an id goes by its place in messages", () => {
    const nameless = draftOf({ fallbackTaskId: "f" });
    expect(messages(nameless, draftOf({ taskId: "b", fallbackTaskId: "f" }), draft("f"))).toContain("of `tasks[0]`");
  });

  test("two tasks that name the same next one join there", () => {
    expect(found(draft("a", "c"), draft("b", "c"), draft("c"))).toEqual([]);
  });
});

describe("references", () => {
  test("to a task that does not exist, with a hint", () => {
    const tasks = [draft("search"), reading("b", "${tasks.serch.output}", "${tasks.zzzzzzz.output}")];
    expect(found(...tasks)).toEqual([
      "unknown_reference /tasks/1/parameters/q/0",
      "unknown_reference /tasks/1/parameters/q/1",
    ]);
    expect(messages(...tasks)).toContain("Did you mean `search`?");
  });

  test("to itself, to a later task and to a task on another path", () => {
    expect(found(reading("a", "${tasks.a.output}"))).toEqual(["invalid_reference /tasks/0/parameters/q/0"]);
    expect(found(reading("a", "${tasks.b.output}"), draft("b"))).toEqual(["invalid_reference /tasks/0/parameters/q/0"]);
    expect(found(draft("a", null), reading("b", "${tasks.a.output}"))).toEqual([
      "invalid_reference /tasks/1/parameters/q/0",
    ]);
  });

  test("that are unreadable, clash, or begin with something else", () => {
    const task = reading("a", "${input.", "${input.a + 1}", "${inputs.x}", "${1 + 'a'}", "${secrets.A}");
    expect(found(task)).toEqual([
      "malformed_reference /tasks/0/parameters/q/0",
      "unknown_reference /tasks/0/parameters/q/2",
      "invalid_expression /tasks/0/parameters/q/3",
      "invalid_expression /tasks/0/parameters/q/4",
    ]);
    expect(messages(task)).toContain("${inputs.x}: `inputs` is not known");
    expect(messages(task)).toContain("Did you mean `input`?");
  });

  test("of an expression are checked one by one", () => {
    const task = reading("c", "${tasks.a.output + tasks.nope.output + tasks.c.output + tasks.d.output}");
    expect(found(draft("a"), task, draft("d"))).toEqual([
      "unknown_reference /tasks/1/parameters/q/0",
      "invalid_reference /tasks/1/parameters/q/0",
      "invalid_reference /tasks/1/parameters/q/0",
    ]);
  });

  test("of one expression are listed up to the limit too", () => {
    const names = Array.from({ length: 150 }, (_, at) => `tasks.z${at}.output`);
    expect(found(reading("a", `\${[${names.join(", ")}]}`)).length).toBe(maxFaults);
  });

  test("are listed up to the limit", () => {
    expect(found(reading("a", ...Array.from({ length: 300 }, () => "${x}"))).length).toBe(maxFaults);
  });
});

describe("of a document that is partly unreadable only what is certain is reported", () => {
  test("an id is missing: any name may be the missing one", () => {
    expect(found(draft("a", "x"), draft(null), reading("c", "${tasks.y.output}", "${tasks.c.output}"))).toEqual([
      "invalid_reference /tasks/2/parameters/q/1",
    ]);
  });

  test("an order is missing: nothing about paths, but a cycle of names is one", () => {
    const tasks = [
      draft("a", "?"),
      reading("b", "${tasks.a.output}", "${tasks.z.output}"),
      draft("c", "d"),
      draft("d", "c"),
    ];
    expect(found(...tasks)).toEqual(["cycle /tasks/3/nextTaskId", "unknown_reference /tasks/1/parameters/q/1"]);
    expect(found(draft("a"), draft("b"), draft(null, "a"), draft("d", "e"), draft(null, "d"))).toEqual([]);
    expect(found(draft(null, "b"), draft("b", "b"))).toContain("cycle /tasks/1/nextTaskId");
  });

  test("one mistyped name is one fault", () => {
    expect(found(draft("a", "bb"), draft("b"), reading("c", "${tasks.a.output}"))).toEqual([
      "unknown_task /tasks/0/nextTaskId",
    ]);
  });
});

test("the answer is total, and every pointer resolves, at least to the parent of a missing member", () => {
  const id = fc.constantFrom("a", "b", "c", "d");
  const template = fc.constantFrom(
    "${tasks.a.output}",
    "${tasks.b.output.x}",
    "${input}",
    "${",
    "${1+1}",
    "x",
    "${tasks.e.output}",
  );
  const task = fc.record({
    taskId: fc.option(id),
    next: fc.option(fc.oneof(id, fc.constantFrom("?", "e")), { nil: undefined }),
    parameters: fc.option(fc.record({ "k/~": fc.array(template, { maxLength: 3 }) })),
  });
  fc.assert(
    fc.property(fc.array(task, { maxLength: 5 }), (tasks) => {
      const drafts = tasks.map(({ taskId, next, parameters }) => draft(taskId, next, parameters));
      const document: Json = { tasks: tasks.map(({ taskId, parameters }) => ({ taskId, parameters })) };
      for (const { pointer } of checkGraph(drafts)) {
        const segments = pointer
          .slice(1)
          .split("/")
          .map((text) => text.replaceAll("~1", "/").replaceAll("~0", "~"));
        if (segments.at(-1) === "nextTaskId") segments.pop();
        let value: unknown = document;
        for (const segment of segments) value = (value as Record<string, unknown>)[segment];
        expect(value).toBeDefined();
      }
    }),
    { numRuns: 1_000 },
  );
});

describe("reading expressions is bounded", () => {
  const many = (count: number, text = "${input.x}"): string[] => Array.from({ length: count }, () => text);

  test("of a text with too many nothing more is read; the others are", () => {
    expect(found(reading("a", "${1}".repeat(100), "text"))).toEqual([]);
    expect(found(reading("a", "${1}".repeat(32_000), "${nowhere}"), reading("b", "-${1}".repeat(101)))).toEqual([
      "limit /tasks/0/parameters/q/0",
      "unknown_reference /tasks/0/parameters/q/1",
      "limit /tasks/1/parameters/q/0",
    ]);
    expect(messages(reading("a", "${1}".repeat(101)))).toBe("At most 100 expressions in a text.");
  });

  test("a definition has so many, and what comes after is not looked at", () => {
    expect(found(reading("a", ...many(1_000)), reading("b", ...many(1_000)))).toEqual([]);
    const more = [reading("a", ...many(1_000)), reading("b", ...many(1_001), "${nowhere}"), reading("c", "${nowhere}")];
    expect(found(...more)).toEqual(["limit /tasks"]);
    expect(messages(...more)).toBe("At most 2000 expressions.");
  });

  test("and so many characters of them, templates, conditions and lists together", () => {
    const long = `input.x == "${"x".repeat(4_085)}"`;
    const whole = (count: number) =>
      Array.from({ length: count }, (_, at) => draftOf({ taskId: `t${at}`, when: long.slice(0, 4_095) + '"' }));
    expect(found(...whole(8))).toEqual([]);
    const list = draftOf({ taskId: "m", type: "map", forEach: "${input.x}" });
    expect(found(...whole(8), list, reading("z", "${nowhere}"))).toEqual(["limit /tasks"]);
    expect(messages(...whole(8), list)).toBe("At most 32 Ki characters of expressions together.");
  });

  test("a condition that is longer than the schema lets it be is left to the schema", () => {
    const next = [{ when: "a".repeat(4_097), taskId: null }];
    expect(found(draftOf({ taskId: "a", when: "a".repeat(4_097), next }))).toEqual([]);
    expect(found(draftOf({ taskId: "a", when: "a".repeat(4_096) }))).toEqual(["unknown_reference /tasks/0/when"]);
  });
});
