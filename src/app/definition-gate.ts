import type { Fault } from "../contract/problem.ts";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import { maxFaults, maxTasks } from "../core/workflow/check.ts";
import { nameOf } from "../core/workflow/check-names.ts";
import type { DraftTask } from "../core/workflow/draft.ts";
import { edgesOf } from "../core/workflow/edges.ts";
import { pointerTo } from "../core/workflow/pointer.ts";

/** Words of the language that the engine does not execute yet, by where they stand. */
export interface Gate {
  readonly types: readonly string[];
  /** Of a task or of a map's item. */
  readonly taskKeys: readonly string[];
  readonly timeoutKeys: readonly string[];
  readonly definitionKeys: readonly string[];
  readonly defaultsKeys: readonly string[];
  /** True: a task has one predecessor at most. */
  readonly joins: boolean;
  /** What expressions may not read. */
  readonly reads: readonly string[];
}

type Path = readonly (string | number)[];

const notSupported = (path: Path, what: string): Fault => ({
  pointer: pointerTo(path),
  code: "not_supported",
  message: `${what} not supported yet.`,
});

const keyFaults = (value: Json | undefined, keys: readonly string[], path: Path): readonly Fault[] =>
  isJsonObject(value)
    ? keys.filter((key) => Object.hasOwn(value, key)).map((key) => notSupported([...path, key], `\`${key}\` is`))
    : [];

const workFaults = (work: JsonObject, gate: Gate, path: Path): readonly Fault[] => {
  const { type, timeout, task } = work;
  return [
    ...(typeof type === "string" && gate.types.includes(type)
      ? [notSupported([...path, "type"], `Tasks of the type \`${type}\` are`)]
      : []),
    ...keyFaults(work, gate.taskKeys, path),
    ...keyFaults(timeout, gate.timeoutKeys, [...path, "timeout"]),
    ...(isJsonObject(task) ? workFaults({ ...task, task: null }, gate, [...path, "task"]) : []),
  ];
};

const joinFaults = (drafts: readonly DraftTask[]): readonly Fault[] => {
  const entered = new Map<number, number>();
  return edgesOf(drafts).flatMap(({ from, to, kind }) => {
    const other = entered.get(to);
    entered.set(to, other ?? from);
    // A key that joins by its meaning is refused itself.
    if (other === undefined || kind === "depends" || kind === "choice") return [];
    const what = `\`${nameOf(drafts, to)}\` is already entered from \`${nameOf(drafts, other)}\`; joining tasks is`;
    return [notSupported(["tasks", from, "nextTaskId"], what)];
  });
};

/** Every use of what the gate holds back, with its place; `maxFaults` at most. */
export const gateFaults = (document: Json, drafts: readonly DraftTask[], gate: Gate): readonly Fault[] => {
  if (!isJsonObject(document)) return [];
  const { defaults, tasks } = document;
  const found = Array.isArray(tasks) ? (tasks as readonly Json[]).slice(0, maxTasks) : [];
  return [
    ...keyFaults(document, gate.definitionKeys, []),
    ...keyFaults(defaults, gate.defaultsKeys, ["defaults"]),
    ...(isJsonObject(defaults) ? keyFaults(defaults["timeout"], gate.timeoutKeys, ["defaults", "timeout"]) : []),
    ...found.flatMap((task, at) => (isJsonObject(task) ? workFaults(task, gate, ["tasks", at]) : [])),
    ...(gate.joins ? joinFaults(drafts) : []),
  ].slice(0, maxFaults);
};
