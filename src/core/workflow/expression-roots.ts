import { Unreadable } from "./expression-fault.ts";
import { rootNames, taskMembers, type Node, type RootName, type TaskMember } from "./expression-node.ts";
import type { ExpressionType } from "./expression-value.ts";
import { nearest } from "./nearest.ts";
import { quoted } from "./pointer.ts";

/** What an expression reads whatever its values are: all that must be loaded before it can be evaluated. */
export interface ExpressionReads {
  readonly input: boolean;
  readonly session: boolean;
  readonly agent: boolean;
  readonly item: boolean;
  readonly index: boolean;
  /** Each name once, in the order of first mention, as are the tasks. */
  readonly secrets: readonly string[];
  readonly tasks: readonly { readonly taskId: string; readonly member: TaskMember }[];
}

/** A node, what is known of its type, and how many of the offered keys it has used. */
export interface Root {
  readonly node: Node;
  readonly type: ExpressionType;
  readonly used: number;
}

const typeOfMember: Record<TaskMember, ExpressionType> = {
  output: "any",
  status: "string",
  attempts: "int",
  error: "any",
};

const isOneOf = <T extends string>(names: readonly T[], name: string): name is T =>
  (names as readonly string[]).includes(name);

/** Resolves the names an expression begins with and notes what it reads by them. */
export const createRoots = (secretsAllowed: boolean) => {
  const names = new Set<RootName>();
  const secrets = new Set<string>();
  const tasks = new Map<string, { taskId: string; member: TaskMember }>();

  const task = ([id, member]: readonly (string | null)[]): Root => {
    if (id == null) {
      const message = "must name a task: tasks.<taskId>.output, with the id as it is written in the definition.";
      throw new Unreadable("unknown_reference", message);
    }
    if (member == null || !isOneOf(taskMembers, member)) {
      const message = `must name what it reads of the task: tasks.<taskId>.${taskMembers.join(", .")}.`;
      throw new Unreadable("unknown_reference", message, member == null ? null : nearest(member, taskMembers));
    }
    tasks.set(`${member} ${id}`, { taskId: id, member });
    return { node: { op: "task", taskId: id, member }, type: typeOfMember[member], used: 2 };
  };

  const secret = ([name]: readonly (string | null)[]): Root => {
    if (!secretsAllowed) throw new Unreadable("invalid_expression", "secrets may be used in http tasks only.");
    if (name == null) throw new Unreadable("unknown_reference", "must name a secret: secrets.<NAME>.");
    secrets.add(name);
    return { node: { op: "secret", name }, type: "secret", used: 1 };
  };

  /** `keys` are the names that follow; null for one that is not known before it is evaluated. */
  const of = (name: string, keys: readonly (string | null)[]): Root => {
    if (name === "tasks") return task(keys);
    if (name === "secrets") return secret(keys);
    if (isOneOf(rootNames, name)) {
      names.add(name);
      return { node: { op: "root", name }, type: name === "index" ? "int" : "any", used: 0 };
    }
    const known = [...rootNames, "tasks", ...(secretsAllowed ? ["secrets"] : [])];
    const message = `\`${quoted(name)}\` is not known; there are ${known.map((one) => `\`${one}\``).join(", ")}.`;
    throw new Unreadable("unknown_reference", message, nearest(name, known));
  };

  const reads = (): ExpressionReads => ({
    input: names.has("input"),
    session: names.has("session"),
    agent: names.has("agent"),
    item: names.has("item"),
    index: names.has("index"),
    secrets: [...secrets],
    tasks: [...tasks.values()],
  });

  return { of, reads };
};

export type Roots = ReturnType<typeof createRoots>;
