import { issue } from "./closed.ts";

export const taskTypes = ["agent", "tool", "http", "wait", "signal", "approval", "map", "workflow"] as const;
export type TaskType = (typeof taskTypes)[number];

/** What an item of a map may be. */
export const itemTypes = ["agent", "tool", "http", "workflow"] as const;

/** Keys that only some types have. */
const typesOfKey: Readonly<Record<string, readonly TaskType[]>> = {
  agentCapability: ["agent", "tool"],
  agentId: ["agent", "tool"],
  parameters: ["agent", "tool", "workflow", "signal", "approval"],
  retry: ["agent", "tool", "http", "workflow"],
  tool: ["tool"],
  url: ["http"],
  method: ["http"],
  headers: ["http"],
  body: ["http"],
  success: ["http"],
  for: ["wait"],
  until: ["wait"],
  signal: ["signal"],
  onTimeout: ["approval", "signal"],
  forEach: ["map"],
  maxConcurrency: ["map"],
  task: ["map"],
  workflowDefinitionId: ["workflow"],
  revision: ["workflow"],
};

/** Keys that a type cannot do without. Of a `wait`'s two it needs one. */
const neededKeys: Readonly<Partial<Record<TaskType, readonly string[]>>> = {
  tool: ["tool"],
  http: ["url"],
  map: ["forEach", "task"],
  workflow: ["workflowDefinitionId"],
};

const onTimeoutOf: Readonly<Partial<Record<TaskType, readonly string[]>>> = {
  approval: ["fail", "approve", "reject"],
  signal: ["fail", "continue"],
};

type Issue = ReturnType<typeof issue>;

const typeOf = (type: unknown): TaskType | null =>
  type === undefined ? "agent" : (taskTypes.find((known) => known === type) ?? null);

const list = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(" or ");

/** The original format allowed `null` for what is not there. */
const isThere = (value: unknown): boolean => value !== undefined && value !== null;

/**
 * What does not go together in a task or in a map's item: a key of another type, a missing one. Nothing of a task whose
 * type is unknown: that is one fault already.
 */
export const typeIssues = (task: Readonly<Record<string, unknown>>): readonly Issue[] => {
  const type = typeOf(task["type"]);
  if (type === null) return [];
  const isDefault = task["type"] === undefined;
  const misplaced = Object.entries(typesOfKey).flatMap(([key, types]) => {
    if (types.includes(type) || !isThere(task[key])) return [];
    const own = isDefault ? "this one has no `type` and so is `agent`" : `this one is of the type \`${type}\``;
    return [issue([key], `\`${key}\` goes with tasks of the type ${list(types)}; ${own}.`, { code: "not_allowed" })];
  });
  const missing = (neededKeys[type] ?? []).flatMap((key) =>
    task[key] === undefined
      ? [issue([key], `A task of the type \`${type}\` needs \`${key}\`.`, { code: "required" })]
      : [],
  );
  return [...misplaced, ...missing, ...waitIssues(type, task), ...onTimeoutIssues(type, task)];
};

const waitIssues = (type: TaskType, task: Readonly<Record<string, unknown>>): readonly Issue[] => {
  if (type !== "wait") return [];
  if (task["for"] === undefined && task["until"] === undefined) {
    return [issue(["for"], "A task of the type `wait` needs `for` or `until`.", { code: "required" })];
  }
  if (task["for"] === undefined || task["until"] === undefined) return [];
  return [issue(["until"], "Either `for` or `until`, not both.", { code: "not_allowed" })];
};

const onTimeoutIssues = (type: TaskType, { onTimeout }: Readonly<Record<string, unknown>>): readonly Issue[] => {
  const known = onTimeoutOf[type];
  // A word that no type knows is a fault of its own.
  const isOther = Object.values(onTimeoutOf).some((words) => words.some((word) => word === onTimeout));
  if (known === undefined || !isOther || known.some((word) => word === onTimeout)) return [];
  const message = `\`onTimeout\` of the type \`${type}\` is ${list(known)}.`;
  return [issue(["onTimeout"], message, { code: "invalid_value" })];
};

/** The same for editors: JSON Schema's `allOf` of a task (or, with `itemTypes`, of a map's item). */
export const typeRules = (types: readonly TaskType[]): readonly object[] =>
  types.map((type) => {
    const has = { properties: { type: { const: type } }, ...(type === "agent" ? {} : { required: ["type"] }) };
    const others = Object.entries(typesOfKey).filter(([, of]) => !of.includes(type));
    const words = onTimeoutOf[type];
    const properties = {
      ...Object.fromEntries(others.map(([key]) => [key, { type: "null" }])),
      ...(words === undefined ? {} : { onTimeout: { enum: words } }),
    };
    const needs = neededKeys[type] === undefined ? {} : { required: neededKeys[type] };
    const one = type === "wait" ? { oneOf: [{ required: ["for"] }, { required: ["until"] }] } : {};
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema; nobody awaits a rule
    return { if: has, then: { properties, ...needs, ...one } };
  });
