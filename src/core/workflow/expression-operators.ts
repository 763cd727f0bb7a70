import {
  Failure,
  isList,
  isMap,
  kindOf,
  nounOf,
  type ExpressionType,
  type Value,
  type Work,
} from "./expression-value.ts";

export const arithmetic = ["+", "-", "*", "/", "%"] as const;
export const orders = ["<", "<=", ">", ">="] as const;
export type BinaryOperator = (typeof arithmetic)[number] | (typeof orders)[number] | "==" | "!=" | "in";

const maxInt = 2n ** 63n - 1n;

/** Whether an integer is one of CEL's, which has 64 bits. */
export const isInt = (value: bigint): boolean => value <= maxInt && value >= -maxInt - 1n;

const isNumber = (value: Value): value is number | bigint => typeof value === "number" || typeof value === "bigint";

const clash = (operator: string, left: ExpressionType, right: ExpressionType): string =>
  `\`${operator}\` does not work on ${nounOf(left)} and ${nounOf(right)}.`;

type Row = readonly [left: ExpressionType, right: ExpressionType, result: ExpressionType];

const numbers = (result: ExpressionType | null): readonly Row[] => [
  ["int", "int", result ?? "int"],
  ["int", "double", result ?? "double"],
  ["double", "int", result ?? "double"],
  ["double", "double", result ?? "double"],
];

const rowsOf = (operator: BinaryOperator): readonly Row[] => {
  switch (operator) {
    case "+":
      return [...numbers(null), ["string", "string", "string"], ["list", "list", "list"]];
    case "-":
    case "*":
    case "/":
    case "%":
      return numbers(null);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return [...numbers("bool"), ["string", "string", "bool"]];
    case "in":
      return [
        ["any", "list", "bool"],
        ["any", "map", "bool"],
      ];
    case "==":
    case "!=":
      return [["any", "any", "bool"]];
  }
};

const may = (known: ExpressionType, wanted: ExpressionType): boolean =>
  known === wanted || known === "any" || wanted === "any";

const isNumeric = (type: ExpressionType): boolean => type === "int" || type === "double";

/** Anything may be compared with null: that is how one asks for it. */
const canBeEqual = (left: ExpressionType, right: ExpressionType): boolean =>
  may(left, right) || left === "null" || right === "null" || (isNumeric(left) && isNumeric(right));

/** The type of `left operator right`, or why it cannot work whatever the values are. */
export const binaryType = (
  operator: BinaryOperator,
  left: ExpressionType,
  right: ExpressionType,
): { readonly type: ExpressionType } | { readonly clash: string } => {
  if ((operator === "==" || operator === "!=") && !canBeEqual(left, right)) {
    return { clash: `${nounOf(left)} and ${nounOf(right)} are never equal.` };
  }
  const results = new Set(rowsOf(operator).flatMap(([l, r, result]) => (may(left, l) && may(right, r) ? result : [])));
  const [type, ...others] = results;
  if (type === undefined) return { clash: clash(operator, left, right) };
  return { type: others.length === 0 ? type : "any" };
};

/** Deep equality as of JSON; numbers by value whatever their kind, different kinds are unequal. */
const equal = (left: Value, right: Value, work: Work): boolean => {
  work.charge(1);
  // Exact for an int beside a double, of which neither is NaN.
  if (isNumber(left) && isNumber(right)) return !(left < right) && !(left > right);
  if (typeof left === "string" && typeof right === "string") {
    if (left.length !== right.length) return false;
    work.chargeText(left);
    return left === right;
  }
  if (isList(left) && isList(right)) {
    return left.length === right.length && left.every((item, at) => equal(item, right[at]!, work));
  }
  if (isMap(left) && isMap(right)) {
    const keys = Object.keys(left);
    const others = Object.keys(right);
    work.charge(keys.length + others.length);
    return (
      keys.length === others.length &&
      keys.every((key) => Object.hasOwn(right, key) && equal(left[key]!, right[key]!, work))
    );
  }
  return left === right;
};

const isIn = (value: Value, container: Value, work: Work): boolean => {
  if (isList(container)) return container.some((item) => equal(value, item, work));
  if (isMap(container)) return typeof value === "string" && Object.hasOwn(container, value);
  throw new Failure("expression_error", clash("in", kindOf(value), kindOf(container)));
};

const finite = (value: number): number => {
  if (Number.isFinite(value)) return value;
  throw new Failure("expression_error", "the result is too large for a number.");
};

const byZero = (): never => {
  throw new Failure("expression_error", "division by zero.");
};

const integers = (operator: (typeof arithmetic)[number], left: bigint, right: bigint): bigint => {
  const result = {
    "+": () => left + right,
    "-": () => left - right,
    "*": () => left * right,
    "/": () => (right === 0n ? byZero() : left / right),
    "%": () => (right === 0n ? byZero() : left % right),
  }[operator]();
  if (isInt(result)) return result;
  throw new Failure("expression_error", "the result is too large for an int.");
};

const doubles = (operator: (typeof arithmetic)[number], left: number, right: number): number => {
  switch (operator) {
    case "+":
      return finite(left + right);
    case "-":
      return finite(left - right);
    case "*":
      return finite(left * right);
    case "/":
      return right === 0 ? byZero() : finite(left / right);
    case "%":
      return right === 0 ? byZero() : left % right;
  }
};

const ordered = (operator: (typeof orders)[number], left: number | bigint | string, right: typeof left): boolean => {
  switch (operator) {
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
  }
};

const isArithmetic = (operator: BinaryOperator): operator is (typeof arithmetic)[number] =>
  (arithmetic as readonly string[]).includes(operator);

/**
 * The value of `left operator right`. An int and a double give a double, as the numbers of JSON are doubles all. Texts
 * are ordered by UTF-16 units. Throws `expression_error` where the kinds do not fit or there is no finite result.
 */
export const binary = (operator: BinaryOperator, left: Value, right: Value, work: Work): Value => {
  if (operator === "==") return equal(left, right, work);
  if (operator === "!=") return !equal(left, right, work);
  if (operator === "in") return isIn(left, right, work);
  if (isNumber(left) && isNumber(right)) {
    if (!isArithmetic(operator)) return ordered(operator, left, right);
    if (typeof left === "bigint" && typeof right === "bigint") return integers(operator, left, right);
    return doubles(operator, Number(left), Number(right));
  }
  if (typeof left === "string" && typeof right === "string") {
    if (operator === "+") {
      work.chargeText(left, right);
      return left + right;
    }
    if (!isArithmetic(operator)) {
      work.chargeText(left.length < right.length ? left : right);
      return ordered(operator, left, right);
    }
  }
  if (operator === "+" && isList(left) && isList(right)) {
    work.charge(left.length + right.length);
    return work.make([...left, ...right], 0);
  }
  throw new Failure("expression_error", clash(operator, kindOf(left), kindOf(right)));
};
