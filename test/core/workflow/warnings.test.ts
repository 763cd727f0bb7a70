import { expect, test } from "vitest";
import { warningsOf } from "../../../src/core/workflow/warnings.ts";
import type { AuthoredDefinition } from "../../../src/core/workflow/normalise.ts";

const found = (...tasks: AuthoredDefinition["tasks"]) =>
  warningsOf({ id: "w", name: "W", tasks }).map(({ code, pointer }) => `${code} ${pointer}`);

const all = { queue: "1h", start: "1s", run: "1m", heartbeat: "1s" };

test.each<[string, AuthoredDefinition["tasks"], string[]]>([
  [
    "nothing",
    [
      { taskId: "a", agentId: "x", timeout: all },
      { taskId: "b", agentCapability: "c" },
    ],
    [],
  ],
  [
    "nobody named",
    [{ taskId: "a" }, { taskId: "b", type: "tool", tool: "t", agentId: null }],
    ["no_target /tasks/0", "no_target /tasks/1"],
  ],
  ["nobody named in an item", [{ taskId: "a", type: "map", forEach: [], task: {} }], ["no_target /tasks/0/task"]],
  ["two named", [{ taskId: "a", agentId: "x", agentCapability: "c" }], ["no_effect /tasks/0/agentCapability"]],
  [
    "deadlines of others",
    [
      { taskId: "a", type: "tool", tool: "t", agentId: "x", timeout: all },
      { taskId: "b", type: "map", forEach: [], task: { type: "http", url: "u", timeout: all } },
    ],
    [
      "no_effect /tasks/0/timeout/start",
      "no_effect /tasks/0/timeout/heartbeat",
      "no_effect /tasks/1/task/timeout/queue",
      "no_effect /tasks/1/task/timeout/start",
      "no_effect /tasks/1/task/timeout/heartbeat",
    ],
  ],
  [
    "a run deadline where there is none",
    [
      { taskId: "a", type: "wait", for: "1s", timeout: { run: "1m" } },
      { taskId: "b", type: "map", forEach: [], timeout: { run: "1m" }, task: { agentId: "x", timeout: { run: "1m" } } },
      { taskId: "c", type: "workflow", workflowDefinitionId: "w2", timeout: { run: "1m" } },
      { taskId: "d", type: "approval", timeout: { run: "1m" } },
    ],
    ["no_effect /tasks/0/timeout/run", "no_effect /tasks/1/timeout/run", "no_effect /tasks/2/timeout/run"],
  ],
  [
    "a fallback before continuing",
    [
      { taskId: "a", agentId: "x", onFailure: "continue", fallbackTaskId: "f" },
      { taskId: "f", agentId: "x" },
    ],
    ["no_effect /tasks/0/onFailure"],
  ],
  [
    "a policy for a time that never comes",
    [
      { taskId: "a", type: "approval", onTimeout: "reject" },
      { taskId: "b", type: "signal", onTimeout: "fail", timeout: { run: "1h" } },
    ],
    ["no_effect /tasks/0/onTimeout"],
  ],
  [
    "a join of one, not of two",
    [
      { taskId: "a", agentId: "x", join: "any" },
      { taskId: "b", agentId: "x", dependsOn: ["a"], join: "all" },
      { taskId: "c", agentId: "x", dependsOn: ["a", "b"], join: "any" },
    ],
    ["no_effect /tasks/0/join", "no_effect /tasks/1/join"],
  ],
  [
    "an interval that is longer than the longest",
    [
      { taskId: "a", agentId: "x", retry: { initialInterval: "1h" } },
      { taskId: "b", agentId: "x", retry: { initialInterval: "5m" } },
      { taskId: "c", agentId: "x", retry: { initialInterval: "1h", maximumInterval: "2h" } },
      { taskId: "d", type: "map", forEach: [], task: { agentId: "x", retry: { initialInterval: "301s" } } },
      { taskId: "e", agentId: "x", retry: { maximumInterval: "0ms" } },
    ],
    ["no_effect /tasks/0/retry/initialInterval", "no_effect /tasks/3/task/retry/initialInterval"],
  ],
])("%s", (_, tasks, warnings) => expect(found(...tasks)).toEqual(warnings));

test("an interval of the defaults counts for all that say none themselves, and is told once", () => {
  const tasks = [
    { taskId: "a", agentId: "x" },
    { taskId: "b", agentId: "x", retry: { initialInterval: "2h", maximumInterval: "3h" } },
  ];
  const warnings = warningsOf({ id: "w", name: "W", tasks, defaults: { retry: { initialInterval: "1h" } } });
  expect(warnings).toEqual([
    {
      pointer: "/defaults/retry/initialInterval",
      code: "no_effect",
      message: "It is cut to the `maximumInterval` of 300 s.",
    },
  ]);
});
