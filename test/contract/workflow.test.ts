// Length: every fault of a definition, each with its pointer.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { definitionErrorCode, parseDefinition } from "../../src/app/check-definition.ts";
import type { Fault } from "../../src/contract/problem.ts";
import { workflowSchema } from "../../src/contract/workflow.ts";
import { parseDuration } from "../../src/core/workflow/duration.ts";

const original = {
  id: "sample_workflow_id",
  name: "Sample Load Test Workflow",
  description: "A simple workflow for performance testing.",
  version: "1.0",
  tasks: [
    {
      taskId: "step_1",
      name: "First Step",
      agentCapability: "test_capability",
      parameters: { message: "This is the first step." },
      nextTaskId: "step_2",
    },
    {
      taskId: "step_2",
      name: "Second Step",
      agentCapability: "another_capability",
      parameters: { value: 123 },
      nextTaskId: null,
    },
  ],
};

const faultsOf = (value: unknown): readonly Fault[] => {
  const parsed = parseDefinition(value);
  return parsed.ok ? [] : parsed.faults;
};
const shown = (faults: readonly Fault[]) => faults.map(({ code, pointer }) => `${code} ${pointer}`);
const found = (value: unknown) => shown(faultsOf(value));
const withTask = (task: object, definition: object = {}) => ({ id: "w", name: "W", ...definition, tasks: [task] });

describe("accepted", () => {
  test("the original format as it is", () => {
    const parsed = parseDefinition(original);
    expect(parsed).toMatchObject({ ok: true, document: original, definition: { version: "1.0" } });
    if (parsed.ok) expect(parsed.document).toBe(original);
  });

  test("null where the original format allowed it", () => {
    const task = { taskId: "a", name: null, agentCapability: null, parameters: null, nextTaskId: null };
    expect(found(withTask(task, { description: null, version: null }))).toEqual([]);
  });

  test("everything that is built, `x-` keys at every level, and a version that YAML reads as a number", () => {
    const retry = { maxAttempts: 4, initialInterval: "0s", backoffCoefficient: 1.5, maximumInterval: "5m", "x-r": 1 };
    const timeout = { queue: "1h", start: "60s", run: "365d", "x-t": null };
    const task = {
      taskId: "a",
      type: "agent",
      agentId: "x",
      parameters: { any: { k: [1] } },
      retry,
      timeout,
      "x-a": {},
    };
    const defaults = { retry: { nonRetryableErrors: ["INVALID_INPUT"] }, timeout, "x-d": 1 };
    expect(found(withTask(task, { version: 1, defaults, "x-owner": "me" }))).toEqual([]);
  });

  test("keys of parameters are the author's own", () => {
    expect(found(withTask({ taskId: "a", parameters: { when: 1, dependsOn: 2, constructor: 3 } }))).toEqual([]);
  });
});

describe("refused", () => {
  test.each([
    [null, "invalid_type "],
    [[], "invalid_type "],
    ["text", "invalid_type "],
  ])("%j", (value, fault) => expect(found(value)).toEqual([fault]));

  test("what is missing and what is empty", () => {
    expect(found({})).toEqual(["required /id", "required /name", "required /tasks"]);
    expect(found({ id: "w", name: "W", tasks: [] })).toEqual(["limit /tasks"]);
    expect(found(withTask({}))).toEqual(["required /tasks/0/taskId"]);
    expect(found({ id: "w", name: "W", tasks: [1] })).toEqual(["invalid_type /tasks/0"]);
  });

  test("wrong types", () => {
    const task = {
      taskId: 1,
      name: [],
      parameters: [],
      nextTaskId: {},
      retry: null,
      timeout: "1s",
      agentId: 5,
      type: 1,
    };
    expect(found(withTask(task, { description: 1, version: true, defaults: [] }))).toEqual(
      expect.arrayContaining([
        "invalid_type /description",
        "invalid_type /version",
        "invalid_type /defaults",
        "invalid_type /tasks/0/taskId",
        "invalid_type /tasks/0/name",
        "invalid_type /tasks/0/parameters",
        "invalid_type /tasks/0/nextTaskId",
        "invalid_type /tasks/0/retry",
        "invalid_type /tasks/0/timeout",
        "invalid_type /tasks/0/agentId",
        "invalid_type /tasks/0/type",
      ]),
    );
  });

  test("values out of range", () => {
    const retry = { maxAttempts: 0, backoffCoefficient: 0.5, initialInterval: "-1s", nonRetryableErrors: [""] };
    expect(found(withTask({ taskId: "a", retry, timeout: { run: "0s", start: "366d", queue: "soon" } }))).toEqual([
      "limit /tasks/0/retry/maxAttempts",
      "invalid_duration /tasks/0/retry/initialInterval",
      "limit /tasks/0/retry/backoffCoefficient",
      "limit /tasks/0/retry/nonRetryableErrors/0",
      "invalid_duration /tasks/0/timeout/queue",
      "invalid_duration /tasks/0/timeout/start",
      "invalid_duration /tasks/0/timeout/run",
    ]);
    expect(found(withTask({ taskId: "a", retry: { maxAttempts: 1.5 } }))).toEqual([
      "invalid_type /tasks/0/retry/maxAttempts",
    ]);
  });

  test("ids outside the pattern", () => {
    const faults = faultsOf(withTask({ taskId: "a b", agentId: "/" }, { id: "-w" }));
    expect(faults.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual([
      "invalid_id /id",
      "invalid_id /tasks/0/taskId",
      "invalid_id /tasks/0/agentId",
    ]);
    expect(definitionErrorCode(faults)).toBe("invalid_id");
    const empty = faultsOf(withTask({ taskId: "", zzz: 1 }, { zzz: 1 }));
    expect(empty.map(({ code }) => code).toSorted()).toEqual(["limit", "unknown_key", "unknown_key"]);
    expect(definitionErrorCode(empty)).toBe("invalid_definition");
  });

  test("unknown keys, with what they probably mean, at every level", () => {
    const faults = faultsOf(
      withTask(
        { taskId: "a", paramters: {}, retry: { maxAttempt: 1 }, timeout: { runs: "1s" } },
        { descripton: "", zzz: 1, defaults: { retries: {} } },
      ),
    );
    expect(faults.map(({ pointer, message }) => [pointer, /Did you mean `(.*?)`/.exec(message)?.[1]])).toEqual(
      expect.arrayContaining([
        ["/descripton", "description"],
        ["/zzz", undefined],
        ["/defaults/retries", undefined],
        ["/tasks/0/paramters", "parameters"],
        ["/tasks/0/retry/maxAttempt", "maxAttempts"],
        ["/tasks/0/timeout/runs", "run"],
      ]),
    );
    expect(new Set(faults.map(({ code }) => code))).toEqual(new Set(["unknown_key"]));
  });

  test("more than 200 tasks", () => {
    const tasks = Array.from({ length: 201 }, (_, at) => ({ taskId: `t${at}` }));
    expect(found({ id: "w", name: "W", tasks: tasks.slice(1) })).toEqual([]);
    expect(found({ id: "w", name: "W", tasks })).toEqual(["limit /tasks"]);
    const last = { taskId: "b", nextTaskId: "t200" };
    expect(found({ id: "w", name: "W", tasks: [last, ...tasks] })).toEqual(["limit /tasks"]);
    expect(found({ id: "w", nme: "W", tasks })).toEqual(["required /name", "limit /tasks", "unknown_key /nme"]);
  });
});

describe("what is wrong is told together", () => {
  test("an unknown type is a mistake, with a hint", () => {
    const faults = faultsOf(withTask({ taskId: "a", type: "agnet" }));
    expect(faults).toMatchObject([{ code: "invalid_value", pointer: "/tasks/0/type" }]);
    expect(faults[0]!.message).toContain("`agent`");
  });

  test("faults of the schema and of the graph", () => {
    const tasks = [
      { taskId: "a", retry: { maxAttempts: "3" }, nextTaskId: "b" },
      { taskId: "b", nextTaskId: "a" },
      { taskId: "b", extra: 1, parameters: { x: "${tasks.nope.output}" } },
    ];
    const faults = faultsOf({ name: "W", tasks });
    expect(faults.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual([
      "required /id",
      "invalid_type /tasks/0/retry/maxAttempts",
      "unknown_key /tasks/2/extra",
      "duplicate_task /tasks/2/taskId",
      "cycle /tasks/1/nextTaskId",
      "unknown_reference /tasks/2/parameters/x",
    ]);
    expect(definitionErrorCode(faults)).toBe("invalid_definition");
    expect(
      found({
        id: "w",
        name: 1,
        tasks: [
          { taskId: "a", nextTaskId: "b" },
          { taskId: "b", nextTaskId: "a" },
        ],
      }),
    ).toEqual(["invalid_type /name", "cycle /tasks/1/nextTaskId"]);
  });
});

test("a hostile definition, as large as may be, gets a short answer soon", () => {
  const keys = Object.fromEntries(Array.from({ length: 120 }, (_, at) => [`taskI${at}`, 0]));
  const unknown = Array.from({ length: 200 }, (_, at) => ({ taskId: `t${at}`, nextTaskId: `x${at}`, ...keys }));
  const near = Array.from({ length: 200 }, (_, at) => ({
    taskId: `${"a".repeat(60)}${at}`,
    parameters: { q: Array.from({ length: 12 }, () => `\${tasks.${"a".repeat(58)}b${at}.output} \${`) },
  }));
  for (const tasks of [unknown, near]) {
    const before = performance.now();
    const faults = faultsOf({ id: "w", name: "W", tasks });
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(faults.length).toBe(100);
    expect(JSON.stringify(faults).length).toBeLessThan(64 * 1024);
  }
});

test("both readings of a duration agree", () => {
  const text = fc.oneof(
    fc.tuple(fc.nat(40_000), fc.constantFrom("ms", "s", "m", "h", "d")).map(([count, unit]) => `${count}${unit}`),
    fc.string(),
  );
  fc.assert(
    fc.property(text, (run) => {
      const accepted = found(withTask({ taskId: "a", timeout: { run } })).length === 0;
      expect(accepted).toBe((parseDuration(run) ?? 0) > 0);
    }),
    { numRuns: 500 },
  );
});

const resolves = (document: unknown, pointer: string, code: string): boolean => {
  const segments = pointer
    .split("/")
    .slice(1)
    .map((text) => text.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (code === "required") segments.pop();
  let value = document;
  for (const segment of segments) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, segment)) return false;
    value = (value as Record<string, unknown>)[segment];
  }
  return true;
};

test("parsing is total, and every pointer resolves in the document, or its parent does where a member is missing", () => {
  const key = fc.constantFrom(
    ...["id", "name", "tasks", "defaults", "retry", "timeout", "taskId", "nextTaskId", "parameters", "type", "run"],
    ...["x-a", "when", "input", "a/b~"],
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.constantFrom<unknown>(null, 1, "a", "b", "1s", "agent", "${input.x}", "${tasks.a.output}", "${"),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(key, tie("value"), { maxKeys: 8 }),
    ),
  }));
  const task = fc.record(
    {
      taskId: fc.constantFrom("a", "b", "c"),
      nextTaskId: fc.constantFrom("a", "b", null),
      parameters: value,
      retry: value,
    },
    { requiredKeys: [] },
  );
  const definition = fc.record({ id: fc.constant("w"), name: value, tasks: fc.array(task, { maxLength: 4 }) });
  fc.assert(
    fc.property(fc.oneof(value, definition), (document) => {
      for (const { pointer, code } of faultsOf(document)) expect(resolves(document, pointer, code), pointer).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test("the schema is publishable: closed objects that allow `x-` keys", () => {
  const schema = z.toJSONSchema(workflowSchema, { io: "input" });
  expect(schema).toMatchObject({
    required: ["id", "name", "tasks"],
    additionalProperties: false,
    patternProperties: { "^x-": {} },
    properties: { tasks: { minItems: 1, maxItems: 200, items: { additionalProperties: false, required: ["taskId"] } } },
  });
});
