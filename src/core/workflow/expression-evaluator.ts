import type { Json, JsonObject } from "../json.ts";
import { accepts } from "./expression-functions.ts";
import type { Node, RootName, TaskMember } from "./expression-node.ts";
import { binary } from "./expression-operators.ts";
import {
  Failure,
  failureOf,
  isList,
  isMap,
  kindOf,
  nounOf,
  type Value,
  type ValueMap,
  type Work,
} from "./expression-value.ts";
import { quoted } from "./pointer.ts";

/** What is known of a task that has ended: its output (null if it was skipped or has failed), and how it ended. */
export interface TaskContext {
  readonly output: Json;
  readonly status?: string;
  readonly attempts?: number;
  readonly error?: Json;
}

/** What an expression may read. `tasks` holds ended tasks by id; what is absent is unresolved when it is read. */
export interface ExpressionContext {
  readonly input: Json;
  readonly tasks: { readonly [taskId: string]: TaskContext };
  readonly session?: JsonObject;
  readonly agent?: JsonObject | null;
  readonly item?: Json;
  readonly index?: number;
  /** By name. Texts that stand for the secrets: the engine must not have, log or store the secrets themselves. */
  readonly secrets?: { readonly [name: string]: string };
}

/** Steps of what goes wrong and is not the end of it, which costs more than what goes right. */
const failureSteps = 100;

const unresolved = (message: string): never => {
  throw new Failure("unresolved_reference", message);
};

const clash = (message: string): never => {
  throw new Failure("expression_error", message);
};

/** JSON knows no ints, but these are. */
const asInt = (value: number): Value => (Number.isSafeInteger(value) ? BigInt(value) : value);

const rootOf = (name: RootName, context: ExpressionContext): Value => {
  const value = context[name];
  if (value === undefined) return unresolved(`there is no \`${name}\` here.`);
  return name === "index" ? asInt(value as number) : value;
};

const taskOf = (taskId: string, member: TaskMember, { tasks }: ExpressionContext): Value => {
  const task = Object.hasOwn(tasks, taskId) ? tasks[taskId] : undefined;
  const value = task?.[member];
  if (value === undefined) return unresolved(`there is no ${member} of the task ${quoted(taskId)}.`);
  return member === "attempts" ? asInt(value as number) : value;
};

const secretOf = (name: string, { secrets }: ExpressionContext): string =>
  secrets !== undefined && Object.hasOwn(secrets, name)
    ? secrets[name]!
    : unresolved(`there is no secret ${quoted(name)}.`);

/** Own members and elements only: `length` or `constructor` of a value is not data. */
const memberOf = (of: Value, key: Value): Value => {
  const isNumeric = typeof key === "bigint" || typeof key === "number";
  let member: Value | undefined;
  if (isList(of)) member = isNumeric ? of[Number(key)] : undefined;
  else if (isMap(of)) {
    // A number may be written for the key that has its digits: `input["1"]` is `input[1]`.
    const name = isNumeric ? `${key}` : key;
    member = typeof name === "string" && Object.hasOwn(of, name) ? of[name] : undefined;
  }
  if (member !== undefined) return member;
  const shown = typeof key === "string" ? quoted(JSON.stringify(key)) : isNumeric ? `${key}` : nounOf(kindOf(key));
  const where = isMap(of) ? "" : isList(of) ? ` of a list of ${of.length}` : ` of ${nounOf(kindOf(of))}`;
  return unresolved(`there is nothing at ${shown}${where}.`);
};

const truth = (value: Value, what: string): boolean =>
  typeof value === "boolean" ? value : clash(`${what} is ${nounOf(kindOf(value))}, not a bool.`);

/** What came of one operand, where another may make up for it. */
const attempt = (work: Work, run: () => boolean): boolean | Failure => {
  try {
    return run();
  } catch (error) {
    const failure = failureOf(error);
    if (failure.code === "limit_expression") throw failure;
    work.charge(failureSteps);
    return failure;
  }
};

const settled = (result: boolean | Failure): boolean => {
  if (typeof result !== "boolean") throw result;
  return result;
};

type Macro = Node & { readonly op: "macro" };

/**
 * The value of a node. Total but for `Failure`; every node costs a step, work that grows with a value is charged for
 * beforehand, so the work is bounded by `maxSteps` and the same on every machine.
 */
export const evaluate = (root: Node, context: ExpressionContext, work: Work): Value => {
  const variables: Value[] = [];

  const overOf = (node: Macro): readonly Value[] => {
    const over = run(node.over);
    if (isList(over)) return over;
    if (!isMap(over)) return clash(`\`${node.macro}\` goes over a list or a map, not over ${nounOf(kindOf(over))}.`);
    const keys = Object.keys(over);
    work.chargeKeys(keys.length);
    return keys;
  };

  const quantify = (node: Macro, items: readonly Value[], decides: boolean): boolean => {
    let failure: Failure | null = null;
    for (const item of items) {
      variables[node.slot] = item;
      const result = attempt(work, () => truth(run(node.test!), `the condition of \`${node.macro}\``));
      if (result === decides) return decides;
      if (typeof result !== "boolean") failure ??= result;
    }
    if (failure !== null) throw failure;
    return !decides;
  };

  const select = (node: Macro, items: readonly Value[]): readonly Value[] => {
    const selected: Value[] = [];
    for (const item of items) {
      variables[node.slot] = item;
      if (node.test !== null && !truth(run(node.test), `the condition of \`${node.macro}\``)) continue;
      work.charge(1);
      selected.push(node.change === null ? item : run(node.change));
    }
    return work.make(selected, 0);
  };

  const macro = (node: Macro): Value => {
    const items = overOf(node);
    switch (node.macro) {
      case "all":
        return quantify(node, items, false);
      case "exists":
        return quantify(node, items, true);
      case "exists_one":
        return select(node, items).length === 1;
      case "filter":
      case "map":
        return select(node, items);
    }
  };

  const logic = (node: Node & { readonly op: "logic" }): boolean => {
    const operator = node.decides ? "||" : "&&";
    const left = attempt(work, () => truth(run(node.left), `what stands before \`${operator}\``));
    if (left === node.decides) return left;
    const right = truth(run(node.right), `what stands after \`${operator}\``);
    return right === node.decides ? right : settled(left);
  };

  const negative = (value: Value): Value => {
    if (typeof value === "number") return -value;
    if (typeof value === "bigint") return binary("-", 0n, value, work);
    return clash(`\`-\` does not work on ${nounOf(kindOf(value))}.`);
  };

  const makeMap = (entries: readonly (readonly [Node, Node])[]): ValueMap => {
    const members = entries.map(([keyNode, valueNode]): [string, Value] => {
      const key = run(keyNode);
      if (typeof key !== "string") return clash(`a key of a map is ${nounOf(kindOf(key))}, not a string.`);
      if (key === "__proto__") return clash("`__proto__` is no key.");
      return [key, run(valueNode)];
    });
    return work.make(Object.fromEntries(members), members.length);
  };

  const call = (node: Node & { readonly op: "call" }): Value => {
    const args = node.args.map(run);
    const types = args.map(kindOf);
    const signature = node.signatures.find((one) => accepts(one, types));
    return signature === undefined
      ? clash(`\`${node.name}\` does not work on ${types.map(nounOf).join(", ")}.`)
      : signature.call(args, work);
  };

  const has = (node: Node): boolean => {
    try {
      run(node);
      return true;
    } catch (error) {
      const failure = failureOf(error);
      if (failure.code !== "unresolved_reference") throw failure;
      work.charge(failureSteps);
      return false;
    }
  };

  const run = (node: Node): Value => {
    work.charge(1);
    switch (node.op) {
      case "literal":
        return node.value;
      case "root":
        return rootOf(node.name, context);
      case "task":
        return taskOf(node.taskId, node.member, context);
      case "secret":
        return secretOf(node.name, context);
      case "variable":
        return variables[node.slot]!;
      case "member":
        return memberOf(run(node.of), run(node.key));
      case "has":
        return has(node.of);
      case "not":
        return !truth(run(node.of), "what `!` negates");
      case "negative":
        return negative(run(node.of));
      case "binary":
        return binary(node.operator, run(node.left), run(node.right), work);
      case "logic":
        return logic(node);
      case "choice":
        return run(truth(run(node.test), "the condition before `?`") ? node.yes : node.no);
      case "list":
        return work.make(node.items.map(run), node.items.length);
      case "map":
        return makeMap(node.entries);
      case "call":
        return call(node);
      case "macro":
        return macro(node);
    }
  };

  return run(root);
};
