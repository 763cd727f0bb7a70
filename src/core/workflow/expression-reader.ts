import type { ASTNode } from "@marcbachmann/cel-js";
import { Unreadable } from "./expression-fault.ts";
import { accepts, functions } from "./expression-functions.ts";
import { macroNames, type MacroName, type Node } from "./expression-node.ts";
import { isInt } from "./expression-operators.ts";
import type { Roots } from "./expression-roots.ts";
import { binaryType, type BinaryOperator } from "./expression-types.ts";
import { nounOf, type ExpressionType } from "./expression-value.ts";

/** A node and what is known of its type. */
export interface Typed {
  readonly node: Node;
  readonly type: ExpressionType;
}

/** Variables of the macros around, the innermost last. */
type Scope = readonly string[];

const invalid = (message: string): never => {
  throw new Unreadable("invalid_expression", message);
};

/** Refuses what cannot be of the type; `any` may be. */
const expectType = (typed: Typed, wanted: readonly ExpressionType[], what: string): Typed =>
  typed.type === "any" || wanted.includes(typed.type)
    ? typed
    : invalid(`${what} must be ${nounOf(wanted[0]!)}, not ${nounOf(typed.type)}.`);

const literal = (value: unknown): Typed => {
  switch (typeof value) {
    case "bigint":
      if (!isInt(value)) invalid("a number is too large for an int.");
      return { node: { op: "literal", value }, type: "int" };
    case "number":
      return { node: { op: "literal", value }, type: "double" };
    case "boolean":
      return { node: { op: "literal", value }, type: "bool" };
    case "string":
      // Databases differ in what they make of it.
      if (value.includes("\0")) invalid("a text has the character NUL.");
      return { node: { op: "literal", value }, type: "string" };
    default:
      if (value === null) return { node: { op: "literal", value }, type: "null" };
      throw new Unreadable("not_supported", "unsigned numbers and bytes are not supported.");
  }
};

/** The key of a member access, if it is known now. */
const knownKey = (ast: ASTNode | string): string | null => {
  if (typeof ast === "string") return ast;
  const value = ast.op === "value" ? ast.args : null;
  return typeof value === "string" || typeof value === "bigint" ? String(value) : null;
};

/** Turns a parsed source into nodes, resolving names and finding what cannot work whatever the values are. */
export const createReader = (roots: Roots) => {
  const member = (of: Typed, key: Typed, shown: string): Typed => {
    expectType(of, key.type === "string" ? ["map"] : ["map", "list"], `what \`${shown}\` is read of`);
    return { node: { op: "member", of: of.node, key: key.node }, type: "any" };
  };

  /** A name and what is read of it, or of the value of anything else. */
  const access = (ast: ASTNode, scope: Scope): Typed => {
    const keys: (ASTNode | string)[] = [];
    let base = ast;
    while (base.op === "." || base.op === "[]") {
      keys.unshift(base.args[1]);
      base = base.args[0];
    }
    let at: Typed;
    let used = 0;
    if (base.op !== "id") at = read(base, scope);
    else {
      const slot = scope.lastIndexOf(base.args);
      if (slot >= 0) at = { node: { op: "variable", slot }, type: "any" };
      else {
        const root = roots.of(base.args, keys.slice(0, 2).map(knownKey));
        used = root.used;
        at = root;
      }
    }
    for (const key of keys.slice(used)) {
      const read_ = typeof key === "string" ? literal(key) : read(key, scope);
      at = member(at, read_, typeof key === "string" ? `.${key}` : "[…]");
    }
    return { node: at.node, type: at.type };
  };

  const binary = (operator: BinaryOperator, left: Typed, right: Typed): Typed => {
    const result = binaryType(operator, left.type, right.type);
    if ("clash" in result) return invalid(result.clash);
    return { node: { op: "binary", operator, left: left.node, right: right.node }, type: result.type };
  };

  const has = (args: readonly ASTNode[], scope: Scope): Typed => {
    const [ast, ...others] = args;
    if (ast === undefined || others.length > 0 || (ast.op !== "." && ast.op !== "[]")) {
      return invalid("`has` asks for a member: has(input.name).");
    }
    return { node: { op: "has", of: read(ast, scope).node }, type: "bool" };
  };

  const call = (name: string, shown: string, args: readonly Typed[]): Typed => {
    const types = args.map(({ type }) => type);
    const known = functions.get(name);
    if (known === undefined) {
      return invalid(
        functions.has(`.${name}`) || isMacro(name)
          ? `\`${shown}\` is written after a value and a point: input.text.${name}(…).`
          : `\`${shown}\` does not stand after a point: ${shown}(…).`,
      );
    }
    const signatures = known.filter((signature) => accepts(signature, types));
    if (signatures.length === 0) {
      const ways = [...new Set(known.map(({ params }) => `(${params.join(", ")})`))].join(" or ");
      return invalid(`\`${shown}\` takes ${ways}, not (${types.join(", ")}).`);
    }
    const node: Node = { op: "call", name: shown, signatures, args: args.map((arg) => arg.node) };
    return { node, type: signatures[0]!.result };
  };

  const macro = (name: MacroName, over: Typed, args: readonly ASTNode[], scope: Scope): Typed => {
    const [variable, ...bodies] = args;
    if (variable?.op !== "id" || bodies.length < 1 || bodies.length > (name === "map" ? 2 : 1)) {
      return invalid(`\`${name}\` takes a name and what is to be done with it: input.list.${name}(x, …).`);
    }
    expectType(over, ["list", "map"], `what \`${name}\` goes over`);
    const inner = [...scope, variable.args];
    const changes = name === "map" ? read(bodies.at(-1)!, inner) : null;
    const asks = name === "map" && bodies.length === 1 ? null : read(bodies[0]!, inner);
    const test = asks === null ? null : expectType(asks, ["bool"], `the condition of \`${name}\``).node;
    const node: Node = {
      op: "macro",
      macro: name,
      over: over.node,
      slot: scope.length,
      test,
      change: changes === null ? null : changes.node,
    };
    return { node, type: name === "map" || name === "filter" ? "list" : "bool" };
  };

  const entry = ([key, value]: readonly [ASTNode, ASTNode], scope: Scope): readonly [Node, Node] => [
    expectType(read(key, scope), ["string"], "a key of a map").node,
    read(value, scope).node,
  ];

  const read = (node: ASTNode, scope: Scope): Typed => {
    // Optional members are not read by the parser unless they are switched on.
    const ast = node as Exclude<ASTNode, { readonly op: ".?" | "[?]" }>;
    switch (ast.op) {
      case "value":
        return literal(ast.args);
      case "id":
      case ".":
      case "[]":
        return access(ast, scope);
      case "call":
        if (ast.args[0] === "has") return has(ast.args[1], scope);
        return call(
          ast.args[0],
          ast.args[0],
          ast.args[1].map((arg) => read(arg, scope)),
        );
      case "rcall": {
        const [name, receiver, args] = ast.args;
        const of = read(receiver, scope);
        if (isMacro(name)) return macro(name, of, args, scope);
        return call(`.${name}`, name, [of, ...args.map((arg) => read(arg, scope))]);
      }
      case "list":
        return { node: { op: "list", items: ast.args.map((item) => read(item, scope).node) }, type: "list" };
      case "map":
        return { node: { op: "map", entries: ast.args.map((pair) => entry(pair, scope)) }, type: "map" };
      case "?:": {
        const test = expectType(read(ast.args[0], scope), ["bool"], "the condition before `?`").node;
        const yes = read(ast.args[1], scope);
        const no = read(ast.args[2], scope);
        const type = yes.type === no.type ? yes.type : "any";
        return { node: { op: "choice", test, yes: yes.node, no: no.node }, type };
      }
      case "||":
      case "&&": {
        const left = expectType(read(ast.args[0], scope), ["bool"], `what stands before \`${ast.op}\``).node;
        const right = expectType(read(ast.args[1], scope), ["bool"], `what stands after \`${ast.op}\``).node;
        return { node: { op: "logic", decides: ast.op === "||", left, right }, type: "bool" };
      }
      case "!_":
        return {
          node: { op: "not", of: expectType(read(ast.args, scope), ["bool"], "what `!` negates").node },
          type: "bool",
        };
      case "-_": {
        const of = expectType(read(ast.args, scope), ["double", "int"], "what `-` negates");
        return { node: { op: "negative", of: of.node }, type: of.type };
      }
      default:
        return binary(ast.op, read(ast.args[0], scope), read(ast.args[1], scope));
    }
  };

  return (ast: ASTNode): Typed => read(ast, []);
};

const isMacro = (name: string): name is MacroName => (macroNames as readonly string[]).includes(name);
