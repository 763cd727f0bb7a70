type Task = Readonly<Record<string, unknown>>;

/** A definition, its faults as `code pointer`, and words of their messages. */
export type BadDefinition = readonly [what: string, document: object, faults: readonly string[], ...words: string[]];

const all = (...tasks: readonly Task[]) => ({ id: "w", name: "W", tasks });
const one = (task: Task) => all({ taskId: "a", ...task });
const other = (task: Task) => all({ taskId: "a" }, { taskId: "b", ...task });
const http = { type: "http", url: "https://x" };
const map = { type: "map", forEach: "${input.list}" };

/** What the published schema refuses too. */
export const badShapes: readonly BadDefinition[] = [
  ["an unknown type", one({ type: "agnet" }), ["invalid_value /tasks/0/type"], "Did you mean `agent`?"],
  [
    "a key of another type",
    one({ forEach: [1] }),
    ["not_allowed /tasks/0/forEach"],
    "goes with tasks of the type `map`",
  ],
  ["a url of an agent", one({ url: "https://x" }), ["not_allowed /tasks/0/url"], "has no `type` and so is `agent`"],
  [
    "keys of agents in a wait",
    one({ type: "wait", for: "1s", agentId: "x", parameters: {}, retry: {} }),
    ["not_allowed /tasks/0/agentId", "not_allowed /tasks/0/parameters", "not_allowed /tasks/0/retry"],
    "this one is of the type `wait`",
  ],
  ["a tool without its name", one({ type: "tool" }), ["required /tasks/0/tool"]],
  ["a call without a url", one({ type: "http" }), ["required /tasks/0/url"]],
  ["a child without a definition", one({ type: "workflow" }), ["required /tasks/0/workflowDefinitionId"]],
  ["a map without its parts", one({ type: "map" }), ["required /tasks/0/forEach", "required /tasks/0/task"]],
  ["a wait for nothing", one({ type: "wait" }), ["required /tasks/0/for"], "`for` or `until`"],
  ["a wait for both", one({ type: "wait", for: "1s", until: "2030-01-01T00:00:00Z" }), ["not_allowed /tasks/0/until"]],
  ["no duration", one({ type: "wait", for: "soon" }), ["invalid_duration /tasks/0/for"]],
  ["no instant", one({ type: "wait", until: "tomorrow" }), ["invalid_timestamp /tasks/0/until"]],
  [
    "an approval that continues",
    one({ type: "approval", onTimeout: "continue" }),
    ["invalid_value /tasks/0/onTimeout"],
  ],
  ["a signal that approves", one({ type: "signal", onTimeout: "approve" }), ["invalid_value /tasks/0/onTimeout"]],
  [
    "a mistyped policy",
    one({ type: "approval", onTimeout: "rejct" }),
    ["invalid_value /tasks/0/onTimeout"],
    "Did you mean `reject`?",
  ],
  ["no URL", one({ type: "http", url: "ftp://x" }), ["invalid_value /tasks/0/url"]],
  ["an unknown method", one({ ...http, method: "FETCH" }), ["invalid_value /tasks/0/method"]],
  [
    "a bad header",
    one({ ...http, headers: { "a b": "c", d: 1 } }),
    ["invalid_type /tasks/0/headers/d", "invalid_value /tasks/0/headers/a b"],
  ],
  ["no statuses", one({ ...http, success: [] }), ["limit /tasks/0/success"]],
  ["no revision", one({ type: "workflow", workflowDefinitionId: "v", revision: 0 }), ["limit /tasks/0/revision"]],
  ["too much at a time", one({ ...map, task: {}, maxConcurrency: 51 }), ["limit /tasks/0/maxConcurrency"]],
  ["a number to go through", one({ type: "map", forEach: 5, task: {} }), ["invalid_type /tasks/0/forEach"]],
  [
    "1,001 literal items",
    one({ type: "map", forEach: Array.from({ length: 1_001 }, () => 0), task: {} }),
    ["limit /tasks/0/forEach"],
  ],
  [
    "a map in a map",
    one({ ...map, task: { type: "map" } }),
    ["not_allowed /tasks/0/task/type"],
    "An item of a map is one of",
  ],
  ["an approval in a map", one({ ...map, task: { type: "approval" } }), ["not_allowed /tasks/0/task/type"]],
  [
    "an unknown type in a map",
    one({ ...map, task: { type: "htp" } }),
    ["invalid_value /tasks/0/task/type"],
    "Did you mean `http`?",
  ],
  [
    "order in a map's item",
    one({ ...map, task: { taskId: "i", fallbackTaskId: "a", when: "true", colour: 1 } }),
    [
      "not_allowed /tasks/0/task/taskId",
      "not_allowed /tasks/0/task/fallbackTaskId",
      "not_allowed /tasks/0/task/when",
      "unknown_key /tasks/0/task/colour",
    ],
    "belongs to a task, not to an item",
  ],
  ["an item that lacks its url", one({ ...map, task: { type: "http" } }), ["required /tasks/0/task/url"]],
  ["next and nextTaskId", other({ next: [{ taskId: null }], nextTaskId: null }), ["not_allowed /tasks/1/nextTaskId"]],
  ["no choices", one({ next: [] }), ["limit /tasks/0/next"]],
  ["a choice of nothing", one({ next: [{ when: "true" }] }), ["required /tasks/0/next/0/taskId"]],
  [
    "21 choices",
    one({ next: Array.from({ length: 21 }, () => ({ when: "true", taskId: null })) }),
    ["limit /tasks/0/next"],
  ],
  ["no join", one({ join: "some" }), ["invalid_value /tasks/0/join"]],
  ["a number for a name", one({ dependsOn: [1] }), ["invalid_type /tasks/0/dependsOn/0"]],
  ["no way to fail", one({ onFailure: "ignore" }), ["invalid_value /tasks/0/onFailure"]],
  ["a priority out of range", one({ priority: 100 }), ["limit /tasks/0/priority"]],
  ["half a priority", one({ priority: 1.5 }), ["invalid_type /tasks/0/priority"]],
  ["a heartbeat of no time", one({ timeout: { heartbeat: "0" } }), ["invalid_duration /tasks/0/timeout/heartbeat"]],
  ["a session of no time", { ...one({}), timeout: "for ever" }, ["invalid_duration /timeout"]],
  ["an input that is no schema", { ...one({}), input: true }, ["invalid_type /input"]],
];

/** What only the check knows. */
export const badMeanings: readonly BadDefinition[] = [
  [
    "a choice that is always taken",
    one({ next: [{ taskId: null }, { when: "true", taskId: null }] }),
    ["required /tasks/0/next/0/when"],
  ],
  [
    "no status",
    one({ ...http, success: [99, "6xx", "200-", 1e3] }),
    [0, 1, 2, 3].map((at) => `invalid_value /tasks/0/success/${at}`),
  ],
  [
    "51 headers",
    one({ ...http, headers: Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`h${at}`, ""])) }),
    ["limit /tasks/0/headers"],
  ],
  [
    "names that nobody has",
    all(
      { taskId: "alpha", fallbackTaskId: "bta", compensateWith: "zz" },
      { taskId: "beta", dependsOn: ["alhpa", "beta2"], next: [{ when: "true", taskId: "aalpha" }, { taskId: null }] },
    ),
    [
      "unknown_task /tasks/0/fallbackTaskId",
      "unknown_task /tasks/0/compensateWith",
      "unknown_task /tasks/1/next/0/taskId",
      "unknown_task /tasks/1/dependsOn/0",
      "unknown_task /tasks/1/dependsOn/1",
    ],
    "Did you mean `beta`?",
    "Did you mean `alpha`?",
  ],
  ["waiting for itself", one({ dependsOn: ["a"] }), ["cycle /tasks/0/dependsOn/0"], "The task `a` waits for itself."],
  ["its own fallback", one({ fallbackTaskId: "a" }), ["cycle /tasks/0/fallbackTaskId"], "is its own fallback"],
  ["its own compensation", one({ compensateWith: "a" }), ["cycle /tasks/0/compensateWith"], "is its own compensation"],
  ["its own choice", one({ next: [{ taskId: "a" }] }), ["cycle /tasks/0/next/0/taskId"], "names itself as a next one"],
  [
    "fallbacks in a circle",
    all({ taskId: "p" }, { taskId: "a", fallbackTaskId: "b" }, { taskId: "b", fallbackTaskId: "a" }),
    ["cycle /tasks/2/fallbackTaskId"],
    "b → a → b",
  ],
  [
    "a circle of different ways, once, and a second one",
    all(
      { taskId: "a", dependsOn: ["c"] },
      { taskId: "b" },
      { taskId: "c", next: [{ when: "true", taskId: "b" }, { taskId: "e" }] },
      { taskId: "d", dependsOn: ["e"], nextTaskId: "e" },
      { taskId: "e", dependsOn: [] },
    ),
    ["cycle /tasks/2/next/0/taskId", "cycle /tasks/3/dependsOn/0"],
    "c → b → c",
    "e → d → e",
  ],
  [
    "waiting twice",
    all({ taskId: "a" }, { taskId: "b", dependsOn: ["a", "a"] }),
    ["duplicate_task /tasks/1/dependsOn/1"],
  ],
  [
    "waiting for one who chooses",
    all({ taskId: "a", next: [{ taskId: "b" }] }, { taskId: "b", dependsOn: ["a"] }),
    ["not_allowed /tasks/1/dependsOn/0"],
    "`a` chooses by its `next`",
  ],
  [
    "one fallback for two, and both roles",
    all(
      { taskId: "a", fallbackTaskId: "f" },
      { taskId: "b", fallbackTaskId: "f" },
      { taskId: "c", compensateWith: "f" },
      { taskId: "f" },
    ),
    ["not_allowed /tasks/1/fallbackTaskId", "not_allowed /tasks/2/compensateWith"],
    "`f` is already the fallback task of `a`",
  ],
  [
    "side tasks with an order of their own",
    all(
      { taskId: "a", fallbackTaskId: "f", compensateWith: "u" },
      { taskId: "b" },
      { taskId: "f", dependsOn: ["b"], nextTaskId: "b", compensateWith: "v" },
      { taskId: "u", next: [{ taskId: null }], fallbackTaskId: "g" },
      { taskId: "v" },
      { taskId: "g" },
    ),
    [
      "not_allowed /tasks/2/dependsOn",
      "not_allowed /tasks/2/nextTaskId",
      "not_allowed /tasks/2/compensateWith",
      "not_allowed /tasks/3/next",
      "not_allowed /tasks/3/fallbackTaskId",
      "cycle /tasks/2/nextTaskId",
    ],
    "it has no place of its own in the order",
    "a side task cannot be compensated itself",
    "This is the compensation task of `a`",
  ],
  [
    "side tasks that others lead to",
    all(
      { taskId: "a", fallbackTaskId: "f", compensateWith: "u" },
      { taskId: "b", nextTaskId: "f" },
      { taskId: "c", dependsOn: ["f", "u"] },
      { taskId: "f" },
      { taskId: "u" },
    ),
    ["not_allowed /tasks/1/nextTaskId", "not_allowed /tasks/2/dependsOn/0", "not_allowed /tasks/2/dependsOn/1"],
    "name `a` here",
    "entered only to undo `a`",
  ],
  [
    "reading what has not come before",
    all(
      { taskId: "a", nextTaskId: null, when: "tasks.b.output == 1.0" },
      { taskId: "b", nextTaskId: null, next: undefined, parameters: { x: "${tasks.a.output}" } },
      { taskId: "c", type: "map", forEach: "${tasks.a.output}", task: { parameters: { x: "${tasks.c.output}" } } },
    ),
    [
      "invalid_reference /tasks/0/when",
      "invalid_reference /tasks/1/parameters/x",
      "invalid_reference /tasks/2/forEach",
      "invalid_reference /tasks/2/task/parameters/x",
    ],
    "has not always ended before this task is entered",
    "a task cannot read itself",
  ],
  [
    "reading side tasks",
    all(
      { taskId: "a", fallbackTaskId: "f", compensateWith: "u" },
      { taskId: "b", parameters: { x: "${tasks.f.output}", y: "${tasks.u.output}" } },
      { taskId: "f", parameters: { x: "${tasks.b.output}" } },
      { taskId: "u", parameters: { x: "${tasks.f.output}" } },
    ),
    [
      "invalid_reference /tasks/1/parameters/x",
      "invalid_reference /tasks/1/parameters/y",
      "invalid_reference /tasks/2/parameters/x",
      "invalid_reference /tasks/3/parameters/x",
    ],
    "stands as the output of the task it replaces",
    "undoes another task and is read by none",
  ],
  [
    "items outside of a map's task",
    one({ ...map, forEach: "${item.list}", task: { parameters: { x: "${index}" } }, when: "index > 1" }),
    ["invalid_reference /tasks/0/when", "invalid_reference /tasks/0/forEach"],
    "`item` is known only inside the `task` of a map",
  ],
  [
    "secrets outside of a call",
    all(
      { taskId: "a", parameters: { k: "${secrets.KEY}" }, when: "secrets.KEY == ''" },
      { taskId: "b", ...map, task: { parameters: { k: "${secrets.KEY}" } } },
      { taskId: "c", type: "wait", for: "${secrets.KEY}" },
    ),
    [
      "invalid_expression /tasks/0/when",
      "invalid_expression /tasks/0/parameters/k",
      "invalid_expression /tasks/1/task/parameters/k",
      "invalid_expression /tasks/2/for",
    ],
    "http tasks only",
  ],
  [
    "conditions that are none",
    all({ taskId: "a", when: "1 + 1", next: [{ when: "'yes'", taskId: "b" }] }, { taskId: "b", when: "${input.x}" }),
    [
      "invalid_expression /tasks/0/when",
      "invalid_expression /tasks/0/next/0/when",
      "malformed_reference /tasks/1/when",
    ],
    "must be a bool",
    "A condition is written without `${` and `}`.",
  ],
  [
    "a condition with a brace too many",
    one({ when: "true // }" }),
    ["malformed_reference /tasks/0/when"],
    "braces in comments",
  ],
  [
    "a list that is none",
    one({ ...map, forEach: "${1 + 1}", task: {} }),
    ["invalid_expression /tasks/0/forEach"],
    "must be a list",
  ],
  [
    "a list in a text",
    one({ ...map, forEach: "${input.a} ${input.b}", task: {} }),
    ["invalid_value /tasks/0/forEach"],
    "and nothing beside it",
  ],
  ["a list beside text", one({ ...map, forEach: "x ${input.a}", task: {} }), ["invalid_value /tasks/0/forEach"]],
  ["a list that is text", one({ ...map, forEach: "input.a", task: {} }), ["invalid_value /tasks/0/forEach"]],
  ["an unreadable list", one({ ...map, forEach: "${input.", task: {} }), ["malformed_reference /tasks/0/forEach"]],
  [
    "expressions in a call and in its items",
    all(
      {
        taskId: "a",
        type: "http",
        url: "https://x/${nope}",
        headers: { A: "${tasks.zz.output}" },
        body: ["${1 + 'a'}"],
      },
      { taskId: "b", ...map, task: { ...http, body: { x: "${tasks.c.output}" } } },
      { taskId: "c" },
    ),
    [
      "unknown_reference /tasks/0/url",
      "unknown_reference /tasks/0/headers/A",
      "invalid_expression /tasks/0/body/0",
      "invalid_reference /tasks/1/task/body/x",
    ],
  ],
];
