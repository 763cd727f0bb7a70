import { nounOf, type ExpressionType } from "./expression-value.ts";

export const arithmetic = ["+", "-", "*", "/", "%"] as const;
export const orders = ["<", "<=", ">", ">="] as const;
export type BinaryOperator = (typeof arithmetic)[number] | (typeof orders)[number] | "==" | "!=" | "in";

/** What is to be said where an operator does not work. */
export const clash = (operator: string, left: ExpressionType, right: ExpressionType): string =>
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
      return [
        ...numbers(null),
        ["string", "string", "string"],
        ["list", "list", "list"],
        ["timestamp", "duration", "timestamp"],
        ["duration", "timestamp", "timestamp"],
        ["duration", "duration", "duration"],
        ["string", "secret", "secret"],
        ["secret", "string", "secret"],
        ["secret", "secret", "secret"],
      ];
    case "-":
      return [
        ...numbers(null),
        ["timestamp", "timestamp", "duration"],
        ["timestamp", "duration", "timestamp"],
        ["duration", "duration", "duration"],
      ];
    case "*":
    case "/":
    case "%":
      return numbers(null);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return [
        ...numbers("bool"),
        ["string", "string", "bool"],
        ["timestamp", "timestamp", "bool"],
        ["duration", "duration", "bool"],
      ];
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

/** A secret is meant only where it is known to be one: nothing else may turn out to be. */
const may = (known: ExpressionType, wanted: ExpressionType): boolean =>
  known === wanted || (known === "any" && wanted !== "secret") || (wanted === "any" && known !== "secret");

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
