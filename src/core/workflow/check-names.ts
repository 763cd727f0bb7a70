import type { DraftTask } from "./draft.ts";
import { nearest } from "./nearest.ts";
import { quoted, taskFault, type DefinitionFault } from "./pointer.ts";

/** A task's name where a key of another task holds it, and the way to that key. */
export interface Mention {
  readonly taskId: string;
  readonly path: readonly (string | number)[];
  readonly kind: "next" | "choice" | "depends" | "fallback" | "compensation";
}

/** Every name of another task, in the order of the document. */
export const mentionsOf = (tasks: readonly DraftTask[]): readonly Mention[] =>
  tasks.flatMap(({ following, dependsOn, fallbackTaskId, compensateWith }, at) => {
    const found: Mention[] = [];
    if (following?.kind === "task") found.push({ taskId: following.taskId, path: [at, "nextTaskId"], kind: "next" });
    for (const [nth, { taskId }] of following?.kind === "choice" ? following.choices.entries() : []) {
      if (taskId !== null) found.push({ taskId, path: [at, "next", nth, "taskId"], kind: "choice" });
    }
    for (const [nth, taskId] of (dependsOn ?? []).entries()) {
      found.push({ taskId, path: [at, "dependsOn", nth], kind: "depends" });
    }
    const sides = [
      ["fallback", "fallbackTaskId", fallbackTaskId],
      ["compensation", "compensateWith", compensateWith],
    ] as const;
    for (const [kind, key, taskId] of sides) {
      if (typeof taskId === "string") found.push({ taskId, path: [at, key], kind });
    }
    return found;
  });

/** A task as messages call it. */
export const nameOf = (tasks: readonly DraftTask[], at: number): string => quoted(tasks[at]!.taskId ?? `tasks[${at}]`);

/** What a name that no task has probably means, as the end of a message. */
export const didYouMean = (taskId: string, known: ReadonlyMap<string, number>): string => {
  const near = nearest(taskId, known.keys());
  return near === null ? "" : ` Did you mean \`${near}\`?`;
};

/** Every task whose id an earlier one has. */
export const duplicateFaults = (
  tasks: readonly DraftTask[],
  known: ReadonlyMap<string, number>,
): readonly DefinitionFault[] =>
  tasks.flatMap(({ taskId }, at) => {
    const first = taskId === null ? undefined : known.get(taskId);
    if (first === undefined || first === at) return [];
    const message = `The taskId \`${quoted(taskId!)}\` is already that of tasks[${first}]; ids must be unique.`;
    return [taskFault([at, "taskId"], "duplicate_task", message)];
  });

/** Every name that no task has. Lazy: each costs a comparison with all that there are. */
export function* unknownFaults(
  mentions: readonly Mention[],
  known: ReadonlyMap<string, number>,
): Generator<DefinitionFault> {
  for (const { taskId, path } of mentions) {
    if (known.has(taskId)) continue;
    const message = `There is no task \`${quoted(taskId)}\`.${didYouMean(taskId, known)}`;
    yield taskFault(path, "unknown_task", message);
  }
}

/** A task named twice in one `dependsOn`; and one that is waited for although its `next` decides who follows it. */
export const contradictionFaults = (mentions: readonly Mention[], tasks: readonly DraftTask[]): DefinitionFault[] => {
  const chosen = new Set(
    mentions.flatMap(({ kind, taskId, path }) =>
      kind === "choice" ? [JSON.stringify([tasks[path[0] as number]!.taskId, taskId])] : [],
    ),
  );
  const waited = new Set<string>();
  return mentions.flatMap(({ kind, taskId, path }) => {
    if (kind !== "depends") return [];
    const at = path[0] as number;
    const name = quoted(taskId);
    if (chosen.has(JSON.stringify([taskId, tasks[at]!.taskId]))) {
      const message = `\`${name}\` chooses by its \`next\` whether this task follows: do not wait for it here as well.`;
      return [taskFault(path, "not_allowed", message)];
    }
    const key = `${at} ${taskId}`;
    if (waited.has(key)) return [taskFault(path, "duplicate_task", `\`${name}\` is named twice.`)];
    waited.add(key);
    return [];
  });
};
