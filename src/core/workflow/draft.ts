import { isJsonObject, type Json, type JsonObject } from "../json.ts";
import type { Following } from "./definition.ts";
import type { OrderedTask } from "./edges.ts";
import { maxSourceLength } from "./expression-scan.ts";

/** What a template may be: text with `${…}`, a CEL condition, or what must render to a list. */
export type ExpressionKind = "template" | "condition" | "list";

/** Something written with expressions, and where it stands below the task. */
export interface Written {
  readonly path: readonly (string | number)[];
  readonly value: Json;
  readonly kind: ExpressionKind;
  /** Inside a map's `task`: `item` and `index` are known. */
  readonly isItem: boolean;
  /** Of an http call: `secrets` may be read. */
  readonly secrets: boolean;
  /** Evaluated when the task has ended: it may read itself. */
  readonly isAfter: boolean;
}

/** As much of a task as could be read; `null` for what is missing or of the wrong type. */
export interface DraftTask extends OrderedTask {
  readonly written: readonly Written[];
  /** False: a key that says what comes before or after is there, but is not readable. */
  readonly isOrderReadable: boolean;
}

type Names = readonly string[];

const textOrNull = (value: Json | undefined): string | null => (typeof value === "string" ? value : null);

const isTextOrNothing = (value: Json | undefined): boolean =>
  value === undefined || value === null || typeof value === "string";

/** The names in a list; `null` if there is no such key. */
const namesIn = (value: Json | undefined): Names | null =>
  Array.isArray(value) ? (value as readonly Json[]).filter((name) => typeof name === "string") : null;

const isNames = (value: Json | undefined): boolean =>
  value === undefined || (Array.isArray(value) && (value as readonly Json[]).every((name) => typeof name === "string"));

const isChoice = (value: Json): boolean => isJsonObject(value) && isTextOrNothing(value["taskId"]);

const isChoices = (value: Json | undefined): boolean =>
  value === undefined || (Array.isArray(value) && (value as readonly Json[]).every(isChoice));

const choicesIn = (value: readonly Json[]): Following => ({
  kind: "choice",
  choices: value.map((choice) => {
    const { when, taskId } = isJsonObject(choice) ? choice : {};
    return { when: textOrNull(when), taskId: textOrNull(taskId) };
  }),
});

const followingIn = ({ next, nextTaskId }: JsonObject): Following => {
  if (Array.isArray(next)) return choicesIn(next);
  if (nextTaskId === undefined) return { kind: "below" };
  return typeof nextTaskId === "string" ? { kind: "task", taskId: nextTaskId } : { kind: "end" };
};

const httpKeys = ["url", "headers", "body"] as const;

/** What is written with expressions in a task or in a map's item, below `at`. */
const worksIn = (work: JsonObject, at: readonly string[], isItem: boolean): readonly Written[] => {
  const secrets = work["type"] === "http";
  const template = (key: string, kind: ExpressionKind = "template"): readonly Written[] =>
    work[key] === undefined ? [] : [{ path: [...at, key], value: work[key], kind, isItem, secrets, isAfter: false }];
  return [...template("parameters"), ...(secrets ? httpKeys.flatMap((key) => template(key)) : [])];
};

/** One that is too long is a fault of the schema already. */
const isCondition = (value: Json | undefined): value is string =>
  typeof value === "string" && value.length <= maxSourceLength;

const writtenIn = (task: JsonObject): readonly Written[] => {
  const plain = { isItem: false, secrets: false, isAfter: false };
  const { when, next, type, forEach, task: item } = task;
  const written: Written[] = [];
  if (isCondition(when)) written.push({ ...plain, path: ["when"], value: when, kind: "condition" });
  written.push(...worksIn(task, [], false));
  for (const key of type === "wait" ? ["for", "until"] : []) {
    if (task[key] !== undefined) written.push({ ...plain, path: [key], value: task[key], kind: "template" });
  }
  if (type === "map") {
    if (forEach !== undefined) written.push({ ...plain, path: ["forEach"], value: forEach, kind: "list" });
    if (isJsonObject(item)) written.push(...worksIn(item, ["task"], true));
  }
  for (const [at, choice] of Array.isArray(next) ? (next as readonly Json[]).entries() : []) {
    const value = isJsonObject(choice) ? choice["when"] : undefined;
    if (!isCondition(value)) continue;
    written.push({ ...plain, path: ["next", at, "when"], value, kind: "condition", isAfter: true });
  }
  return written;
};

const unreadable: DraftTask = { taskId: null, following: null, written: [], isOrderReadable: false };

/** What can be read of a task as it was written, so that a fault in one place does not hide those in others. Total. */
export const draftOf = (task: Json): DraftTask => {
  if (!isJsonObject(task)) return unreadable;
  const { taskId, nextTaskId, next, dependsOn, fallbackTaskId, compensateWith } = task;
  return {
    taskId: textOrNull(taskId),
    following: followingIn(task),
    dependsOn: namesIn(dependsOn),
    fallbackTaskId: textOrNull(fallbackTaskId),
    compensateWith: textOrNull(compensateWith),
    written: writtenIn(task),
    isOrderReadable:
      [nextTaskId, fallbackTaskId, compensateWith].every(isTextOrNothing) && isNames(dependsOn) && isChoices(next),
  };
};

/** The drafts of a document's tasks, `maxTasks` at most; one that cannot be read stands for all that follow. */
export const draftsOf = (document: Json, maxTasks: number): readonly DraftTask[] => {
  const { tasks } = isJsonObject(document) ? document : {};
  if (!Array.isArray(tasks)) return [];
  const drafts = (tasks as readonly Json[]).slice(0, maxTasks).map(draftOf);
  return tasks.length > maxTasks ? [...drafts, unreadable] : drafts;
};
