import { Environment, type ParseError } from "@marcbachmann/cel-js";
import type { Json } from "../json.ts";
import { evaluate, type ExpressionContext } from "./expression-evaluator.ts";
import { faultOf, Unreadable, type ExpressionFault } from "./expression-fault.ts";
import type { Node } from "./expression-node.ts";
import { createReader, type Typed } from "./expression-reader.ts";
import { createRoots, type ExpressionReads, type Roots } from "./expression-roots.ts";
import { scan } from "./expression-scan.ts";
import { failureOf, nounOf, Work, type ExpressionType, type FailureCode } from "./expression-value.ts";
import { jsonBytes } from "./json-size.ts";
import { quoted } from "./pointer.ts";
import { parsePath } from "./reference.ts";

/** A source that was read and checked: a value without identity, safe to keep and to evaluate any number of times. */
export interface Expression {
  /** As the author wrote it, for messages. */
  readonly source: string;
  readonly reads: ExpressionReads;
  /** What its value will be, as far as that is known before. */
  readonly type: ExpressionType;
  readonly root: Node;
}

export type ParsedExpression = { readonly ok: true; readonly expression: Expression } | ExpressionFault;

export interface ParseOptions {
  /** What the value must be; an expression that can never be that is refused. */
  readonly expect?: "any" | "bool" | "list";
  /** Whether `secrets.<NAME>` may be read. */
  readonly secrets?: boolean;
}

/** The value, or why there is none. `steps` of work were done for it. Evaluating again gives the same. */
export type Evaluated =
  | { readonly ok: true; readonly value: Json; readonly steps: number }
  | { readonly ok: false; readonly code: FailureCode; readonly message: string; readonly steps: number };

/** JSON text of a value may have this many UTF-8 bytes. */
export const maxOutputBytes = 256 * 1024;

// Only its parser is used. Its type checker takes exponential time (`[1].map(a, {a: a}).map(a, {a: a})…`), and its
// evaluator neither counts its work nor lets a limit through `||` and `all`.
const environment = new Environment({
  limits: { maxAstNodes: 1000, maxDepth: 64, maxListElements: 500, maxMapEntries: 250, maxCallArguments: 8 },
});

const codes: ReadonlyMap<string, ExpressionFault["code"]> = new Map([
  ["limit_exceeded", "limit_expression"],
  ["invalid_macro_argument", "invalid_expression"],
]);

const parseCel = (source: string) => {
  try {
    return environment.parse(source).ast;
  } catch (error) {
    // The parser throws nothing else, and knows where.
    const { code, summary, range } = error as ParseError;
    const at = range!.start + 1;
    throw new Unreadable(
      codes.get(code) ?? "malformed_reference",
      `cannot be read: ${quoted(summary)} (character ${at}).`,
    );
  }
};

const literals: ReadonlySet<string> = new Set(["true", "false", "null"]);

/** A plain path without CEL: cheaper, and with `.0` for an index. */
const readPath = (source: string, roots: Roots): Typed | null => {
  const path = parsePath(source);
  if (path === null || literals.has(path.root)) return null;
  const root = roots.of(path.root, path.steps.map(String));
  const steps = path.steps.slice(root.used);
  // Nothing is in a text or a number; CEL's reader says so.
  if (steps.length > 0 && root.type !== "any") return null;
  const node = steps.reduce<Node>((of, value) => ({ op: "member", of, key: { op: "literal", value } }), root.node);
  return { node, type: steps.length === 0 ? root.type : "any" };
};

/**
 * Reads a source: a plain path, else CEL. Finds what cannot work whatever the values are: unknown names and functions,
 * types that clash. Total and deterministic; work is bounded by the length of the source.
 */
export const parseExpression = (
  text: string,
  { expect = "any", secrets = false }: ParseOptions = {},
): ParsedExpression => {
  const source = text.trim();
  try {
    scan(source);
    if (source === "") throw new Unreadable("malformed_reference", "is not readable; write for example input.topic.");
    const roots = createRoots(secrets);
    const { node, type } = readPath(source, roots) ?? createReader(roots)(parseCel(source));
    if (expect !== "any" && type !== "any" && type !== expect) {
      throw new Unreadable("invalid_expression", `must be ${nounOf(expect)}, but is ${nounOf(type)}.`);
    }
    return { ok: true, expression: { source, reads: roots.reads(), type, root: node } };
  } catch (error) {
    return faultOf(error);
  }
};

/** As `evaluateExpression`, for several that share their work. The size of the value is the caller's to check. */
export const evaluateWith = (expression: Expression, context: ExpressionContext, work: Work): Evaluated => {
  try {
    return { ok: true, value: work.toJson(evaluate(expression.root, context, work)), steps: work.used };
  } catch (error) {
    const { code, message } = failureOf(error);
    return { ok: false, code, message, steps: work.used };
  }
};

/**
 * Evaluates an expression. A value of another kind than JSON's becomes JSON; what is missing is `unresolved_reference`,
 * never null. Total and deterministic; the work is bounded by `maxSteps`, the value by `maxOutputBytes`.
 */
export const evaluateExpression = (expression: Expression, context: ExpressionContext): Evaluated => {
  const result = evaluateWith(expression, context, new Work());
  if (!result.ok || jsonBytes(result.value, maxOutputBytes) <= maxOutputBytes) return result;
  const message = `the value exceeds ${maxOutputBytes / 1024} KiB of JSON.`;
  return { ok: false, code: "limit_output", message, steps: result.steps };
};
