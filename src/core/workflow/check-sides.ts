import { nameOf, type Mention } from "./check-names.ts";
import type { DraftTask } from "./draft.ts";
import { quoted, taskFault, type DefinitionFault } from "./pointer.ts";

type SideKind = "fallback" | "compensation";

const isSide = (mention: Mention): mention is Mention & { kind: SideKind } =>
  mention.kind === "fallback" || mention.kind === "compensation";

const ownerOf = (tasks: readonly DraftTask[], { path }: Mention): string => nameOf(tasks, path[0] as number);

/** Keys of order that a side task has of its own. */
const ownOrder = ({ dependsOn, following }: DraftTask): readonly string[] => [
  ...(dependsOn == null ? [] : ["dependsOn"]),
  ...(following?.kind === "choice" ? ["next"] : []),
  ...(following?.kind === "task" ? ["nextTaskId"] : []),
];

const entryFault = (tasks: readonly DraftTask[], mention: Mention, owner: Mention & { kind: SideKind }) => {
  const by = ownerOf(tasks, owner);
  const instead =
    owner.kind === "fallback"
      ? `entered only when \`${by}\` has failed, and stands for it then: name \`${by}\` here.`
      : `entered only to undo \`${by}\`.`;
  return taskFault(
    mention.path,
    "not_allowed",
    `\`${quoted(mention.taskId)}\` is the ${owner.kind} task of \`${by}\`: it is ${instead}`,
  );
};

/** Keys that a fallback or a compensation may not have. */
const ownFaults = (tasks: readonly DraftTask[], at: number, owner: Mention & { kind: SideKind }): DefinitionFault[] => {
  const task = tasks[at]!;
  const what = `This is the ${owner.kind} task of \`${ownerOf(tasks, owner)}\``;
  const order = ownOrder(task).map((key) =>
    taskFault([at, key], "not_allowed", `${what}: it has no place of its own in the order.`),
  );
  const undone =
    typeof task.compensateWith === "string"
      ? [taskFault([at, "compensateWith"], "not_allowed", `${what}: a side task cannot be compensated itself.`)]
      : [];
  const replaced =
    owner.kind === "compensation" && typeof task.fallbackTaskId === "string"
      ? [taskFault([at, "fallbackTaskId"], "not_allowed", `${what}: it can be retried, but has no fallback.`)]
      : [];
  return [...order, ...undone, ...replaced];
};

/**
 * What is wrong with fallbacks and compensations: each belongs to one task, in one role, and is entered no other way.
 * That one is its own, by whatever way, is a cycle and not said here.
 */
export const sideFaults = (
  tasks: readonly DraftTask[],
  mentions: readonly Mention[],
  known: ReadonlyMap<string, number>,
): readonly DefinitionFault[] => {
  const owners = new Map<string, Mention & { kind: SideKind }>();
  const faults: DefinitionFault[] = [];
  for (const mention of mentions.filter(isSide)) {
    const owner = owners.get(mention.taskId);
    const at = known.get(mention.taskId);
    if (owner !== undefined) {
      const message = `\`${quoted(mention.taskId)}\` is already the ${owner.kind} task of \`${ownerOf(tasks, owner)}\`; each belongs to one task.`;
      faults.push(taskFault(mention.path, "not_allowed", message));
    } else if (at !== undefined && at !== mention.path[0]) {
      owners.set(mention.taskId, mention);
      faults.push(...ownFaults(tasks, at, mention));
    }
  }
  for (const mention of mentions) {
    const owner = isSide(mention) ? undefined : owners.get(mention.taskId);
    if (owner !== undefined) faults.push(entryFault(tasks, mention, owner));
  }
  return faults;
};
