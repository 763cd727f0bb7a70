import { isTime, TimeValue } from "./expression-time.ts";
import { arithmetic, binaryType, clash, type orders, type BinaryOperator } from "./expression-types.ts";
import { Failure, isList, isMap, kindOf, type Value, type Work } from "./expression-value.ts";

const maxInt = 2n ** 63n - 1n;

/** Whether an integer is one of CEL's, which has 64 bits. */
export const isInt = (value: bigint): boolean => value <= maxInt && value >= -maxInt - 1n;

const isNumber = (value: Value): value is number | bigint => typeof value === "number" || typeof value === "bigint";

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
  if (left instanceof TimeValue && right instanceof TimeValue) return left.kind === right.kind && left.ms === right.ms;
  if (isMap(left) && isMap(right)) {
    const keys = Object.keys(left);
    const others = Object.keys(right);
    work.chargeKeys(keys.length + others.length);
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

const times = (operator: BinaryOperator, left: TimeValue, right: TimeValue): Value => {
  const result = binaryType(operator, left.kind, right.kind);
  if ("clash" in result) throw new Failure("expression_error", result.clash);
  if (!isArithmetic(operator)) return ordered(operator as (typeof orders)[number], left.ms, right.ms);
  const ms = operator === "+" ? left.ms + right.ms : left.ms - right.ms;
  const kind = result.type as TimeValue["kind"];
  if (isTime(kind, ms)) return new TimeValue(kind, ms);
  throw new Failure("expression_error", `the result is beyond what a ${kind} can be.`);
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
  if (left instanceof TimeValue && right instanceof TimeValue) return times(operator, left, right);
  if (operator === "+" && isList(left) && isList(right)) {
    work.charge(left.length + right.length);
    return work.make([...left, ...right], 0);
  }
  throw new Failure("expression_error", clash(operator, kindOf(left), kindOf(right)));
};
